"""Rule 7: nothing acknowledged is lost, and a repeated request gets the first answer.

What a client was told is held against the store: the answer itself, which a node keeps for a week,
by its digest; and what it named, by its id. Only what was answered before the store was copied
counts, and nothing of a city whose clock was so far ahead that it may have let go of things.
"""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from node.records import RecordState
from node.redemptions import ReservationState
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

# While the home city cannot be reached the answer is not recorded: a repetition asks again.
UNRECORDED: Final = "HOME_UNREACHABLE"

NO_ANSWER: Final = frozenset(
    {
        "BUSY",
        "CANCELLED",
        "DEADLINE",
        "DEADLINE_EXCEEDED",
        "DEADLINE_PASSED",
        "INTERNAL",
        "KEY_UNUSABLE",
        "LIMIT_REACHED",
        "MALFORMED_ANSWER",
        "NODE_UNREACHABLE",
        "NOT_SENT",
        "OVERLOADED",
        "PARTNER_BUSY",
        "PEER_UNREACHABLE",
        "RESOURCE_EXHAUSTED",
        "STORE_UNAVAILABLE",
        "UNAVAILABLE",
        "UNREACHABLE",
        "USES_UNREACHABLE",
    }
)
"""Outcomes that say nothing of what was asked: the same may be asked again, and answered."""

_CHANGING: Final = (
    "('consent', 'withdraw', 'code', 'check', 'redeem', 'reserve', 'confirm', 'release')"
)
_ANSWERED: Final = f"""
SELECT a.act, a.deed, a.request_id, a.answer, n.response
FROM history.acts a LEFT JOIN answers n ON n.request_id = a.request_id
WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed IN {_CHANGING}
    AND a.verdict != '{UNRECORDED}' AND a.answer != ''
"""  # noqa: S608 - of our own names
# Each finds acts whose object is not there as they were told; its columns are act and id.
_LOST: Final = (
    (
        "consent",
        """
        SELECT a.act, a.consent_id,
            c.consent_id IS NOT NULL AND c.resident_id = a.resident_id
        FROM history.acts a LEFT JOIN consents c ON c.consent_id = a.consent_id
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'consent'
        """,
    ),
    (
        "withdrawal",
        """
        SELECT a.act, a.consent_id, c.withdrawn_at IS NOT NULL
        FROM history.acts a LEFT JOIN consents c ON c.consent_id = a.consent_id
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'withdraw'
        """,
    ),
    (
        "decision",
        """
        SELECT a.act, d.decision_id,
            k.decision_id IS NOT NULL AND k.incentive_id = d.incentive_id
        FROM history.acts a JOIN history.decided d ON d.act = a.act AND d.eligible = 1
        LEFT JOIN decisions k ON k.decision_id = d.decision_id
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'check'
            AND d.decision_id != '' AND a.verdict != 'HOME_UNREACHABLE'
        """,
    ),
    (
        "redemption",
        """
        SELECT a.act, a.redemption_id,
            r.redemption_id IS NOT NULL AND r.decision_id = coalesce(a.decision_id, r.decision_id)
        FROM history.acts a LEFT JOIN redemptions r ON r.redemption_id = a.redemption_id
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed IN ('redeem', 'confirm')
        """,
    ),
    (
        "reservation",
        """
        SELECT a.act, a.reservation_id, r.reservation_id IS NOT NULL
            AND r.decision_id = coalesce(a.decision_id, r.decision_id)
        FROM history.acts a LEFT JOIN reservations r ON r.reservation_id = a.reservation_id
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'reserve'
        """,
    ),
    (
        "release",
        """
        SELECT a.act, a.reservation_id, r.reservation_id IS NOT NULL
            AND (r.state IN (3, 4) OR r.lease_id != '')
        FROM history.acts a LEFT JOIN reservations r ON r.reservation_id = a.reservation_id
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'release'
        """,
    ),
    (
        "record",
        f"""
        SELECT a.act, s.record_number, k.record_number IS NOT NULL
            AND (s.taken_back = 0 OR k.state = '{RecordState.WITHDRAWN.value}')
        FROM history.acts a JOIN history.sent s ON s.act = a.act
        LEFT JOIN records k ON k.source = s.source AND k.record_number = s.record_number
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'records'
        """,  # noqa: S608 - of our own names
    ),
    (
        "presentation code",
        """
        SELECT max(a.act), a.consent_id,
            (SELECT count(*) FROM codes k WHERE k.consent_id = a.consent_id)
                >= count(DISTINCT a.request_id)
        FROM history.acts a
        WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK' AND a.deed = 'code'
            AND a.consent_id IS NOT NULL
        GROUP BY a.consent_id
        """,
    ),
)
_REPEATED: Final = f"""
SELECT a.request_id, a.act, a.deed, a.sent, a.ended, a.outcome, a.answer, a.verdict
FROM history.acts a WHERE a.city = ? AND a.deed IN {_CHANGING} AND a.request_id IN (
    SELECT request_id FROM history.acts WHERE city = ? GROUP BY request_id HAVING count(*) > 1
) ORDER BY a.request_id, a.sent
"""  # noqa: S608 - of our own names
_USED_TWICE: Final = """
SELECT decision_id, count(DISTINCT redemption_id) FROM (
    SELECT decision_id, redemption_id FROM redemptions
    UNION SELECT decision_id, redemption_id FROM history.acts
    WHERE city = ? AND outcome = 'OK' AND deed IN ('redeem', 'confirm') AND decision_id IS NOT NULL
) GROUP BY decision_id
"""
_CONFIRMED: Final = """
SELECT r.redemption_id, r.incentive_id, v.reservation_id, v.incentive_id, v.state
FROM redemptions r LEFT JOIN reservations v ON v.redemption_id = r.redemption_id
"""


def _nothing_is_lost(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        if city.clock.forgets:
            continue
        for act, deed, request_id, answer, response in city.rows(
            _ANSWERED, city.code, city.taken_at
        ):
            tally.see()
            if response is None or hashlib.sha256(response).hexdigest() != answer:
                lost = "not there" if response is None else "another"
                tally.broken(
                    city.place.pinyin,
                    f"已答复的请求（{deed}）的记录丢失或不同。",
                    f"The answer that a client got ({deed}) is {lost} in the store.",
                    act=act,
                    request_id=request_id,
                    answer=answer,
                )
        for what, sql in _LOST:
            for act, identifier, there in city.rows(sql, city.code, city.taken_at):
                tally.see()
                if not there:
                    tally.broken(
                        city.place.pinyin,
                        f"已答复的 {what} {identifier} 不在存储中。",
                        f"The {what} {identifier}, which was acknowledged, is not in the store.",
                        act=act,
                        what=what,
                        id=identifier,
                    )


def _used_once(evidence: Evidence, tally: Tally) -> None:
    confirmed = ReservationState.CONFIRMED.value
    for city in evidence.cities.values():
        for decision, count in city.rows(_USED_TWICE, city.code):
            tally.see()
            if count > 1:
                tally.broken(
                    city.place.pinyin,
                    f"核验 {decision} 被使用了 {count} 次。",
                    f"The decision {decision} was used {count} times.",
                    decision_id=decision,
                )
        for redemption, incentive, reservation, held, state in city.rows(_CONFIRMED):
            tally.see()
            if reservation is None or (held, state) != (incentive, confirmed):
                tally.broken(
                    city.place.pinyin,
                    f"使用 {redemption} 没有对应的占用记录。",
                    f"The redemption {redemption} took no place that is known.",
                    redemption_id=redemption,
                    reservation_id=reservation,
                )


@dataclass(frozen=True, slots=True)
class _Call:
    """One of several calls of one request."""

    request_id: str
    act: int
    deed: str
    sent: float
    ended: float
    outcome: str
    answer: str
    verdict: str

    @property
    def is_answered(self) -> bool:
        """Whether it got an answer that is kept."""
        return self.outcome == "OK" and self.verdict != UNRECORDED and bool(self.answer)

    def differs(self, first: "_Call") -> bool:
        """Whether it got what it must not, once `first` had its answer."""
        if self.is_answered:
            return self.answer != first.answer
        later = self.sent >= first.ended
        return later and self.outcome not in NO_ANSWER


def _answers_are_the_first(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        for calls in _requests(city):
            answered = [call for call in calls if call.is_answered]
            if not answered:
                continue
            first = min(answered, key=lambda call: call.ended)
            for call in calls:
                if call is first:
                    continue
                tally.see()
                if call.differs(first):
                    tally.broken(
                        city.place.pinyin,
                        f"重复的请求（{call.deed}）得到了不同的答复（{call.outcome}）。",
                        f"A repeated request ({call.deed}) got another answer ({call.outcome}).",
                        request_id=call.request_id,
                        acts=(first.act, call.act),
                        first=first.answer,
                        later=call.answer,
                    )


def _requests(city: CityEvidence) -> Iterator[Sequence[_Call]]:
    calls = (_Call(*row) for row in city.rows(_REPEATED, city.code, city.code))
    for _, some in itertools.groupby(calls, key=_request_of):
        yield tuple(some)


def _request_of(call: _Call) -> tuple[Any, ...]:
    return (call.request_id,)


INVARIANTS: Final = (
    Invariant(
        "nothing-lost",
        "7",
        "已答复的不会丢失",
        "Nothing acknowledged is lost",
        _nothing_is_lost,
    ),
    Invariant(
        "used-once",
        "7",
        "每次核验至多使用一次",
        "No decision is used twice",
        _used_once,
    ),
    Invariant(
        "repetition",
        "repetition",
        "重复请求得到首次答复",
        "A repeated request gets the first answer",
        _answers_are_the_first,
    ),
)
