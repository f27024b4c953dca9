"""Incentives used: one of every scenario in every city, a place held, a use over all cities."""

import secrets
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from federation.errors import HutongError
from federation.uses import use_commitment, use_key_text
from node import data
from node.redemption_errors import USE_NOT_COUNTED
from scripts.city import Answer, City, b64, new_id

_KEY_BYTES: Final = 16
_GIVE_UP_SECONDS: Final = 10.0
_LIMITED: Final = "rental-long-no-deposit"
_SHOP: Final = "rental-shop"
_OPEN_TO_ALL: Final = "OPEN_TO_ALL"


@dataclass(frozen=True, slots=True)
class Used:
    """One incentive that was used: where, by whom, and the decision that opened it."""

    home: City
    host: City
    scenario: str
    venue: str
    decision: Answer


@dataclass
class Visitor:
    """A resident with an app: it holds the passes, and the key that uses are counted by."""

    home: City
    resident: str
    ends: str
    key: bytes = field(default_factory=lambda: secrets.token_bytes(_KEY_BYTES), repr=False)
    passes: dict[str, str] = field(default_factory=dict)

    def arrive(self, host: City, scenarios: Iterable[str]) -> None:
        """Give a consent under which uses are counted, and show what a first visit needs."""
        consent = self.home.resident(
            "GiveConsent",
            request_id=new_id(),
            resident_id=self.resident,
            host_city=host.about.code,
            scenarios=sorted(scenarios),
            disclosure="DISCLOSURE_LEVEL_BAND",
            expires_at=self.ends,
            counting="USE_COUNTING_ANONYMOUS",
            use_commitment=b64(use_commitment(self.key)),
        )["consent"]
        code = self.home.code(self.resident, consent["consent_id"])
        answer = self._check(host, "library", presentation_code=code)
        self.passes[host.about.code] = answer["visitor_pass"]

    def decisions(self, host: City, venue: str) -> list[Answer]:
        """What a venue says may be had."""
        found: list[Answer] = self._check(host, venue, **self._shown(host))["decisions"]
        return found

    def use(self, host: City, venue: str, decision: Answer) -> None:
        """Redeem a decision."""
        which = {"decision_id": decision["decision_id"], **self._shown(host)}
        host.venue(venue, "Redeem", request_id=new_id(), **which)

    def reserve(self, host: City, venue: str, decision: Answer) -> str:
        """Have a place held; the reservation's id."""
        answer = host.venue(
            venue,
            "Reserve",
            request_id=new_id(),
            decision_id=decision["decision_id"],
            use_key=use_key_text(self.key),
            **self._shown(host),
        )
        return str(answer["reservation"]["reservation_id"])

    def release(self, host: City, venue: str, reservation: str) -> str:
        """Give it back; the state that it is in then."""
        answer = host.venue(venue, "Release", request_id=new_id(), reservation_id=reservation)
        return str(answer["reservation"]["state"])

    def _shown(self, host: City) -> dict[str, str]:
        return {"visitor_pass": self.passes[host.about.code]}

    def _check(self, host: City, venue: str, **shown: str) -> Answer:
        return host.venue(venue, "CheckEligibility", request_id=new_id(), **shown)


def use_every_scenario(visitor: Visitor, host: City) -> list[Used]:
    """Use one incentive of each scenario in a city, one that a standing opened."""
    catalogue = _catalogue(host)
    visitor.arrive(host, catalogue)
    return [_use_one(visitor, host, scenario, catalogue[scenario]) for scenario in catalogue]


def _use_one(visitor: Visitor, host: City, scenario: str, venue: str) -> Used:
    for decision in visitor.decisions(host, venue):
        of_scenario = decision["incentive"]["scenario"] == scenario
        limited = decision["incentive"]["incentive_id"] == _LIMITED
        by_standing = decision["eligible"] and decision["rule"] != _OPEN_TO_ALL
        if of_scenario and by_standing and not limited:
            visitor.use(host, venue, decision)
            return Used(visitor.home, host, scenario, venue, decision)
    raise RuntimeError(f"{host.about.name_en} opens nothing of {scenario}")


def _catalogue(host: City) -> dict[str, str]:
    """Each scenario of a city, with a venue that offers something of it."""
    path = data.path(f"{host.about.pinyin}/incentives.toml")
    found: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["incentives"]
    return {each["scenario"]: each["venues"][0] for each in reversed(found)}


@dataclass(frozen=True, slots=True)
class OneAtATime:
    """A use that is limited over all cities: held in one, refused in another, then open there."""

    incentive: Answer
    refused: HutongError
    milliseconds: float


def one_at_a_time(visitor: Visitor, first: City, second: City) -> OneAtATime:
    """Hold it in one city, try another, release it, and see how soon it is open there."""
    held = visitor.reserve(first, _SHOP, _limited(visitor, first))
    wanted = _limited(visitor, second)
    refused = _refusal(visitor, second, wanted)
    if refused is None:
        raise RuntimeError("two cities held what one may have once")
    began = time.monotonic()
    visitor.release(first, _SHOP, held)
    while _refusal(visitor, second, wanted) is not None:
        if time.monotonic() - began > _GIVE_UP_SECONDS:
            raise RuntimeError("what was released stayed held")
        time.sleep(0.01)
    milliseconds = (time.monotonic() - began) * 1000
    return OneAtATime(wanted["incentive"], refused, milliseconds)


def _limited(visitor: Visitor, host: City) -> Answer:
    found = visitor.decisions(host, _SHOP)
    return next(d for d in found if d["incentive"]["incentive_id"] == _LIMITED)


def _refusal(visitor: Visitor, host: City, decision: Answer) -> HutongError | None:
    try:
        visitor.reserve(host, _SHOP, decision)
    except HutongError as error:
        if error.reason != USE_NOT_COUNTED:
            raise
        return error
    return None
