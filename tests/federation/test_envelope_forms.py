import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as DsseEnvelope
from securesystemslib.signer import (  # type: ignore[attr-defined]
    Key,
    SSlibKey,
)

from federation import limits
from federation.codec import (
    ATTESTATION,
    envelope_from_bytes,
    envelope_to_bytes,
)
from federation.envelope import (
    Envelope,
    Signature,
    Statement,
    Verified,
    envelope_from_json,
    envelope_to_json,
    open_envelope,
    pae,
)
from federation.errors import (
    MALFORMED,
    NOT_CANONICAL,
    TOO_LARGE,
    HutongError,
)
from federation.messages import Attestation
from tests.federation.make import (
    HANGZHOU,
    NOW,
    ZHENGZHOU,
    attestation,
    ring,
    sealed,
    signer,
)
from tests.federation.vector_cases.vector import flipped

GOOD = sealed(attestation())
GOOD_BYTES = envelope_to_bytes(GOOD)


def opened(
    envelope: Envelope, statement: Statement[Attestation] = ATTESTATION
) -> Verified[Attestation]:
    return open_envelope(
        envelope, statement, signed_by=[ring(ZHENGZHOU)], audience=HANGZHOU, now=NOW
    )


@given(st.integers(0, len(envelope_to_json(GOOD)) * 8 - 1))
def test_a_flipped_bit_in_the_json_form_refuses_or_leaves_the_same_envelope(bit: int) -> None:
    # A space between members and the last bits of base64's padding carry nothing.
    text = flipped(envelope_to_json(GOOD).encode(), bit)
    try:
        found = envelope_from_json(text)
    except HutongError:
        return
    if found != GOOD:
        with pytest.raises(HutongError):
            opened(found)


@given(st.binary(max_size=300))
def test_garbage_is_never_an_envelope_that_opens(data: bytes) -> None:
    with pytest.raises(HutongError):
        opened(envelope_from_bytes(data))
    with pytest.raises(HutongError):
        opened(envelope_from_json(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["payload", "payloadType", "signatures", "keyid", "sig", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_json_is_refused_with_an_error_of_ours(value: object) -> None:
    with pytest.raises(HutongError):
        opened(envelope_from_json(json.dumps(value)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        '{"payload": "", "payloadType": "\\ud800", "signatures": []}',
        '{"payload": "", "payloadType": "x", "signatures": {}}',
        '{"payload": "", "payloadType": "x", "signatures": ""}',
        '{"payload": "", "payloadType": "x", "signatures": [], "more": 1}',
        '{"payload": "", "payload": "", "payloadType": "x", "signatures": []}',
        '{"payload": "", "payloadType": "x", "signatures": [{"keyid": "", "sig": "", "x": 1}]}',
        '{"payload": "Z", "payloadType": "x", "signatures": []}',
        '{"payload": "Zg==\\n", "payloadType": "x", "signatures": []}',
        '{"payload": "_-8=", "payloadType": "x", "signatures": []}',
        '{"payload": 7, "payloadType": "x", "signatures": []}',
        "1" * 5000,
    ],
)
def test_json_that_is_no_plain_dsse_envelope_is_malformed(text: str) -> None:
    with pytest.raises(HutongError) as caught:
        envelope_from_json(text)
    assert caught.value.reason == MALFORMED


def test_json_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(HutongError) as caught:
        envelope_from_json("[" * (limits.PAYLOAD_BYTES * 2 + 1))
    assert caught.value.reason == TOO_LARGE


def test_the_message_cannot_choose_the_suite() -> None:
    members = json.loads(envelope_to_json(GOOD))
    for name in ("alg", "suite", "scheme"):
        members["signatures"][0][name] = "none"
        with pytest.raises(HutongError) as caught:
            envelope_from_json(json.dumps(members))
        assert caught.value.reason == MALFORMED
        del members["signatures"][0][name]


def test_an_unknown_field_of_the_envelope_itself_is_refused() -> None:
    with pytest.raises(HutongError) as caught:
        envelope_from_bytes(GOOD_BYTES + b"\x20\x01")
    assert caught.value.reason == NOT_CANONICAL


@given(st.binary(max_size=100), st.text(st.characters(codec="ascii"), max_size=30))
def test_both_forms_give_back_the_envelope(payload: bytes, kind: str) -> None:
    envelope = Envelope(kind, payload, (Signature("a", payload), Signature("b", b"")))
    assert envelope_from_json(envelope_to_json(envelope)) == envelope
    assert envelope_from_bytes(envelope_to_bytes(envelope)) == envelope


def test_the_encoding_that_a_signature_covers_is_dsse_s() -> None:
    # protocol.md of secure-systems-lab/dsse at eebf7b59, "Test Vectors".
    covered = pae("http://example.com/HelloWorld", b"hello world")
    assert covered == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_the_example_of_dsse_is_read_as_it_is_meant() -> None:
    # The same page. Its signature has no key id there; a key id is required of ours.
    sig = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    example = {
        "payload": "aGVsbG8gd29ybGQ=",
        "payloadType": "http://example.com/HelloWorld",
        "signatures": [{"keyid": "p256", "sig": sig}],
    }
    found = envelope_from_json(json.dumps(example))
    assert found.payload == b"hello world"
    assert json.loads(envelope_to_json(found)) == example


def test_another_dsse_library_verifies_our_json_form() -> None:
    keys: list[Key] = [
        SSlibKey(key.key_id, "ed25519", "ed25519", {"public": key.public_key.hex()})
        for key in ring(ZHENGZHOU).keys
    ]
    found = DsseEnvelope.from_dict(json.loads(envelope_to_json(GOOD)))
    assert found.pae() == pae(GOOD.payload_type, GOOD.payload)
    assert set(found.verify(keys, 1)) == {signer(ZHENGZHOU).key_id}
