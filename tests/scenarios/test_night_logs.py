"""A night in which everything fails: few lines, each with what, where, and what to type."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from federation.errors import HutongError
from node import limits
from node.errors import ROLE_REFUSED
from node.model import Role
from scripts.cities import Cities, City, agree, befriend, new_id
from tests.node.typed import parsed
from tests.scenarios.stage import (
    ENDS,
    SCENARIO,
    check,
    enrolled,
    eventually,
    lines,
    of_standing,
)

pytestmark = pytest.mark.all

FLOOD = 300
HOST = "330100"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city whose partner died, at which a venue knocked, and whose store was locked."""
    with Cities(tmp_path_factory.mktemp("night"), ("410100", HOST)) as cities:
        home, host = cities["zhengzhou"], cities["hangzhou"]
        cities.start()
        for city in cities:
            city.load_rules()
        befriend(home, host)
        agree(host, home)
        visitor = of_standing(enrolled(home), "excellent")[0]
        consent = home.consent(visitor, HOST, [SCENARIO], ENDS)
        check(host, home.code(visitor, consent))
        host.kill()
        home.resident(
            "WithdrawConsent", request_id=new_id(), resident_id=visitor, consent_id=consent
        )
        _knock(home)
        _lock(home)
        assert eventually(lambda: len(told(home, "status_not_delivered")) > 1)
        assert home.stop() == 0
        yield home


def _knock(home: City) -> None:
    client = home.client(Role.VENUE, "library")
    for _ in range(FLOOD):
        with pytest.raises(HutongError) as refused:
            client.call("OperatorService/GetDescriptor", {})
        assert refused.value.reason == ROLE_REFUSED


def _lock(home: City) -> None:
    """Hold the store's lock until the node has said that it cannot write."""
    store = sqlite3.connect(home.directory / "hutong.sqlite", isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    try:
        assert eventually(lambda: bool(told(home, "periodic_work_failed")))
    finally:
        store.execute("ROLLBACK")
        store.close()


def told(city: City, event: str) -> list[dict[str, Any]]:
    return [line for line in lines(city) if line["event"] == event]


def test_a_flood_of_refused_calls_is_a_few_lines_and_a_count(night: City) -> None:
    refused = [x for x in told(night, "served") if x["reason"] == "ROLE_REFUSED"]
    assert len(refused) < limits.LOG_REFUSALS + 5
    assert sum(line.get("again", 1) for line in refused) == FLOOD
    assert {(line["caller"], line["method"]) for line in refused} == {
        ("venue/library", "GetDescriptor")
    }


def test_a_partner_that_is_gone_is_told_with_where_and_what_to_type(night: City) -> None:
    failed = told(night, "status_not_delivered")
    assert {line["partner"] for line in failed} == {HOST}
    assert {line["next"] for line in failed} == {f"hutong partner sync {HOST}"}
    assert {line["problem"] for line in failed} <= {"no connection", "no answer in time"}
    # Of each level the first, and then counts; the third failure is the first that warns.
    firsts = Counter(line["level"] for line in failed if "again" not in line)
    assert firsts["info"] == 1
    assert firsts["warning"] <= 1
    assert all("request_id" in line for line in failed if "again" not in line)


def test_a_store_that_cannot_be_written_is_told_once_for_each_work(night: City) -> None:
    failed = [x for x in told(night, "periodic_work_failed") if "again" not in x]
    assert {line["reason"] for line in failed} == {"STORE_UNAVAILABLE"}
    assert {line["problem"] for line in failed} == {"another process holds its lock"}
    assert set(Counter(line["work"] for line in failed).values()) == {1}


def test_every_line_of_the_night_can_be_read_and_what_it_says_to_type_typed(night: City) -> None:
    raw = night.log.read_text("utf-8").splitlines()
    assert len(raw) == len(lines(night))
    assert all(line.isprintable() for line in raw)
    commands = {line["next"] for line in lines(night) if "next" in line}
    assert "hutong doctor" in commands
    for command in commands:
        parsed(command)
