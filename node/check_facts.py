"""What one check rests on, and its form in the store: enough to decide once more, bit for bit.

Besides this only the catalogue and the scale of the versions that it names are needed. There is one
text for each check: what reads otherwise than it was written is refused, and so is what has more.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from federation.errors import HutongError
from federation.identifiers import CityCode, uuid7
from node.decision_errors import CHECK_DAMAGED
from node.facts import Facts
from node.incentives import Residence

# Raised when the same facts come to other bytes: another rule, another text of a reason.
_FORM: Final = 1

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_LISTS: Final = ("commendations", "scenarios")
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """Who showed what at which venue, what was asked, and until when the answer counts.

    `holder` is the SHA-256 of the visitor pass, b"" for a newcomer; `home` the city that the
    resident is of. What rests on a standing may be gone by without the node until `offline_until`,
    and what is open to everyone until `offline_to_all`; None where it may not.
    """

    check_id: str
    venue: str
    holder: bytes
    home: CityCode
    asked: tuple[str, ...]
    expires_at: datetime
    offline_until: datetime | None
    offline_to_all: datetime | None
    facts: Facts

    def decision_id(self, incentive_id: str) -> str:
        """The id of the decision that opens an incentive; it follows from the check's."""
        named = f"hutong decision\0{self.check_id}\0{incentive_id}".encode()
        return uuid7(self.facts.decided_at, hashlib.sha256(named).digest())


def check_to_json(check: CheckFacts) -> str:
    """The text that is kept: instants in microseconds, bytes in hexadecimal."""
    facts = check.facts
    found = {
        "form": _FORM,
        "check_id": check.check_id,
        "venue": check.venue,
        "holder": check.holder.hex(),
        "home": check.home,
        "asked": check.asked,
        "expires_at": _micros(check.expires_at),
        "offline_until": _micros(check.offline_until),
        "offline_to_all": _micros(check.offline_to_all),
        "facts": {
            "decided_at": _micros(facts.decided_at),
            "day": facts.day.isoformat(),
            "hour": facts.hour,
            "weekday": facts.weekday,
            "scale_version": facts.scale_version,
            "catalogue_version": facts.catalogue_version,
            "band_id": facts.band_id,
            "local_milli": facts.local_milli,
            "commendations": facts.commendations,
            "scenarios": facts.scenarios,
            "home": facts.home,
            "agreement_id": facts.agreement_id,
            "residence": facts.residence.value,
            "counting": facts.counting,
        },
    }
    return _JSON.encode(found)


def check_from_json(text: str, check_id: str) -> CheckFacts:
    """The check that was kept under that id; raises CHECK_DAMAGED."""
    try:
        found: dict[str, Any] = json.loads(text)
        form = found.pop("form")
        check = CheckFacts(
            **found
            | {
                "holder": bytes.fromhex(found["holder"]),
                "home": CityCode(found["home"]),
                "asked": tuple(found["asked"]),
                "expires_at": _instant(found["expires_at"]),
                "offline_until": _instant_or_none(found["offline_until"]),
                "offline_to_all": _instant_or_none(found["offline_to_all"]),
                "facts": _facts(found["facts"]),
            }
        )
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise _damaged(check_id, "its facts cannot be read") from error
    if form != _FORM:
        raise _damaged(check_id, f"its facts are of form {form}, and this version reads {_FORM}")
    if check.check_id != check_id or check_to_json(check) != text:
        raise _damaged(check_id, "its facts are not as they were written")
    return check


def _facts(found: dict[str, Any]) -> Facts:
    return Facts(
        **found
        | {name: tuple(found[name]) for name in _LISTS}
        | {
            "decided_at": _instant(found["decided_at"]),
            "day": date.fromisoformat(found["day"]),
            "residence": Residence(found["residence"]),
        }
    )


def _micros(instant: datetime | None) -> int | None:
    return None if instant is None else (instant - _EPOCH) // _MICRO


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _instant_or_none(micros: int | None) -> datetime | None:
    return None if micros is None else _instant(micros)


def _damaged(check_id: str, problem: str) -> HutongError:
    return HutongError(CHECK_DAMAGED, check_id=check_id, problem=problem)
