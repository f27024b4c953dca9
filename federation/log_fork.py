"""Evidence that a city's log forked, for a third party to judge without asking anybody. Pure.

A JSON object, UTF-8, with these members and no other:

- `form`: "hutong-log-fork/1".
- `city`: the GB/T 2260 code of the city whose log it is; `at`: when it was found; `problem`.
- `known`, `shown`: two checkpoints of that log, each a signed note (C2SP) as text.
- `proof`: the hashes, in base64, by which the city was to show that the first begins the second.
- `trust_bundle`: the city's trust bundle, a DSSE envelope; `fingerprint` is compared with what the
  city itself reads out, or the bundle with one that is trusted already.

To judge it without our code: verify the bundle's signature by its own root, and the signature of
each note (Ed25519 over its text of three lines) by a signing key of the bundle. Two roots for one
size are the whole proof: no log has both. For two sizes run the check of RFC 9162, 2.1.4.2: where
the proof does not hold, it is on the city to show one that does.
"""

import base64
import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from federation.checkpoint import open_checkpoint
from federation.checks import malformed
from federation.envelope import Envelope, envelope_from_json, envelope_to_json
from federation.errors import BAD_PROOF, HutongError
from federation.identifiers import CityCode, city_code
from federation.keys import PublicKey
from federation.limits import PROOF_HASHES
from federation.merkle_log import check_consistency
from federation.trust import fingerprint

FORM: Final = "hutong-log-fork/1"
_MEMBERS: Final = {
    "form",
    "city",
    "at",
    "problem",
    "known",
    "shown",
    "proof",
    "trust_bundle",
    "fingerprint",
}


class ForkKind(enum.Enum):
    """What evidence proves."""

    SPLIT = "split"
    """The city signed two histories: one size has two roots."""
    NOT_EXTENDED = "not_extended"
    """The city signed a larger log, and gave a proof that does not hold."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two checkpoints of one log, and the proof that did not hold."""

    city: CityCode
    at: datetime
    problem: str
    known: bytes
    shown: bytes
    proof: tuple[bytes, ...]
    trust_bundle: Envelope


def judge(evidence: Evidence, keys: Sequence[PublicKey]) -> ForkKind:
    """What the evidence proves of whoever has these keys.

    Raises:
        HutongError: BAD_NOTE, UNKNOWN_KEY, BAD_SIGNATURE; BAD_PROOF where it proves nothing.

    """
    known, shown = (
        open_checkpoint(note, evidence.city, keys, None)
        for note in (evidence.known, evidence.shown)
    )
    if known.size == shown.size:
        if known.root == shown.root:
            raise HutongError(BAD_PROOF, problem="both checkpoints say the same")
        return ForkKind.SPLIT
    first, second = sorted((known, shown), key=lambda each: each.size)
    if not first.size:
        raise HutongError(BAD_PROOF, problem="every log begins with an empty one")
    try:
        check_consistency(first.size, second.size, evidence.proof, first.root, second.root)
    except HutongError:
        return ForkKind.NOT_EXTENDED
    raise HutongError(BAD_PROOF, problem="the first checkpoint is a beginning of the second")


def evidence_to_json(evidence: Evidence) -> bytes:
    """The evidence as a file."""
    said = {
        "form": FORM,
        "city": evidence.city,
        "at": evidence.at.isoformat(),
        "problem": evidence.problem,
        "known": evidence.known.decode(),
        "shown": evidence.shown.decode(),
        "proof": [base64.b64encode(each).decode() for each in evidence.proof],
        "trust_bundle": json.loads(envelope_to_json(evidence.trust_bundle)),
        "fingerprint": fingerprint(evidence.trust_bundle),
    }
    return json.dumps(said, ensure_ascii=False, indent=2).encode() + b"\n"


def evidence_from_json(content: bytes) -> Evidence:
    """The evidence in a file; what it proves is for `judge`. Raises MALFORMED."""
    try:
        said = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise malformed("evidence", "it is no JSON, or has a member twice") from error
    if not isinstance(said, dict) or said.keys() != _MEMBERS or said["form"] != FORM:
        raise malformed("evidence", f"it is no object of the form {FORM}")
    evidence = Evidence(
        city=city_code(_text(said, "city"), where="city"),
        at=_instant(_text(said, "at")),
        problem=_text(said, "problem"),
        known=_text(said, "known").encode(),
        shown=_text(said, "shown").encode(),
        proof=_hashes(said["proof"]),
        trust_bundle=envelope_from_json(
            json.dumps(said["trust_bundle"]).encode(), where="trust_bundle"
        ),
    )
    if said["fingerprint"] != fingerprint(evidence.trust_bundle):
        # Officers compare what is written here: it must not be another bundle's.
        raise malformed("fingerprint", "it is not that of the trust bundle")
    return evidence


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of a member that occurs twice could read two things.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _text(said: dict[str, Any], name: str) -> str:
    found = said[name]
    if not isinstance(found, str) or (not found.isprintable() and name not in ("known", "shown")):
        raise malformed(name, "it is no plain text")
    try:
        found.encode()
    except UnicodeEncodeError as error:
        raise malformed(name, "it is no plain text") from error
    return found


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise malformed("at", "it is no instant") from error
    if found.tzinfo is None:
        raise malformed("at", "it has no offset from UTC")
    return found


def _hashes(found: object) -> tuple[bytes, ...]:
    if not isinstance(found, list) or len(found) > PROOF_HASHES:
        raise malformed("proof", f"it is a list of at most {PROOF_HASHES} hashes")
    try:
        return tuple(base64.b64decode(str(each), validate=True) for each in found)
    except ValueError as error:
        # What is no ASCII is told apart from what is no base64.
        raise malformed("proof", "a hash is no base64") from error
