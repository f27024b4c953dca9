"""Agreements as operators read them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration

from federation.codec import instant_to_wire
from federation.methods import Concordance, LinearMapping
from node.services.agreement_moves import Condition
from node.services.agreement_view import AgreementView, Party, Table
from node.v1 import operator_service_pb2 as pb

_MILLI: Final = 1000
_STATES: Final = {
    Condition.PROPOSED_HERE: pb.AGREEMENT_STATE_PROPOSED_HERE,
    Condition.PROPOSED_THERE: pb.AGREEMENT_STATE_PROPOSED_THERE,
    Condition.ACTIVE: pb.AGREEMENT_STATE_ACTIVE,
    Condition.SUSPENDED: pb.AGREEMENT_STATE_SUSPENDED,
    Condition.NEEDS_MAPPING: pb.AGREEMENT_STATE_NEEDS_MAPPING,
    Condition.ENDED: pb.AGREEMENT_STATE_ENDED,
    Condition.REPLACED: pb.AGREEMENT_STATE_REPLACED,
    Condition.WITHDRAWN: pb.AGREEMENT_STATE_WITHDRAWN,
}


def agreement_to_wire(view: AgreementView) -> pb.Agreement:
    """One version of an agreement, as this city sees it."""
    stored, agreement = view.stored, view.stored.agreement
    wire = pb.Agreement(
        agreement_id=agreement.agreement_id,
        version=agreement.version,
        partner_city=view.partner,
        state=_STATES[view.condition],
        scenarios=agreement.scenarios,
        disclosure_limit=agreement.disclosure_limit.name,
        attestation_lifetime=_duration(agreement.attestation_lifetime),
        status_freshness=_duration(agreement.status_freshness),
        legal_basis=agreement.legal_basis,
        privacy_assessment=agreement.privacy_assessment,
        valid_from=instant_to_wire(agreement.valid_from),
        valid_until=instant_to_wire(agreement.valid_until),
        mapping=_rows(view),
        suspended_here=stored.suspended_here,
        suspended_there=stored.suspended_there,
        needs_mapping=view.needs_mapping,
        ended_tables=view.ended_tables,
        state_reason=stored.state_reason,
        moves=[move.value for move in view.moves],
        commendations=agreement.commendations,
        proposed_by=agreement.header.issuer,
        proposed_at=instant_to_wire(agreement.header.issued_at),
        parties=[_party(party) for party in view.parties],
        tables=[_table(table) for table in view.tables],
    )
    if agreement.notice:
        wire.notice.CopyFrom(_duration(agreement.notice))
    if agreement.offline_grace:
        wire.offline_grace.CopyFrom(_duration(agreement.offline_grace))
    if stored.ends_here:
        wire.ends_here.CopyFrom(instant_to_wire(stored.ends_here))
    if stored.ends_there:
        wire.ends_there.CopyFrom(instant_to_wire(stored.ends_there))
    return wire


def _rows(view: AgreementView) -> Iterator[pb.MappingRow]:
    for table in view.tables:
        for reading in table.readings:
            if reading.host:
                yield pb.MappingRow(
                    home_city=table.home,
                    home_band=reading.home.band_id,
                    host_city=table.host,
                    host_band=reading.host.band_id,
                )


def _party(party: Party) -> pb.AgreementParty:
    return pb.AgreementParty(
        city=party.city,
        name_zh=party.name_zh,
        name_en=party.name_en,
        scale_id=party.scale.scale_id,
        scale_version=party.scale.version,
        newest_scale_version=party.newest_scale,
    )


def _table(table: Table) -> pb.MappingTable:
    wire = pb.MappingTable(
        method="band_table",
        home_city=table.home,
        host_city=table.host,
        bands=[
            pb.BandReading(
                home_band=reading.home.band_id,
                home_name_zh=reading.home.name_zh,
                home_name_en=reading.home.name_en,
                host_band=reading.host.band_id if reading.host else "",
                host_name_zh=reading.host.name_zh if reading.host else "",
                host_name_en=reading.host.name_en if reading.host else "",
                is_line=reading.is_line,
            )
            for reading in table.readings
        ],
    )
    match table.method:
        case LinearMapping():
            wire.method, wire.source = "linear", table.method.source
            wire.formula = _formula(table.method)
        case Concordance():
            wire.MergeFrom(_concordance(table.method))
    return wire


def _formula(linear: LinearMapping) -> str:
    """The line in points, in signs that need no language."""
    rise = f"{_points(linear.host_spread_milli)} / {_points(linear.home_spread_milli)}"
    line = f"{_points(linear.host_mean_milli)} + {rise} * (x - {_points(linear.home_mean_milli)})"
    return f"{line}, {_points(linear.lowest_milli)} <= x <= {_points(linear.highest_milli)}"


def _concordance(table: Concordance) -> pb.MappingTable:
    return pb.MappingTable(
        method="concordance",
        degree=table.degree,
        valid_until=instant_to_wire(table.valid_until),
        home_histogram=table.home_histogram,
        host_histogram=table.host_histogram,
        points=[
            pb.ScorePoint(
                home_score=point.home_milli / _MILLI,
                host_score=point.host_milli / _MILLI,
                error=point.error_milli / _MILLI,
            )
            for point in table.points
        ],
    )


def _points(milli: int) -> str:
    return f"{milli / _MILLI:.3f}".rstrip("0").rstrip(".")


def _duration(span: timedelta) -> Duration:
    return Duration(seconds=int(span.total_seconds()))
