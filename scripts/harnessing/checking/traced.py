"""Which statements have their trace in a city's log: found by their salts, as whoever proves it.

Worked out once for each city, and asked by several invariants:
- what it issued as home (`issued`), by the entry that its row names;
- what it received as host (`received`), by the salts of the visitor whom it is about;
- what it decided as host (`decided`), made once more from the facts that it kept, and held against
  the digest and the signature of then;
- what was redeemed, consented to, withdrawn and ended.
A trace is good where the entry's commitment is the SHA-256 of its salt and the very bytes.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from federation import codec
from federation.envelope import Envelope, Signature, pae
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.log_entry import commitment
from node.check_facts import CheckFacts, check_from_json
from node.logbook import LogKind
from node.services.asked import GIVEN
from node.services.deciding_statement import decide_all
from node.store.values import to_micros
from scripts.harnessing.checking.evidence import CityEvidence, Evidence

_ISSUED: Final = """
SELECT a.attestation_id, a.statement, a.log_sequence, e.kind, e.commitment, s.salt
FROM attestations a
LEFT JOIN log_entries e ON e.sequence = a.log_sequence
LEFT JOIN log_salts s ON s.sequence = a.log_sequence AND s.subject = a.resident_id
WHERE a.batch_id = ''
"""
_BATCHES: Final = """
SELECT b.batch_id, b.host, b.envelope, b.log_sequence, e.kind, e.commitment, s.salt
FROM attestation_batches b
LEFT JOIN log_entries e ON e.sequence = b.log_sequence
LEFT JOIN log_salts s ON s.sequence = b.log_sequence AND s.subject = ''
WHERE b.envelope != x''
"""
_ITEMS: Final = "SELECT attestation_id, batch_id FROM attestations WHERE batch_id != ''"
_OF_KIND: Final = """
SELECT s.subject, e.sequence, e.at, e.commitment, s.salt
FROM log_entries e JOIN log_salts s ON s.sequence = e.sequence
WHERE e.kind = ? ORDER BY e.sequence
"""
_AT: Final = """
SELECT e.sequence, e.commitment, s.salt
FROM log_entries e JOIN log_salts s ON s.sequence = e.sequence
WHERE e.at = ? AND e.kind = 'issued' AND s.subject = ?
"""
_VISITORS: Final = "SELECT recognition_id, home, pseudonym FROM recognitions"
_KNOWN_AS: Final = """
SELECT attestation_id, resident_id, statement FROM attestations
WHERE pseudonym = ? AND host = ? AND batch_id = '' ORDER BY log_sequence
"""
_OF_BATCH: Final = "SELECT attestation_id, pseudonym FROM attestations WHERE batch_id = ?"
_LEASES: Final = "SELECT response FROM answers WHERE subject = ? AND caller = ?"
_CHECKS: Final = """
SELECT check_id, recognition_id, facts, key_id, signature, payload_digest FROM checks
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log about a subject, with its salt."""

    sequence: int
    at: int
    committed: bytes
    salt: bytes

    def commits_to(self, content: bytes) -> bool:
        """Whether it is the trace of these bytes."""
        return commitment(self.salt, content) == self.committed


@dataclass(frozen=True, slots=True)
class Received:
    """What a host's log has of attestations: the entries of each, and those of nothing known."""

    sequences: Mapping[str, int]
    """The entry of each attestation that it received, by its id."""
    first: Mapping[str, int]
    """The first such entry about each visitor, by recognition."""
    strangers: tuple[tuple[str, int], ...]
    """Recognition and entry of what no home city issued."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One check as it comes out once more."""

    check_id: str
    recognition_id: str
    facts: CheckFacts
    eligible: tuple[tuple[str, bool], ...]
    """Each incentive that was asked for, and whether it was opened."""
    same: bool
    """Whether the bytes have the digest that was kept."""
    signed: bool
    """Whether a key that the city published signed those very bytes."""
    sequence: int
    """The entry of the city's log that commits to them; -1 where there is none."""


@dataclass(slots=True)
class Decided:
    """All checks of a city: those that come out once more, and why others do not."""

    checks: dict[str, Replayed] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)


def issued(evidence: Evidence, city: CityEvidence) -> Mapping[str, bool]:
    """Each attestation of a home city, and whether its log commits to it, or to its batch."""

    def make() -> Mapping[str, bool]:
        found = dict[str, bool]()
        for identifier, statement, _, kind, committed, salt in city.rows(_ISSUED):
            found[identifier] = _committed(kind, committed, salt, _payload(statement))
        batches = {
            batch: _committed(kind, committed, salt, _payload(envelope))
            for batch, _, envelope, _, kind, committed, salt in city.rows(_BATCHES)
        }
        for identifier, batch in city.rows(_ITEMS):
            found[identifier] = batches.get(batch, False)
        return found

    return evidence.once("issued", city.code, make)


def received(evidence: Evidence, city: CityEvidence) -> Received:
    """What a host city's log has of what home cities issued to its visitors."""
    return evidence.once("received", city.code, lambda: _received(evidence, city))


def decided(evidence: Evidence, city: CityEvidence) -> Decided:
    """Every check of a host city, decided once more."""
    return evidence.once("decided", city.code, lambda: _decided(evidence, city))


def entries(evidence: Evidence, city: CityEvidence, kind: LogKind) -> Mapping[str, list[Entry]]:
    """The entries of a kind whose salts are kept, by subject, in the order of the log."""

    def make() -> Mapping[str, list[Entry]]:
        found = defaultdict[str, list[Entry]](list)
        for subject, sequence, at, committed, salt in city.rows(_OF_KIND, kind.value):
            found[subject].append(Entry(sequence, at, committed, salt))
        return dict(found)

    return evidence.once(f"entries {kind.value}", city.code, make)


def find(of: Iterable[Entry], content: bytes, at: int | None = None) -> int:
    """The entry that commits to these bytes, of that instant where one is given; -1 for none."""
    for entry in of:
        if (at is None or entry.at == at) and entry.commits_to(content):
            return entry.sequence
    return -1


def _committed(kind: str | None, committed: bytes | None, salt: bytes | None, said: bytes) -> bool:
    if kind != LogKind.ISSUED.value or committed is None or salt is None:
        return False
    return commitment(salt, said) == committed


def _payload(statement: bytes) -> bytes:
    """The payload of an envelope; b"" of what is none."""
    try:
        return codec.envelope_from_bytes(statement).payload
    except HutongError:
        return b""


def _received(evidence: Evidence, city: CityEvidence) -> Received:
    kept = entries(evidence, city, LogKind.RECEIVED)
    sequences, first = dict[str, int](), dict[str, int]()
    strangers = list[tuple[str, int]]()
    visitors = {row[0]: (row[1], row[2]) for row in city.rows(_VISITORS)}
    for recognition, (home, pseudonym) in visitors.items():
        at_home = evidence.cities.get(home)
        if at_home is None:
            continue
        could, start = list(_could_be_received(at_home, pseudonym, city.code)), 0
        for entry in kept.get(recognition, ()):
            # They come in the order in which they were given, but for a few.
            order = (*range(start, len(could)), *range(start))
            place = next((i for i in order if entry.commits_to(could[i][1])), None)
            if place is None:
                strangers.append((recognition, entry.sequence))
                continue
            start = place + 1
            # One that was asked for again is received again.
            sequences.setdefault(could[place][0], entry.sequence)
            first.setdefault(recognition, entry.sequence)
    known = {(home, pseudonym): name for name, (home, pseudonym) in visitors.items()}
    of_nobody = [(e.sequence, e) for e in kept.get("", ())]
    for at_home in evidence.cities.values():
        for batch, host, envelope, *_ in at_home.rows(_BATCHES):
            if host != city.code:
                continue
            sequence = find((e for _, e in of_nobody), _payload(envelope))
            if sequence < 0:
                continue
            for identifier, pseudonym in at_home.rows(_OF_BATCH, batch):
                sequences.setdefault(identifier, sequence)
                visitor = known.get((at_home.code, pseudonym), "")
                first[visitor] = min(first.get(visitor, sequence), sequence)
    return Received(sequences, first, tuple(strangers))


def _could_be_received(
    home: CityEvidence, pseudonym: bytes, host: CityCode
) -> Iterator[tuple[str, bytes]]:
    """What a home city issued about one resident to a host, attestations first, the oldest first.

    A lease of a use has no row with its bytes: it is in the recorded answer.
    """
    residents = set[str]()
    for identifier, resident, statement in home.rows(_KNOWN_AS, pseudonym, host):
        residents.add(resident)
        yield identifier, _payload(statement)
    for resident in residents:
        for place, (response,) in enumerate(home.rows(_LEASES, resident, host)):
            if response[:1] != GIVEN:
                continue
            try:
                envelope = codec.envelope_from_bytes(response[1:])
            except HutongError:
                continue
            if envelope.payload_type == codec.USE_LEASE.payload_type:
                yield f"lease {resident} {place}", envelope.payload


def _decided(evidence: Evidence, city: CityEvidence) -> Decided:
    found = Decided()
    scales = {own.scale.version: own.scale for own in city.registry.own_scales}
    keys = {key.key_id: key for key in evidence.keys.get(city.code, ())}
    for check_id, recognition, text, key_id, signature, digest in city.rows(_CHECKS):
        try:
            facts = check_from_json(text, check_id)
            catalogue = city.catalogues.get(facts.facts.catalogue_version)
            known = {i.incentive_id: i for i in catalogue.incentives} if catalogue else {}
            incentives = [known[name] for name in facts.asked]
            scale = scales.get(facts.facts.scale_version)
            statement = decide_all(city.code, facts, incentives, catalogue, scale).statement
        except HutongError as error:
            found.damaged[check_id] = error.text("en")
            continue
        except KeyError as error:
            found.damaged[check_id] = f"its catalogue has no {error}"
            continue
        payload = codec.DECISIONS.encode(statement)
        envelope = Envelope(codec.DECISIONS.payload_type, payload, (Signature(key_id, signature),))
        key = keys.get(key_id)
        covered = pae(envelope.payload_type, payload)
        at = to_micros(facts.facts.decided_at)
        traces = city.rows(_AT, at, recognition)
        found.checks[check_id] = Replayed(
            check_id=check_id,
            recognition_id=recognition,
            facts=facts,
            eligible=tuple((said.incentive_id, said.eligible) for said in statement.decisions),
            same=hashlib.sha256(payload).digest() == digest,
            signed=key is not None and key.verifies(signature, covered),
            sequence=next((s for s, c, salt in traces if commitment(salt, payload) == c), -1),
        )
    return found
