"""The rules as clients see them broken: a history against itself and against the stores."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from federation.identifiers import CityCode, parse_code
from node.redemptions import ReservationState
from node.v1 import department_case_service_pb2 as department_cases_pb
from node.v1 import department_service_pb2 as departments_pb
from node.v1 import resident_case_service_pb2 as cases_pb
from node.v1 import resident_service_pb2 as residents_pb
from node.v1 import venue_service_pb2 as venues_pb
from scripts.simulation.facts import Facts
from scripts.simulation.history import Act, History

Cities = Mapping[CityCode, Facts]


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that does not hold: `rule` is the invariant's name."""

    rule: str
    city: str
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.rule}: {self.city}: {self.what}"


def acknowledged(cities: Cities, history: History) -> Iterator[Violation]:
    """Each acknowledged act is in the store, and its answer is recorded as it was given."""
    for act in history.acts:
        facts = cities[act.city]
        if history.is_erased(act):
            continue
        lost = _KEPT[act.kind](facts, act) if act.kind in _KEPT else ""
        if lost:
            yield Violation("acknowledged", act.city, f"{act.kind} {act.request_id}: {lost}")
        if act.request_id and act.kind in _RECORDED:
            kept = facts.answers.get((act.caller, act.request_id))
            if kept != act.answer:
                problem = "is not recorded" if kept is None else "is recorded otherwise"
                what = f"the answer of {act.kind} {act.request_id} {problem}"
                yield Violation("acknowledged", act.city, what)


def repeated(_cities: Cities, history: History) -> Iterator[Violation]:
    """A repeated request got the first answer, byte for byte."""
    first = dict[tuple[CityCode, str, str, str], bytes]()
    for act in history.acts:
        if not act.request_id:
            continue
        key = (act.city, act.caller, act.kind, act.request_id)
        if first.setdefault(key, act.answer) != act.answer:
            what = f"{act.kind} {act.request_id} was answered in two ways"
            yield Violation("repeated", act.city, what)


def used_once(cities: Cities, history: History) -> Iterator[Violation]:
    """A decision is redeemed once, by what clients were told and by what is kept."""
    used = defaultdict[tuple[CityCode, str], set[str]](set)
    for act in history.of("Redeem"):
        request, answer = act.request, act.told(venues_pb.RedeemResponse)
        if isinstance(request, venues_pb.RedeemRequest):
            used[act.city, request.decision_id].add(answer.redemption_id)
    for act in history.of("Confirm"):
        told = act.told(venues_pb.ConfirmResponse).reservation
        used[act.city, told.decision_id].add(told.redemption_id)
    for city, facts in cities.items():
        for redemption_id, redemption in facts.redemptions.items():
            used[city, redemption.decision_id].add(redemption_id)
        for held in facts.reservations.values():
            if held.state == ReservationState.CONFIRMED.value:
                used[city, held.decision_id].add(held.redemption_id)
    for (city, decision), redemptions in used.items():
        if len(redemptions) > 1:
            yield Violation("used once", city, f"{decision} was redeemed {len(redemptions)} times")


def never_less(_cities: Cities, history: History) -> Iterator[Violation]:
    """What is open to newcomers is open to whoever is recognised, refused or not reached."""
    for act in history.of("CheckEligibility"):
        for decision in act.told(venues_pb.CheckEligibilityResponse).decisions:
            if decision.incentive.incentive_id in _OPEN_TO_ALL and not decision.eligible:
                what = f"{decision.incentive.incentive_id} was refused in {act.request_id}"
                yield Violation("never less", act.city, what)


def refused_alike(_cities: Cities, history: History) -> Iterator[Violation]:
    """A venue is told of a refusal the same, whatever the reason."""
    told = dict[tuple[CityCode, str, tuple[str, ...]], tuple[str, ...]]()
    for act in history.of("CheckEligibility"):
        answer = act.told(venues_pb.CheckEligibilityResponse)
        if answer.outcome != venues_pb.RECOGNITION_OUTCOME_NOT_RECOGNISED:
            continue
        said = (
            answer.notice_en,
            answer.recognised_band,
            answer.visitor_pass,
            *(f"{each.incentive.incentive_id} {each.reason_en}" for each in answer.decisions),
        )
        # A venue that asks for one incentive is told of one.
        asked = tuple(getattr(act.request, "incentive_ids", ()))
        if told.setdefault((act.city, act.caller, asked), said) != said:
            what = f"{act.request_id} was refused in other words than another"
            yield Violation("refused alike", act.city, what)


def no_fault(_cities: Cities, history: History) -> Iterator[Violation]:
    """No client was told of a fault of ours, and nobody waits for ever."""
    for fault in history.faults:
        yield Violation("no fault", fault.partition(":")[0], fault)


Kept = Callable[[Facts, Act], str]


def _resident(facts: Facts, act: Act) -> str:
    found = act.told(residents_pb.EnrolResidentResponse).resident_id
    return "" if found in facts.residents else "the resident is not there"


def _consent(facts: Facts, act: Act) -> str:
    found = act.told(residents_pb.GiveConsentResponse).consent.consent_id
    return "" if found in facts.consents else "the consent is not there"


def _withdrawn(facts: Facts, act: Act) -> str:
    found = act.told(residents_pb.WithdrawConsentResponse).consent.consent_id
    consent = facts.consents.get(found)
    return "" if consent and consent.withdrawn_at else "the consent is not withdrawn"


def _code(facts: Facts, act: Act) -> str:
    text = act.told(residents_pb.CreatePresentationCodeResponse).presentation_code
    _, raw = parse_code(text, where="presentation_code")
    kept = hashlib.sha256(raw).digest() in facts.codes
    return "" if kept else "the code is not there"


def _decided(facts: Facts, act: Act) -> str:
    decisions = act.told(venues_pb.CheckEligibilityResponse).decisions
    lost = [d.decision_id for d in decisions if d.eligible and d.decision_id not in facts.decisions]
    return f"decisions are not there: {', '.join(lost)}" if lost else ""


def _redeemed(facts: Facts, act: Act) -> str:
    found = act.told(venues_pb.RedeemResponse).redemption_id
    return "" if found in facts.redemptions else "the redemption is not there"


def _reserved(facts: Facts, act: Act) -> str:
    found = act.told(venues_pb.ReserveResponse).reservation.reservation_id
    return "" if found in facts.reservations else "the reservation is not there"


def _confirmed(facts: Facts, act: Act) -> str:
    told = act.told(venues_pb.ConfirmResponse).reservation
    kept = facts.reservations.get(told.reservation_id)
    if kept is None or kept.state != ReservationState.CONFIRMED.value:
        return "the reservation is not confirmed"
    return "" if told.redemption_id in facts.redemptions else "the redemption is not there"


def _released(facts: Facts, act: Act) -> str:
    told = act.told(venues_pb.ReleaseResponse).reservation
    kept = facts.reservations.get(told.reservation_id)
    if kept is None:
        return "the reservation is not there"
    if kept.state == ReservationState.HELD.value:
        return "its places are held on"
    return ""


def _recorded(facts: Facts, act: Act) -> str:
    request = act.request
    if not isinstance(request, departments_pb.LoadRecordsRequest):
        return ""
    if act.told(departments_pb.LoadRecordsResponse).load.quarantined_count:
        return "a row of the simulation was not taken"
    department = act.caller.partition("/")[2].partition(".")[0]
    lost = [r for r in request.rows if (department, r.record_number) not in facts.records]
    return "a record is not there" if lost else ""


def _applied(facts: Facts, act: Act) -> str:
    found = act.told(cases_pb.ApplyForRepairResponse).case.case_id
    return "" if found in facts.cases else "the case is not there"


def _ruled(facts: Facts, act: Act) -> str:
    found = act.told(department_cases_pb.DecideCaseResponse).case.case_id
    return "" if found in facts.cases else "the case is not there"


def _moved(facts: Facts, act: Act) -> str:
    move = act.kind.removesuffix("Partner").lower()
    city = str(getattr(act.request, "city", ""))
    kept = any(m.city == city and m.move == move and m.actor == act.caller for m in facts.moves)
    return "" if kept else "the step is not there"


_KEPT: Final[Mapping[str, Kept]] = {
    "EnrolResident": _resident,
    "GiveConsent": _consent,
    "WithdrawConsent": _withdrawn,
    "CreatePresentationCode": _code,
    "CheckEligibility": _decided,
    "Redeem": _redeemed,
    "Reserve": _reserved,
    "Confirm": _confirmed,
    "Release": _released,
    "LoadRecords": _recorded,
    "ApplyForRepair": _applied,
    "DecideCase": _ruled,
    "SuspendPartner": _moved,
    "ResumePartner": _moved,
}
_RECORDED: Final = frozenset(_KEPT) - {"LoadRecords"}

# Of the shipped catalogues, what has no condition.
_OPEN_TO_ALL: Final = frozenset(
    {"reading-room", "hospital-queue", "rental-advice", "scenic-map", "approval-ordinary"}
)
