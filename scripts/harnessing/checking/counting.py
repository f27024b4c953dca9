"""The clients' counts against the nodes' own.

Of each kind of thing: how many clients were told of, and how many of those very things the stores
have, and the logs. Each thing counts once, however often it was asked for again, and only where it
was answered before a store was copied, as for the invariants: those say which thing is missing.
"""

from collections.abc import Callable, Iterator
from typing import Final

from node.records import RecordState
from scripts.harnessing.checking import traced
from scripts.harnessing.checking.consenting import withdrawals
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.lasting import UNRECORDED
from scripts.harnessing.checking.traces import consented, redeemed
from scripts.harnessing.records import Counted

_OF_CITY: Final = "WHERE a.city = ? AND a.ended < ? AND a.outcome = 'OK'"
# Each has the id of a thing, and whether the store has it.
_CONSENTS: Final = f"""
SELECT DISTINCT a.consent_id, c.consent_id IS NOT NULL FROM history.acts a
LEFT JOIN consents c ON c.consent_id = a.consent_id {_OF_CITY} AND a.deed = 'consent'
"""  # noqa: S608 - of our own names
_WITHDRAWALS: Final = f"""
SELECT DISTINCT a.consent_id, c.withdrawn_at IS NOT NULL FROM history.acts a
LEFT JOIN consents c ON c.consent_id = a.consent_id {_OF_CITY} AND a.deed = 'withdraw'
"""  # noqa: S608 - of our own names
_CHECKS: Final = f"""
SELECT a.request_id, max(k.check_id) FROM history.acts a
JOIN history.decided d ON d.act = a.act AND d.decision_id != ''
LEFT JOIN decisions k ON k.decision_id = d.decision_id
{_OF_CITY} AND a.deed = 'check' AND a.verdict != '{UNRECORDED}' GROUP BY a.request_id
"""  # noqa: S608 - of our own names
_USES: Final = f"""
SELECT DISTINCT a.redemption_id, r.redemption_id IS NOT NULL FROM history.acts a
LEFT JOIN redemptions r ON r.redemption_id = a.redemption_id
{_OF_CITY} AND a.deed IN ('redeem', 'confirm')
"""  # noqa: S608 - of our own names
_BACK: Final = RecordState.WITHDRAWN.value
_RECORDS: Final = f"""
SELECT s.source || '/' || s.record_number,
    max(k.record_number IS NOT NULL AND (s.taken_back = 0 OR k.state = '{_BACK}'))
FROM history.acts a JOIN history.sent s ON s.act = a.act
LEFT JOIN records k ON k.source = s.source AND k.record_number = s.record_number
{_OF_CITY} AND a.deed = 'records' GROUP BY 1
"""  # noqa: S608 - of our own names

Found = Iterator[tuple[bool, bool]]
"""Of each thing that clients were told of, whether the store has it, and whether the log has."""


def _consents(evidence: Evidence, city: CityEvidence) -> Found:
    entries = consented(evidence, city)
    for consent, kept in city.rows(_CONSENTS, city.code, city.taken_at):
        yield bool(kept), entries.get(consent, -1) >= 0


def _withdrawals(evidence: Evidence, city: CityEvidence) -> Found:
    entries = withdrawals(evidence, city)
    for consent, kept in city.rows(_WITHDRAWALS, city.code, city.taken_at):
        yield bool(kept), entries.get(consent, -1) >= 0


def _checks(evidence: Evidence, city: CityEvidence) -> Found:
    checks = traced.decided(evidence, city).checks
    for _, check in city.rows(_CHECKS, city.code, city.taken_at):
        found = checks.get(check or "")
        yield check is not None, found is not None and found.sequence >= 0


def _uses(evidence: Evidence, city: CityEvidence) -> Found:
    entries = redeemed(evidence, city)
    for redemption, kept in city.rows(_USES, city.code, city.taken_at):
        yield bool(kept), entries.get(redemption, -1) >= 0


def _records(_: Evidence, city: CityEvidence) -> Found:
    for _, kept in city.rows(_RECORDS, city.code, city.taken_at):
        yield bool(kept), False


_LOOKS: Final[dict[str, Callable[[Evidence, CityEvidence], Found]]] = {
    "consent": _consents,
    "withdrawal": _withdrawals,
    "check": _checks,
    "use": _uses,
    "record": _records,
}
# A record that a department sends is no statement, and leaves no trace until it is changed.
_UNLOGGED: Final = "record"


def counts(evidence: Evidence) -> tuple[Counted, ...]:
    """Those of each kind of thing, over all cities whose clocks let them keep what they had."""
    cities = [city for city in evidence.cities.values() if not city.clock.forgets]
    found = []
    for what, look in _LOOKS.items():
        told = kept = logged = 0
        for city in cities:
            for is_kept, is_logged in look(evidence, city):
                told, kept, logged = told + 1, kept + is_kept, logged + is_logged
        found.append(Counted(what, told, kept, None if what == _UNLOGGED else logged))
    return tuple(found)
