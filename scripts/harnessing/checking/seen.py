"""Rule 8, its last sentence: the resident sees every use of their standing.

What residents are shown is read from rows: at home from the uses beside the attestations (one of a
batch shows itself), at a host from the visits. Whatever was attested, decided or used of somebody
has its row there, of the very person, city and venue.
"""

from collections.abc import Iterator
from typing import Final

from node.history import HistoryKind
from node.model import UseOutcome
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_ATTESTED: Final = f"""
SELECT 'attestation', a.attestation_id, u.use_id IS NOT NULL AND u.host = a.host
    AND u.used_at = a.issued_at AND u.outcome = {UseOutcome.ATTESTED.value}
FROM attestations a
LEFT JOIN uses u ON u.resident_id = a.resident_id AND u.use_id = a.attestation_id
WHERE a.batch_id = '' AND a.resident_id != ''
"""  # noqa: S608 - of our own names
_DECIDED: Final = f"""
SELECT 'check', c.check_id, EXISTS (
    SELECT 1 FROM visits v WHERE v.recognition_id = c.recognition_id
        AND v.kind = {HistoryKind.DECIDED.value} AND v.subject = c.check_id)
FROM checks c WHERE c.recognition_id != ''
"""  # noqa: S608 - of our own names
_USED: Final = f"""
SELECT 'redemption', r.redemption_id, EXISTS (
    SELECT 1 FROM visits v WHERE v.recognition_id = d.recognition_id
        AND v.kind = {HistoryKind.REDEEMED.value} AND v.subject = d.decision_id
        AND v.venue = r.venue AND v.at = r.redeemed_at)
FROM redemptions r JOIN decisions d ON d.decision_id = r.decision_id
WHERE d.recognition_id != ''
"""  # noqa: S608 - of our own names


def _residents_see_every_use(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        if city.clock.forgets:
            # What is shown for months may be gone.
            continue
        for what, name, shown in _uses(city):
            tally.see()
            if not shown:
                tally.broken(
                    city.place.pinyin,
                    f"居民看不到对其信用状况的使用（{what} {name}）。",
                    f"The resident is not shown the {what} {name}.",
                    what=what,
                    id=name,
                )


def _uses(city: CityEvidence) -> Iterator[tuple[str, str, int]]:
    for sql in (_ATTESTED, _DECIDED, _USED):
        yield from city.rows(sql)


INVARIANTS: Final = (
    Invariant(
        "shown",
        "8",
        "居民可见对其信用状况的每次使用",
        "The resident sees every use of their standing",
        _residents_see_every_use,
    ),
)
