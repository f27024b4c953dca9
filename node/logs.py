"""JSON logs that hold no name, no document number, no code and no score.

Callers do not log such things; as a second wall, whatever looks like one is struck out here. Each
event is one line, whatever stands in it: what a partner said can neither begin a line of its own
nor steer a terminal. What repeats is held together (`holding`), and a line that wants something
done says what to type (`log_events`).
"""

import contextlib
import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from node.holding import Holding
from node.limits import LOG_CHARACTERS
from node.log_events import what_next

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


_LOG: Final = structlog.get_logger()
_HELD: Final = Holding()


def configure_logs(level: str, *, city: str) -> None:
    """Log to standard error, one JSON object a line, from `level` up ("debug" to "error").

    Whoever serves calls `tell_held` now and then: what is held is told so.
    """
    line = _Line(to_journal=is_journal(sys.stderr))
    # Who asks for everything gets each line by itself.
    held: tuple[Processor, ...] = () if level == "debug" else (_HELD,)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *held,
            what_next,
            structlog.processors.format_exc_info,
            strike_out,
            line.of,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=_UNFAILING),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(city=city)
    # Libraries' own words (gRPC, Alembic) from warnings up, in the same place and form.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LibraryFormatter(line))
    if held:
        handler.addFilter(_repeats_nothing)
    least = max(logging.WARNING, _LEVELS[level])
    logging.basicConfig(level=least, handlers=[handler], force=True)


async def tell_held() -> None:
    """Tell what repeated, where its interval is over."""
    _tell(at_end=False)


def tell_all_held() -> None:
    """Tell whatever repeated: the process ends."""
    _tell(at_end=True)


def _tell(*, at_end: bool) -> None:
    for level, fields in _HELD.due(at_end=at_end):
        _LOG.log(_LEVELS[level], fields.pop("event"), **fields)


class _Line:
    """How an event is written: one line of JSON, with its priority where the journal reads it."""

    def __init__(self, *, to_journal: bool) -> None:
        """For the journal of systemd, or for anybody else."""
        self._to_journal = to_journal
        self._render = structlog.processors.JSONRenderer(ensure_ascii=False)

    def of(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        """The line."""
        # sd-daemon(3): so that `journalctl -p warning` finds it.
        head = f"<{_PRIORITIES[str(event['level'])]}>" if self._to_journal else ""
        return head + one_line(str(self._render(logger, method, event)))


def one_line(text: str) -> str:
    """JSON that is one line for whoever reads it: what is no printable character is spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def is_journal(stream: Any) -> bool:  # noqa: ANN401 - whatever stands for standard error
    """Whether the stream is a line to systemd's journal, which says so in the environment."""
    said = os.environ.get("JOURNAL_STREAM", "")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return said == f"{found.st_dev}:{found.st_ino}"


class _LibraryFormatter(logging.Formatter):
    """A library's record as one JSON object, with what looks personal struck out."""

    def __init__(self, line: _Line) -> None:
        """Written as our own lines are."""
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        event = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": super().format(record),
        }
        return self._line.of(None, "", strike_out(None, "", event))


def _repeats_nothing(record: logging.LogRecord) -> bool:
    """Whether a library says something new: its own words, without what it fills in."""
    event = {"event": str(record.msg), "level": record.levelname.lower(), "logger": record.name}
    at = datetime.fromtimestamp(record.created, UTC)
    event["timestamp"] = at.isoformat().replace("+00:00", "Z")
    try:
        _HELD(None, "", event)
    except structlog.DropEvent:
        return False
    return True


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
    "critical": logging.CRITICAL,
}
LEVELS: Final = ("debug", "info", "warning", "error")

# Those of syslog, as the journal reads them.
_PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


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
    found = _PERSONAL.sub(_STRUCK, plain) if _PERSONAL.search(plain) else text
    more = len(found) - LOG_CHARACTERS
    return f"{found[:LOG_CHARACTERS]}... [{more} more]" if more > 0 else found
