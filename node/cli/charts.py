"""Charts below each other in one SVG file, whose words stay words, and that fetches nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from pygal.style import CleanStyle

from node.cli.values import unreadable

_SVG: Final = "http://www.w3.org/2000/svg"
_WIDTH: Final = 900
_HEIGHT: Final = 420


def empty_chart(kind: type[Any], title: str, **options: object) -> Any:  # noqa: ANN401 - pygal has no types
    """An empty chart of that kind, in the style of all of them."""
    return kind(
        title=title,
        width=_WIDTH,
        height=_HEIGHT,
        style=CleanStyle(opacity=".35", stroke_width="2"),
        js=(),
        legend_at_bottom=True,
        truncate_legend=-1,
        truncate_label=-1,
        **options,
    )


def check_folder(path: str) -> None:
    """Raise FILE_INVALID early where the picture could not be written later."""
    if not Path(path).absolute().parent.is_dir():
        raise unreadable(path, FileNotFoundError(2, "there is no such folder"))


def write_charts(charts: Sequence[Any], path: Path, name: str) -> None:
    """Write the picture; raises FILE_INVALID where that cannot be. `name` is for its own ids."""
    ET.register_namespace("", _SVG)
    height = str(_HEIGHT * len(charts))
    root = ET.Element(
        f"{{{_SVG}}}svg",
        {"viewBox": f"0 0 {_WIDTH} {height}", "width": str(_WIDTH), "height": height},
    )
    for place, each in enumerate(charts):
        each.uuid = f"{name}-{place}"
        drawn = ET.fromstring(each.render())  # noqa: S314 - drawn here, a line above
        for parent in list(drawn.iter()):
            for script in parent.findall(f"{{{_SVG}}}script"):
                parent.remove(script)
        drawn.attrib |= {"y": str(_HEIGHT * place), "width": str(_WIDTH), "height": str(_HEIGHT)}
        root.append(drawn)
    try:
        path.write_bytes(ET.tostring(root, "utf-8", xml_declaration=True))
    except OSError as error:
        raise unreadable(str(path), error) from error
