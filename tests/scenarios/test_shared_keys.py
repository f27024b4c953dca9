"""Two processes of one city over one key folder: what one publishes, the other uses."""

import hashlib
import re
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from federation.errors import HutongError
from node.certificates import pem_to_der
from node.errors import KEYS_CHANGED, STATE_REFUSED
from scripts.cities import Answer, Cities, City, free_ports, new_id
from tests.scenarios.stage import eventually

pytestmark = pytest.mark.all


@pytest.fixture
def both(new_database: Callable[[], str], tmp_path: Path) -> Iterator[tuple[City, City]]:
    with Cities(tmp_path, ("410100",)) as cities:
        one = cities["zhengzhou"]
        cities.start({"zhengzhou": new_database()})
        other = beside(one, tmp_path / "beside")
        other.start()
        other.wait()
        try:
            yield one, other
        finally:
            other.stop()


def beside(city: City, directory: Path) -> City:
    """Another process of the same city: the same keys, and ports of its own."""
    directory.mkdir()
    peer, local, onboarding = free_ports(3)
    made = replace(
        city,
        directory=directory,
        peer_port=peer,
        local_port=local,
        onboarding_port=onboarding,
        process=None,
        clients={},
    )
    text = city.settings.read_text("utf-8")
    text = re.sub(r"(?m)^data_dir = .*$", f'data_dir = "{city.directory}"', text)
    ports = {city.peer_port: peer, city.local_port: local, city.onboarding_port: onboarding}
    for old, new in ports.items():
        text = text.replace(f":{old}", f":{new}")
    made.settings.write_text(text, "utf-8")
    return made


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
