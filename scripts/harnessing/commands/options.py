"""The options that commands share."""

from pathlib import Path
from typing import Final

import click

from scripts.harnessing.layout import Folder

HERE: Final = Path(".harness")
PLAYED: Final = Path("var/harness")
"""Below it are the runs of scenarios, each in a folder of its own."""


class FolderPath(click.ParamType[Folder]):
    """The folder of a run."""

    name = "folder"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Folder:
        """As a `Folder`; what is a file is refused."""
        if isinstance(value, Folder):
            return value
        path = Path(str(value))
        if path.exists() and not path.is_dir():
            self.fail(f"{path} is a file; give a folder, or leave --dir out for {HERE}", param, ctx)
        return Folder(path.absolute())


dir_option = click.option(
    "--dir",
    "folder",
    type=FolderPath(),
    default=str(HERE),
    show_default=True,
    metavar="FOLDER",
    help="The folder of the run.",
)
lang_option = click.option(
    "--lang",
    "language",
    type=click.Choice(["zh", "en"]),
    default="en",
    envvar="HUTONG_LANG",
    show_default=True,
    show_envvar=True,
    help="The language of what is said.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead, for machines."
)
