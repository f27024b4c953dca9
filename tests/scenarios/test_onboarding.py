"""Real cities become partners while their processes are killed at each step, and go on."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pytest

from federation.errors import HutongError
from node.errors import CODE_USED, MOVE_REFUSED
from scripts.cities import Answer, Cities, City, befriend, new_id
from tests.scenarios.stage import count, eventually, lines
from tests.scenarios.test_two_processes import twin

pytestmark = pytest.mark.all

SECOND = "second"
LOOK, BEGIN, FINISH = 1, 2, 3
# More than a Begin sends, and less than a Finish with its bundle.
_FINISH_BYTES = 1400


class Hall:
    """The way to a door, connection by connection: a joiner looks, begins and finishes.

    `swallow` is the one on which no answer to a Finish comes back, `shut` the one that never
    arrives.
    """

    def __init__(self, city: City, *, swallow: int = 0, shut: int = 0) -> None:
        self._to, self._swallow, self._shut = city.onboarding_port, swallow, shut
        self.came = 0
        self._open = list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for each in self._open:
            each.close()

    def clear(self) -> None:
        """From now on the way is free."""
        self._swallow = self._shut = 0

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.came += 1
                self._open.append(near)
                if self.came == self._shut:
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    near.close()
                    continue
                self._open.append(far)
                said = threading.Event() if self.came == self._swallow else None
                for carry, one, other in ((self._go, near, far), (self._return, far, near)):
                    threading.Thread(target=carry, args=(one, other, said), daemon=True).start()

    def _go(self, one: socket.socket, other: socket.socket, said: threading.Event | None) -> None:
        with contextlib.suppress(OSError):
            other.sendall(one.recv(65536))
            after_greeting = 0
            while carried := one.recv(65536):
                after_greeting += len(carried)
                if said and after_greeting > _FINISH_BYTES:
                    said.set()
                other.sendall(carried)
        _hang_up(other)

    def _return(
        self, one: socket.socket, other: socket.socket, said: threading.Event | None
    ) -> None:
        with contextlib.suppress(OSError):
            while carried := one.recv(65536):
                if not (said and said.is_set()):
                    other.sendall(carried)
        _hang_up(other)


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    with Cities(tmp_path_factory.mktemp("onboarding"), ("410100", "330100")) as made:
        made.start()
        for city in made:
            city.load_rules()
        yield made


@pytest.fixture
def pair(cities: Cities) -> tuple[City, City]:
    """Two cities between which all is over, if there was anything."""
    one, other = cities["zhengzhou"], cities["hangzhou"]
    for city, partner in ((one, other), (other, one)):
        # It may have ended already, or have been told so just now.
        with contextlib.suppress(HutongError):
            act(city, "EndPartner", partner, reason="a new test")
        known = {p["city"]: p["state"] for p in city.operator("ListPartners")["partners"]}
        assert known.get(partner.about.code, "ENDED").endswith(("INVITED", "ENDED"))
    return one, other


@pytest.fixture
def hands() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def act(city: City, method: str, partner: City, who: str = "default", **said: str) -> Answer:
    return city.operator(method, who=who, request_id=new_id(), city=partner.about.code, **said)


def approve(city: City, partner: City, who: str = SECOND) -> Answer:
    return act(
        city,
        "ApprovePartner",
        partner,
        who,
        legal_basis="an agreement of the two cities",
        privacy_assessment="PIA-1",
    )


def join(city: City, invited: Answer, address: str) -> Answer:
    found: Answer = city.operator(
        "JoinPartner", request_id=new_id(), code=invited["code_zh"], address=address
    )["partner"]
    return found


def exchange(one: City, other: City) -> None:
    invited = act(one, "InvitePartner", other)
    join(other, invited, invited["address"])


def again(city: City) -> None:
    """The process dies as by a power cut, and is started again."""
    city.kill()
    city.start()
    city.wait()


def state(city: City, partner: City) -> str:
    return str(city.partner(partner)["state"]).removeprefix("PARTNER_STATE_")


def comes_to(one: City, other: City, *states: str) -> bool:
    """Whether both come to stand to each other so, by themselves."""
    return eventually(lambda: (state(one, other), state(other, one)) == states)


def moves(city: City, partner: City) -> list[str]:
    steps = city.operator("GetPartner", city=partner.about.code)["steps"]
    return [str(step["move"]) for step in steps]


def is_open(city: City) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", city.onboarding_port)) == 0


def lost(joining: "Future[Answer]") -> None:
    with pytest.raises(HutongError):
        joining.result(60)


def same_words(one: City, other: City) -> None:
    assert one.partner(other)["words_en"] == other.partner(one)["words_en"] != ""
    assert (state(one, other), state(other, one)) == ("EXCHANGED", "EXCHANGED")


def test_an_inviter_that_was_killed_opens_its_door_to_the_same_code(
    pair: tuple[City, City],
) -> None:
    one, other = pair
    invited = act(one, "InvitePartner", other)
    again(one)
    assert eventually(lambda: is_open(one))
    join(other, invited, invited["address"])
    same_words(one, other)
    # The door closes once the joiner speaks as a partner, which it does by itself.
    assert eventually(lambda: not is_open(one))


def test_a_joiner_that_was_killed_after_its_begin_goes_on_with_the_same_code(
    pair: tuple[City, City], hands: ThreadPoolExecutor
) -> None:
    one, other = pair
    invited = act(one, "InvitePartner", other)
    with Hall(one, shut=FINISH) as hall:
        lost_one = hands.submit(join, other, invited, hall.address)
        assert eventually(lambda: hall.came == FINISH)
        other.kill()
        lost(lost_one)
        hall.clear()
        other.start()
        other.wait()
        join(other, invited, hall.address)
    same_words(one, other)
    assert count(one, "SELECT begins FROM invitations") == 1


def test_a_joiner_that_was_killed_before_it_kept_the_answer_gets_the_same_one(
    pair: tuple[City, City], hands: ThreadPoolExecutor
) -> None:
    one, other = pair
    invited = act(one, "InvitePartner", other)
    with Hall(one, swallow=FINISH) as hall:
        lost_one = hands.submit(join, other, invited, hall.address)
        assert eventually(lambda: "exchange" in moves(one, other)[-1:])
        other.kill()
        lost(lost_one)
        hall.clear()
        other.start()
        other.wait()
        join(other, invited, hall.address)
    same_words(one, other)
    assert moves(one, other)[-1] == "exchange"
    assert count(one, "SELECT tries FROM invitations") == 1


def test_an_inviter_that_was_killed_before_it_answered_gives_the_answer_it_kept(
    pair: tuple[City, City], hands: ThreadPoolExecutor
) -> None:
    one, other = pair
    invited = act(one, "InvitePartner", other)
    with Hall(one, swallow=FINISH) as hall:
        lost_one = hands.submit(join, other, invited, hall.address)
        assert eventually(lambda: "exchange" in moves(one, other)[-1:])
        one.kill()
        lost(lost_one)
        hall.clear()
        one.start()
        one.wait()
        assert eventually(lambda: is_open(one))
        join(other, invited, hall.address)
    same_words(one, other)


def test_a_code_that_was_used_is_of_no_use_to_the_joiner_from_elsewhere(
    pair: tuple[City, City],
) -> None:
    one, other = pair
    invited = act(one, "InvitePartner", other)
    join(other, invited, invited["address"])
    with Hall(one) as hall, pytest.raises(HutongError) as found:
        join(other, invited, hall.address)
    assert found.value.reason.name in (CODE_USED.name, "DOOR_UNREACHABLE")


def test_an_approval_survives_a_kill_and_reaches_the_partner_that_was_away(
    pair: tuple[City, City],
) -> None:
    one, other = pair
    exchange(one, other)
    other.kill()
    approve(one, other)
    again(one)
    assert state(one, other) == "APPROVED_HERE"
    with pytest.raises(HutongError) as found:
        approve(one, other, "third")
    assert found.value.reason == MOVE_REFUSED
    other.start()
    other.wait()
    assert comes_to(one, other, "APPROVED_HERE", "APPROVED_THERE")
    one.kill()
    approve(other, one)
    again(other)
    one.start()
    one.wait()
    assert comes_to(one, other, "APPROVED", "APPROVED")


def test_a_suspension_that_the_partner_could_not_hear_reaches_it_after_both_were_killed(
    pair: tuple[City, City],
) -> None:
    one, other = pair
    befriend(one, other)
    other.kill()
    act(one, "SuspendPartner", other, reason="a drill")
    again(one)
    assert state(one, other) == "SUSPENDED"
    other.start()
    other.wait()
    assert comes_to(one, other, "SUSPENDED", "SUSPENDED")
    assert other.partner(one)["suspended_there"]
    act(one, "ResumePartner", other, reason="it is over")
    one.kill()
    one.start()
    one.wait()
    assert comes_to(one, other, "ACTIVE", "ACTIVE")


@pytest.mark.parametrize("calls", [1, 6, 12])
def test_a_trial_in_which_a_partner_is_killed_is_run_again_and_comes_to_its_end(
    pair: tuple[City, City], hands: ThreadPoolExecutor, calls: int
) -> None:
    one, other = pair
    exchange(one, other)
    for city, partner in ((one, other), (other, one)):
        approve(city, partner)
    assert comes_to(one, other, "APPROVED", "APPROVED")
    seen = trial_calls(other)
    tried = hands.submit(one.operator, "TestPartner", city=other.about.code)
    assert eventually(lambda: trial_calls(other) >= seen + calls or tried.done())
    other.kill()
    with contextlib.suppress(HutongError):
        tried.result(60)
    other.start()
    other.wait()
    assert eventually(lambda: passes(one, other))
    assert comes_to(one, other, "ACTIVE", "ACTIVE")


def trial_calls(city: City) -> int:
    return sum("Trial" in str(line.get("method")) for line in lines(city))


def passes(one: City, other: City) -> bool:
    """Whether a trial passes now."""
    try:
        tried = one.operator("TestPartner", city=other.about.code)
    except HutongError:
        return False
    return all(step["passed"] for step in tried["steps"])


def test_an_end_reaches_the_partner_and_both_come_to_rest(pair: tuple[City, City]) -> None:
    one, other = pair
    befriend(one, other)
    other.kill()
    act(one, "EndPartner", other, reason="a new law")
    again(one)
    other.start()
    other.wait()
    assert comes_to(one, other, "ENDED", "ENDED")
    befriend(one, other)
    assert comes_to(one, other, "ACTIVE", "ACTIVE")


@pytest.fixture
def twins(new_database: Callable[[], str], tmp_path: Path) -> Iterator[tuple[City, City, City]]:
    """Two processes of Zhengzhou on one PostgreSQL, and Hangzhou."""
    with Cities(tmp_path / "twins", ("410100", "330100")) as made:
        one, other = made["zhengzhou"], made["hangzhou"]
        made.start({"zhengzhou": new_database()})
        second = twin(one, tmp_path / "second")
        second.start()
        second.wait()
        try:
            yield one, second, other
        finally:
            second.stop()


def test_two_operators_at_two_processes_at_the_same_instant_are_one_approval(
    twins: tuple[City, City, City], hands: ThreadPoolExecutor
) -> None:
    one, second, other = twins
    exchange(one, other)
    assert state(second, other) == "EXCHANGED"
    for number, process in enumerate((one, second)):
        process.operator("GetDescriptor", who=f"op-{number}")
    together = threading.Barrier(2)

    def rush(number: int) -> str:
        together.wait(30)
        try:
            approve((one, second)[number], other, f"op-{number}")
        except HutongError as error:
            return error.reason.name
        return "approved"

    found = sorted(hands.map(rush, range(2)))
    assert found == [MOVE_REFUSED.name, "approved"]
    assert moves(one, other).count("approve") == 1
    assert comes_to(one, other, "APPROVED_HERE", "APPROVED_THERE")
    assert state(second, other) == "APPROVED_HERE"
