"""In which proportions journeys come: a table, and how it is changed by who runs a load."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class JourneyKind:
    """One kind of journey."""

    name: str
    weight: float
    zh: str
    en: str


# Nobody has published how residents use such a federation; the weights are ours, and say so in each
# load. Returning visitors outnumber first visits, and people look more often than they change.
KINDS: Final[Mapping[str, JourneyKind]] = {
    kind.name: kind
    for kind in (
        JourneyKind(
            "visit-code",
            26,
            "首次到访：出示信用码，核验，办理或预约",
            "a first visit: a code, a check, and half of the time a use or a reservation",
        ),
        JourneyKind(
            "visit-pass",
            30,
            "再次到访：出示访客凭证，核验，办理",
            "a later visit: a check by the visitor pass, and a use",
        ),
        JourneyKind("at-home", 14, "本市居民在本市办理", "a resident at home, by a code"),
        JourneyKind("standing", 10, "居民查看自己的信用状况", "a resident looks at the standing"),
        JourneyKind(
            "visits",
            8,
            "居民查看自己的使用记录",
            "a resident looks at the visits, or at what happened at home",
        ),
        JourneyKind(
            "consent",
            4,
            "撤回授权，再次授权",
            "a consent is withdrawn, now and then a visit is tried, and it is given again",
        ),
        JourneyKind(
            "refused",
            6,
            "被拒绝的到访：信用不足、信用码已用或未知",
            "a visit that is refused: below the line, a used code, an unknown code",
        ),
        JourneyKind(
            "records", 2, "部门报送少量记录，或撤销其中一条", "a department loads a few records"
        ),
    )
}
MIX: Final[Mapping[str, float]] = {name: kind.weight for name, kind in KINDS.items()}


class MixError(ValueError):
    """A mix that cannot be; the text says what to write instead."""


def parse_mix(words: Iterable[str]) -> dict[str, float]:
    """The table with what `name=weight` words change in it.

    Raises:
        MixError: for a name that there is not, a weight that is none, or when nothing is left.

    """
    mix = dict(MIX)
    for word in words:
        name, _, weight = word.partition("=")
        if name not in KINDS:
            raise MixError(f"there is no journey {name!r}; there are: {', '.join(KINDS)}")
        try:
            mix[name] = float(weight)
        except ValueError as error:
            raise MixError(f"{word!r}: write {name}=WEIGHT with a number, such as 5") from error
        if not 0 <= mix[name] <= 1_000_000:  # noqa: PLR2004 - any number that is no mistake
            raise MixError(f"{word!r}: a weight is from 0 to 1000000")
    if not any(mix.values()):
        raise MixError("every journey has the weight 0; leave one that is more")
    return mix
