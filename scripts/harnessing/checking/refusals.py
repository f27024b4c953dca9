"""Rule 4: a refusal tells nothing.

A home city keeps of each refusal a decoy: signed as an attestation is, about nobody's standing, and
as long. It never leaves; that it is there shows that the same work was done, whatever the reason.
Only an instant may have fewer bytes, of which a whole second has none for its parts: lengths are
compared as if all were made at one. A host that was refused says the same at its venues, whoever
came.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from google.protobuf.message import DecodeError

from federation import codec
from federation.envelope import Envelope
from federation.errors import HutongError
from federation.messages import Disclosure, Header
from node.services.asked import GIVEN, REFUSED
from node.v1 import venue_service_pb2 as pb
from scripts.harnessing.checking.evidence import CityEvidence, Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_AN_INSTANT: Final = datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)
_A_LATER_ONE: Final = datetime(2027, 1, 1, microsecond=1, tzinfo=UTC)
_TO_HOSTS: Final = """
SELECT caller, request_id, response FROM answers WHERE length(caller) = 6
"""
_SEEN: Final = """
SELECT a.act, a.request_id, n.response, n.caller
FROM history.acts a JOIN answers n ON n.request_id = a.request_id
WHERE a.city = ? AND a.outcome = 'OK' AND a.deed = 'check' AND a.verdict = 'NOT_RECOGNISED'
    AND a.repeated = 0
"""


def _refusals_are_one(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        lengths = defaultdict[tuple[Any, ...], list[tuple[int, str]]](list)
        for caller, request_id, response in city.rows(_TO_HOSTS):
            if response[:1] == GIVEN:
                continue
            tally.see()
            problem, kind, length = decoy(response)
            if problem:
                tally.broken(
                    city.place.pinyin,
                    f"对 {caller} 的拒绝与其他拒绝不同：{problem}。",
                    f"A refusal to {caller} is not like the others: {problem}.",
                    caller=caller,
                    request_id=request_id,
                )
            else:
                lengths[caller, *kind].append((length, request_id))
        for (caller, *_), found in lengths.items():
            shortest, longest = min(found), max(found)
            if longest[0] > shortest[0]:
                tally.broken(
                    city.place.pinyin,
                    f"对 {caller} 的同类拒绝长短不一：{shortest[0]} 与 {longest[0]} 字节。",
                    f"Refusals of one question to {caller} have {shortest[0]} and {longest[0]} "
                    "bytes.",
                    caller=caller,
                    request_ids=(shortest[1], longest[1]),
                )
        _venues_say_the_same(city, tally)


def decoy(response: bytes) -> tuple[str, tuple[Any, ...], int]:
    """What is wrong with a recorded refusal; what its length may depend on, and its length."""
    if response[:1] != REFUSED:
        return f"it begins with {response[:1].hex() or 'nothing'}", (), 0
    try:
        envelope = codec.envelope_from_bytes(response[1:])
        if envelope.payload_type == codec.USE_LEASE.payload_type:
            lease = codec.USE_LEASE.decode(envelope.payload)
            even = replace(lease, header=_even(lease.header), until=_A_LATER_ONE)
            return "", (envelope.payload_type,), _length(envelope, codec.USE_LEASE.encode(even))
        said = codec.ATTESTATION.decode(envelope.payload)
    except HutongError as error:
        return f"there is no decoy in it: {error.text('en')}", (), 0
    if len(envelope.signatures) != 1:
        return "the decoy is not signed as an answer is", (), 0
    if said.claim.disclosure is not Disclosure.THRESHOLD or said.status_index:
        return "the decoy says something of a standing", (), 0
    terms = (said.agreement_id, said.agreement_version, said.claim.line_band)
    kind = (envelope.payload_type, *terms, said.scenarios, said.counting)
    alike = replace(said, header=_even(said.header), as_of=_AN_INSTANT)
    return "", kind, _length(envelope, codec.ATTESTATION.encode(alike))


def _even(header: Header) -> Header:
    """The header as if it were made when all are."""
    return replace(header, issued_at=_AN_INSTANT, expires_at=_A_LATER_ONE)


def _length(envelope: Envelope, payload: bytes) -> int:
    return len(codec.envelope_to_bytes(replace(envelope, payload=payload)))


def _venues_say_the_same(city: CityEvidence, tally: Tally) -> None:
    """Every refused check has the same notice, and the same decision on each incentive."""
    # What hangs on the hour may differ between two newcomers.
    by_hour = {
        i.incentive_id for each in city.catalogues.values() for i in each.incentives if i.condition
    }
    first = dict[tuple[str, ...], tuple[str, ...]]()
    for act, request_id, response, caller in city.rows(_SEEN, city.code):
        tally.see()
        answer = pb.CheckEligibilityResponse()
        try:
            answer.ParseFromString(response)
        except DecodeError:
            continue
        for about, said in _texts(answer, by_hour):
            if first.setdefault(about, said) != said:
                tally.broken(
                    city.place.pinyin,
                    f"对未获认定者，{caller} 的答复不一致：{about[0]}。",
                    f"{caller} was not told the same of all who were refused: {about[0]}.",
                    act=act,
                    request_id=request_id,
                    said=said,
                    before=first[about],
                )


def _texts(
    answer: pb.CheckEligibilityResponse, by_hour: set[str]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What an answer says, by what it is about."""
    shown = (answer.recognised_band, answer.visitor_pass)
    yield ("notice",), (answer.notice_zh, answer.notice_en, *shown)
    for each in answer.decisions:
        name = each.incentive.incentive_id
        if name not in by_hour:
            texts = (each.reason_zh, each.reason_en, each.change_zh, each.change_en)
            yield (name, each.incentive.benefit_zh), (str(each.eligible), each.rule, *texts)


INVARIANTS: Final = (
    Invariant(
        "refusals",
        "4",
        "拒绝不透露任何信息",
        "A refusal tells nothing",
        _refusals_are_one,
    ),
)
