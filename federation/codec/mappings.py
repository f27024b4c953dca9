"""How one city reads another's standings, as it travels in their agreement."""

from federation import messages as m
from federation import methods
from federation.codec.primitives import instant_from_wire, instant_to_wire, require
from federation.errors import MALFORMED, HutongError
from federation.identifiers import city_code, uuid_text
from federation.v1 import agreement_pb2


def mapping_to_wire(mapping: m.Mapping) -> agreement_pb2.Mapping:
    """The mapping as it travels."""
    wire = agreement_pb2.Mapping(
        home_city=mapping.home_city, host_city=mapping.host_city, line_band=mapping.line_band
    )
    match mapping.method:
        case methods.LinearMapping():
            wire.linear.CopyFrom(_linear_to_wire(mapping.method))
        case methods.Concordance():
            wire.concordance.CopyFrom(_concordance_to_wire(mapping.method))
        case _:
            wire.band_table.SetInParent()
            for row in mapping.rows:
                wire.band_table.rows.add(home_band=row.home_band, host_band=row.host_band)
    return wire


def mapping_from_wire(wire: agreement_pb2.Mapping) -> m.Mapping:
    """The mapping as it came; raises MALFORMED."""
    which = wire.WhichOneof("method")
    method: methods.Method | None = None
    if which == "linear":
        method = _linear_from_wire(wire.linear)
    elif which == "concordance":
        method = _concordance_from_wire(wire.concordance)
    elif which is None:
        raise HutongError(MALFORMED, where="mapping.method", problem="it has none")
    return m.Mapping(
        home_city=city_code(wire.home_city, where="mapping.home_city"),
        host_city=city_code(wire.host_city, where="mapping.host_city"),
        line_band=wire.line_band,
        rows=tuple(m.BandRow(r.home_band, r.host_band) for r in wire.band_table.rows),
        method=method,
    )


def _linear_to_wire(linear: methods.LinearMapping) -> agreement_pb2.LinearMapping:
    return agreement_pb2.LinearMapping(
        home_mean_milli=linear.home_mean_milli,
        home_spread_milli=linear.home_spread_milli,
        host_mean_milli=linear.host_mean_milli,
        host_spread_milli=linear.host_spread_milli,
        lowest_milli=linear.lowest_milli,
        highest_milli=linear.highest_milli,
        source=linear.source,
    )


def _linear_from_wire(wire: agreement_pb2.LinearMapping) -> methods.LinearMapping:
    return methods.LinearMapping(
        home_mean_milli=wire.home_mean_milli,
        home_spread_milli=wire.home_spread_milli,
        host_mean_milli=wire.host_mean_milli,
        host_spread_milli=wire.host_spread_milli,
        lowest_milli=wire.lowest_milli,
        highest_milli=wire.highest_milli,
        source=wire.source,
    )


def _concordance_to_wire(table: methods.Concordance) -> agreement_pb2.Concordance:
    return agreement_pb2.Concordance(
        points=[
            agreement_pb2.ConcordancePoint(
                home_milli=p.home_milli, host_milli=p.host_milli, error_milli=p.error_milli
            )
            for p in table.points
        ],
        home_histogram=table.home_histogram,
        host_histogram=table.host_histogram,
        degree=table.degree,
        valid_until=instant_to_wire(table.valid_until),
    )


def _concordance_from_wire(wire: agreement_pb2.Concordance) -> methods.Concordance:
    require(wire, "valid_until", where="concordance")
    return methods.Concordance(
        points=tuple(
            methods.ConcordancePoint(p.home_milli, p.host_milli, p.error_milli) for p in wire.points
        ),
        home_histogram=uuid_text(wire.home_histogram, where="concordance.home_histogram"),
        host_histogram=uuid_text(wire.host_histogram, where="concordance.host_histogram"),
        degree=wire.degree,
        valid_until=instant_from_wire(wire.valid_until, where="concordance.valid_until"),
    )
