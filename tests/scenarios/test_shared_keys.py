"""Two processes of one city over one key folder: what one publishes, the other uses."""

import hashlib
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.certificates import pem_to_der
from node.errors import KEYS_CHANGED, STATE_REFUSED
from scripts.cities import Answer, City, new_id
from tests.scenarios.stage import eventually, two_processes

pytestmark = pytest.mark.all


@pytest.fixture
def both(new_database: Callable[[], str], tmp_path: Path) -> Iterator[tuple[City, City]]:
    with two_processes(new_database(), tmp_path) as found:
        yield found


def presented(city: City) -> str:
    found = ssl.get_server_certificate(("127.0.0.1", city.peer_port))
    return hashlib.sha256(pem_to_der(found.encode())).hexdigest()


def keys(city: City) -> list[Answer]:
    found: list[Answer] = city.operator("GetKeys")["key_set"]["keys"]
    return found


def rotate(city: City) -> str:
    """Rotate at once; "" or why not."""
    try:
        city.operator(
            "RotateKeys", request_id=new_id(), signing=True, tls=True, lead="2s", overlap="5s"
        )
    except HutongError as error:
        return error.reason.name
    return ""


def test_what_one_process_publishes_both_use_from_the_same_instant(both: tuple[City, City]) -> None:
    one, other = both
    before = presented(one)
    assert presented(other) == before
    assert rotate(one) == ""
    assert eventually(lambda: keys(other) == keys(one) and presented(one) != before)
    assert eventually(lambda: presented(other) == presented(one))
    [current] = [k["key"] for k in keys(one) if k["use"] == "KEY_USE_SIGNING"][-1:]
    other.operator("RevokeKey", request_id=new_id(), key=current, reason="a test")
    assert eventually(lambda: keys(other) == keys(one))
    assert "KEY_STATE_REVOKED" in {k["state"] for k in keys(one)}
    for city in both:
        assert not [k for k in keys(city) if k["key"] == current and "CURRENT" in k["state"]]


def test_of_two_operators_at_two_processes_one_rotates(both: tuple[City, City]) -> None:
    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(rotate, both))
    assert said[0] == ""
    assert said[1] in {KEYS_CHANGED.name, STATE_REFUSED.name}
    assert len([k for k in keys(both[0]) if k["use"] == "KEY_USE_SIGNING"]) == 2
