"""What is begun at one process of a city and goes on at another: an invitation, and a trial."""

import contextlib
import itertools
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from federation.errors import HutongError
from scripts.cities import Cities, City, free_ports, new_id
from tests.scenarios.stage import beside, eventually
from tests.scenarios.test_trial import ACTIVE, approve, state

pytestmark = pytest.mark.all


class Spread(socketserver.ThreadingTCPServer):
    """One address before several ports: each new connection leads to the next."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, behind: tuple[int, ...]) -> None:
        self.turns = itertools.cycle(behind)
        self.led = dict.fromkeys(behind, 0)
        super().__init__(("127.0.0.1", port), Through)


class Through(socketserver.BaseRequestHandler):
    """One connection."""

    server: Spread

    def handle(self) -> None:
        port = next(self.server.turns)
        self.server.led[port] += 1
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)) as there,
        ):
            back = threading.Thread(target=pump, args=(there, self.request), daemon=True)
            back.start()
            pump(self.request, there)
            back.join()


def pump(one: Any, other: Any) -> None:  # noqa: ANN401 - sockets, as the base has them
    """Carry what comes, until one end closes."""
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for each in (one, other):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


Processes = tuple[City, City, City]


@pytest.fixture
def processes(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Processes]:
    """Two processes of one city behind one address, and another city."""
    with Cities(tmp_path, ("410100", "330100")) as cities:
        one, partner = cities
        one.init(new_database())
        partner.init()
        address, [one.peer_port] = one.peer_port, free_ports(1)
        text = one.settings.read_text("utf-8")
        one.settings.write_text(text.replace(f":{address}", f":{one.peer_port}"), "utf-8")
        other = beside(one, tmp_path / "other")
        with Spread(address, (one.peer_port, other.peer_port)) as spread:
            threading.Thread(target=spread.serve_forever, daemon=True).start()
            try:
                for city in (one, partner, other):
                    city.start()
                for city in (one, partner, other):
                    city.wait()
                for city in (one, partner):
                    city.load_rules()
                yield one, other, partner
                # Else nothing was tried.
                assert all(spread.led.values())
            finally:
                other.stop()
                spread.shutdown()


def joins(partner: City, code: str, door: City) -> bool:
    """Whether a city comes in by the door of that process."""
    address = f"127.0.0.1:{door.onboarding_port}"
    with contextlib.suppress(HutongError):
        partner.operator("JoinPartner", request_id=new_id(), code=code, address=address)
        return True
    return False


def test_a_city_that_one_process_invited_joins_and_is_tried_at_any(processes: Processes) -> None:
    one, other, partner = processes
    invited = one.operator("InvitePartner", request_id=new_id(), city=partner.about.code)
    assert eventually(lambda: joins(partner, invited["code_zh"], other))
    approve(one, partner)
    approve(partner, one)
    # The partner's line leads to one of the two, and each of them begins.
    for begins, tried in ((one, partner), (other, partner), (partner, one), (one, partner)):
        steps = begins.operator("TestPartner", city=tried.about.code)["steps"]
        assert [step["passed"] for step in steps] == [True] * 8, begins.directory.name
    assert eventually(lambda: {state(one, partner), state(partner, other)} == {ACTIVE})
