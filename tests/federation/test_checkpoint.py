"""Signed notes: nothing is believed but the very bytes that were signed.

Each flaw of a note is a vector (`checkpoint--*`, `cosignature--*`); here is what no file can show.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.checkpoint import (
    Checkpoint,
    check_cosignature,
    cosign,
    cosigned,
    key_hash,
    note_lines,
    open_checkpoint,
    origin_of,
    sign_checkpoint,
    unverified_checkpoint,
    without_cosignatures,
)
from federation.errors import (
    BAD_NOTE,
    BAD_SIGNATURE,
    KEY_NOT_VALID,
    UNKNOWN_KEY,
    HutongError,
    Reason,
)
from federation.identifiers import CityCode
from federation.limits import NOTE_BYTES
from federation.merkle_log import EMPTY_ROOT
from tests.federation.make import DAY, HANGZHOU, NANJING, NOW, SECOND, ZHENGZHOU, ring, signer

HEAD = Checkpoint(origin_of(ZHENGZHOU), 4711, bytes(range(32)))
OWN, PARTNER = signer(ZHENGZHOU), signer(HANGZHOU)
NOTE = sign_checkpoint(HEAD, OWN, OWN.public_key)
KEYS, PARTNER_KEYS = ring(ZHENGZHOU).keys, ring(HANGZHOU).keys
LINE = cosign(NOTE, HANGZHOU, PARTNER, PARTNER.public_key, NOW)

CHECKPOINTS = st.builds(
    Checkpoint,
    st.integers(100_000, 999_999).map(lambda n: f"hutong/{n}"),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)


def refused(act: Callable[..., object], reason: Reason, *arguments: object) -> None:
    with pytest.raises(HutongError) as caught:
        act(*arguments)
    assert caught.value.reason is reason


def test_a_note_is_as_the_specification_shows_it() -> None:
    text, _, lines = NOTE.decode().partition("\n\n")
    assert text.split("\n") == ["hutong/410100", "4711", base64.b64encode(HEAD.root).decode()]
    dash, name, blob = lines.split(" ")
    raw = base64.b64decode(blob)
    assert (dash, name, len(raw)) == ("—", "hutong/410100", 4 + 64)
    assert KEYS[0].verifies(raw[4:], f"{text}\n".encode())


def test_key_hashes_are_those_of_the_specification() -> None:
    # The key of the example of Go's package sumdb/note, whose hash is in its name.
    raw = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert key_hash("PeterNeumann", raw[:1], raw[1:]).hex() == "c74f20a3"


def test_a_cosignature_is_as_the_specification_shows_it() -> None:
    dash, name, blob = LINE.decode().rstrip("\n").split(" ")
    raw = base64.b64decode(blob)
    assert (dash, name, len(raw)) == ("—", "hutong/330100", 4 + 8 + 64)
    assert raw[:4] == key_hash("hutong/330100", b"\x04", PARTNER.public_key)
    seconds = int.from_bytes(raw[4:12], "big")
    assert seconds == int(NOW.timestamp())
    covered = f"cosignature/v1\ntime {seconds}\n".encode() + HEAD.text
    assert PARTNER_KEYS[0].verifies(raw[12:], covered)


@given(CHECKPOINTS)
def test_a_checkpoint_comes_back_from_its_note(head: Checkpoint) -> None:
    note = sign_checkpoint(head, OWN, OWN.public_key)
    assert open_checkpoint(note, head.city, KEYS, NOW) == head
    assert unverified_checkpoint(note) == head


@given(st.data())
def test_no_note_is_believed_whose_text_is_not_what_was_signed(data: st.DataObject) -> None:
    note = bytearray(NOTE)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(HEAD.text)))
        match data.draw(st.sampled_from(["change", "insert", "remove"])):
            case "change":
                note[at] = data.draw(st.integers(0, 255))
            case "insert":
                note.insert(at, data.draw(st.integers(0, 255)))
            case _:
                del note[at]
    assume(bytes(note) != NOTE)
    with pytest.raises(HutongError) as caught:
        open_checkpoint(bytes(note), ZHENGZHOU, KEYS, NOW)
    assert caught.value.reason in {BAD_NOTE, BAD_SIGNATURE}


@given(st.data())
def test_no_note_has_two_forms(data: st.DataObject) -> None:
    # A note that is opened has every byte of the one that was made, up to lines by others.
    note = bytearray(NOTE)
    at = data.draw(st.integers(0, len(note) - 1))
    note[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != NOTE[at]))
    with pytest.raises(HutongError):
        open_checkpoint(bytes(note), ZHENGZHOU, KEYS, NOW)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_garbage_is_refused_with_an_error_of_ours(data: bytes) -> None:
    refused(unverified_checkpoint, BAD_NOTE, data)
    refused(open_checkpoint, BAD_NOTE, data, ZHENGZHOU, KEYS, NOW)
    refused(check_cosignature, BAD_NOTE, NOTE, data, HANGZHOU, PARTNER_KEYS)
    refused(cosigned, BAD_NOTE, NOTE, [data])


@given(st.binary(max_size=80))
def test_garbage_after_a_note_is_no_signature(data: bytes) -> None:
    assume(data)
    refused(note_lines, BAD_NOTE, NOTE + data)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("hutong/041010", 1, bytes(32)),
        ("hutong/410100\n", 1, bytes(32)),
        ("hutong/410100 ", 1, bytes(32)),
        ("410100", 1, bytes(32)),
        ("", 1, bytes(32)),
        ("hutong/410100", -1, bytes(32)),
        ("hutong/410100", 2**63, bytes(32)),
        ("hutong/410100", 1, bytes(31)),
        ("hutong/410100", 1, b""),
        ("hutong/410100", 0, bytes(32)),
    ],
)
def test_a_checkpoint_that_no_log_has_cannot_be_built(origin: str, size: int, root: bytes) -> None:
    refused(Checkpoint, BAD_NOTE, origin, size, root)


def test_an_empty_log_has_a_checkpoint() -> None:
    head = Checkpoint(origin_of(ZHENGZHOU), 0, EMPTY_ROOT)
    note = sign_checkpoint(head, OWN, OWN.public_key)
    assert open_checkpoint(note, ZHENGZHOU, KEYS, NOW) == head


def test_a_key_counts_in_its_window_only() -> None:
    (key,) = KEYS
    for now, counts in (
        (key.not_before, True),
        (key.not_after - SECOND, True),
        (key.not_before - SECOND, False),
        (key.not_after, False),
    ):
        if counts:
            assert open_checkpoint(NOTE, ZHENGZHOU, KEYS, now) == HEAD
        else:
            refused(open_checkpoint, KEY_NOT_VALID, NOTE, ZHENGZHOU, KEYS, now)


def test_evidence_outlives_the_key_and_its_revocation() -> None:
    revoked = (replace(KEYS[0], revoked_at=NOW),)
    refused(open_checkpoint, KEY_NOT_VALID, NOTE, ZHENGZHOU, revoked, NOW)
    assert open_checkpoint(NOTE, ZHENGZHOU, revoked, None) == HEAD
    refused(open_checkpoint, UNKNOWN_KEY, NOTE, ZHENGZHOU, PARTNER_KEYS, None)


def test_a_key_whose_hash_is_alike_is_not_the_key() -> None:
    # C2SP's hash has four bytes: here both keys are offered under the hash of one.
    note = NOTE.replace(
        base64.b64encode(note_lines(NOTE)[0].key_hash + note_lines(NOTE)[0].signature),
        base64.b64encode(
            key_hash(HEAD.origin, b"\x01", PARTNER.public_key) + note_lines(NOTE)[0].signature
        ),
    )
    refused(open_checkpoint, BAD_SIGNATURE, note, ZHENGZHOU, PARTNER_KEYS, NOW)


def test_the_note_of_one_city_is_no_note_of_another() -> None:
    refused(open_checkpoint, BAD_NOTE, NOTE, HANGZHOU, PARTNER_KEYS, NOW)
    refused(open_checkpoint, BAD_NOTE, NOTE, HANGZHOU, KEYS, NOW)


def test_a_city_speaks_for_no_log_but_its_own() -> None:
    # Signed by Zhengzhou, in its own name, as the head of Hangzhou's log; and the other way round.
    of_hangzhou = replace(HEAD, origin=origin_of(HANGZHOU))
    raw = key_hash(HEAD.origin, b"\x01", OWN.public_key) + OWN.sign(of_hangzhou.text)
    note = of_hangzhou.text + f"\n— {HEAD.origin} {base64.b64encode(raw).decode()}\n".encode()
    refused(open_checkpoint, BAD_NOTE, note, ZHENGZHOU, KEYS, NOW)
    refused(open_checkpoint, BAD_NOTE, note, HANGZHOU, PARTNER_KEYS, NOW)
    refused(open_checkpoint, BAD_NOTE, note, HANGZHOU, KEYS, NOW)


def test_a_signer_that_changed_its_key_signs_nothing_under_the_old_name() -> None:
    other = signer(ZHENGZHOU, "signing-2")
    refused(sign_checkpoint, KEY_NOT_VALID, HEAD, OWN, other.public_key)
    refused(cosign, KEY_NOT_VALID, NOTE, ZHENGZHOU, OWN, other.public_key, NOW)


class Changing:
    """A signer that changes its key right before or right after it signs."""

    def __init__(self, first: str, then: str, *, before: bool) -> None:
        self._keys = [signer(ZHENGZHOU, first), signer(ZHENGZHOU, then)]
        self._before = before

    @property
    def key_id(self) -> str:
        return self._keys[0].key_id

    def sign(self, message: bytes) -> bytes:
        old, new = self._keys
        self._keys.reverse()
        return (new if self._before else old).sign(message)


def test_a_signer_that_changes_its_key_in_between_is_caught() -> None:
    for before in (True, False):
        for keys in (("signing-1", "signing-2"), ("signing-2", "signing-1")):
            changing = Changing(*keys, before=before)
            refused(sign_checkpoint, KEY_NOT_VALID, HEAD, changing, OWN.public_key)


def by(city: CityCode, purpose: str = "signing-1") -> bytes:
    own = signer(city, purpose)
    return cosign(NOTE, city, own, own.public_key, NOW)


def test_cosignatures_are_joined_kept_and_taken_off_again() -> None:
    lines = [by(HANGZHOU), by(NANJING), by(HANGZHOU, "signing-2")]
    whole = cosigned(NOTE, lines)
    assert whole == NOTE + b"".join(lines)
    assert [line.line for line in note_lines(whole)[1:]] == lines
    assert without_cosignatures(whole) == NOTE
    assert open_checkpoint(whole, ZHENGZHOU, KEYS, NOW) == HEAD
    assert check_cosignature(whole, LINE, HANGZHOU, PARTNER_KEYS) == NOW


def test_of_one_key_the_first_cosignature_stays() -> None:
    later = cosign(NOTE, HANGZHOU, PARTNER, PARTNER.public_key, NOW + DAY)
    assert cosigned(cosigned(NOTE, [LINE]), [later, LINE]) == NOTE + LINE


def test_more_cosignatures_than_a_note_holds_are_refused_whole() -> None:
    many = [by(HANGZHOU, f"key {n}") for n in range(300)]
    assert len(NOTE + b"".join(many)) > NOTE_BYTES
    refused(cosigned, BAD_NOTE, NOTE, many)


def test_a_note_holds_so_many_bytes_and_not_one_more() -> None:
    def stranger(number: int, length: int) -> bytes:
        name = f"{number}".ljust(length, "x")
        return f"— {name} AAAAAAAA\n".encode()

    note = NOTE
    while len(note) < NOTE_BYTES - 160:
        note += stranger(len(note), 70)
    left = NOTE_BYTES - len(note) - len(stranger(0, 50)) - len(stranger(1, 1)) + 1
    note += stranger(0, 50)
    assert len(note + stranger(1, left)) == NOTE_BYTES
    assert open_checkpoint(note + stranger(1, left), ZHENGZHOU, KEYS, NOW) == HEAD
    refused(open_checkpoint, BAD_NOTE, note + stranger(1, left + 1), ZHENGZHOU, KEYS, NOW)


def test_two_lines_are_not_one_cosignature() -> None:
    refused(check_cosignature, BAD_NOTE, NOTE, LINE + by(NANJING), HANGZHOU, PARTNER_KEYS)
    refused(check_cosignature, BAD_NOTE, NOTE, b"", HANGZHOU, PARTNER_KEYS)


def test_a_cosignature_is_of_this_checkpoint_and_no_other() -> None:
    for other in (replace(HEAD, size=4712), replace(HEAD, root=bytes(32))):
        note = sign_checkpoint(other, OWN, OWN.public_key)
        refused(check_cosignature, BAD_SIGNATURE, note, LINE, HANGZHOU, PARTNER_KEYS)


def test_a_cosignature_holds_for_the_same_checkpoint_signed_with_another_key() -> None:
    # It is of the text: which key of the log signed does not matter to it.
    other = signer(ZHENGZHOU, "signing-2")
    note = sign_checkpoint(HEAD, other, other.public_key)
    assert check_cosignature(note, LINE, HANGZHOU, PARTNER_KEYS) == NOW


def test_the_time_of_a_cosignature_cannot_be_moved() -> None:
    line = note_lines(NOTE + LINE)[1]
    for seconds in (0, int(NOW.timestamp()) - 1, int(NOW.timestamp()) + 1, 2**63, 2**64 - 1):
        raw = line.key_hash + seconds.to_bytes(8, "big") + line.signature[8:]
        moved = f"— {line.name} {base64.b64encode(raw).decode()}\n".encode()
        with pytest.raises(HutongError) as caught:
            check_cosignature(NOTE, moved, HANGZHOU, PARTNER_KEYS)
        assert caught.value.reason in {BAD_SIGNATURE, KEY_NOT_VALID, BAD_NOTE}


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 71])
def test_a_cosignature_that_is_cut_short_is_none(size: int) -> None:
    line = note_lines(NOTE + LINE)[1]
    raw = (line.key_hash + line.signature)[: 4 + size]
    cut = f"— {line.name} {base64.b64encode(raw).decode()}\n".encode()
    with pytest.raises(HutongError):
        check_cosignature(NOTE, cut, HANGZHOU, PARTNER_KEYS)


def test_a_cosignature_by_a_key_that_had_ended_by_its_own_time_is_refused() -> None:
    ended = PARTNER.described(not_before=NOW - DAY, not_after=NOW)
    refused(check_cosignature, KEY_NOT_VALID, NOTE, LINE, HANGZHOU, (ended,))
    revoked = (replace(PARTNER_KEYS[0], revoked_at=NOW + DAY),)
    refused(check_cosignature, KEY_NOT_VALID, NOTE, LINE, HANGZHOU, revoked)
    # That the key ended later does not undo it.
    later = PARTNER.described(not_before=NOW - DAY, not_after=NOW + SECOND)
    assert check_cosignature(NOTE, LINE, HANGZHOU, (later,)) == NOW


def test_a_cosignature_bears_whole_seconds() -> None:
    line = cosign(
        NOTE, HANGZHOU, PARTNER, PARTNER.public_key, NOW + timedelta(microseconds=999_999)
    )
    assert line == LINE
