"""Status lists, whose bits travel compressed."""

from federation import standing as m
from federation.codec.primitives import (
    duration_from_wire,
    duration_to_wire,
    header_from_wire,
    header_to_wire,
)
from federation.status_list import packed, unpacked
from federation.v1 import status_pb2


def status_list_to_wire(listed: m.StatusList) -> status_pb2.StatusList:
    """The list as it travels."""
    return status_pb2.StatusList(
        header=header_to_wire(listed.header),
        list_number=listed.list_number,
        sequence=listed.sequence,
        bits=packed(listed.bits),
        time_to_live=duration_to_wire(listed.time_to_live),
    )


def status_list_from_wire(wire: status_pb2.StatusList) -> m.StatusList:
    """The list as it came; raises MALFORMED, also for what decompresses to more than a list."""
    return m.StatusList(
        header=header_from_wire(wire.header),
        list_number=wire.list_number,
        sequence=wire.sequence,
        bits=unpacked(wire.bits),
        time_to_live=duration_from_wire(wire.time_to_live, where="time_to_live"),
    )
