"""JSON logs that hold no name, no document number, no code and no score.

Callers do not log such things; as a second wall, whatever looks like one is struck out here.
"""

import contextlib
import json
import logging
import re
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_STRUCK: Final = "[struck out]"

# An ID number, also in groups; a foreigner's one; a machine-readable line; a code as residents show
# it, with or without its city. UUIDs, fingerprints and hexadecimal digests are none of these.
_PERSONAL: Final = re.compile(
    r"(?<![0-9A-Za-z])[1-9](?:[ -]?[0-9]){16}[ -]?[0-9Xx](?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])[A-Za-z]{3}[0-9]{12}(?![0-9A-Za-z])"
    r"|[A-Z0-9<]{44}"
    r"|(?<![0-9A-Za-z<])[A-Za-z0-9<]{44}(?![0-9A-Za-z<])"
    r"|(?<![0-9A-Za-z])[1-9][0-9]{5}-(?:[0-9A-Za-z]{4}[ -]?){6}[0-9A-Za-z]{4}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z-])(?:[0-9A-Za-z]{4}-){6}[0-9A-Za-z]{4}(?![0-9A-Za-z-])"
)
_PERSONAL_KEYS: Final = frozenset(
    {
        "document_number",
        "name",
        "points",
        "points_milli",
        "presentation_code",
        "score",
        "score_milli",
        "visitor_pass",
    }
)


def configure_logs(level: str, *, city: str) -> None:
    """Log to standard error, one JSON object a line, from `level` up ("debug" to "error")."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            strike_out,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=_UNFAILING),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(city=city)
    # Libraries' own words (gRPC, Alembic) from warnings up, in the same place and form.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _LibraryFormatter(logging.Formatter):
    """A library's record as one JSON object, with what looks personal struck out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        event = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": super().format(record),
        }
        return json.dumps(_struck(event), ensure_ascii=False)


class _Unfailing:
    """Standard error; a full disk or a closed pipe costs lines, never a call or a timer."""

    def write(self, text: str) -> None:
        """Write as far as that goes."""
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """Flush as far as that goes."""
        with contextlib.suppress(OSError):
            sys.stderr.flush()


# Of a TextIO it has what a print needs.
_UNFAILING: Final[Any] = _Unfailing()

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LEVELS: Final = tuple(_LEVELS)


def strike_out(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Strike out what looks personal, wherever it stands: in keys, values, lists and exceptions."""
    return {_text(key): _value(key, value) for key, value in event.items()}


def _value(key: object, value: object) -> object:
    return _STRUCK if str(key).lower() in _PERSONAL_KEYS else _struck(value)


def _struck(value: object) -> object:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): _value(key, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_struck(inner) for inner in value]
    if value is None or isinstance(value, bool | float):
        return value
    shown = repr(value)
    found = _text(shown)
    return value if isinstance(value, int) and found == shown else found


def _text(text: str) -> str:
    # Full-width digits are digits: they are compared in their plain form.
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _PERSONAL.sub(_STRUCK, plain) if _PERSONAL.search(plain) else text
