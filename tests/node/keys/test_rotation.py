"""Rotation in a key folder: what is published, used, retired and removed, and when."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from federation.codec import SCORE_SCALE
from federation.envelope import Envelope, open_envelope, seal
from federation.errors import HutongError
from federation.limits import CLOCK_SKEW
from federation.messages import TrustBundle
from federation.trust import open_bundle_chain, signing_keys
from node.certificates import pem_to_der
from node.errors import FIELD_INVALID, KEYS_CHANGED, STATE_REFUSED
from node.keys.planning import Wanted, due, rotation
from node.keys.view import KeyUse, view
from node.limits import KEY_LEAD_LONGEST
from tests.federation.make import ZHENGZHOU, scale
from tests.node.keys.make import DAY, PARTNER, Cabinet, cabinet, opened

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BOTH = Wanted(signing=True, tls=True)


@pytest.fixture
def made(tmp_path: Path) -> Cabinet:
    return cabinet(tmp_path)


def states(made: Cabinet, use: KeyUse) -> list[str]:
    return [k.state.value for k in view(made.newest, made.now).keys if k.use is use]


def both(made: Cabinet) -> list[str]:
    """The states of the signing keys, which those of the certificates equal."""
    found = states(made, KeyUse.SIGNING)
    assert found == states(made, KeyUse.TLS)
    return found


def shown(made: Cabinet) -> bytes:
    return pem_to_der(made.ring.peer_identity.certificate)


def statement(made: Cabinet) -> Envelope:
    """A statement that the city signs now."""
    about = scale(ZHENGZHOU)
    header = replace(about.header, issued_at=made.now, expires_at=made.now + DAY)
    return seal(SCORE_SCALE, replace(about, header=header), [made.ring])


def believed(known: TrustBundle, envelope: Envelope, now: datetime) -> None:
    rings = [signing_keys(known)]
    open_envelope(envelope, SCORE_SCALE, signed_by=rings, audience=PARTNER, now=now)


def follow(made: Cabinet, known: TrustBundle, now: datetime | None = None) -> TrustBundle:
    """What a partner believes after a swap."""
    chain = made.ring.chain(known.sequence)
    return open_bundle_chain(known, chain, audience=PARTNER, now=now or made.now).message


def test_a_new_key_is_published_first_then_used_and_the_old_one_ends(made: Cabinet) -> None:
    old, old_shown = made.ring.key_id, shown(made)
    made.rotate(BOTH)
    new = made.newest.signing_keys[-1].key_id
    assert both(made) == ["current", "next"]
    made.move(24 * HOUR - SECOND)
    assert (made.ring.key_id, shown(made)) == (old, old_shown)
    made.move(SECOND)
    assert (made.ring.key_id, shown(made)) == (new, made.newest.tls_certificates[-1])
    assert shown(made) != old_shown
    assert both(made) == ["retiring", "current"]
    assert made.tend() is None
    made.move(24 * HOUR + CLOCK_SKEW)
    assert made.tend() is not None
    assert both(made) == ["current"]
    assert (made.newest.sequence, made.ring.key_id) == (3, new)


def test_what_is_over_is_removed_and_what_a_partner_may_know_is_kept(made: Cabinet) -> None:
    old_shown = shown(made)
    made.rotate(BOTH)
    made.move(3 * DAY)
    made.tend()
    assert made.files("signing*") == [made.folder.key_of("signing", made.ring.key_id).name]
    assert [pem_to_der(i.certificate) for i in made.ring.peer_identities] == [
        made.newest.tls_certificates[0],
        old_shown,
    ]


def test_a_partner_whose_clock_is_off_believes_every_statement_of_a_rotation(
    made: Cabinet,
) -> None:
    known, used = made.newest, set()
    made.rotate(BOTH)
    for _ in range(60):
        used.add(made.ring.key_id)
        envelope = statement(made)
        for skew in (-CLOCK_SKEW, timedelta(0), CLOCK_SKEW):
            believed(known, envelope, made.now + skew)
        made.tend()
        # The partner fetches the bundle an hour after it was published.
        made.move(HOUR)
        known = follow(made, known)
    assert len(used) == 2
    assert known == made.newest


def test_a_short_lead_makes_the_switch_soon_and_is_believed_at_once(made: Cabinet) -> None:
    old = made.ring.key_id
    made.rotate(replace(BOTH, lead=3 * SECOND, overlap=5 * SECOND))
    known = follow(made, made.newest)
    for second in range(10):
        believed(known, statement(made), made.now - CLOCK_SKEW)
        assert (made.ring.key_id == old) == (second < 3)
        made.move(SECOND)


def test_there_is_never_more_than_one_successor(made: Cabinet) -> None:
    made.rotate(BOTH)
    for wanted in (Wanted(signing=True), Wanted(tls=True)):
        with pytest.raises(HutongError) as caught:
            made.rotate(wanted)
        assert caught.value.reason == STATE_REFUSED
    assert made.newest.sequence == 2
    assert made.tend() is None
    made.move(DAY)
    made.rotate(Wanted(signing=True))
    assert states(made, KeyUse.SIGNING) == ["retiring", "current", "next"]
    assert states(made, KeyUse.TLS) == ["retiring", "current"]


def test_the_timer_keeps_a_city_believed_for_years_with_one_bundle_at_a_time(
    made: Cabinet,
) -> None:
    known = made.newest
    until = made.now + 4 * 365 * DAY
    while made.now < until:
        if due(made.newest, made.now) is not None:
            made.tend()
        assert due(made.newest, made.now) is None
        made.ring.probe(made.clock)
        believed(known, statement(made), made.now)
        ends = x509.load_der_x509_certificate(shown(made)).not_valid_after_utc
        assert ends > made.now + 30 * DAY
        assert shown(made) in made.newest.tls_certificates
        assert len(made.newest.signing_keys) <= 2
        assert len(made.newest.tls_certificates) <= 2
        made.move(3 * DAY)
        known = follow(made, known)
    assert 8 <= made.newest.sequence <= 20
    assert len(made.files("signing*")) <= 2


def test_a_bundle_that_nears_its_end_is_published_again(made: Cabinet) -> None:
    made.rotate(BOTH)
    made.move(200 * DAY)
    made.tend()
    before = made.newest
    made.rotate(Wanted(signing=True))
    made.move(3 * DAY)
    made.tend()
    assert made.newest.header.expires_at > before.header.expires_at


def test_a_key_that_ends_before_its_successor_would_begin_is_succeeded_earlier(
    made: Cabinet,
) -> None:
    made.move(365 * DAY - HOUR)
    made.tend()
    for _ in range(120):
        believed(made.newest, statement(made), made.now)
        made.move(timedelta(minutes=1))


def test_a_rotation_of_nothing_or_of_impossible_roots_is_refused() -> None:
    for wanted in (
        dict[str, int](),
        {"root_keys": 3},
        {"root_keys": 3, "root_threshold": 4},
        {"root_keys": 9, "root_threshold": 1},
        {"root_keys": -1, "root_threshold": 1},
    ):
        with pytest.raises(HutongError) as caught:
            Wanted(**wanted)  # type: ignore[arg-type]
        assert caught.value.reason == FIELD_INVALID
    for lead in (-SECOND, KEY_LEAD_LONGEST + SECOND):
        with pytest.raises(HutongError):
            Wanted(signing=True, lead=lead)
        with pytest.raises(HutongError):
            Wanted(signing=True, overlap=lead)


def test_who_looked_at_an_older_bundle_is_told_and_nothing_is_made(made: Cabinet) -> None:
    made.rotate(Wanted(signing=True))
    before = made.files("*")
    with pytest.raises(HutongError) as caught:
        made.workshop.carry_out(
            lambda base: rotation(base, Wanted(tls=True), made.now),
            "00000000-0000-8000-8000-000000000001",
            after=1,
            may_draft=True,
        )
    assert caught.value.reason == KEYS_CHANGED
    assert made.files("*") == before


def test_the_same_work_twice_is_done_once(made: Cabinet) -> None:
    first = made.rotate(BOTH)
    again = made.workshop.carry_out(
        lambda base: rotation(base, BOTH, made.now),
        first.bundle.header.statement_id,
        after=1,
        may_draft=True,
    )
    assert again is not None
    assert again.bundle == first.bundle
    assert made.newest.sequence == 2


def test_a_node_of_version_0_1_0_goes_on_with_what_it_has(tmp_path: Path) -> None:
    made = cabinet(tmp_path)
    made.folder.bundle_of(1).rename(made.folder.first_bundle)
    made.folder.bundles.rmdir()
    made = opened(tmp_path)
    assert made.ring.chain(0) == (made.ring.bundle,)
    made.rotate(BOTH)
    assert made.folder.sequences() == (1, 2)
    assert not made.folder.first_bundle.exists()
    assert both(made) == ["current", "next"]


def test_the_certificate_of_the_local_port_is_renewed_for_the_same_names(made: Cabinet) -> None:
    assert not made.workshop.renew_local()
    before = x509.load_pem_x509_certificate(made.ring.local_identity.certificate)
    made.move(340 * DAY)
    assert made.workshop.renew_local()
    assert not made.workshop.renew_local()
    made.ring.reload()
    after = x509.load_pem_x509_certificate(made.ring.local_identity.certificate)
    assert after.not_valid_after_utc > before.not_valid_after_utc + 300 * DAY
    one, other = (
        c.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        for c in (before, after)
    )
    assert set(one) == set(other)
    assert before.issuer == after.issuer
    assert len(made.folder.certificates("local")) == 1
