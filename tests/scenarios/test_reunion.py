"""A network that was cut so long that neither city knows the other's certificate any more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cities import Cities, City, befriend, new_id
from tests.scenarios.stage import eventually

pytestmark = pytest.mark.all


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[City, City]]:
    with Cities(tmp_path, ("410100", "330100")) as made:
        made.start()
        for city in made:
            city.load_rules()
        one, other = made
        befriend(one, other)
        yield one, other


def rotate_alone(city: City, times: int) -> None:
    """New keys and certificates while nobody hears of them; the old ones count no more."""
    for _ in range(times):
        before = certificate(city)
        city.operator(
            "RotateKeys", request_id=new_id(), signing=True, tls=True, lead="0s", overlap="0s"
        )
        assert certificate(city) != before


def certificate(city: City) -> str:
    """The id of the certificate that is in use."""
    keys = city.operator("GetKeys")["key_set"]["keys"]
    [found] = [
        str(key["key"])
        for key in keys
        if (key["use"], key["state"]) == ("KEY_USE_TLS", "KEY_STATE_CURRENT")
    ]
    return found


def known(city: City, partner: City) -> int:
    """The bundle of the partner that the city believes."""
    return int(city.partner(partner)["bundle_sequence"])


def newest(city: City) -> int:
    return int(city.operator("GetKeys")["key_set"]["bundle_sequence"])


def apart(one: City, other: City, times: int) -> None:
    """Each rotates while the other is away; in the end both are there again."""
    other.stop()
    rotate_alone(one, times)
    one.stop()
    other.start()
    other.wait()
    rotate_alone(other, times)
    one.start()
    one.wait()


def test_two_cities_that_both_rotated_twice_in_a_cut_find_each_other_by_themselves(
    pair: tuple[City, City],
) -> None:
    one, other = pair
    apart(one, other, 2)
    for city, partner in ((one, other), (other, one)):
        assert eventually(lambda c=city, p=partner: known(c, p) == newest(p))  # type: ignore[misc]
    # What it is for: the whole path goes through, both ways, over the new certificates.
    tried = one.operator("TestPartner", city=other.about.code)
    assert all(step["passed"] for step in tried["steps"])


def test_a_suspension_during_the_cut_is_heard_after_it(pair: tuple[City, City]) -> None:
    one, other = pair
    other.stop()
    one.operator("SuspendPartner", request_id=new_id(), city=other.about.code, reason="a long cut")
    other.start()
    other.wait()
    assert eventually(lambda: bool(other.partner(one)["suspended_there"]))
    apart(one, other, 1)
    one.operator("ResumePartner", request_id=new_id(), city=other.about.code, reason="it is over")
    assert eventually(lambda: other.partner(one)["state"] == "PARTNER_STATE_ACTIVE")
