"""Envelopes: only signed bytes count (rule 6).

`open_envelope` is the one gate, and `open_batched` for what a batch signs: nothing else makes a
`Verified`, and use cases accept nothing else. What the caller still owes: the request's own rules
(replay, agreement, consent).
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from federation import freshness, limits
from federation.errors import (
    BAD_SIGNATURE,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_AUDIENCE,
    WRONG_ISSUER,
    WRONG_TYPE,
    HutongError,
)
from federation.identifiers import CityCode
from federation.keys import PublicKey, Signer
from federation.merkle_log import check_inclusion, leaf_hash, split_hashes
from federation.messages import Header

_PAE_HEAD: Final = b"DSSEv1"


class HasHeader(Protocol):
    """A statement."""

    @property
    def header(self) -> Header:
        """Its header."""


M = TypeVar("M", bound=HasHeader)


@dataclass(frozen=True, slots=True)
class Statement(Generic[M]):
    """A kind of statement: its payload type, and how its payload becomes a message and back."""

    label: str
    payload_type: str
    decode: Callable[[bytes], M]
    encode: Callable[[M], bytes]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature over an envelope, by the key of that id."""

    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Bytes that came or go, with their signatures; nothing in it is believed yet."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one city for one purpose, and how many of them must sign."""

    city: CityCode
    keys: tuple[PublicKey, ...]
    threshold: int = 1

    def find(self, key_id: str) -> PublicKey | None:
        """The key of that id."""
        return next((key for key in self.keys if key.key_id == key_id), None)


@dataclass(frozen=True, slots=True)
class BatchedPayload:
    """A payload that is signed by the root of its batch: its place there, and the proof of it.

    `proof` are the hashes from the leaf up, joined.
    """

    payload: bytes
    leaf_index: int
    proof: bytes


class IsBatch(HasHeader, Protocol):
    """A statement that signs many payloads by the root of the tree over them."""

    @property
    def size(self) -> int:
        """How many."""

    @property
    def root(self) -> bytes:
        """The root."""


B = TypeVar("B", bound=IsBatch)

_GATE: Final = object()


@dataclass(frozen=True, slots=True)
class Verified(Generic[M]):
    """A message whose envelope was opened. Only this module can make one."""

    message: M
    envelope: Envelope
    payload_digest: bytes = field(init=False, repr=False, compare=False)
    """The SHA-256 of the payload."""
    # Not kept: `dataclasses.replace` of a Verified has no gate to pass on.
    gate: InitVar[object]

    def __post_init__(self, gate: object) -> None:
        """Refuse to be made anywhere else."""
        if gate is not _GATE:
            raise TypeError("only open_envelope makes a Verified")
        digest = hashlib.sha256(self.envelope.payload).digest()
        object.__setattr__(self, "payload_digest", digest)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what a signature covers."""
    kind = payload_type.encode()
    return b" ".join(
        (_PAE_HEAD, str(len(kind)).encode(), kind, str(len(payload)).encode(), payload)
    )


def seal(statement: Statement[M], message: M, signers: Sequence[Signer]) -> Envelope:
    """The envelope of `message`, signed by each of `signers`."""
    payload = statement.encode(message)
    covered = pae(statement.payload_type, payload)
    signatures = tuple(_signature(signer, covered) for signer in signers)
    return Envelope(statement.payload_type, payload, signatures)


def _signature(signer: Signer, covered: bytes) -> Signature:
    """A signature with the id of the key that made it.

    A city's signer changes its key by the clock, and perhaps between two looks.
    """
    while True:
        key_id, signature = signer.key_id, signer.sign(covered)
        if signer.key_id == key_id:
            return Signature(key_id, signature)


def add_signature(envelope: Envelope, signer: Signer) -> Envelope:
    """The same bytes with one more signature."""
    signature = _signature(signer, pae(envelope.payload_type, envelope.payload))
    return Envelope(envelope.payload_type, envelope.payload, (*envelope.signatures, signature))


def open_envelope(
    envelope: Envelope,
    statement: Statement[M],
    *,
    signed_by: Sequence[Keyring],
    audience: CityCode,
    now: datetime,
) -> Verified[M]:
    """Verify the bytes that came, then parse them, then check what they say of themselves.

    1. The envelope is within its limits and of the expected type.
    2. Each signature is by a key of `signed_by` that counts at `now`, and fits the bytes; there
       is none by anybody else.
    3. Each keyring of `signed_by` reaches its threshold.
    4. The payload is the canonical encoding of its message.
    5. It is issued by a city of `signed_by`, and meant for `audience`.
    6. It was made before now (skew allowed) and has not ended.

    Raises:
        HutongError: with the reason of the first step that fails.

    """
    # 1.
    check_shape(envelope, statement)
    # 2. and 3.
    verify_signatures(envelope, signed_by, now)
    # 4.
    message = statement.decode(envelope.payload)
    # 5.
    _check_parties(message.header, signed_by, audience)
    # 6.
    freshness.check_window(message.header, statement.label, now)
    return Verified(message, envelope, _GATE)


def open_batched(
    batched: BatchedPayload,
    statement: Statement[M],
    batch: Verified[B],
    *,
    audience: CityCode,
    now: datetime,
) -> Verified[M]:
    """Open one payload of a batch that was opened; it counts as if it were signed by itself.

    1. The payload is within its limits.
    2. Its leaf, of DSSE's pre-authentication encoding, is in the tree whose root the batch signs.
    3. The payload is the canonical encoding of its message.
    4. It is issued by the city of the batch, and meant for `audience`.
    5. It was made before now (skew allowed) and has not ended.

    Raises:
        HutongError: with the reason of the first step that fails; BAD_PROOF for the second.

    """
    # 1.
    envelope = Envelope(statement.payload_type, batched.payload, ())
    check_shape(envelope, statement)
    # 2.
    signed, most = batch.message, limits.PROOF_HASHES
    leaf = leaf_hash(pae(statement.payload_type, batched.payload))
    proof = split_hashes(batched.proof, most=most)
    check_inclusion(leaf, batched.leaf_index, signed.size, proof, signed.root)
    # 3.
    message = statement.decode(batched.payload)
    # 4.
    header = message.header
    if header.issuer != signed.header.issuer:
        raise HutongError(WRONG_ISSUER, actual=header.issuer, expected=signed.header.issuer)
    if audience not in header.audience:
        raise HutongError(WRONG_AUDIENCE, actual=", ".join(header.audience), expected=audience)
    # 5.
    freshness.check_window(header, statement.label, now)
    return Verified(message, envelope, _GATE)


def open_own(envelope: Envelope, statement: Statement[M]) -> Verified[M]:
    """Open an envelope that this city opened once already and kept in its own store.

    Its signatures counted when it came; keys that have ended since do not undo that.
    """
    check_shape(envelope, statement)
    return Verified(statement.decode(envelope.payload), envelope, _GATE)


def verify_signatures(envelope: Envelope, signed_by: Sequence[Keyring], now: datetime) -> None:
    """Steps 2 and 3 of `open_envelope`."""
    covered = pae(envelope.payload_type, envelope.payload)
    found = [0] * len(signed_by)
    for signature in envelope.signatures:
        for place in _counting(signature, covered, signed_by, now):
            found[place] += 1
    for ring, count in zip(signed_by, found, strict=True):
        check_threshold(ring, count)


def check_threshold(ring: Keyring, count: int) -> None:
    """Refuse fewer signatures than the keyring needs."""
    if count < ring.threshold:
        raise HutongError(
            MISSING_SIGNATURE, city=ring.city, found=str(count), needed=str(ring.threshold)
        )


def _counting(
    signature: Signature, covered: bytes, signed_by: Sequence[Keyring], now: datetime
) -> list[int]:
    """The places of the keyrings in which the signature counts; raises where it is in none."""
    known = [(i, key) for i, ring in enumerate(signed_by) if (key := ring.find(signature.key_id))]
    cities = ", ".join(sorted({ring.city for ring in signed_by}))
    if not known:
        # Escaped: a peer chose it, and it reaches logs and terminals.
        shown = ascii(signature.key_id[:16])[1:-1]
        raise HutongError(UNKNOWN_KEY, key_id=shown, city=cities)
    places = [place for place, key in known if key.valid_at(now)]
    if not places:
        raise HutongError(KEY_NOT_VALID, key_id=signature.key_id[:16], city=cities)
    if not known[0][1].verifies(signature.signature, covered):
        raise HutongError(BAD_SIGNATURE, key_id=signature.key_id[:16])
    return places


def check_shape(envelope: Envelope, statement: Statement[M]) -> None:
    """Step 1 of `open_envelope`; the payload is not looked at."""
    if len(envelope.payload) > limits.PAYLOAD_BYTES:
        raise HutongError(
            TOO_LARGE,
            where=statement.label,
            size=f"{len(envelope.payload)} bytes",
            limit=f"{limits.PAYLOAD_BYTES} bytes",
        )
    if envelope.payload_type != statement.payload_type:
        actual = ascii(envelope.payload_type[:80])
        raise HutongError(WRONG_TYPE, actual=actual, expected=repr(statement.payload_type))
    ids = [signature.key_id for signature in envelope.signatures]
    if len(ids) > limits.SIGNATURES:
        raise HutongError(
            TOO_LARGE,
            where="signatures",
            size=str(len(ids)),
            limit=str(limits.SIGNATURES),
        )
    if len(set(ids)) != len(ids):
        raise HutongError(MALFORMED, where="signatures", problem="a key signed twice")


def _check_parties(header: Header, signed_by: Sequence[Keyring], audience: CityCode) -> None:
    if all(header.issuer != ring.city for ring in signed_by):
        expected = " or ".join(sorted({ring.city for ring in signed_by}))
        raise HutongError(WRONG_ISSUER, actual=header.issuer, expected=expected)
    if header.audience and audience not in header.audience:
        raise HutongError(WRONG_AUDIENCE, actual=", ".join(header.audience), expected=audience)


def envelope_to_json(envelope: Envelope) -> str:
    """The envelope in DSSE's JSON form; any DSSE library can verify it."""
    return json.dumps(
        {
            "payload": base64.b64encode(envelope.payload).decode(),
            "payloadType": envelope.payload_type,
            "signatures": [
                {"keyid": s.key_id, "sig": base64.b64encode(s.signature).decode()}
                for s in envelope.signatures
            ],
        },
        indent=2,
    )


def envelope_from_json(text: str | bytes, *, where: str = "envelope") -> Envelope:
    """The envelope in DSSE's JSON form `text`; raises MALFORMED."""
    if len(text) > limits.PAYLOAD_BYTES * 2:
        raise HutongError(
            TOO_LARGE,
            where=where,
            size=str(len(text)),
            limit=str(limits.PAYLOAD_BYTES * 2),
        )
    try:
        found = json.loads(text, object_pairs_hook=_members)
        listed = _list(found["signatures"])
        signatures = tuple(Signature(_string(s["keyid"]), _base64(s["sig"])) for s in listed)
        envelope = Envelope(_string(found["payloadType"]), _base64(found["payload"]), signatures)
        known = {"payload", "payloadType", "signatures"}
        plain = set(found) == known and all(set(s) == {"keyid", "sig"} for s in listed)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HutongError(
            MALFORMED, where=where, problem="this is not a DSSE envelope in JSON"
        ) from error
    if not plain:
        raise HutongError(MALFORMED, where=where, problem="it has members that DSSE does not name")
    return envelope


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of a member that occurs twice could read two things.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # a lone surrogate is no text, and raises a ValueError
    return value


def _base64(value: object) -> bytes:
    try:
        return base64.b64decode(_string(value), validate=True)
    except binascii.Error as error:
        raise ValueError from error
