"""Renewals as an operator runs them and reads what came of it, at a node in this process."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.identifiers import uuid7
from node.cli import exits
from node.cli.calling import Node
from node.model import StoredRecognition
from node.ports import Transaction
from tests.node.cli.conftest import Ran, Run
from tests.node.transport.house import HERE, House


@pytest.fixture
def due(house: House) -> Iterator[None]:
    """Three own residents whom nobody knows any more, and one for what is offered no more."""
    made = [known(scenario) for scenario in ("library.deposit_free",) * 3 + ("no.such",)]

    def put(tx: Transaction) -> None:
        for each in made:
            tx.recognitions.put(each)

    def end(tx: Transaction) -> None:
        for each in made:
            tx.recognitions.end(each.recognition_id, datetime.now(UTC))

    house.act(put)
    yield
    house.act(end)


def known(scenario: str) -> StoredRecognition:
    now = datetime.now(UTC)
    return StoredRecognition(
        recognition_id=uuid7(now, secrets.token_bytes(10)),
        pass_digest=secrets.token_bytes(32),
        home=HERE,
        pseudonym=secrets.token_bytes(32),
        band_id="excellent",
        commendations=(),
        scenarios=(scenario,),
        agreement_id=uuid7(now, secrets.token_bytes(10)),
        agreement_version=1,
        attestation_id=uuid7(now, secrets.token_bytes(10)),
        status_index=1,
        checked_at=now - timedelta(hours=23),
        expires_at=now + timedelta(hours=1),
    )


def at(run: Run, house: House, *arguments: object) -> Ran:
    return run("--settings", house.directory / "hutong.toml", *arguments)


def test_where_nothing_is_due_it_says_so(run: Run, house: House) -> None:
    ran = at(run, house, "renewal", "run")
    assert (ran.code, ran.out.strip()) == (exits.DONE, "No recognition is to be renewed now.")
    assert "没有需要续期的认定" in at(run, house, "--lang", "zh", "renewal", "run").out


@pytest.mark.usefixtures("due")
def test_it_says_how_many_were_renewed_ended_and_left_and_why(run: Run, house: House) -> None:
    before = at(run, house, "--json", "renewal", "status").json["cities"]
    assert before == [{"home_city": HERE, "standing": "4", "due": "4"}]
    shown = at(run, house, "renewal", "status").out
    assert "Standing" in shown
    assert HERE in shown
    ran = at(run, house, "renewal", "run")
    assert ran.code == exits.REFUSED
    assert [line.split()[-1] for line in ran.out.splitlines()[:4]] == ["4", "0", "3", "1"]
    assert "1 could not be renewed; the first because:" in ran.out
    again = at(run, house, "--json", "renewal", "run")
    assert (again.code, again.json["total"], again.json["failed"]) == (exits.REFUSED, "1", "1")
    assert again.json["done"]
    assert "不符" in again.json["problem_zh"]
    zh = at(run, house, "--lang", "zh", "renewal", "run")
    assert "保持原状" in zh.out
    assert at(run, house, "--json", "renewal", "status").json["cities"][0]["standing"] == "1"


def test_a_city_that_is_no_partner_is_refused_by_name(run: Run, house: House) -> None:
    ran = at(run, house, "renewal", "run", "hangzhou")
    assert ran.code == exits.NOT_ALLOWED
    assert "330100 is no active partner" in ran.err
    assert at(run, house, "renewal", "run", "atlantis").code == exits.USAGE


def test_one_who_presses_ctrl_c_is_told_how_to_go_on(
    run: Run, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def follow(*_: object, **__: object) -> Iterator[Any]:
        yield {"total": "10", "renewed": "4", "ended": "0", "failed": "0"}
        raise KeyboardInterrupt

    monkeypatch.setattr(Node, "follow", follow)
    ran = at(run, house, "renewal", "run")
    assert ran.code == exits.INTERRUPTED
    assert "run the same command again" in ran.err
    assert "再次执行同一命令" in at(run, house, "--lang", "zh", "renewal", "run").err
