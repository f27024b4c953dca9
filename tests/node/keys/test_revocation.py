"""Revocation and roots: what ends at once, what takes over, and whose signatures it needs."""

from dataclasses import replace
from pathlib import Path

import pytest

from federation.codec import TRUST_BUNDLE
from federation.envelope import Envelope, add_signature, envelope_from_json, seal
from federation.errors import (
    BUNDLE_ROLLBACK,
    KEY_NOT_VALID,
    MISSING_SIGNATURE,
    UNKNOWN_KEY,
    HutongError,
    Reason,
)
from federation.messages import TrustBundle
from federation.trust import open_next_bundle
from node.certificates import pem_to_der
from node.errors import KEY_UNUSABLE, KEYS_CHANGED, STATE_REFUSED, UNKNOWN
from node.keys.current import certificates_of, fingerprint_of
from node.keys.files import read_signer
from node.keys.planning import Wanted, rotation
from node.keys.ring import FileKeys
from node.keys.view import KeyState, KeyUse, view
from tests.node.keys.make import DAY, PARTNER, Cabinet, cabinet
from tests.node.keys.test_rotation import SECOND, believed, follow, shown, statement, states

BOTH = Wanted(signing=True, tls=True)
ROOTS = Wanted(root_keys=3, root_threshold=2)


@pytest.fixture
def made(tmp_path: Path) -> Cabinet:
    return cabinet(tmp_path)


def fingerprints(made: Cabinet) -> list[str]:
    return [fingerprint_of(each) for each in certificates_of(made.newest)]


def test_a_revoked_key_counts_for_nothing_that_it_signed_before_or_after(made: Cabinet) -> None:
    known, thief = made.newest, read_signer(made.folder.signing_key)
    before = statement(made)
    believed(known, before, made.now)
    made.move(DAY)
    made.revoke(thief.key_id)
    known = follow(made, known)
    for envelope in (before, add_signature(replace(before, signatures=()), thief)):
        with pytest.raises(HutongError) as caught:
            believed(known, envelope, made.now)
        assert caught.value.reason == KEY_NOT_VALID
    believed(known, statement(made), made.now)
    assert made.ring.key_id != thief.key_id
    assert states(made, KeyUse.SIGNING) == ["revoked", "current"]
    assert not made.folder.signing_key.exists()


def test_a_revoked_key_stays_named_until_it_would_have_ended(made: Cabinet) -> None:
    key = made.newest.signing_keys[0]
    made.revoke(key.key_id)
    made.move(340 * DAY)
    made.tend()
    assert key.key_id in {k.key_id for k in made.newest.signing_keys if k.revoked_at}
    made.move(30 * DAY)
    made.tend()
    assert key.key_id not in {k.key_id for k in made.newest.signing_keys}


def test_a_successor_on_its_way_takes_over_at_once(made: Cabinet) -> None:
    made.rotate(BOTH)
    current, following = made.newest.signing_keys
    made.revoke(current.key_id[:12])
    assert made.ring.key_id == following.key_id
    believed(follow(made, made.newest), statement(made), made.now)
    assert len(made.newest.signing_keys) == 2


def test_a_successor_that_is_revoked_leaves_the_current_key_in_use(made: Cabinet) -> None:
    made.rotate(BOTH)
    current, following = made.newest.signing_keys
    made.revoke(following.key_id)
    assert made.ring.key_id == current.key_id
    made.move(12 * 60 * 60 * SECOND)
    made.rotate(Wanted(signing=True))
    made.move(DAY)
    assert made.ring.key_id == made.newest.signing_keys[-1].key_id


def test_a_revoked_certificate_is_dropped_removed_and_replaced_at_once(made: Cabinet) -> None:
    old = shown(made)
    made.move(DAY)
    made.revoke(fingerprints(made)[0].upper())
    assert old not in made.newest.tls_certificates
    assert shown(made) == made.newest.tls_certificates[0]
    assert old not in [pem_to_der(each.certificate) for each in made.ring.peer_identities]
    assert not made.folder.peer_certificate.exists()
    assert not made.folder.peer_key.exists()


def revoked(keys: FileKeys) -> list[bytes]:
    return [identity.der() for identity in keys.revoked_identities]


def test_a_revoked_certificate_is_at_hand_for_farewells_until_the_process_ends(
    made: Cabinet,
) -> None:
    old = shown(made)
    assert revoked(made.ring) == []
    made.revoke(fingerprints(made)[0])
    assert revoked(made.ring) == [old]
    made.rotate(Wanted(signing=True))
    assert revoked(made.ring) == [old]
    # Whoever has the disk has nothing of it.
    assert revoked(FileKeys(made.folder, clock=made.clock)) == []


def test_a_crash_after_a_revocation_is_published_still_removes_the_key(made: Cabinet) -> None:
    kept = made.folder.peer_certificate.read_bytes(), made.folder.peer_key.read_bytes()
    made.revoke(fingerprints(made)[0])
    made.folder.peer_key.write_bytes(kept[1])
    made.folder.peer_key.chmod(0o600)
    made.folder.peer_certificate.write_bytes(kept[0])
    made.rotate(Wanted(signing=True))
    assert not made.folder.peer_key.exists()


@pytest.mark.parametrize("which", ["0" * 64, "zzzzzzzz"])
def test_what_is_no_key_here_cannot_be_revoked(made: Cabinet, which: str) -> None:
    with pytest.raises(HutongError) as caught:
        made.revoke(which)
    assert caught.value.reason == UNKNOWN


def test_a_key_is_revoked_once_and_the_last_root_never(made: Cabinet) -> None:
    key = made.ring.key_id
    made.revoke(key)
    for which in (key, made.newest.root_keys[0].key_id):
        with pytest.raises(HutongError) as caught:
            made.revoke(which)
        assert caught.value.reason == STATE_REFUSED


def test_a_new_root_is_signed_by_both_and_the_old_one_is_removed(made: Cabinet) -> None:
    known, old = made.newest, read_signer(made.folder.root_key)
    made.rotate(ROOTS)
    assert made.newest.root_threshold == 2
    assert len(made.newest.root_keys) == 3
    assert old.key_id not in {k.key_id for k in made.newest.root_keys}
    assert follow(made, known) == made.newest
    assert len(made.files("root*.pem")) == 3
    made.rotate(Wanted(signing=True))
    assert follow(made, known) == made.newest
    assert [TRUST_BUNDLE.decode(e.payload).sequence for e in made.ring.chain(1)] == [2, 3]
    assert [TRUST_BUNDLE.decode(e.payload).sequence for e in made.ring.chain(2)] == [3]


def test_a_root_key_of_several_is_revoked_and_signs_no_more(made: Cabinet) -> None:
    made.rotate(ROOTS)
    first = made.newest.root_keys[0].key_id
    made.revoke(first)
    assert states(made, KeyUse.ROOT) == ["revoked", "current", "current"]
    made.rotate(Wanted(tls=True))
    signers = {s.key_id for s in made.ring.bundle.signatures}
    assert signers == {k.key_id for k in made.newest.root_keys[1:]}


# Root keys that are elsewhere.


def taken_away(made: Cabinet, directory: Path, keep: int) -> list[Path]:
    """Carry all root keys but `keep` of them to another machine."""
    directory.mkdir()
    return [path.rename(directory / path.name) for path in made.folder.keys("root")[keep:]]


def draft_of(made: Cabinet, wanted: Wanted) -> Envelope:
    work = made.rotate(wanted)
    assert work.draft is not None
    return envelope_from_json(work.draft.read_bytes())


def publish_refused(made: Cabinet, envelope: Envelope, reason: Reason) -> None:
    sequence = made.newest.sequence
    with pytest.raises(HutongError) as caught:
        made.workshop.publish(envelope)
    assert caught.value.reason == reason
    assert made.newest.sequence == sequence


def test_root_keys_that_are_elsewhere_sign_a_draft_there(made: Cabinet, tmp_path: Path) -> None:
    made.rotate(ROOTS)
    away = taken_away(made, tmp_path / "safe", keep=1)
    draft = draft_of(made, BOTH)
    assert made.newest.sequence == 2
    assert len(draft.signatures) == 1
    publish_refused(made, draft, MISSING_SIGNATURE)
    signed = add_signature(draft, read_signer(away[0]))
    published = made.workshop.publish(signed)
    made.ring.reload()
    assert published == made.newest
    assert made.newest.sequence == 3
    assert not list(made.folder.drafts.iterdir())
    made.move(DAY)
    assert made.ring.key_id == made.newest.signing_keys[-1].key_id
    assert shown(made) == made.newest.tls_certificates[-1]
    # Once more is no change.
    assert made.workshop.publish(signed) == published


def test_the_timer_does_nothing_without_the_root_and_makes_no_keys(
    made: Cabinet, tmp_path: Path
) -> None:
    taken_away(made, tmp_path / "safe", keep=0)
    before = made.files("*.*")
    made.move(340 * DAY)
    with pytest.raises(HutongError) as caught:
        made.tend()
    assert caught.value.reason == MISSING_SIGNATURE
    assert made.files("*.*") == before


def test_a_new_root_that_only_one_side_signed_is_not_published(
    made: Cabinet, tmp_path: Path
) -> None:
    [old] = taken_away(made, tmp_path / "safe", keep=0)
    draft = draft_of(made, ROOTS)
    # The new root has signed, and the old one has not.
    publish_refused(made, draft, MISSING_SIGNATURE)
    signed = add_signature(draft, read_signer(old))
    only_old = replace(signed, signatures=signed.signatures[-1:])
    publish_refused(made, only_old, MISSING_SIGNATURE)
    one_new = replace(signed, signatures=(signed.signatures[0], signed.signatures[-1]))
    publish_refused(made, one_new, MISSING_SIGNATURE)
    with pytest.raises(HutongError):
        open_next_bundle(made.newest, only_old, audience=PARTNER, now=made.now)
    made.workshop.publish(signed)
    assert made.newest.root_threshold == 2


def test_a_draft_that_another_bundle_overtook_is_refused(made: Cabinet, tmp_path: Path) -> None:
    [root] = taken_away(made, tmp_path / "safe", keep=0)
    signed = add_signature(draft_of(made, BOTH), read_signer(root))
    root.rename(made.folder.root_key)
    made.work(lambda base: rotation(base, BOTH, made.now), "another")
    publish_refused(made, signed, BUNDLE_ROLLBACK)


def altered(made: Cabinet, **changes: object) -> Envelope:
    following = replace(made.newest, sequence=made.newest.sequence + 1)
    root = read_signer(made.folder.root_key)
    changed: TrustBundle = replace(following, **changes)  # type: ignore[arg-type]
    return seal(TRUST_BUNDLE, changed, [root])


def test_a_forged_jump_and_a_bundle_by_strangers_are_not_published(made: Cabinet) -> None:
    publish_refused(made, altered(made, sequence=9), KEYS_CHANGED)
    stranger = read_signer(made.folder.signing_key)
    publish_refused(made, add_signature(altered(made), stranger), UNKNOWN_KEY)


def test_a_bundle_with_keys_that_this_node_does_not_hold_is_not_published(made: Cabinet) -> None:
    other = cabinet(made.folder.root.parent / "other")
    publish_refused(made, altered(made, signing_keys=other.newest.signing_keys), KEY_UNUSABLE)
    certificates = other.newest.tls_certificates
    publish_refused(made, altered(made, tls_certificates=certificates), KEY_UNUSABLE)


def test_a_new_draft_replaces_the_old_one_and_its_keys(made: Cabinet, tmp_path: Path) -> None:
    [root] = taken_away(made, tmp_path / "safe", keep=0)
    old = add_signature(draft_of(made, BOTH), read_signer(root))
    before = set(made.files("signing-*"))
    made.move(SECOND)
    new = add_signature(envelope_from_json(other_draft(made).read_bytes()), read_signer(root))
    assert before.isdisjoint(made.files("signing-*"))
    publish_refused(made, old, KEY_UNUSABLE)
    made.workshop.publish(new)


def other_draft(made: Cabinet) -> Path:
    work = made.work(lambda base: rotation(base, BOTH, made.now), "another")
    assert work is not None
    assert work.draft is not None
    return work.draft


def test_the_view_tells_each_state(made: Cabinet) -> None:
    made.rotate(BOTH)
    found = view(made.newest, made.now)
    assert found.sequence == 2
    assert [k.state for k in found.keys] == [
        KeyState.CURRENT,
        KeyState.CURRENT,
        KeyState.NEXT,
        KeyState.CURRENT,
        KeyState.NEXT,
    ]
    made.move(400 * DAY)
    assert KeyState.ENDED in [k.state for k in view(made.newest, made.now).keys]
