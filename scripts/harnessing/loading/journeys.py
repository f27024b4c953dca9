"""What people do, step by step: the journeys of `mixes.KINDS`.

A journey waits for its own answers and for nobody else's. Between two steps somebody walks or
thinks for up to a second; the next call is due then.
"""

import random
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from federation.identifiers import CityCode, code_text
from node.v1 import department_service_pb2 as departments
from node.v1 import resident_service_pb2 as residents
from node.v1 import venue_service_pb2 as venues
from scripts.harnessing.loading import requests
from scripts.harnessing.loading.calling import Call, Callers, Clock
from scripts.harnessing.loading.cast import Cast
from scripts.harnessing.loading.lines import Reply
from scripts.harnessing.loading.outcomes import OK
from scripts.harnessing.loading.requests import Visit
from scripts.harnessing.loading.schedule import Due

# After a check by a code: used at once, reserved and confirmed, reserved and given back, or left.
_REDEEMED: Final = 0.35
_RESERVED: Final = 0.15
_GIVEN_BACK: Final = 1 / 3
_BANDED: Final = 0.8
"""How often what asks for a standing is chosen, where something is open to everyone, too."""
_SHOWN_WITH_USE: Final = 0.5
_TRIED_AFTER_WITHDRAWAL: Final = 0.3
_ROWS: Final = 3
_TAKEN_BACK: Final = 0.3
_THINKS: Final = 1.0
_NO_CONSENT: Final = "CONSENT_NOT_STANDING"
_RECOGNISED: Final = venues.RECOGNITION_OUTCOME_RECOGNISED


@dataclass
class Kept:
    """What the apps of residents and the systems of departments keep."""

    consents: dict[str, dict[str, str]]
    """Those that live, by resident and host."""
    passes: dict[tuple[str, str], str] = field(default_factory=dict)
    """Visitor passes by resident and host."""
    rows: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Numbers of records that were sent, by city."""


class Journey:
    """One journey: who, where, and what was drawn for it."""

    def __init__(
        self, due: Due, load: str, cast: Cast, kept: Kept, callers: Callers, clock: Clock
    ) -> None:
        """As it was planned, of the load that is called so."""
        self._due = due.after
        self._kind = due.kind
        self._cast = cast
        self._kept = kept
        self._callers = callers
        self._clock = clock
        self._chance = random.Random(due.seed)  # noqa: S311 - a load, no secret
        name = f"{due.kind}/{load}/{due.number}"
        self._visit = Visit(name, due.resident, due.home, due.host, due.venue)

    async def run(self, began: float) -> None:
        """From when it is due, `began` being the instant at which the load began."""
        self._due += began
        await _WAYS[self._kind](self)

    async def _call(self, call: Call) -> Reply:
        """The next step, that is due now; the one after it is due when somebody has thought."""
        reply = await self._callers.make(call, self._due, self._chance)
        self._due = self._clock.now() + self._chance.uniform(0, _THINKS)
        return reply

    async def _step(self, call: Call) -> Reply:
        """A step after the first one."""
        await self._clock.until(self._due)
        return await self._call(call)

    async def _consent(self) -> str:
        """The consent to the host; it is given where there is none. "" where that failed."""
        visit = self._visit
        given = self._kept.consents[visit.resident]
        if visit.host not in given:
            scenarios = self._cast.scenarios(visit.home, visit.host)
            reply = await self._step(visit.consent(scenarios))
            if reply.outcome != OK:
                return ""
            answer = residents.GiveConsentResponse.FromString(reply.body)
            given[visit.host] = answer.consent.consent_id
        return given.get(visit.host, "")

    async def _code(self, consent: str) -> str:
        reply = await self._step(self._visit.code(consent))
        if reply.outcome == _NO_CONSENT:
            # A withdrawal whose answer was lost: the next journey gives a new one.
            self._forget(consent)
        if reply.outcome != OK:
            return ""
        answer = residents.CreatePresentationCodeResponse.FromString(reply.body)
        return answer.presentation_code

    def _forget(self, consent: str) -> None:
        given = self._kept.consents[self._visit.resident]
        if given.get(self._visit.host) == consent:
            del given[self._visit.host]

    async def _check(self, consent: str, **shown: str) -> venues.CheckEligibilityResponse | None:
        reply = await self._step(self._visit.check(consent, **shown))
        if reply.outcome != OK:
            return None
        answer = venues.CheckEligibilityResponse.FromString(reply.body)
        if answer.visitor_pass:
            self._kept.passes[self._visit.resident, self._visit.host] = answer.visitor_pass
        elif answer.outcome != _RECOGNISED and "visitor_pass" in shown:
            self._kept.passes.pop((self._visit.resident, self._visit.host), None)
        return answer

    async def visit_by_code(self) -> None:
        """Code, check, and what follows."""
        consent = await self._consent()
        code = await self._code(consent) if consent else ""
        answer = await self._check(consent, presentation_code=code) if code else None
        if answer is None:
            return
        chance = self._chance.random()
        decision, banded = self._chosen(answer)
        if not decision:
            return
        if chance < _REDEEMED:
            await self._use(decision, banded=banded)
        elif chance < _REDEEMED + _RESERVED:
            await self._reserve(decision)

    async def visit_by_pass(self) -> None:
        """Check by the pass, and use; who has no pass yet shows a code."""
        visit = self._visit
        shown = self._kept.passes.get((visit.resident, visit.host))
        if shown is None:
            await self.visit_by_code()
            return
        consent = self._kept.consents[visit.resident].get(visit.host, "")
        answer = await self._check(consent, visitor_pass=shown)
        decision, banded = self._chosen(answer) if answer else ("", False)
        if decision:
            await self._use(decision, banded=banded)

    async def look_at_standing(self) -> None:
        """Of a resident, at home."""
        await self._step(self._visit.standing())

    async def look_at_visits(self) -> None:
        """At the host by the pass; at home who has none."""
        shown = self._kept.passes.get((self._visit.resident, self._visit.host))
        await self._step(self._visit.visits(shown) if shown else self._visit.history())

    async def change_consent(self) -> None:
        """Withdraw, now and then try a visit all the same, and consent again."""
        consent = await self._consent()
        if not consent:
            return
        reply = await self._step(self._visit.withdraw(consent))
        self._forget(consent)
        if reply.outcome != OK:
            return
        shown = self._kept.passes.get((self._visit.resident, self._visit.host))
        if shown and self._chance.random() < _TRIED_AFTER_WITHDRAWAL:
            await self._check(consent, visitor_pass=shown)
        await self._consent()

    async def be_refused(self) -> None:
        """By a code of somebody below the line, an unknown one, or one that was used."""
        if self._cast.residents[self._visit.resident].standing == "below":
            consent = await self._consent()
            code = await self._code(consent) if consent else ""
            if code:
                await self._check(consent, presentation_code=code)
            return
        if self._chance.random() < 0.5:  # noqa: PLR2004 - half of them
            unknown = code_text(CityCode(self._visit.home), self._chance.randbytes(16))
            await self._check("", presentation_code=unknown)
            return
        consent = await self._consent()
        code = await self._code(consent) if consent else ""
        if code and await self._check(consent, presentation_code=code):
            await self._check(consent, presentation_code=code)

    async def send_records(self) -> None:
        """A few new records that add a little, or one that is taken back."""
        city, rules = self._visit.home, self._cast.rules[self._visit.home]
        sent = self._kept.rows[city]
        if sent and self._chance.random() < _TAKEN_BACK:
            number = sent.pop(self._chance.randrange(len(sent)))
            row = departments.RecordRow(
                record_number=number, action=departments.ROW_ACTION_WITHDRAW, revision=1
            )
            await self._records(rules.department, [row])
            return
        rows = [self._row(rules.indicators) for _ in range(_ROWS)]
        reply = await self._records(rules.department, rows)
        if reply.outcome == OK:
            answer = departments.LoadRecordsResponse.FromString(reply.body)
            if answer.load.accepted_count == len(rows):
                sent += [row.record_number for row in rows]

    async def _records(self, department: str, rows: list[departments.RecordRow]) -> Reply:
        visit = self._visit
        return await self._step(requests.records(visit.home, department, rows, visit.journey))

    def _row(self, indicators: tuple[str, ...]) -> departments.RecordRow:
        known = self._cast.exportable(self._visit.home)
        resident = self._cast.residents[self._chance.choice(known)]
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        number = f"load-{uuid.uuid4().hex}"
        return departments.RecordRow(
            record_number=number,
            indicator=self._chance.choice(indicators),
            document_number=resident.document_number,
            occurred_on=yesterday.isoformat(),
            evidence=number,
        )

    async def _reserve(self, decision: str) -> None:
        reply = await self._step(self._visit.reserve(decision))
        if reply.outcome != OK:
            return
        held = venues.ReserveResponse.FromString(reply.body).reservation.reservation_id
        back = self._chance.random() < _GIVEN_BACK
        await self._step(self._visit.release(held) if back else self._visit.confirm(held))

    def _chosen(self, answer: venues.CheckEligibilityResponse) -> tuple[str, bool]:
        """A decision that opens something, and whether by the standing; "" where none does."""
        rules = self._cast.rules[self._visit.host]
        # What is counted over all cities needs a use key, and a consent that allows it.
        opened = [
            each
            for each in answer.decisions
            if each.decision_id and each.incentive.incentive_id not in rules.counted
        ]
        banded = [each for each in opened if each.incentive.incentive_id in rules.banded]
        wanted = banded if banded and self._chance.random() < _BANDED else opened
        chosen = self._chance.choice(wanted) if wanted else None
        return (chosen.decision_id, chosen in banded) if chosen else ("", False)

    async def _use(self, decision: str, *, banded: bool) -> None:
        """Redeem; now and then the pass is shown once more, where the decision has a holder.

        Of two visits at once the later one's pass counts.
        """
        shown = self._kept.passes.get((self._visit.resident, self._visit.host), "")
        again = banded and self._chance.random() < _SHOWN_WITH_USE
        await self._step(self._visit.redeem(decision, shown if again else ""))


_WAYS: Final[Mapping[str, Callable[[Journey], Awaitable[None]]]] = {
    "visit-code": Journey.visit_by_code,
    "visit-pass": Journey.visit_by_pass,
    "at-home": Journey.visit_by_code,
    "standing": Journey.look_at_standing,
    "visits": Journey.look_at_visits,
    "consent": Journey.change_consent,
    "refused": Journey.be_refused,
    "records": Journey.send_records,
}
