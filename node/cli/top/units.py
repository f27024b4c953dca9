"""Numbers as they are read at a glance: few digits, and a unit that is the same in any language."""

from typing import Final

_NONE: Final = "-"
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_TEN: Final = 10
_THOUSAND: Final = 1000
_MIB: Final = 1024**2


def rate(value: float) -> str:
    """How many in a second."""
    if value and value < 0.05:  # noqa: PLR2004 - what would be shown as none
        return "<0.1"
    return f"{value:.1f}" if value < _THOUSAND else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """How long a call takes."""
    if value is None:
        return _NONE
    milliseconds = value * _THOUSAND
    if milliseconds < _TEN:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if value < 1 else f"{value:.1f} s"


def age(value: float) -> str:
    """How long ago, or for how long."""
    value = max(value, 0.0)
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if value >= length:
            return f"{value / length:.0f} {unit}"
    return f"{value:.0f} s"


def ahead(value: float) -> str:
    """How long until something ends; a mark where it has ended."""
    return age(value) if value > 0 else "!"


def number(value: float | None) -> str:
    """A count."""
    return _NONE if value is None else f"{value:,.0f}"


def size(value: float | None) -> str:
    """Bytes of memory."""
    return _NONE if value is None else f"{value / _MIB:,.0f} MiB"
