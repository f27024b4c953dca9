"""Keys and certificates rotate under load in two cities, and no visitor notices."""

import hashlib
import itertools
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from node.certificates import pem_to_der
from scripts.cities import Answer, Cities, City, new_id
from tests.scenarios.stage import (
    ENDS,
    SCENARIO,
    check,
    enrolled,
    eventually,
    lines,
    of_standing,
    settled,
)

pytestmark = pytest.mark.all

RECOGNISED = "RECOGNITION_OUTCOME_RECOGNISED"


@dataclass(frozen=True, slots=True)
class Way:
    """A resident's way to a host, with a consent that lasts."""

    home: City
    host: City
    resident: str
    consent: str

    def go(self) -> str:
        """What a venue of the host is told."""
        code = self.home.code(self.resident, self.consent)
        return str(check(self.host, code)["outcome"])


@dataclass
class Load:
    """Visits both ways, again and again, until it is let go; `outcomes` are all that came of it."""

    ways: list[Way]
    outcomes: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, way: Way) -> None:
        while not self.over.is_set():
            self.outcomes.append(way.go())

    def __enter__(self) -> Self:
        for way in self.ways:
            # Each client is made before there are two who want it.
            self.outcomes.append(way.go())
        self._pool = ThreadPoolExecutor(2 * len(self.ways))
        self._hands: list[Future[None]] = [self._pool.submit(self.run, w) for w in self.ways * 2]
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for each in self._hands:
            each.result(60)
        self._pool.shutdown()

    def goes_on(self) -> bool:
        """Whether each hand has come some way since this was asked."""
        enough = len(self.outcomes) + 8 * len(self.ways)
        return eventually(lambda: len(self.outcomes) >= enough)


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    with settled(tmp_path_factory.mktemp("rotation"), ("410100", "330100")) as made:
        yield made


@pytest.fixture(scope="module")
def ways(cities: Cities) -> list[Way]:
    found = []
    for home, host in itertools.permutations(cities, 2):
        resident = of_standing(enrolled(home), "excellent")[0]
        consent = home.consent(resident, host.about.code, [SCENARIO], ENDS)
        found.append(Way(home, host, resident, consent))
    return found


def keys(city: City) -> list[Answer]:
    found: list[Answer] = city.operator("GetKeys")["key_set"]["keys"]
    return found


def current(city: City, use: str) -> str:
    """The id of the key that is in use."""
    [found] = [
        key["key"]
        for key in keys(city)
        if (key["use"], key["state"]) == (f"KEY_USE_{use}", "KEY_STATE_CURRENT")
    ]
    return str(found)


def states(city: City) -> set[str]:
    return {key["state"] for key in keys(city)}


def rotate(city: City, **wanted: object) -> Answer:
    given: dict[str, Any] = {"signing": True, "tls": True, "lead": "3s", "overlap": "3s"} | wanted
    return city.operator("RotateKeys", request_id=new_id(), **given)


def presented(city: City) -> str:
    """The fingerprint of the certificate that the peer port shows."""
    found = ssl.get_server_certificate(("127.0.0.1", city.peer_port))
    return hashlib.sha256(pem_to_der(found.encode())).hexdigest()


def sequence_at(city: City, partner: City) -> int:
    """The bundle of the partner that the city believes."""
    listed = city.operator("ListPartners")["partners"]
    return next(int(p["bundle_sequence"]) for p in listed if p["city"] == partner.about.code)


def believed(city: City, partner: City, sequence: int) -> bool:
    """Whether the city comes to believe that bundle of its partner."""
    return eventually(lambda: sequence_at(city, partner) == sequence)


def settled_down(city: City) -> bool:
    """Whether the new keys come to be used."""
    return eventually(lambda: "KEY_STATE_NEXT" not in states(city))


def pairs(cities: Cities) -> list[tuple[City, City]]:
    return list(itertools.permutations(cities, 2))


def test_keys_rotate_in_both_cities_under_load_and_not_one_call_fails(
    cities: Cities, ways: list[Way]
) -> None:
    before = {city.about.code: (current(city, "SIGNING"), presented(city)) for city in cities}
    with Load(ways) as load:
        for _ in range(2):
            for city in cities:
                rotate(city)
                assert "KEY_STATE_NEXT" in states(city)
            assert load.goes_on()
            for city in cities:
                assert settled_down(city)
            assert load.goes_on()
    assert set(load.outcomes) == {RECOGNISED}
    for city in cities:
        signing, shown = before[city.about.code]
        assert current(city, "SIGNING") != signing
        assert presented(city) == current(city, "TLS") != shown
    for here, there in pairs(cities):
        assert sequence_at(here, there) == 3


def test_a_revoked_key_and_a_revoked_certificate_are_replaced_at_every_partner(
    cities: Cities, ways: list[Way]
) -> None:
    for city, partner in pairs(cities):
        for use in ("SIGNING", "TLS"):
            old, known = current(city, use), sequence_at(partner, city)
            city.operator("RevokeKey", request_id=new_id(), key=old, reason="a test")
            assert current(city, use) != old
            assert believed(partner, city, known + 1)
        assert presented(city) == current(city, "TLS")
    assert {way.go() for way in ways} == {RECOGNISED}


def test_a_root_is_replaced_and_what_it_signs_is_believed(cities: Cities, ways: list[Way]) -> None:
    for city, partner in pairs(cities):
        known = sequence_at(partner, city)
        rotate(city, signing=False, tls=False, root_keys=3, root_threshold=2)
        rotate(city, signing=False, lead="1s")
        assert believed(partner, city, known + 2)
    assert {way.go() for way in ways} == {RECOGNISED}


def test_no_log_has_a_private_key(cities: Cities) -> None:
    for city in cities:
        assert "PRIVATE KEY" not in city.log.read_text("utf-8")
        assert [line for line in lines(city) if line.get("level") == "error"] == []
