"""Rule 6: only signed bytes count. Every envelope that is kept verifies by its city's keys.

By every key that the city ever published: one that has ended since undoes nothing. Trust bundles
verify by their own roots; who was trusted to show them was for officers to compare.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from federation import codec
from federation.envelope import Envelope, Statement, check_shape, pae
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.merkle_log import HASH_BYTES, leaf_hash, merkle_root
from federation.trust import open_kept_bundle
from node.services.asked import GIVEN
from scripts.harnessing.checking import traced
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_ANYTHING: Final[dict[str, Statement]] = {s.payload_type: s for s in codec.STATEMENTS}  # type: ignore[type-arg]
_ATTESTED: Final = "SELECT attestation_id, statement FROM attestations WHERE batch_id = ''"
_BATCHES: Final = "SELECT batch_id, envelope, leaf_hashes FROM attestation_batches"
_ITEMS: Final = """
SELECT attestation_id, leaf_index, statement FROM attestations WHERE batch_id = ?
"""
_LEASES: Final = """
SELECT request_id, response FROM answers WHERE length(caller) = 6 AND instr(response, ?)
"""
_LISTED: Final = (
    ("questions", "SELECT asked_at, envelope FROM questions"),
    ("use_questions", "SELECT lease_id, envelope FROM use_questions"),
    ("renewals", "SELECT request_id, envelope FROM renewals"),
    ("histograms", "SELECT statement_id, envelope FROM histograms"),
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An envelope that a city keeps, and who must have signed it."""

    what: str
    name: str
    envelope: bytes
    by: tuple[CityCode, ...]


def _everything_is_signed(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        for kept in _envelopes(city):
            tally.see()
            _report(tally, city, kept.what, kept.name, _problem(evidence, kept))
        for name, envelope in _bundles(city):
            tally.see()
            _report(tally, city, "trust bundle", name, _bundle_problem(envelope))
        for batch, envelope, leaves in city.rows(_BATCHES):
            if envelope:
                tally.see()
                _batch(evidence, tally, city, (batch, envelope, leaves))
        found = traced.decided(evidence, city)
        for check in found.checks.values():
            tally.see()
            problem = "" if check.same else "other bytes come out than were signed"
            if not (problem or check.signed):
                problem = "the signature does not fit"
            _report(tally, city, "check", check.check_id, problem)
        for check_id, problem in found.damaged.items():
            tally.see()
            _report(tally, city, "check", check_id, problem)


def _envelopes(city: CityEvidence) -> Iterator[_Kept]:
    registry, here = city.registry, (city.code,)
    for own in registry.own_scales:
        yield _Kept("scale", own.scale.scale_id, codec.envelope_to_bytes(own.envelope), here)
    for theirs in registry.partner_scales:
        raw, home = codec.envelope_to_bytes(theirs.envelope), theirs.reference.city
        yield _Kept("scale of a partner", home, raw, (home,))
    for stored in registry.agreements:
        raw, name = codec.envelope_to_bytes(stored.envelope), stored.agreement.agreement_id
        # One that is only proposed bears the signature of whoever proposed it.
        whole = stored.state.value in {"active", "replaced"}
        by = stored.agreement.parties if whole else (stored.agreement.header.issuer,)
        yield _Kept("agreement", name, raw, by)
    for name, raw in city.rows(_ATTESTED):
        yield _Kept("attestation", name, raw, here)
    # A lease of a use is kept nowhere but in the answer that it was given in.
    for name, response in city.rows(_LEASES, codec.USE_LEASE.payload_type.encode()):
        if response[:1] == GIVEN:
            yield _Kept("lease", name, response[1:], here)
    for what, sql in _LISTED:
        for name, raw in city.rows(sql):
            issuer = here
            if what == "histograms":
                [(owner,)] = city.rows("SELECT city FROM histograms WHERE statement_id = ?", name)
                issuer = (CityCode(owner),)
            yield _Kept(what, str(name), raw, issuer)


def _bundles(city: CityEvidence) -> Iterator[tuple[str, Envelope]]:
    for place, envelope in enumerate(city.own_bundles):
        yield f"{city.code} {place}", envelope
    for partner in city.registry.partners.values():
        yield partner.city, partner.envelope


def _bundle_problem(envelope: Envelope) -> str:
    try:
        open_kept_bundle(envelope)
    except HutongError as error:
        return error.text("en")
    return ""


def _problem(evidence: Evidence, kept: _Kept) -> str:
    """Why an envelope does not count; "" where it does."""
    try:
        envelope = codec.envelope_from_bytes(kept.envelope)
        statement = _ANYTHING.get(envelope.payload_type)
        if statement is None:
            return f"its type {envelope.payload_type!r} is none of the federation's"
        check_shape(envelope, statement)
        header = statement.decode(envelope.payload).header
    except HutongError as error:
        return error.text("en")
    if header.issuer not in kept.by:
        return f"it is issued by {header.issuer}"
    unknown = [city for city in kept.by if city in evidence.cities]
    missing = [city for city in unknown if not _signed(evidence, envelope, city)]
    return f"no signature of {', '.join(missing)} fits it" if missing else ""


def _signed(evidence: Evidence, envelope: Envelope, city: CityCode) -> bool:
    covered = pae(envelope.payload_type, envelope.payload)
    keys = {key.key_id: key for key in evidence.keys.get(city, ())}
    return any(
        s.key_id in keys and keys[s.key_id].verifies(s.signature, covered)
        for s in envelope.signatures
    )


def _batch(
    evidence: Evidence, tally: Tally, city: CityEvidence, row: tuple[str, bytes, bytes]
) -> None:
    """A batch, and each attestation that is in it."""
    name, raw, joined = row
    problem = _problem(evidence, _Kept("batch", name, raw, (city.code,)))
    leaves = [joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES)]
    if not problem:
        said = codec.ATTESTATION_BATCH.decode(codec.envelope_from_bytes(raw).payload)
        if (len(leaves), merkle_root(leaves)) != (said.size, said.root):
            problem = "its leaves do not come to the root that was signed"
    _report(tally, city, "batch", name, problem)
    for item, place, payload in city.rows(_ITEMS, name):
        tally.see()
        fits = _is_leaf(leaves, place, payload)
        _report(tally, city, "attestation", item, "" if fits else "it is not in its batch")


def _is_leaf(leaves: Sequence[bytes], place: int, payload: bytes) -> bool:
    leaf = leaf_hash(pae(codec.ATTESTATION.payload_type, payload))
    return 0 <= place < len(leaves) and leaves[place] == leaf


def _report(tally: Tally, city: CityEvidence, what: str, name: str, problem: str) -> None:
    if problem:
        tally.broken(
            city.place.pinyin,
            f"保存的签名文件（{what} {name}）验证不通过：{problem}。",
            f"A kept {what} ({name}) does not verify: {problem}.",
            what=what,
            name=name,
        )


INVARIANTS: Final = (
    Invariant(
        "signed",
        "6",
        "只有签名的字节有效",
        "Only signed bytes count",
        _everything_is_signed,
    ),
)
