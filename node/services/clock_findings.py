"""What `doctor` says of clocks: of each partner's, and of this machine's own by what they all say.

Nothing here reads a clock: partners tell theirs with each answer, and how far off it was is stored.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from federation.identifiers import CityCode
from federation.limits import CLOCK_SKEW
from node.model import Contact, Finding, Severity
from node.services.findings import NOTHING, Remedy

_NTP: Final = ("请用 NTP 校准两地时钟。", "Set both clocks by NTP.")
_LOOK: Final = "timedatectl"
# One partner alone may be the one that is wrong.
_WITNESSES: Final = 2


def partner_clock(subject: str, ahead: timedelta) -> Finding:
    """How far a partner's clock is ahead."""
    severity, remedy = _severity(ahead), NOTHING
    if severity is Severity.WARNING:
        remedy = (*_NTP, _LOOK)
    elif severity is Severity.ERROR:
        zh, en = _NTP
        remedy = (f"超过 60 秒的请求会被拒绝；{zh}", f"Beyond 60 s all is refused. {en}", _LOOK)
    seconds = ahead.total_seconds()
    zh, en = f"时钟相差 {seconds:+.1f} 秒。", f"Its clock is {seconds:+.1f} s off."
    return Finding(subject, severity, zh, en, *remedy)


def own_clock(partners: Iterable[CityCode], contacts: Iterable[Contact]) -> Finding | None:
    """What most of these partners agree on is wrong here; None where they do not."""
    heard = set(partners)
    offsets = [c.clock_offset for c in contacts if c.city in heard and c.clock_offset is not None]
    for sign in (1, -1):
        agree = sorted(sign * ahead for ahead in offsets if sign * ahead > CLOCK_SKEW / 2)
        if len(agree) >= _WITNESSES and 2 * len(agree) > len(offsets):
            # The middle one: a single clock that is far off does not decide how far.
            return _off(-sign * agree[(len(agree) - 1) // 2], len(agree), len(offsets))
    return None


def _off(ahead: timedelta, agree: int, asked: int) -> Finding:
    seconds = ahead.total_seconds()
    remedy: Remedy = (
        "请用 NTP 校准本机时钟。",
        "Set this machine's clock by NTP.",
        _LOOK,
    )
    return Finding(
        "clock",
        _severity(ahead),
        f"{asked} 个伙伴中有 {agree} 个一致：本机时钟相差约 {seconds:+.0f} 秒。",
        f"{agree} of {asked} partners agree: this machine's clock is about {seconds:+.0f} s off.",
        *remedy,
    )


def _severity(ahead: timedelta) -> Severity:
    if abs(ahead) > CLOCK_SKEW:
        return Severity.ERROR
    return Severity.WARNING if abs(ahead) > CLOCK_SKEW / 2 else Severity.OK
