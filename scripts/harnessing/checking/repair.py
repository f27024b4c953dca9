"""Rule 9: repair heals everywhere. What no longer holds stands nowhere, once it was delivered.

At home: who is below the line has no attestation that stands. At hosts: what the home city ended is
recognised no more. A host is told within moments; between two cities it counts only where nothing
was broken for a minute before the stores were copied, and what ended within that minute may be on
its way.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from node.store.values import to_instant, to_names
from scripts.harnessing.checking.evidence import MICROS, CityEvidence, Evidence
from scripts.harnessing.checking.peers import disturbed
from scripts.harnessing.checking.ruling import Invariant, Tally

QUIET_SECONDS: Final = 60.0

_STANDING: Final = """
SELECT DISTINCT r.resident_id, r.shared_milli, r.commendations, r.recount_on, r.counted_by,
    a.attestation_id, a.host
FROM attestations a JOIN residents r ON r.resident_id = a.resident_id
WHERE a.ended_at IS NULL AND a.expires_at > ?
"""
_LIVE: Final = """
SELECT recognition_id, attestation_id, checked_at FROM recognitions
WHERE home = ? AND ended_at IS NULL AND expires_at > ?
"""
_GIVEN: Final = "SELECT ended_at FROM attestations WHERE attestation_id = ?"
_FEED: Final = "SELECT sequence, acknowledged FROM status_feeds WHERE host = ?"


def _what_ended_stands_nowhere(evidence: Evidence, tally: Tally) -> None:
    for home in evidence.cities.values():
        _at_home(home, tally)
        for host in evidence.cities.values():
            if not _may_be_judged(evidence, home, host):
                continue
            for recognition, attestation, ended_at in _live(home, host, tally):
                tally.broken(
                    host.place.pinyin,
                    f"仍认定 {home.code} 已终止的证明 {attestation}。",
                    f"It goes by the attestation {attestation}, which {home.code} has ended.",
                    recognition_id=recognition,
                    attestation_id=attestation,
                    ended_at=to_instant(ended_at).isoformat(),
                )


def _at_home(city: CityEvidence, tally: Tally) -> None:
    """Nobody whose sums of today are below the line has anything that stands."""
    own = city.registry.own_scale()
    indicators = city.registry.indicators
    if own is None:
        return
    version = indicators.version if indicators else 0
    today = to_instant(city.alive_at).astimezone(city.zone).date()
    for resident, shared, named, recount_on, counted_by, attestation, host in city.rows(
        _STANDING, city.alive_at
    ):
        stale = recount_on is not None and date.fromisoformat(recount_on) <= today
        if stale or counted_by != version:
            # It is counted anew within moments: what it comes to is not known here.
            continue
        tally.see()
        standing = own.scale.standing(shared, frozenset(to_names(named)))
        if not own.scale.exportable(standing.band_id):
            tally.broken(
                city.place.pinyin,
                f"居民现在未达互认线，给 {host} 的证明仍然有效。",
                f"A resident is below the line now, and an attestation to {host} stands.",
                resident_id=resident,
                attestation_id=attestation,
            )


def _may_be_judged(evidence: Evidence, home: CityEvidence, host: CityEvidence) -> bool:
    """Whether nothing kept the two from hearing of each other."""
    if home.clock.forgets or host.clock.forgets:
        return False
    partner = home.registry.partners.get(host.code)
    if home.code != host.code and (partner is None or partner.state.value != "active"):
        return False
    names = {home.place.pinyin, host.place.pinyin}
    return not disturbed(evidence, names, evidence.until - QUIET_SECONDS, evidence.until)


def _live(home: CityEvidence, host: CityEvidence, tally: Tally) -> Iterator[tuple[str, str, int]]:
    """Recognitions that stand on what had ended, and whose end the host has, or had to have."""
    feed = home.store.execute(_FEED, (host.code,)).fetchone()
    delivered = home.code == host.code or feed is None or feed[1] >= feed[0]
    # Without news it had to come by a minute before the home city was last alive.
    spread = home.clock.spread + host.clock.spread
    latest = home.alive_at - int(QUIET_SECONDS * MICROS) - spread
    for recognition, attestation, _ in host.rows(_LIVE, home.code, host.alive_at):
        tally.see()
        ended_at = home.one(_GIVEN, attestation)
        if ended_at is not None and (delivered or ended_at < latest):
            yield recognition, attestation, ended_at


INVARIANTS: Final = (
    Invariant(
        "repair",
        "9",
        "更正与修复处处生效",
        "What no longer holds stands nowhere",
        _what_ended_stands_nowhere,
    ),
)
