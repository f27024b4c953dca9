"""One vector: what lies in its files, how it is to be read, and what must come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from federation import codec
from federation.envelope import Envelope, Signature, envelope_to_json
from federation.errors import Reason
from federation.identifiers import CityCode
from federation.rendering import plain
from federation.statements import Message
from tests.federation.make import HANGZHOU, NAMES, NOW, ZHENGZHOU

_ENDINGS = {"binary": "binpb", "json": "json"}

Value = str | list[str]


@dataclass(frozen=True, kw_only=True)
class Vector:
    """`name` is KIND--WHAT; `expected` is the message, or the reason of the refusal.

    `check` names the procedure (see the README beside the vectors) and `given` what it needs
    besides the signers, the audience and the instant.
    """

    name: str
    envelope: Envelope
    expected: Message | Reason
    check: str = "open"
    signed_by: tuple[CityCode, ...] = (ZHENGZHOU,)
    audience: CityCode = HANGZHOU
    now: datetime = NOW
    given: Mapping[str, Value] = field(default_factory=dict)
    binary: bytes | None = None
    json: str | None = None
    forms: tuple[str, ...] = ("binary", "json")

    @property
    def statement(self) -> str:
        return self.name.partition("--")[0]

    def files(self) -> dict[str, bytes]:
        """The content of each file of the vector, by the ending of its name."""
        made = {
            "binary": self.binary or codec.envelope_to_bytes(self.envelope),
            "json": (self.json or envelope_to_json(self.envelope) + "\n").encode(),
        }
        return {_ENDINGS[form]: made[form] for form in self.forms}

    def entry(self) -> dict[str, object]:
        """Its entry in the index."""
        bundles = [f"trust-bundle--of-{NAMES[city]}" for city in self.signed_by]
        entry: dict[str, object] = {
            "name": self.name,
            "statement": self.statement,
            "files": {form: f"{self.name}.{_ENDINGS[form]}" for form in self.forms},
            "check": self.check,
        }
        if self.statement != "trust-bundle":
            entry["signed_by"] = bundles
        entry |= {
            "audience": self.audience,
            "now": self.now.isoformat().replace("+00:00", "Z"),
            "given": dict(self.given),
        }
        if isinstance(self.expected, Reason):
            entry["expected"] = {"refused": self.expected.name}
        else:
            entry["expected"] = {"opened": plain(self.expected)}
        return entry


def flipped(data: bytes, bit: int) -> bytes:
    """`data` with one bit the other way."""
    at, within = divmod(bit, 8)
    return data[:at] + bytes([data[at] ^ 1 << within]) + data[at + 1 :]


def with_payload(envelope: Envelope, payload: bytes) -> Envelope:
    """Another payload under the same signatures."""
    return Envelope(envelope.payload_type, payload, envelope.signatures)


def with_signatures(envelope: Envelope, *signatures: Signature) -> Envelope:
    """The same payload under other signatures."""
    return Envelope(envelope.payload_type, envelope.payload, signatures)
