"""Two cities become partners, as their officers would do it: from a spoken code to an agreement."""

import re
import time
from dataclasses import dataclass
from typing import Final

from federation.errors import HutongError
from node.errors import PEER_UNREACHABLE
from scripts import towns
from scripts.city import START_SECONDS, Answer, City, b64, new_id

_SECOND: Final = "second"
_ACTIVE: Final = "PARTNER_STATE_ACTIVE"
# All cities share one machine here: on a busy one a partner may answer too late.
_TRIALS: Final = 3


@dataclass(frozen=True, slots=True)
class Befriended:
    """How two cities became partners: what was read out, what was compared, what was tried."""

    one: City
    other: City
    invited: Answer
    partner: Answer
    steps: list[Answer]
    seconds: float


def befriend(one: City, other: City) -> Befriended:
    """Make two cities active partners as their officers would do it."""
    began = time.monotonic()
    invited = one.operator("InvitePartner", request_id=new_id(), city=other.about.code)
    joined = other.operator(
        "JoinPartner", request_id=new_id(), code=invited["code_zh"], address=invited["address"]
    )["partner"]
    if one.partner(other)["words_en"] != joined["words_en"]:
        raise RuntimeError("somebody is between the two cities: their words differ")
    for city, partner in ((one, other), (other, one)):
        city.operator(
            "ApprovePartner",
            who=_SECOND,
            request_id=new_id(),
            city=partner.about.code,
            legal_basis="两市信用互认合作协议（演示）",
            privacy_assessment=f"PIA-{city.about.code}-{partner.about.code}",
        )
    one.operator("SyncPartner", city=other.about.code)
    tested = _tested(one, other)
    failed = [step for step in tested["steps"] if not step["passed"]]
    if failed:
        raise RuntimeError(f"the trial exchange failed: {failed}")
    give_up = time.monotonic() + START_SECONDS
    while {one.partner(other)["state"], other.partner(one)["state"]} != {_ACTIVE}:
        if time.monotonic() > give_up:
            raise RuntimeError("both passed the trial exchange, and are not active")
        time.sleep(0.02)
    return Befriended(one, other, invited, joined, tested["steps"], time.monotonic() - began)


def _tested(one: City, other: City) -> Answer:
    """The trial exchange; tried again, as its error says, where the partner cannot be reached."""
    for _ in range(_TRIALS - 1):
        try:
            return one.operator("TestPartner", city=other.about.code)
        except HutongError as error:
            if error.reason != PEER_UNREACHABLE:
                raise
    return one.operator("TestPartner", city=other.about.code)


def agree(one: City, other: City, freshness_seconds: int | None = None) -> str:
    """Put their agreement of two partners in force; its id."""
    text = towns.agreement(one.about, other.about)
    if freshness_seconds is not None:
        text = re.sub(
            r"(?m)^status_freshness_seconds = .*$",
            f"status_freshness_seconds = {freshness_seconds}",
            text,
        )
    proposed = one.operator(
        "ProposeAgreement",
        request_id=new_id(),
        partner_city=other.about.code,
        file_name="agreement.toml",
        content=b64(text.encode()),
    )["agreement"]
    other.operator(
        "SignAgreement",
        request_id=new_id(),
        agreement_id=proposed["agreement_id"],
        version=proposed["version"],
    )
    return str(proposed["agreement_id"])
