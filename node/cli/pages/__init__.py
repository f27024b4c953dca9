"""Pages to print: self-contained HTML, without a script and without anything from elsewhere.

What comes from records and catalogues is text, and can be nothing else.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2

_FOLDER: Final = Path(__file__).parent


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(page: str, fields: Mapping[str, Any]) -> str:
    """The page of that name, such as "standing", with its fields filled in as text."""
    return _environment().get_template(f"{page}.html").render(fields)
