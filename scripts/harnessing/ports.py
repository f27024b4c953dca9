"""Ports for processes that are started again and again.

They lie below those that the kernel gives to connections: a port that was free when it was chosen
is not somebody's connection when its process comes back.
"""

import contextlib
import random
import socket
from pathlib import Path
from typing import Final

_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LEAST: Final = 10_000
_USUAL: Final = 32_768


def steady_ports(count: int) -> list[int]:
    """So many ports of loopback that nobody listens on now."""
    places = list(range(_LEAST, _first_given()))
    random.shuffle(places)
    with contextlib.ExitStack() as stack:
        found = list[int]()
        for port in places:
            if len(found) == count:
                return found
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    raise OSError(f"fewer than {count} ports are free")


def _first_given() -> int:
    try:
        return max(int(_RANGE.read_text("ascii").split()[0]), _LEAST + 1000)
    except (OSError, ValueError):
        return _USUAL
