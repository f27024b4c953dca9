"""Rule 9: repair heals everywhere. What no longer holds stands nowhere, once it was delivered.

At home: who is below the line has no attestation that stands, and nobody has one that says another
band than theirs; a lower one understates. At hosts: what the home city ended is recognised no more.
What a host has acknowledged counts whatever was broken. A host is told within moments: what it has
not acknowledged counts only where nothing was broken for a minute before the stores were copied,
and what ended within that minute may be on its way.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from federation.errors import HutongError
from node.registry import OwnScale, PartnerState
from node.store.values import to_instant, to_names
from scripts.harnessing.checking.evidence import MICROS, CityEvidence, Evidence
from scripts.harnessing.checking.good_news import attestation_of
from scripts.harnessing.checking.peers import disturbed
from scripts.harnessing.checking.ruling import Invariant, Tally

QUIET_SECONDS: Final = 60.0
_EVER: Final = 1 << 62

_STANDING: Final = """
SELECT r.resident_id, r.shared_milli, r.commendations, r.recount_on, r.counted_by,
    a.attestation_id, a.host, a.statement, a.batch_id
FROM attestations a JOIN residents r ON r.resident_id = a.resident_id
WHERE a.ended_at IS NULL AND a.expires_at > ?
"""
_LIVE: Final = """
SELECT recognition_id, attestation_id FROM recognitions
WHERE home = ? AND ended_at IS NULL AND expires_at > ?
"""
_GIVEN: Final = "SELECT ended_at FROM attestations WHERE attestation_id = ?"
_FEED: Final = "SELECT sequence, acknowledged FROM status_feeds WHERE host = ?"


def _what_ended_stands_nowhere(evidence: Evidence, tally: Tally) -> None:
    for home in evidence.cities.values():
        _at_home(home, tally)
        for host in evidence.cities.values():
            until = _heard_until(evidence, home, host)
            if until is None:
                continue
            for recognition, attestation, ended_at in _live(home, host, until, tally):
                tally.broken(
                    host.place.pinyin,
                    f"仍认定 {home.code} 已终止的证明 {attestation}。",
                    f"It goes by the attestation {attestation}, which {home.code} has ended.",
                    recognition_id=recognition,
                    attestation_id=attestation,
                    ended_at=to_instant(ended_at).isoformat(),
                )


def _at_home(city: CityEvidence, tally: Tally) -> None:
    """Nothing that stands says another band than the sums of today come to."""
    own = city.registry.own_scale()
    indicators = city.registry.indicators
    if own is None:
        return
    version = indicators.version if indicators else 0
    today = to_instant(city.alive_at).astimezone(city.zone).date()
    for resident, shared, named, recount_on, counted_by, attestation, host, *kept in city.rows(
        _STANDING, city.alive_at
    ):
        stale = recount_on is not None and date.fromisoformat(recount_on) <= today
        if stale or counted_by != version:
            # It is counted anew within moments: what it comes to is not known here.
            continue
        tally.see()
        band = own.scale.standing(shared, frozenset(to_names(named))).band_id
        about = {"resident_id": resident, "attestation_id": attestation}
        if not own.scale.exportable(band):
            tally.broken(
                city.place.pinyin,
                f"居民现在未达互认线，给 {host} 的证明仍然有效。",
                f"A resident is below the line now, and an attestation to {host} stands.",
                **about,
            )
        elif (said := _band_said(own, *kept)) not in {None, band}:
            tally.broken(
                city.place.pinyin,
                f"居民现在为“{band}”，给 {host} 的证明仍称“{said}”。",
                f"A resident is {band!r} now; an attestation to {host} stands, and says {said!r}.",
                **about,
            )


def _band_said(own: OwnScale, statement: bytes, batch_id: str) -> str | None:
    """The band that an attestation says; None where it says none, or one of another scale."""
    try:
        said = attestation_of(statement, batch_id)
    except HutongError:
        # What cannot be read is told by rules 1 and 3.
        return None
    return said.claim.band_id if said.scale == own.reference else None


def _heard_until(evidence: Evidence, home: CityEvidence, host: CityEvidence) -> int | None:
    """Of what ended before that, by the home city's clock, the host's copy must show it.

    None where the two may not have heard of each other.
    """
    feed = home.store.execute(_FEED, (host.code,)).fetchone()
    if feed is None or feed[1] >= feed[0] or home.code == host.code:
        if home.taken_at <= host.taken_at:
            return _EVER
        # The host was copied first: what ended since then was acknowledged since then.
        return int((host.taken_at + home.clock.behind - QUIET_SECONDS) * MICROS)
    if not _may_be_judged(evidence, home, host):
        return None
    # Without news it had to come by a minute before the home city was last alive.
    spread = home.clock.spread + host.clock.spread
    return home.alive_at - int(QUIET_SECONDS * MICROS) - spread


def _may_be_judged(evidence: Evidence, home: CityEvidence, host: CityEvidence) -> bool:
    """Whether nothing kept the two from hearing of each other."""
    if home.clock.forgets or host.clock.forgets:
        return False
    partner = home.registry.partners.get(host.code)
    if partner is None or partner.state is not PartnerState.ACTIVE:
        return False
    names = {home.place.pinyin, host.place.pinyin}
    return not disturbed(evidence, names, evidence.until - QUIET_SECONDS, evidence.until)


def _live(
    home: CityEvidence, host: CityEvidence, until: int, tally: Tally
) -> Iterator[tuple[str, str, int]]:
    """Recognitions that stand on what ended before that."""
    for recognition, attestation in host.rows(_LIVE, home.code, host.alive_at):
        tally.see()
        ended_at = home.one(_GIVEN, attestation)
        if ended_at is not None and ended_at < until:
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
