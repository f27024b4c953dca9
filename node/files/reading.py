"""From bytes to checked values, and from a mistake back to its line."""

import difflib
import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from federation import limits as protocol_limits
from federation.errors import HutongError
from federation.identifiers import name
from node import limits
from node.errors import FILE_INVALID

M = TypeVar("M", bound=BaseModel)
Part = str | int

_MILLI: Final = 1000
_SMALLEST: Final = Decimal("0.001")
_DIGITS: Final = 1000

# Characters of a line in which a key is looked for: to look costs the square of them.
_LINE_CHARACTERS: Final = 500

# A quoted text that is no key.
_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*"(?!\s*[=.\]])')


def _name(value: str) -> str:
    try:
        return name(value, where="name")
    except HutongError as error:
        raise ValueError(error.fields["problem"]) from error


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty; write what it stands for")
    if len(value) > protocol_limits.TEXT_CHARACTERS or "\x00" in value:
        raise ValueError(f"at most {protocol_limits.TEXT_CHARACTERS} characters, none of them NUL")
    return value


def to_milli(value: Decimal, most: int) -> int:
    """Thousandths of a number of points from -`most` to `most`; raises ValueError."""
    # Compared before it is reckoned with: a number beyond decimal's own range cannot be.
    if not -most <= value <= most:
        raise ValueError(f"at most {most} points")
    scaled = value * _MILLI
    if (value and -_SMALLEST < value < _SMALLEST) or scaled != scaled.to_integral_value():
        raise ValueError("a point has at most three places after the dot")
    return int(scaled)


def _milli(value: Decimal) -> int:
    return to_milli(value, protocol_limits.SCORE_MILLI // _MILLI)


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_text)]
Milli = Annotated[Decimal, AfterValidator(_milli)]
"""A decimal number of points in the file; thousandths, an integer, once read."""


class Strict(BaseModel):
    """A table of a file; a key that it does not name is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Names(Strict):
    """A name in both languages."""

    zh: Text
    en: Text


def mistake(file: str, where: str, problem: str) -> HutongError:
    """The error that says where a file is wrong, and how to mend it."""
    return HutongError(FILE_INVALID, file=file, where=where, problem=problem)


def decode(file: str, content: bytes, most: int = limits.FILE_BYTES) -> str:
    """The text of a file of at most so many bytes; raises FILE_INVALID."""
    if len(content) > most:
        raise mistake(file, "whole file", f"it is over {most} bytes; make it shorter")
    if not content.strip():
        raise mistake(file, "line 1", "it is empty")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise mistake(file, f"line {line}", "it is not UTF-8; save it as UTF-8") from error


def read_toml(
    file: str, content: bytes, model: type[M], most: int = limits.FILE_BYTES
) -> tuple[M, "Lines"]:
    """The values of a TOML file of at most so many bytes, and the way back to its lines."""
    text = decode(file, content, most)
    lines = Lines(file, text)
    try:
        found = tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        raise mistake(file, *_syntax(str(error))) from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        problem = "a number in it is too long, or its brackets too deep, to be read"
        raise mistake(file, "whole file", problem) from error
    try:
        return model.model_validate(found), lines
    except ValidationError as error:
        # A misspelt key is missing too: where it stands is the better place to look.
        found_wrong = error.errors()
        misspelt = (each for each in found_wrong if each["type"] == "extra_forbidden")
        first = next(misspelt, found_wrong[0])
        problem = _problem(first["type"], first["msg"], first["loc"], model)
        raise lines.mistake(first["loc"], problem) from error


def _decimal(text: str) -> Decimal:
    """The number in a text; one that is beyond all measure as the first that is.

    As a whole number 1e999999999 would take gigabytes: who wants one of it never comes back.
    """
    if len(text) > _DIGITS:
        raise ValueError(text)
    found = Decimal(text)
    if not found.is_finite() or abs(found.adjusted()) <= _DIGITS:
        return found
    exponent = _DIGITS if found.adjusted() > 0 else -_DIGITS
    return Decimal((int(found.is_signed()), (int(bool(found)),), exponent))


class Lines:
    """Finds the line of a value in a TOML text."""

    def __init__(self, file: str, text: str) -> None:
        """Over the text of a file."""
        self.file = file
        self._lines = [line[:_LINE_CHARACTERS] for line in text.splitlines()]

    def mistake(self, loc: Sequence[Part], problem: str) -> HutongError:
        """The error about the value at `loc`, for example ("bands", 2, "lower")."""
        return mistake(self.file, f"line {self.find(loc)} ({dotted(loc)})", problem)

    def find(self, loc: Sequence[Part]) -> int:
        """The line of the innermost part of `loc` that is written down; the first line is 1."""
        best, start, end = 0, 0, len(self._lines)
        for place, part in enumerate(loc):
            if isinstance(part, str):
                wanted = loc[place + 1] if place + 1 < len(loc) else None
                # Below the first part a list is a value, also where a table bears the same name.
                tables = self._tables(part) if place == 0 and isinstance(wanted, int) else []
                if isinstance(wanted, int) and tables:
                    start = best = tables[min(wanted, len(tables) - 1)]
                    end = next((t for t in self._headers() if t > start), len(self._lines))
                else:
                    best = self._key(part, start, end, best)
        return best + 1

    def _tables(self, part: str) -> list[int]:
        pattern = re.compile(rf"\s*\[\[\s*{re.escape(part)}\s*\]\]")
        return [i for i, line in enumerate(self._lines) if pattern.match(line)]

    def _headers(self) -> list[int]:
        return [i for i, line in enumerate(self._lines) if line.lstrip().startswith("[[")]

    def _key(self, part: str, start: int, end: int, default: int) -> int:
        pattern = re.compile(rf"(^|[\s{{,.\[\"']){re.escape(part)}[\"']?\s*[=\].]")
        for i in range(max(start, default), end):
            if pattern.search(_VALUE.sub('""', self._lines[i]).split("#")[0]):
                return i
        return default


def dotted(loc: Sequence[Part]) -> str:
    """A place in a file as people write it: bands[2].lower."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return shown.lstrip(".") or "whole file"


def _syntax(message: str) -> tuple[str, str]:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    where = f"line {found[1]}, column {found[2]}" if found else "the last line"
    return where, message.split(" (at ", maxsplit=1)[0] + "; see the example in the manual"


def _problem(kind: str, message: str, loc: Sequence[Part], model: type[BaseModel]) -> str:
    if kind == "missing":
        return "it is missing; add it"
    if kind == "extra_forbidden":
        known = _keys_at(model, loc[:-1])
        nearest = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.0)
        return f"there is no such key; the nearest is {nearest[0]}" if nearest else "no such key"
    return message.removeprefix("Value error, ").removesuffix(".")


def _keys_at(model: type[BaseModel], loc: Sequence[Part]) -> list[str]:
    """The keys of the table at `loc`."""
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            found = _inner(model.model_fields[part].annotation)
            if found is None:
                return []
            model = found
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type, of any make
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for each in getattr(annotation, "__args__", ()):
        found = _inner(each)
        if found is not None:
            return found
    return None
