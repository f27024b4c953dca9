from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message as WireMessage
from hypothesis import given
from hypothesis import strategies as st

from federation import limits
from federation.codec import (
    AGREEMENT,
    ATTESTATION,
    ATTESTATION_BATCH,
    ATTESTATION_REQUEST,
    DECISIONS,
    PARTNERSHIP,
    RENEWAL_REQUEST,
    SCORE_HISTOGRAM,
    SCORE_SCALE,
    STATEMENTS,
    STATUS_LIST,
    TRUST_BUNDLE,
    USE_LEASE,
    USE_RELEASE,
    USE_REQUEST,
)
from federation.codec.attestations import attestation_to_wire
from federation.codec.documents import agreement_to_wire, bundle_to_wire
from federation.codec.partnerships import partnership_to_wire
from federation.envelope import Statement
from federation.errors import MALFORMED, NOT_CANONICAL, HutongError, Reason
from federation.messages import Flags
from federation.v1 import (
    agreement_pb2,
    attestation_pb2,
    histogram_pb2,
    incentive_pb2,
    partnership_pb2,
    renewal_pb2,
    scale_pb2,
    status_pb2,
    trust_pb2,
)
from tests.federation import incentive_strategies, strategies, wire
from tests.federation.incentives import (
    decisions,
    histogram,
    use_lease,
    use_release,
    use_request,
)
from tests.federation.lasting import Batch, renewal_request, status_list
from tests.federation.make import (
    NANJING,
    SCALES,
    ZHENGZHOU,
    agreement,
    attestation,
    bundle,
    partnership,
    request,
)

ANY = {
    TRUST_BUNDLE: strategies.trust_bundles(),
    SCORE_SCALE: strategies.score_scales(),
    AGREEMENT: incentive_strategies.agreements(),
    ATTESTATION_REQUEST: strategies.requests(),
    ATTESTATION: strategies.attestations(),
    PARTNERSHIP: strategies.partnerships(),
    STATUS_LIST: strategies.status_lists(),
    RENEWAL_REQUEST: strategies.renewal_requests(),
    ATTESTATION_BATCH: strategies.attestation_batches(),
    SCORE_HISTOGRAM: incentive_strategies.histograms(),
    DECISIONS: incentive_strategies.decisions(),
    USE_REQUEST: incentive_strategies.use_requests(),
    USE_LEASE: incentive_strategies.use_leases(),
    USE_RELEASE: incentive_strategies.use_releases(),
}
WIRE: dict[Statement[Any], type[WireMessage]] = {
    TRUST_BUNDLE: trust_pb2.TrustBundle,
    SCORE_SCALE: scale_pb2.ScoreScale,
    AGREEMENT: agreement_pb2.Agreement,
    ATTESTATION_REQUEST: attestation_pb2.AttestationRequest,
    ATTESTATION: attestation_pb2.Attestation,
    PARTNERSHIP: partnership_pb2.Partnership,
    STATUS_LIST: status_pb2.StatusList,
    RENEWAL_REQUEST: renewal_pb2.RenewalRequest,
    ATTESTATION_BATCH: renewal_pb2.AttestationBatch,
    SCORE_HISTOGRAM: histogram_pb2.ScoreHistogram,
    DECISIONS: incentive_pb2.Decisions,
    USE_REQUEST: incentive_pb2.UseRequest,
    USE_LEASE: incentive_pb2.UseLease,
    USE_RELEASE: incentive_pb2.UseRelease,
}
GOOD: dict[Statement[Any], bytes] = {
    TRUST_BUNDLE: TRUST_BUNDLE.encode(bundle(ZHENGZHOU)),
    SCORE_SCALE: SCORE_SCALE.encode(SCALES[ZHENGZHOU]),
    AGREEMENT: AGREEMENT.encode(agreement()),
    ATTESTATION_REQUEST: ATTESTATION_REQUEST.encode(request()),
    ATTESTATION: ATTESTATION.encode(attestation()),
    PARTNERSHIP: PARTNERSHIP.encode(partnership()),
    STATUS_LIST: STATUS_LIST.encode(status_list()),
    RENEWAL_REQUEST: RENEWAL_REQUEST.encode(renewal_request()),
    ATTESTATION_BATCH: ATTESTATION_BATCH.encode(Batch().message),
    SCORE_HISTOGRAM: SCORE_HISTOGRAM.encode(histogram()),
    DECISIONS: DECISIONS.encode(decisions()),
    USE_REQUEST: USE_REQUEST.encode(use_request()),
    USE_LEASE: USE_LEASE.encode(use_lease()),
    USE_RELEASE: USE_RELEASE.encode(use_release()),
}
LABELS = [statement.label for statement in STATEMENTS]
every_kind = pytest.mark.parametrize("statement", STATEMENTS, ids=LABELS)


def refused(statement: Statement[Any], payload: bytes, *reasons: Reason) -> None:
    with pytest.raises(HutongError) as caught:
        statement.decode(payload)
    assert caught.value.reason in reasons


def as_sent_with(statement: Statement[Any], message: Any, payload: bytes) -> bytes:  # noqa: ANN401 - of any kind
    """The message's encoding; the bits of a status list as they were compressed in `payload`.

    Not every compressor makes the same bytes of them, so none of them is the one encoding.
    """
    found = statement.encode(message)
    if statement is STATUS_LIST:
        made, sent = status_pb2.StatusList.FromString(found), status_pb2.StatusList()
        sent.ParseFromString(payload)
        made.bits = sent.bits
        found = made.SerializeToString(deterministic=True)
    return found


def test_every_kind_is_tested() -> None:
    assert set(STATEMENTS) == set(ANY) == set(WIRE) == set(GOOD)


@every_kind
@given(data=st.data())
def test_a_statement_comes_back_from_its_bytes(
    statement: Statement[Any], data: st.DataObject
) -> None:
    message = data.draw(ANY[statement])
    payload = statement.encode(message)
    assert statement.decode(payload) == message
    assert statement.encode(statement.decode(payload)) == payload


@every_kind
@given(data=st.binary(max_size=400))
def test_garbage_is_refused_with_an_error_of_ours(statement: Statement[Any], data: bytes) -> None:
    refused(statement, data, MALFORMED, NOT_CANONICAL)


@every_kind
@given(data=st.data())
def test_damaged_bytes_are_refused_or_are_the_one_encoding_of_what_they_say(
    statement: Statement[Any], data: st.DataObject
) -> None:
    payload = bytearray(GOOD[statement])
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = statement.decode(bytes(payload))
    except HutongError:
        return
    assert as_sent_with(statement, message, bytes(payload)) == payload


@every_kind
@given(data=st.data())
def test_fields_left_out_or_doubled_or_swapped_are_refused_or_mean_what_they_encode(
    statement: Statement[Any], data: st.DataObject
) -> None:
    parts = [raw for _, raw, _ in wire.split(GOOD[statement])]
    payload = b"".join(data.draw(st.lists(st.sampled_from(parts), max_size=len(parts) + 2)))
    try:
        message = statement.decode(payload)
    except HutongError:
        return
    assert as_sent_with(statement, message, payload) == payload


HIDDEN = {
    "a text": wire.UNKNOWN,
    "a varint": wire.varint(100 << 3) + b"\x01",
    "a fixed64": wire.varint(100 << 3 | 1) + bytes(8),
    "a fixed32": wire.varint(100 << 3 | 5) + bytes(4),
    "a group": wire.varint(100 << 3 | 3) + wire.varint(100 << 3 | 4),
    "a nested secret": wire.field(536_870_911, wire.field(1, b"hidden")),
}


@every_kind
@pytest.mark.parametrize("hidden", HIDDEN)
def test_no_unknown_field_hides_at_any_depth(statement: Statement[Any], hidden: str) -> None:
    places = list(wire.hidden_at_every_depth(WIRE[statement], GOOD[statement], HIDDEN[hidden]))
    assert len(places) > 2
    for _, payload in places:
        refused(statement, payload, NOT_CANONICAL)


def test_the_depths_where_something_could_hide_are_all_tried() -> None:
    found = {
        place
        for statement in STATEMENTS
        for place, _ in wire.hidden_at_every_depth(WIRE[statement], GOOD[statement])
    }
    assert {
        "TrustBundle.PublicKey.Timestamp",
        "ScoreScale.Band.Bound",
        "Agreement.Mapping.BandTable.BandRow",
        "AttestationRequest.StatementHeader.Timestamp",
        "Attestation.Claim.BandClaim",
        "Attestation.ScaleReference",
        "Partnership.AgreementStanding.Timestamp",
    } <= found


@every_kind
def test_a_field_cannot_come_twice_nor_out_of_order(statement: Statement[Any]) -> None:
    parts = wire.split(GOOD[statement])
    for number, raw, _ in parts:
        if not getattr(WIRE[statement].DESCRIPTOR.fields_by_number[number], "is_repeated"):  # noqa: B009 - the stubs lack it
            refused(statement, GOOD[statement] + raw, NOT_CANONICAL)
    reordered = b"".join(raw for _, raw, _ in (*parts[1:], parts[0]))
    refused(statement, reordered, NOT_CANONICAL)


@every_kind
def test_a_length_or_number_cannot_be_longer_than_it_needs(statement: Statement[Any]) -> None:
    first, *rest = wire.split(GOOD[statement])
    tail = b"".join(raw for _, raw, _ in rest)
    tag = wire.varint(first[0] << 3 | 2)
    size, content = len(first[2]), first[2]
    over = tag + wire.varint(size, longer_by=1) + content + tail
    refused(statement, over, NOT_CANONICAL)
    over = wire.varint(first[0] << 3 | 2, longer_by=1) + wire.varint(size) + content + tail
    refused(statement, over, NOT_CANONICAL)


def test_a_default_cannot_be_spelled_out() -> None:
    assert SCORE_SCALE.decode(GOOD[SCORE_SCALE]).illustrative is False
    refused(SCORE_SCALE, GOOD[SCORE_SCALE] + b"\x58\x00", NOT_CANONICAL)


@every_kind
def test_an_empty_payload_is_no_statement(statement: Statement[Any]) -> None:
    refused(statement, b"", MALFORMED)


@every_kind
def test_a_payload_of_another_kind_is_refused(statement: Statement[Any]) -> None:
    for other in STATEMENTS:
        if other is not statement:
            refused(statement, GOOD[other], MALFORMED, NOT_CANONICAL)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.ClearField("as_of"),
        lambda w: w.ClearField("header"),
        lambda w: w.header.ClearField("issued_at"),
        lambda w: w.header.ClearField("expires_at"),
        lambda w: w.ClearField("claim"),
        lambda w: w.claim.ClearField("band"),
        lambda w: w.ClearField("scale"),
        lambda w: w.ClearField("scenarios"),
        lambda w: w.ClearField("pseudonym"),
        lambda w: setattr(w.as_of, "nanos", 1),
        lambda w: setattr(w.as_of, "nanos", -1000),
        lambda w: setattr(w.as_of, "nanos", 10**9),
        lambda w: setattr(w.as_of, "seconds", -1),
        lambda w: setattr(w.as_of, "seconds", 253_402_300_800),
        lambda w: setattr(w.header, "statement_id", w.header.statement_id.upper()),
        lambda w: setattr(w.header, "issuer", "0101"),
        lambda w: w.header.audience.append("110000"),
        lambda w: w.claim.commendations.append("blood-donor"),
    ],
)
def test_an_attestation_with_an_impossible_field_is_malformed(
    change: Callable[[Any], object],
) -> None:
    found = attestation_to_wire(attestation())
    change(found)
    refused(ATTESTATION, found.SerializeToString(deterministic=True), MALFORMED)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.ClearField("valid_from"),
        lambda w: w.ClearField("valid_until"),
        lambda w: w.ClearField("status_freshness"),
        lambda w: w.ClearField("disclosure_limit"),
        lambda w: setattr(w, "disclosure_limit", 4),
        lambda w: w.parties.append("999999"),
        lambda w: w.mappings.pop(),
        lambda w: w.mappings[0].ClearField("band_table"),
        lambda w: setattr(w.attestation_lifetime, "seconds", -1),
        lambda w: setattr(w.attestation_lifetime, "nanos", 1),
        lambda w: setattr(w.attestation_lifetime, "seconds", 31 * 86_400),
    ],
)
def test_an_agreement_with_an_impossible_field_is_malformed(
    change: Callable[[Any], object],
) -> None:
    found = agreement_to_wire(agreement())
    change(found)
    refused(AGREEMENT, found.SerializeToString(deterministic=True), MALFORMED)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.root_keys[0].ClearField("not_before"),
        lambda w: w.root_keys[0].ClearField("not_after"),
        lambda w: setattr(w.root_keys[0], "suite", 0),
        lambda w: setattr(w.root_keys[0], "suite", 7),
        lambda w: setattr(w.root_keys[0], "public_key", bytes(32)),
        lambda w: w.signing_keys.append(w.root_keys[0]),
        lambda w: setattr(w, "root_threshold", 0),
        lambda w: setattr(w, "root_threshold", 2),
        lambda w: setattr(w, "sequence", 0),
        lambda w: setattr(w.endpoints[0], "port", 65_536),
        lambda w: w.tls_certificates.append(bytes(4097)),
        lambda w: w.ClearField("refresh_hint"),
    ],
)
def test_a_trust_bundle_with_an_impossible_field_is_malformed(
    change: Callable[[Any], object],
) -> None:
    found = bundle_to_wire(bundle(ZHENGZHOU))
    change(found)
    refused(TRUST_BUNDLE, found.SerializeToString(deterministic=True), MALFORMED)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.ClearField("header"),
        lambda w: w.header.ClearField("audience"),
        lambda w: w.header.audience.append(NANJING),
        lambda w: setattr(w, "sequence", 0),
        lambda w: setattr(w.agreements[0], "agreement_id", "another"),
        lambda w: setattr(w.agreements[0], "version", 0),
        lambda w: setattr(w.agreements[0].ends_at, "nanos", 1),
        lambda w: setattr(w.agreements[0].ends_at, "seconds", -1),
        lambda w: w.agreements.append(w.agreements[1]),
        lambda w: w.agreements.reverse(),
        lambda w: w.agreements.extend([w.agreements[1]] * limits.PARTNERSHIP_AGREEMENTS),
    ],
)
def test_a_partnership_with_an_impossible_field_is_malformed(
    change: Callable[[Any], object],
) -> None:
    found = partnership_to_wire(partnership())
    change(found)
    refused(PARTNERSHIP, found.SerializeToString(deterministic=True), MALFORMED)


def test_each_flag_of_a_partnership_has_a_field_of_its_own() -> None:
    for name in ("approved", "tested", "suspended", "ended"):
        said = partnership(flags=Flags(**{name: True}))
        assert PARTNERSHIP.decode(PARTNERSHIP.encode(said)) == said
        shown = partnership_to_wire(said)
        assert [n for n in ("approved", "tested", "suspended", "ended") if getattr(shown, n)] == [
            name
        ]


def test_a_partnership_that_says_nothing_yet_comes_back() -> None:
    said = replace(partnership(1, Flags()), agreements=())
    assert PARTNERSHIP.decode(PARTNERSHIP.encode(said)) == said


def test_a_categorical_scale_comes_back_without_a_range() -> None:
    scale = SCORE_SCALE.decode(SCORE_SCALE.encode(SCALES[NANJING]))
    assert (scale.minimum_milli, scale.maximum_milli) == (None, None)
    assert scale == SCALES[NANJING]
