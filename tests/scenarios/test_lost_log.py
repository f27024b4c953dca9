"""A city whose newest entries are lost: it serves nobody with an older log, and can begin anew."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import data
from node.model import Role
from scripts.cities import Cities, City, befriend, new_id
from tests.scenarios.stage import ENDS, SCENARIO, eventually

pytestmark = pytest.mark.all

CODE = "410100"
STORE = "hutong.sqlite"
ANCHOR = Path("log") / "checkpoint"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    """A home that was rolled back to before its last acts, which its partner has cosigned."""
    with Cities(tmp_path_factory.mktemp("lost"), (CODE, "330100")) as cities:
        cities.start()
        home, partner = cities["zhengzhou"], cities["hangzhou"]
        for city in cities:
            city.load_rules()
        befriend(home, partner)
        witnessed(home)
        home.stop()
        old = shutil.copytree(home.directory, home.directory.with_name("backup"))
        start(home)
        row = data.residents("zhengzhou")[0]
        home.consent(home.enrol(row.document_kind, row.document_number), CODE, [SCENARIO], ENDS)
        assert witnessed(home) == ["330100"]
        home.stop()
        for name in (f"{STORE}-wal", f"{STORE}-shm"):
            (home.directory / name).unlink(missing_ok=True)
        shutil.copy(old / STORE, home.directory / STORE)
        yield cities


def start(city: City) -> None:
    city.start()
    city.wait()


def witnessed(city: City) -> list[str]:
    """Who has cosigned the newest checkpoint, after all were asked."""
    client = city.client(Role.OPERATOR)
    client.call("LogService/ExchangeCheckpoints", {})
    cosigned = client.call("LogService/GetLog", {}).get("cosigned", {})
    return list(cosigned.get("cosigned_by", ()))


def test_an_older_store_is_refused_beside_its_anchor(pair: Cities) -> None:
    home = pair["zhengzhou"]
    with pytest.raises(RuntimeError, match="hutong log verify"):
        start(home)


def test_an_older_store_with_its_older_anchor_stops_once_a_partner_is_asked(pair: Cities) -> None:
    home = pair["zhengzhou"]
    shutil.copy(home.directory.with_name("backup") / ANCHOR, home.directory / ANCHOR)
    home.start()
    assert eventually(lambda: home.process is None or home.process.poll() is not None)
    assert home.stop() != 0
    assert "own_log_broken" in home.log.read_text("utf-8")


def test_a_city_whose_log_is_lost_begins_anew_as_the_manual_says(pair: Cities) -> None:
    home, partner = pair["zhengzhou"], pair["hangzhou"]
    partner.operator("EndPartner", request_id=new_id(), city=CODE, reason="its log is lost")
    (home.directory / ANCHOR).unlink()
    start(home)
    assert eventually(lambda: home.partner(partner)["state"] == "PARTNER_STATE_ENDED")
    befriend(home, partner)
    assert witnessed(home) == ["330100"]
    assert partner.partner(home)["state"] == "PARTNER_STATE_ACTIVE"
