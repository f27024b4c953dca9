"""JSON logs that hold no name, no document number, no code and no score.

Callers do not log such things; as a second wall, whatever looks like one is struck out here.
"""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_STRUCK: Final = "[struck out]"

# An ID number, a foreigner's one, a machine-readable line, a code as residents show it.
_PERSONAL: Final = re.compile(
    r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])[A-Z]{3}[0-9]{12}(?![0-9A-Za-z])"
    r"|[A-Z0-9<]{44}"
    r"|[1-9][0-9]{5}-(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}"
)
_PERSONAL_KEYS: Final = frozenset(
    {"document_number", "name", "score", "score_milli", "points_milli", "presentation_code"}
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
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(city=city)
    # Libraries' own words (gRPC, Alembic) from warnings up, in the same place.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LEVELS: Final = tuple(_LEVELS)


def strike_out(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Strike out what looks personal."""
    for key, value in event.items():
        if key in _PERSONAL_KEYS:
            event[key] = _STRUCK
        elif isinstance(value, str):
            event[key] = _PERSONAL.sub(_STRUCK, value)
    return event
