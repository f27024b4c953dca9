"""Histograms, decisions, and uses that are counted over all cities."""

from federation import histogram as h
from federation import incentives as m
from federation.codec.documents import reference_from_wire, reference_to_wire
from federation.codec.primitives import (
    header_from_wire,
    header_to_wire,
    instant_from_wire,
    instant_to_wire,
    require,
)
from federation.identifiers import city_code, uuid_text
from federation.v1 import histogram_pb2, incentive_pb2


def histogram_to_wire(found: h.ScoreHistogram) -> histogram_pb2.ScoreHistogram:
    """The histogram as it travels."""
    return histogram_pb2.ScoreHistogram(
        header=header_to_wire(found.header),
        scale=reference_to_wire(found.scale),
        total=found.total,
        cells=[
            histogram_pb2.HistogramCell(
                band_id=cell.band_id,
                lower_milli=cell.lower_milli,
                upper_milli=cell.upper_milli,
                count=cell.count,
            )
            for cell in found.cells
        ],
        epsilon_milli=found.epsilon_milli,
        smallest_shown=found.smallest_shown,
    )


def histogram_from_wire(wire: histogram_pb2.ScoreHistogram) -> h.ScoreHistogram:
    """The histogram as it came; raises MALFORMED."""
    return h.ScoreHistogram(
        header=header_from_wire(wire.header),
        scale=reference_from_wire(wire.scale),
        total=wire.total,
        cells=tuple(
            h.HistogramCell(c.band_id, c.lower_milli, c.upper_milli, c.count) for c in wire.cells
        ),
        epsilon_milli=wire.epsilon_milli,
        smallest_shown=wire.smallest_shown,
    )


def _decision_to_wire(decision: m.IncentiveDecision) -> incentive_pb2.IncentiveDecision:
    wire = incentive_pb2.IncentiveDecision(
        decision_id=decision.decision_id,
        incentive_id=decision.incentive_id,
        eligible=decision.eligible,
        rule=decision.rule,
        reason_zh=decision.reason_zh,
        reason_en=decision.reason_en,
        change_zh=decision.change_zh,
        change_en=decision.change_en,
    )
    if decision.offline_until is not None:
        wire.offline_until.CopyFrom(instant_to_wire(decision.offline_until))
    return wire


def _decision_from_wire(wire: incentive_pb2.IncentiveDecision) -> m.IncentiveDecision:
    offline = wire.HasField("offline_until")
    return m.IncentiveDecision(
        decision_id=uuid_text(wire.decision_id, where="decision_id") if wire.decision_id else "",
        incentive_id=wire.incentive_id,
        eligible=wire.eligible,
        rule=wire.rule,
        reason_zh=wire.reason_zh,
        reason_en=wire.reason_en,
        change_zh=wire.change_zh,
        change_en=wire.change_en,
        offline_until=(
            instant_from_wire(wire.offline_until, where="offline_until") if offline else None
        ),
    )


def decisions_to_wire(decided: m.Decisions) -> incentive_pb2.Decisions:
    """The decisions as they travel."""
    return incentive_pb2.Decisions(
        header=header_to_wire(decided.header),
        venue=decided.venue,
        holder=decided.holder,
        home_city=decided.home_city,
        band_id=decided.band_id,
        catalogue_version=decided.catalogue_version,
        catalogue_digest=decided.catalogue_digest,
        decisions=[_decision_to_wire(each) for each in decided.decisions],
    )


def decisions_from_wire(wire: incentive_pb2.Decisions) -> m.Decisions:
    """The decisions as they came; raises MALFORMED."""
    return m.Decisions(
        header=header_from_wire(wire.header),
        venue=wire.venue,
        holder=wire.holder,
        home_city=city_code(wire.home_city, where="home_city"),
        band_id=wire.band_id,
        catalogue_version=wire.catalogue_version,
        catalogue_digest=wire.catalogue_digest,
        decisions=tuple(_decision_from_wire(each) for each in wire.decisions),
    )


def use_request_to_wire(request: m.UseRequest) -> incentive_pb2.UseRequest:
    """The request as it travels."""
    return incentive_pb2.UseRequest(
        header=header_to_wire(request.header),
        agreement_id=request.agreement_id,
        agreement_version=request.agreement_version,
        pseudonym=request.pseudonym,
        label=request.label,
        use_class=request.use_class,
        most=request.most,
        until=instant_to_wire(request.until),
    )


def use_request_from_wire(wire: incentive_pb2.UseRequest) -> m.UseRequest:
    """The request as it came; raises MALFORMED."""
    require(wire, "until", where="use_request")
    return m.UseRequest(
        header=header_from_wire(wire.header),
        agreement_id=uuid_text(wire.agreement_id, where="agreement_id"),
        agreement_version=wire.agreement_version,
        pseudonym=wire.pseudonym,
        label=wire.label,
        use_class=wire.use_class,
        most=wire.most,
        until=instant_from_wire(wire.until, where="until"),
    )


def use_lease_to_wire(lease: m.UseLease) -> incentive_pb2.UseLease:
    """The lease as it travels."""
    return incentive_pb2.UseLease(
        header=header_to_wire(lease.header),
        request_id=lease.request_id,
        request_digest=lease.request_digest,
        until=instant_to_wire(lease.until),
    )


def use_lease_from_wire(wire: incentive_pb2.UseLease) -> m.UseLease:
    """The lease as it came; raises MALFORMED."""
    require(wire, "until", where="use_lease")
    return m.UseLease(
        header=header_from_wire(wire.header),
        request_id=uuid_text(wire.request_id, where="request_id"),
        request_digest=wire.request_digest,
        until=instant_from_wire(wire.until, where="until"),
    )


def use_release_to_wire(release: m.UseRelease) -> incentive_pb2.UseRelease:
    """The release as it travels."""
    return incentive_pb2.UseRelease(
        header=header_to_wire(release.header), lease_id=release.lease_id
    )


def use_release_from_wire(wire: incentive_pb2.UseRelease) -> m.UseRelease:
    """The release as it came; raises MALFORMED."""
    return m.UseRelease(
        header=header_from_wire(wire.header),
        lease_id=uuid_text(wire.lease_id, where="lease_id"),
    )
