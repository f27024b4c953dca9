"""Two processes of one city on one PostgreSQL: what one does, the other knows."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from federation.errors import HutongError
from federation.v1 import federation_service_pb2 as federation_pb
from federation.v1 import trial_service_pb2 as trial_pb
from node.errors import REQUEST_ID_REUSED
from scripts.cities import City, free_ports, new_id
from tests.node.store.least import served
from tests.scenarios.crowd import Crowd, limit_capacity, redeemed
from tests.scenarios.stage import (
    ENDS,
    SCENARIO,
    Hand,
    check,
    count,
    eventually,
    hand,
    lines,
    of_standing,
)

pytestmark = pytest.mark.all

LIMIT = 60
# More places than anybody comes to while processes die, and redemptions before each death.
MANY = 100_000
BETWEEN = 4

# Every method that a partner may call; two answer in any state, else none could be found again. An
# attestation is looked at with a whole request.
ALWAYS = {"ExchangeTrustBundles", "ExchangePartnership", "RequestAttestation"}
METHODS = [
    f"/{service.full_name}/{method.name}"
    for of in (federation_pb, trial_pb)
    for service in of.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if method.name not in ALWAYS
]
Both = tuple[City, City, Hand, dict[str, str]]


@pytest.fixture(scope="module")
def both(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    root = tmp_path_factory.mktemp("two")
    # Both have the rights of whoever serves, and no more.
    with hand(root, served(new_database())) as (hand_, residents):
        second = twin(hand_.home, root / "second")
        second.start()
        second.wait()
        try:
            yield hand_.home, second, hand_, residents
        finally:
            second.stop()


def twin(city: City, directory: Path) -> City:
    """Another process of the same city: its keys and its store, ports of its own."""
    shutil.copytree(city.directory, directory)
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
    made.log.unlink()
    text = made.settings.read_text("utf-8")
    for old, new in (
        (city.peer_port, peer),
        (city.local_port, local),
        (city.onboarding_port, onboarding),
    ):
        assert f":{old}" in text
        text = text.replace(f":{old}", f":{new}")
    made.settings.write_text(text, "utf-8")
    return made


def test_a_code_made_at_one_is_known_to_the_other(both: Both) -> None:
    one, two, hand_, residents = both
    consent = one.consent(of_standing(residents, "excellent")[0], hand_.city, [SCENARIO], ENDS)
    code = two.code(of_standing(residents, "excellent")[0], consent)
    body = hand_.question(code)
    with hand_.channel(two.peer_port) as there, hand_.channel() as here:
        first = hand_.ask(there, body)
        assert first.body
        # The same question at the other process gets the first answer; the code is used up.
        assert hand_.ask(here, body) == first
        assert hand_.ask(here, hand_.question(code)).reason == "NOT_RECOGNISED"


def test_one_request_at_both_at_once_gets_one_answer(both: Both) -> None:
    one, two, _, residents = both
    resident = of_standing(residents, "excellent")[1]
    uses = count(one, "SELECT count(*) FROM uses")
    for turn in range(8):
        consent = one.consent(resident, one.about.code, [SCENARIO], ENDS)
        code, request_id = one.code(resident, consent), new_id()
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(check, c, code, request_id=request_id) for c in (one, two)]
            answers = [each.result(60) for each in asked]
        assert answers[0] == answers[1], turn
        assert answers[0]["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"
    assert count(one, "SELECT count(*) FROM uses") == uses + 8
    with pytest.raises(HutongError) as raised:
        two.venue(
            "library",
            "CheckEligibility",
            request_id=request_id,
            presentation_code=code,
            incentive_ids=["reading-room"],
        )
    assert raised.value.reason == REQUEST_ID_REUSED


def test_a_capacity_is_never_used_more_often_by_both(both: Both) -> None:
    one, two, _, _ = both
    limit_capacity(one, LIMIT)
    assert eventually(
        lambda: any(
            each["incentive_id"] == "rental-advice"
            for each in two.venue("rental-shop", "ListIncentives")["incentives"]
        )
    )
    crowd = Crowd([one, two])
    crowd.run(8, 12)
    assert crowd.used_up == 8 * 12 - LIMIT
    kept, decisions, used = redeemed(one)
    assert len(kept) == used == LIMIT == len(set(decisions))
    assert sorted(crowd.acknowledged.values()) == sorted(kept)


def test_a_suspension_by_one_is_seen_by_the_other(both: Both) -> None:
    one, two, hand_, residents = both
    resident = of_standing(residents, "excellent")[2]
    code = one.code(resident, one.consent(resident, hand_.city, [SCENARIO], ENDS))
    with hand_.channel(two.peer_port) as open_one:
        assert hand_.ask(open_one, b"").reason == "MALFORMED"
        one.operator("SuspendPartner", request_id=new_id(), city=hand_.city, reason="a test")
        # At once: what writes looks at the store, not at what the process remembers.
        assert hand_.ask(open_one, hand_.question(code)).reason in (
            "NOT_A_PARTNER",
            "AGREEMENT_NOT_ACTIVE",
        )
        assert eventually(lambda: hand_.ask(open_one, b"").reason == "NOT_A_PARTNER")
        two.operator("ResumePartner", request_id=new_id(), city=hand_.city, reason="a test")
        assert eventually(lambda: hand_.ask(open_one, b"").reason == "MALFORMED")
        with hand_.channel() as first:
            assert eventually(lambda: bool(hand_.ask(first, hand_.question(code)).body))


def test_no_method_of_the_other_serves_a_suspended_partner_once_that_is_acknowledged(
    both: Both,
) -> None:
    one, two, hand_, _ = both
    assert len(METHODS) > 12
    served = dict[str, str]()
    with hand_.channel(two.peer_port) as open_one:
        for method in METHODS:
            assert hand_.ask(open_one, b"", method).reason != "NOT_A_PARTNER", method
            one.operator("SuspendPartner", request_id=new_id(), city=hand_.city, reason="a test")
            # The first call after it, on a connection that was open before.
            served[method] = hand_.ask(open_one, b"", method).reason
            one.operator("ResumePartner", request_id=new_id(), city=hand_.city, reason="a test")
    assert {m: reason for m, reason in served.items() if reason != "NOT_A_PARTNER"} == {}


def taken(city: City) -> int:
    """How often the process took the timed work, of those that it let go or lost less one each."""
    said = [line["event"] for line in lines(city)]
    return said.count("duty_taken") - said.count("duty_lost")


def test_timed_work_is_done_by_one_and_goes_on_when_that_one_is_killed(both: Both) -> None:
    one, two, hand_, residents = both
    assert eventually(lambda: taken(one) + taken(two) == 1)
    first, second = (one, two) if taken(one) else (two, one)
    resident = of_standing(residents, "excellent")[3]
    first.kill()
    try:
        assert second.consent(resident, hand_.city, [SCENARIO], ENDS)
        assert eventually(lambda: taken(second) == 1)
        # Checkpoints are timed work: the entry of the consent comes under one.
        entries = count(second, "SELECT max(sequence) + 1 FROM log_entries")
        assert eventually(lambda: count(second, "SELECT max(size) FROM checkpoints") >= entries)
    finally:
        first.start()
        first.wait()
    # Who comes back finds it done; and takes it at once from who leaves.
    assert (taken(first), taken(second)) == (1, 1)
    assert second.stop() == 0
    assert eventually(lambda: taken(first) == 2)
    second.start()
    second.wait()


def test_one_that_is_killed_under_load_costs_no_act_that_was_acknowledged(both: Both) -> None:
    one, two = both[:2]
    used = count(one, "SELECT count(*) FROM redemptions")
    limit_capacity(one, MANY)
    crowds = Crowd([one]), Crowd([two])
    loads = [threading.Thread(target=c.run, args=(3, 100_000), daemon=True) for c in crowds]
    for load in loads:
        load.start()

    def grown(crowd: Crowd) -> bool:
        """Whether some more were acknowledged there."""
        reached = len(crowd.acknowledged) + BETWEEN
        return eventually(lambda: len(crowd.acknowledged) >= reached)

    for dies in (0, 1):
        victim, other = (one, two)[dies], (two, one)[dies]
        assert all(grown(crowd) for crowd in crowds)
        victim.kill()
        # The other serves on alone, and has all that the dead one acknowledged.
        assert grown(crowds[1 - dies])
        acknowledged = {each for crowd in crowds for each in crowd.acknowledged.values()}
        assert acknowledged <= set(redeemed(other)[0])
        victim.start()
        victim.wait()
    for crowd, load in zip(crowds, loads, strict=True):
        crowd.ended.set()
        load.join(60)
        assert not load.is_alive()
    # Where an answer was lost, the other process knows what became of it.
    for crowd, other in zip(crowds, (two, one), strict=True):
        for request_id, decision_id in list(crowd.unsure.items()):
            crowd.redeem(other, request_id, decision_id)
    kept, decisions, counted = redeemed(one)
    acknowledged = {each for crowd in crowds for each in crowd.acknowledged.values()}
    assert acknowledged <= set(kept)
    assert len(acknowledged) == sum(len(crowd.acknowledged) for crowd in crowds)
    assert len(set(decisions)) == len(decisions)
    assert len(kept) == counted == used + len(acknowledged)
