"""Receipts: a file that a resident keeps, and that anybody can check without asking a city. Pure.

It holds what was said, the entry of the log that commits to it, the cosigned checkpoint, and the
trust bundles of the cities that signed: `receipt_check` tells whether they fit. `says` and
`public_keys` repeat in plain what signed bytes say, for readers without our code; they are checked
too. A receipt has one form in JSON: each member once, and none that it does not name.
"""

import base64
import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from federation import limits
from federation.checks import malformed
from federation.envelope import Envelope, Verified, envelope_from_json, envelope_to_json
from federation.errors import TOO_LARGE, HutongError
from federation.identifiers import CityCode, city_code
from federation.log_entry import SALT_BYTES
from federation.merkle_log import HASH_BYTES
from federation.messages import Attestation, TrustBundle
from federation.rendering import plain

_FORM: Final = 1
# Beyond it a reader in JavaScript would round.
_LARGEST: Final = 2**53 - 1


class ReceiptKind(enum.Enum):
    """What a receipt is of."""

    ATTESTATION = "attestation"
    CONSENT = "consent"


LOGGED_AS: Final = {ReceiptKind.ATTESTATION: "issued", ReceiptKind.CONSENT: "consented"}
"""The kind of the log's entry that a receipt of each kind leads to."""


@dataclass(frozen=True, slots=True)
class EntryProof:
    """An entry of the log: what it is made of besides the content, and the way to the root."""

    kind: str
    at_micros: int
    salt: bytes = field(repr=False)
    leaf_index: int
    proof: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Refuse what no log has."""
        if self.kind not in LOGGED_AS.values():
            raise malformed("log.kind", "a receipt is of what was issued, or consented to")
        if len(self.salt) != SALT_BYTES:
            raise malformed("log.salt", f"it has {SALT_BYTES} bytes")
        _whole(self.at_micros, "log.at_micros")
        _whole(self.leaf_index, "log.leaf_index")
        _hashes(self.proof, "log.proof")


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """The signed batch that an attestation is in, its place there, and the way to the root."""

    envelope: Envelope
    leaf_index: int
    proof: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Refuse what no batch has."""
        _whole(self.leaf_index, "batch.leaf_index")
        _hashes(self.proof, "batch.proof")


@dataclass(frozen=True, slots=True)
class CityKeys:
    """A trust bundle of a city that signed, and the bundle's signing keys in plain."""

    city: CityCode
    public_keys: tuple[bytes, ...]
    bundle: Envelope


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was said, and the proof that the city's log has it; nothing in it is believed yet.

    An attestation has a `statement`, what it `says` in plain, and perhaps its `batch`; a consent
    has the `content` that the resident was shown, UTF-8. The home city is the first of `cities`;
    a city is there twice where one bundle does not have all the keys that it signed with.
    """

    kind: ReceiptKind
    entry: EntryProof
    checkpoint: bytes
    cities: tuple[CityKeys, ...]
    statement: Envelope | None = None
    says: Mapping[str, object] | None = None
    batch: BatchPlace | None = None
    content: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse a receipt of two things or of nothing, or of another than its entry's kind."""
        attested = self.kind is ReceiptKind.ATTESTATION
        parts = (self.statement is not None, self.says is not None, self.content is not None)
        if parts != (attested, attested, not attested) or (self.batch and not attested):
            raise malformed("receipt", f"its parts are not those of the kind {self.kind.value}")
        if self.statement and bool(self.statement.signatures) == bool(self.batch):
            raise malformed("receipt", "a statement is signed by itself, or by its batch")
        if self.entry.kind != LOGGED_AS[self.kind]:
            raise malformed("log.kind", f"it is not of the kind {self.kind.value}")
        try:
            self.checkpoint.decode(), (self.content or b"").decode()
        except UnicodeDecodeError as error:
            raise malformed("receipt", "its texts are not UTF-8") from error
        bundles = {each.bundle for each in self.cities}
        if not 0 < len(self.cities) <= limits.RECEIPT_BUNDLES or len(bundles) != len(self.cities):
            raise malformed("cities", f"give 1 to {limits.RECEIPT_BUNDLES} bundles, each once")


def attestation_receipt(
    statement: Verified[Attestation],
    batch: BatchPlace | None,
    entry: EntryProof,
    checkpoint: bytes,
    bundles: Sequence[Verified[TrustBundle]],
) -> Receipt:
    """The receipt of an attestation; `bundles` are of the home city, then of cosigners."""
    return Receipt(
        ReceiptKind.ATTESTATION,
        entry,
        checkpoint,
        tuple(_city_keys(each) for each in bundles),
        statement=statement.envelope,
        says=plain(statement.message),
        batch=batch,
    )


def consent_receipt(
    content: bytes,
    entry: EntryProof,
    checkpoint: bytes,
    bundles: Sequence[Verified[TrustBundle]],
) -> Receipt:
    """The receipt of a consent; `bundles` are of the home city, then of cosigners."""
    cities = tuple(_city_keys(each) for each in bundles)
    return Receipt(ReceiptKind.CONSENT, entry, checkpoint, cities, content=content)


def receipt_to_json(receipt: Receipt) -> str:
    """The file that the resident keeps."""
    return json.dumps(_to_plain(receipt), indent=2, ensure_ascii=False) + "\n"


def receipt_from_json(text: str | bytes) -> Receipt:
    """The receipt in a file; raises TOO_LARGE or MALFORMED. `receipt_check` verifies it."""
    if len(text) > limits.RECEIPT_BYTES:
        size, limit = str(len(text)), str(limits.RECEIPT_BYTES)
        raise HutongError(TOO_LARGE, where="receipt", size=size, limit=limit)
    try:
        found = json.loads(text, object_pairs_hook=_members)
        receipt = _from_plain(found)
        # Compared as text: to Python, 1 and 1.0 and true are equal.
        same = canonical(_to_plain(receipt)) == canonical(found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise malformed("receipt", "this is not a receipt in JSON") from error
    if not same:
        raise malformed("receipt", "it has members, or forms of them, that a receipt does not have")
    return receipt


def canonical(value: object) -> str:
    """A JSON value as text, so that equal values are equal, and unequal forms of them are not."""
    return json.dumps(value, sort_keys=True)


def _city_keys(bundle: Verified[TrustBundle]) -> CityKeys:
    message = bundle.message
    keys = tuple(key.public_key for key in message.signing_keys)
    return CityKeys(message.header.issuer, keys, bundle.envelope)


def _to_plain(receipt: Receipt) -> dict[str, object]:
    made: dict[str, object] = {"hutong_receipt": _FORM, "kind": receipt.kind.value}
    if receipt.statement is not None:
        made |= {"says": receipt.says, "statement": _envelope(receipt.statement)}
    if receipt.batch is not None:
        made["batch"] = {
            "envelope": _envelope(receipt.batch.envelope),
            "leaf_index": receipt.batch.leaf_index,
            "proof": [_text(each) for each in receipt.batch.proof],
        }
    if receipt.content is not None:
        made["content"] = receipt.content.decode()
    entry = receipt.entry
    made["log"] = {
        "kind": entry.kind,
        "at_micros": entry.at_micros,
        "salt": _text(entry.salt),
        "leaf_index": entry.leaf_index,
        "proof": [_text(each) for each in entry.proof],
    }
    made["checkpoint"] = receipt.checkpoint.decode()
    made["cities"] = [
        {
            "city": each.city,
            "public_keys": [key.hex() for key in each.public_keys],
            "trust_bundle": _envelope(each.bundle),
        }
        for each in receipt.cities
    ]
    return made


def _from_plain(found: dict[str, Any]) -> Receipt:
    statement, batch, content = found.get("statement"), found.get("batch"), found.get("content")
    entry, says = found["log"], found.get("says")
    if says is not None and not isinstance(says, dict):
        raise TypeError
    return Receipt(
        kind=ReceiptKind(found["kind"]),
        entry=EntryProof(
            kind=entry["kind"],
            at_micros=entry["at_micros"],
            salt=base64.b64decode(entry["salt"]),
            leaf_index=entry["leaf_index"],
            proof=tuple(base64.b64decode(each) for each in entry["proof"]),
        ),
        checkpoint=found["checkpoint"].encode(),
        cities=tuple(
            CityKeys(
                city_code(each["city"], where="cities.city"),
                tuple(bytes.fromhex(key) for key in each["public_keys"]),
                _read_envelope(each["trust_bundle"], "trust_bundle"),
            )
            for each in found["cities"]
        ),
        statement=None if statement is None else _read_envelope(statement, "statement"),
        says=says,
        batch=None
        if batch is None
        else BatchPlace(
            _read_envelope(batch["envelope"], "batch"),
            batch["leaf_index"],
            tuple(base64.b64decode(each) for each in batch["proof"]),
        ),
        content=None if content is None else content.encode(),
    )


def _envelope(envelope: Envelope) -> object:
    return json.loads(envelope_to_json(envelope))


def _read_envelope(found: object, where: str) -> Envelope:
    return envelope_from_json(json.dumps(found), where=where)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of a member that occurs twice could read two things.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _whole(value: int, where: str) -> None:
    # True is 1 and 1.0 is 1 to some readers, and not to others.
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise malformed(where, "it is a whole number from 0 to 2^53 - 1")


def _hashes(proof: tuple[bytes, ...], where: str) -> None:
    if len(proof) > limits.PROOF_HASHES or any(len(each) != HASH_BYTES for each in proof):
        raise malformed(where, f"at most {limits.PROOF_HASHES} hashes of {HASH_BYTES} bytes")
