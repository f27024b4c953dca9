"""Residents' lives, and what departments do about them, by seed.

A person goes to their own city's app, a department or a venue of some city, one step after the
other, as people do. Every step is a request of a real client (`client`); what it was answered is in
the history.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar

from google.protobuf.message import Message

from federation.codec import instant_to_wire
from federation.identifiers import CityCode, code_text
from federation.limits import CODE_BYTES
from federation.uses import use_commitment, use_key_text
from federation.v1 import agreement_pb2, attestation_pb2
from node.transport.department_cases import DepartmentCaseServicer
from node.transport.departments import DepartmentServicer
from node.transport.resident_cases import ResidentCaseServicer
from node.transport.residents import ResidentServicer
from node.transport.venues import VenueServicer
from node.v1 import department_case_service_pb2 as decisions_pb
from node.v1 import department_service_pb2 as departments_pb
from node.v1 import resident_case_service_pb2 as cases_pb
from node.v1 import resident_service_pb2 as residents_pb
from node.v1 import venue_service_pb2 as venues_pb
from scripts.simulation.client import Client, Servicer, department, resident, venue
from scripts.simulation.history import History
from scripts.simulation.people import (
    BAD,
    GOOD,
    LONG,
    OFFICE,
    OFFICER,
    SCENARIOS,
    SHOP,
    SMALL,
    VENUES,
    Person,
)
from scripts.simulation.world import SimWorld

M = TypeVar("M", bound=Message)
_Row = departments_pb.RecordRow

# The shortest consent ends within a run; most live for a month.
_SHORT: Final = timedelta(minutes=2)
_MONTH: Final = timedelta(days=30)


class Life:
    """One person's life in a simulated world."""

    def __init__(
        self,
        world: SimWorld,
        history: History,
        person: Person,
        cities: Sequence[CityCode],
        chance: random.Random,
    ) -> None:
        """`cities` are those that the person may visit, the own one too."""
        self._world = world
        self._history = history
        self._person = person
        self._cities = tuple(cities)
        self._chance = chance
        self._client = Client(world, history, chance)

    async def live(self, steps: int, pause: float) -> None:
        """Take part, then so many steps, about `pause` seconds apart."""
        await self._world.sleep(self._chance.uniform(0, pause))
        await self.begin()
        kinds, weights = zip(*_STEPS, strict=True)
        for _ in range(steps):
            if self._person.gone or not self._person.resident_id:
                return
            await self._world.sleep(self._chance.uniform(0, 2 * pause))
            [step] = self._chance.choices(kinds, weights)
            await step(self)

    async def begin(self) -> None:
        """Take part, with records that are good enough for every city."""
        person = self._person
        request = residents_pb.EnrolResidentRequest(
            request_id=self._client.new_id(),
            document_kind=residents_pb.DOCUMENT_KIND_RESIDENT_ID,
            document_number=person.number,
        )
        enrolled = await self._app(ResidentServicer, request, residents_pb.EnrolResidentResponse)
        if enrolled is not None:
            person.resident_id = enrolled.resident_id
            await self._load(*GOOD)

    async def consent(self, host: CityCode) -> str:
        """Consent to a host, unless there is one; the consent, "" for none."""
        person = self._person
        known = person.consents.get(host)
        if known is not None:
            return known
        short = self._chance.random() < 0.1  # noqa: PLR2004 - one of ten
        until = self._world.now + (_SHORT if short else _MONTH)
        request = residents_pb.GiveConsentRequest(
            request_id=self._client.new_id(),
            resident_id=person.resident_id,
            host_city=host,
            scenarios=SCENARIOS,
            disclosure=agreement_pb2.DISCLOSURE_LEVEL_BAND,
            expires_at=instant_to_wire(until),
            counting=attestation_pb2.USE_COUNTING_ANONYMOUS,
            use_commitment=use_commitment(person.key),
        )
        given = await self._app(ResidentServicer, request, residents_pb.GiveConsentResponse)
        if given is None:
            return ""
        person.consents[host] = given.consent.consent_id
        return given.consent.consent_id

    async def visit(self) -> None:
        """Go to some city, show a code or the pass, and use what is open."""
        host, shop = self._chance.choice(self._cities), self._chance.choice(VENUES)
        await self.use(host, shop, await self.check(host, shop))

    async def rent(self) -> None:
        """Rent for long: what is limited to one in all cities together."""
        host = self._chance.choice(self._cities)
        checked = await self.check(host, SHOP, LONG)
        decision = _open(checked, LONG)
        if checked is None or not decision:
            return
        request = venues_pb.ReserveRequest(
            request_id=self._client.new_id(),
            decision_id=decision,
            visitor_pass=checked.visitor_pass,
            use_key=use_key_text(self._person.key),
        )
        held = await self._till(host, SHOP, request, venues_pb.ReserveResponse)
        if held is None:
            return
        await self._pause()
        reservation = held.reservation.reservation_id
        if self._chance.random() < 0.3 or await self._confirm(host, SHOP, reservation):  # noqa: PLR2004 - a third changes their mind
            self._person.rented.append((host, reservation))

    async def give_back(self) -> None:
        """End what is rented, or let go what is held."""
        if not self._person.rented:
            return
        host, reservation = self._person.rented.pop(0)
        request = venues_pb.ReleaseRequest(
            request_id=self._client.new_id(), reservation_id=reservation
        )
        await self._till(host, SHOP, request, venues_pb.ReleaseResponse)

    async def withdraw(self) -> None:
        """Withdraw a consent."""
        person = self._person
        if not person.consents:
            return
        host = self._chance.choice(sorted(person.consents))
        request = residents_pb.WithdrawConsentRequest(
            request_id=self._client.new_id(),
            resident_id=person.resident_id,
            consent_id=person.consents.pop(host),
        )
        await self._app(ResidentServicer, request, residents_pb.WithdrawConsentResponse)

    async def fall(self) -> None:
        """A department sends what deducts: a little, or enough to fall below every line."""
        await self._load(self._chance.choice((BAD, SMALL)))

    async def put_right(self) -> None:
        """What deducts is taken back by its department, or repaired by application."""
        if not self._person.weighs:
            return
        number, indicator = self._person.weighs.pop(0)
        if indicator == SMALL and self._chance.random() < 0.5:  # noqa: PLR2004 - either way
            await self._repair(number)
        else:
            await self._send([self._row(number, indicator, departments_pb.ROW_ACTION_WITHDRAW, 1)])

    async def guess(self) -> None:
        """Show a code that nobody has."""
        host, home = self._chance.choice(self._cities), self._chance.choice(self._cities)
        text = code_text(home, self._chance.randbytes(CODE_BYTES))
        await self._shown(host, self._chance.choice(VENUES), (), code=text)

    async def leave(self) -> None:
        """Take part no more: everything about the person is erased at home."""
        person, home = self._person, self._person.home
        self._history.erased.setdefault(person.name, set()).add(home)
        request = residents_pb.EraseResidentRequest(
            resident_id=person.resident_id, document_number=person.number
        )
        person.gone = True
        await self._app(ResidentServicer, request, residents_pb.EraseResidentResponse)

    async def check(
        self, host: CityCode, shop: str, *incentives: str
    ) -> venues_pb.CheckEligibilityResponse | None:
        """Show the pass of that city, or a new code."""
        known = self._person.passes.get(host)
        if known is not None and self._chance.random() < 0.7:  # noqa: PLR2004 - most keep it
            checked = await self._shown(host, shop, incentives, visitor_pass=known)
        else:
            code = await self._code(host)
            if not code:
                return None
            checked = await self._shown(host, shop, incentives, code=code)
        if checked is None:
            self._person.passes.pop(host, None)
        elif checked.visitor_pass:
            self._person.passes[host] = checked.visitor_pass
        return checked

    async def _shown(
        self,
        host: CityCode,
        shop: str,
        incentives: Sequence[str],
        *,
        code: str = "",
        visitor_pass: str = "",
    ) -> venues_pb.CheckEligibilityResponse | None:
        request = venues_pb.CheckEligibilityRequest(
            request_id=self._client.new_id(), incentive_ids=incentives
        )
        if code:
            request.presentation_code = code
        else:
            request.visitor_pass = visitor_pass
        return await self._client.ask(
            host,
            venue(shop),
            VenueServicer,
            request,
            venues_pb.CheckEligibilityResponse,
            whom=self._person.name,
            recorded=lambda told: told.outcome != venues_pb.RECOGNITION_OUTCOME_HOME_UNREACHABLE,
        )

    async def _code(self, host: CityCode) -> str:
        consent = await self.consent(host)
        if not consent:
            return ""
        request = residents_pb.CreatePresentationCodeRequest(
            request_id=self._client.new_id(),
            resident_id=self._person.resident_id,
            consent_id=consent,
        )
        shown = await self._app(
            ResidentServicer, request, residents_pb.CreatePresentationCodeResponse
        )
        if shown is None:
            # The consent has ended by itself.
            self._person.consents.pop(host, None)
            return ""
        return shown.presentation_code

    async def use(
        self, host: CityCode, shop: str, checked: venues_pb.CheckEligibilityResponse | None
    ) -> None:
        """Redeem one of the decisions, now and then twice."""
        decisions = [each for each in checked.decisions if each.eligible] if checked else []
        usable = [each for each in decisions if each.incentive.incentive_id != LONG]
        if not usable:
            return
        decision = self._chance.choice(usable).decision_id
        await self._pause()
        for _ in range(self._chance.choice((1, 1, 1, 2))):
            request = venues_pb.RedeemRequest(
                request_id=self._client.new_id(), decision_id=decision
            )
            await self._till(host, shop, request, venues_pb.RedeemResponse)

    async def _confirm(self, host: CityCode, shop: str, reservation: str) -> bool:
        request = venues_pb.ConfirmRequest(
            request_id=self._client.new_id(), reservation_id=reservation
        )
        confirmed = await self._till(host, shop, request, venues_pb.ConfirmResponse)
        return confirmed is not None

    async def _load(self, *indicators: str) -> None:
        rows = []
        for indicator in indicators:
            self._person.records += 1
            number = f"{self._person.name}-{self._person.records}"
            rows.append(self._row(number, indicator, departments_pb.ROW_ACTION_ADD, 0))
            if indicator not in GOOD:
                self._person.weighs.append((number, indicator))
        await self._send(rows)

    def _row(self, number: str, indicator: str, action: int, revision: int) -> _Row:
        return departments_pb.RecordRow(
            record_number=number,
            indicator=indicator,
            document_number=self._person.number,
            occurred_on="2026-06-15",
            evidence=f"simulated {number}",
            action=action,  # type: ignore[arg-type]
            revision=revision,
        )

    async def _send(self, rows: Sequence[_Row]) -> None:
        request = departments_pb.LoadRecordsRequest(
            load_id=self._client.new_id(),
            file_name="simulated.csv",
            first_row=0,
            rows=rows,
            is_last=True,
        )
        await self._client.ask(
            self._person.home,
            department(OFFICE),
            DepartmentServicer,
            request,
            departments_pb.LoadRecordsResponse,
            whom=self._person.name,
        )

    async def _repair(self, number: str) -> None:
        home = self._person.home
        request = cases_pb.ApplyForRepairRequest(
            request_id=self._client.new_id(),
            resident_id=self._person.resident_id,
            source=OFFICE,
            record_number=number,
            statement="simulated",
            evidence="simulated",
            promise="simulated",
        )
        applied = await self._app(ResidentCaseServicer, request, cases_pb.ApplyForRepairResponse)
        if applied is None:
            return
        await self._pause()
        decide = decisions_pb.DecideCaseRequest(
            request_id=self._client.new_id(),
            case_id=applied.case.case_id,
            decision=decisions_pb.CASE_DECISION_GRANT,
            reason="simulated",
        )
        await self._client.ask(
            home,
            department(OFFICER),
            DepartmentCaseServicer,
            decide,
            decisions_pb.DecideCaseResponse,
            whom=self._person.name,
        )

    async def _app(self, servicer: Servicer, request: Message, answer: type[M]) -> M | None:
        """Ask by the own city's app."""
        person = self._person
        return await self._client.ask(
            person.home, resident(), servicer, request, answer, whom=person.name
        )

    async def _till(self, host: CityCode, shop: str, request: Message, answer: type[M]) -> M | None:
        """Ask by the till of a venue."""
        return await self._client.ask(
            host, venue(shop), VenueServicer, request, answer, whom=self._person.name
        )

    async def _pause(self) -> None:
        await self._world.sleep(self._chance.uniform(0, 2))


Step = Callable[[Life], Awaitable[None]]

# What people do, in proportion.
_STEPS: Final[tuple[tuple[Step, int], ...]] = (
    (Life.visit, 46),
    (Life.rent, 14),
    (Life.give_back, 9),
    (Life.withdraw, 8),
    (Life.fall, 8),
    (Life.put_right, 8),
    (Life.guess, 5),
    (Life.leave, 2),
)


def _open(checked: venues_pb.CheckEligibilityResponse | None, incentive: str) -> str:
    """The decision on an incentive, "" where it is not open."""
    for each in checked.decisions if checked else ():
        if each.incentive.incentive_id == incentive and each.eligible:
            return each.decision_id
    return ""
