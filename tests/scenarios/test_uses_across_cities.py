"""One rental at a time over three real cities: races, kills at whatever instant, a city cut off."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from federation.errors import HutongError
from federation.limits import USE_KEY_BYTES
from federation.uses import use_commitment, use_key_text
from scripts.cities import Answer, Cities, City, b64, new_id
from tests.scenarios.stage import ENDS, count, enrolled, eventually, of_standing, settled

pytestmark = pytest.mark.all

CODES = ("410100", "330100", "320500")
SHOP, RENTAL, LONG = "rental-shop", "rental.deposit_free", "rental-long-no-deposit"
KEY = bytes(range(USE_KEY_BYTES))
# Milliseconds from the request to the kill: before, amid and after the question.
INSTANTS = (0, 2, 4, 6, 8, 10, 14, 20, 40)
LIVE = "SELECT count(*) FROM use_leases WHERE resident_id = :who AND released_at IS NULL"
OWED = "SELECT count(*) FROM use_releases"
HELD = "SELECT count(*) FROM reservations WHERE state IN (1, 2) AND lease_until > :now"


@dataclass
class Renter:
    """A resident of Zhengzhou, known in every city by a pass."""

    cities: Cities
    resident: str
    passes: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> City:
        return self.cities["zhengzhou"]

    def known(self, host: City, counting: str = "USE_COUNTING_ANONYMOUS") -> None:
        consent = self.home.resident(
            "GiveConsent",
            request_id=new_id(),
            resident_id=self.resident,
            host_city=host.about.code,
            scenarios=[RENTAL],
            expires_at=ENDS,
            counting=counting,
            use_commitment=b64(use_commitment(KEY)),
        )["consent"]
        assert consent["counting"] == counting
        code = self.home.code(self.resident, consent["consent_id"])
        answer = self.check(host, presentation_code=code)
        self.passes[host.about.code] = answer["visitor_pass"]

    def check(self, host: City, **shown: str) -> Answer:
        return host.venue(
            SHOP, "CheckEligibility", request_id=new_id(), incentive_ids=[LONG], **shown
        )

    def asked(self, host: City) -> Answer:
        """A request to reserve, not sent yet."""
        shown = self.passes[host.about.code]
        [decision] = self.check(host, visitor_pass=shown)["decisions"]
        assert decision["eligible"], decision
        return {
            "request_id": new_id(),
            "decision_id": decision["decision_id"],
            "visitor_pass": shown,
            "use_key": use_key_text(KEY),
        }

    def live(self) -> int:
        return count(self.home, LIVE, who=self.resident)


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renter]:
    with settled(tmp_path_factory.mktemp("rented"), CODES) as cities:
        made = Renter(cities, of_standing(enrolled(cities["zhengzhou"]), "excellent")[0])
        for city in cities:
            made.known(city)
        yield made


def reserve(host: City, asked: Answer) -> str:
    """The reservation, or the reason of the refusal."""
    try:
        return str(host.venue(SHOP, "Reserve", **asked)["reservation"]["reservation_id"])
    except HutongError as error:
        return error.reason.name


def released(who: Renter, host: City, reservation: str) -> None:
    host.venue(SHOP, "Release", request_id=new_id(), reservation_id=reservation)
    assert eventually(lambda: who.live() == 0)
    assert eventually(lambda: count(host, OWED) == 0)


def is_id(answer: str) -> bool:
    return "-" in answer


@pytest.mark.parametrize("first", ["zhengzhou", "hangzhou", "suzhou"])
def test_one_at_a_time_whichever_city_is_first(who: Renter, first: str) -> None:
    held = reserve(who.cities[first], who.asked(who.cities[first]))
    assert is_id(held)
    for city in who.cities:
        assert reserve(city, who.asked(city)) == "USE_NOT_COUNTED"
    confirmed = who.cities[first].venue(SHOP, "Confirm", request_id=new_id(), reservation_id=held)
    assert confirmed["reservation"]["counted_until"]
    released(who, who.cities[first], held)


def test_cities_that_ask_at_once_never_hold_two(who: Renter) -> None:
    for _ in range(10):
        asked = [(city, who.asked(city)) for city in who.cities]
        found = dict[str, str]()
        gate = threading.Barrier(len(asked))

        def one(city: City, request: Answer) -> None:
            gate.wait()  # noqa: B023 - joined before the next round
            found[city.about.pinyin] = reserve(city, request)  # noqa: B023 - the same

        threads = [threading.Thread(target=one, args=each) for each in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [name for name, answer in found.items() if is_id(answer)]
        assert len(won) == 1, found
        assert who.live() == 1
        released(who, who.cities[won[0]], found[won[0]])


def test_a_home_city_that_is_off_lets_nothing_be_reserved_abroad(who: Renter) -> None:
    hosts = [who.cities["hangzhou"], who.cities["suzhou"]]
    asked = [who.asked(host) for host in hosts]
    who.home.kill()
    answers = [reserve(host, request) for host, request in zip(hosts, asked, strict=True)]
    assert answers == ["USES_UNREACHABLE"] * 2
    who.home.start()
    who.home.wait()
    answers = [reserve(host, request) for host, request in zip(hosts, asked, strict=True)]
    assert is_id(answers[0])
    assert answers[1] == "USE_NOT_COUNTED"
    who.home.kill()
    hosts[0].venue(SHOP, "Release", request_id=new_id(), reservation_id=answers[0])
    who.home.start()
    who.home.wait()
    assert who.live() <= 1
    assert eventually(lambda: who.live() == 0)


@pytest.mark.parametrize("dies", ["hangzhou", "zhengzhou"])
def test_whichever_city_is_killed_at_whatever_instant_there_is_one_or_none(
    who: Renter, dies: str
) -> None:
    host, victim = who.cities["hangzhou"], who.cities[dies]
    for milliseconds in INSTANTS:
        asked, first = who.asked(host), list[str]()

        def send(request: Answer = asked, into: list[str] = first) -> None:
            into.append(reserve(host, request))

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(milliseconds / 1000)
        victim.kill()
        sender.join()
        victim.start()
        victim.wait()
        assert who.live() <= 1
        held = reserve(host, asked)
        assert is_id(held), (milliseconds, held, first)
        assert not (first and is_id(first[0])) or first[0] == held
        assert (who.live(), count(host, HELD, now=time.time_ns() // 1000)) == (1, 1)
        released(who, host, held)
        assert count(host, HELD, now=time.time_ns() // 1000) == 0
