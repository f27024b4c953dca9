"""A clock that is off: up to a minute it does no harm, beyond it visitors are newcomers."""

import os
from collections.abc import Iterator

import pytest

from scripts.cities import Cities
from tests.scenarios.stage import ROOT, check, enrolled, lines, of_standing, settled, visit

pytestmark = pytest.mark.all

Pair = tuple[Cities, list[str]]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with settled(tmp_path_factory.mktemp("clock"), ("330100", "410100")) as cities:
        yield cities, of_standing(enrolled(cities["zhengzhou"]), "excellent")


@pytest.mark.parametrize(
    ("ahead", "seconds", "reason"),
    [
        ("hangzhou", 58, None),
        ("zhengzhou", 58, None),
        ("hangzhou", 63, "NOT_YET_VALID"),
        ("zhengzhou", 63, "STALE"),
    ],
)
def test_a_city_whose_clock_is_ahead(
    pair: Pair, ahead: str, seconds: int, reason: str | None
) -> None:
    cities, residents = pair
    host, home = cities["hangzhou"], cities["zhengzhou"]
    for city in cities:
        shift = seconds if city.about.pinyin == ahead else 0
        city.stop()
        city.command = ("-m", "tests.scenarios.shifted")
        city.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SHIFT_SECONDS": str(shift),
        }
        city.start()
        city.wait()
    seen = len(lines(home))
    answer = check(host, visit(home, host, residents[0]))
    told = [
        line["reason"] for line in lines(home)[seen:] if line.get("method") == "RequestAttestation"
    ]
    findings = {f["subject"]: f for f in host.operator("ExamineNode")["findings"]}
    clock = findings[f"partner {home.about.code} clock"]
    assert ("Its clock is -" in clock["detail_en"]) is (ahead == "hangzhou")
    if reason is None:
        assert told == ["OK"]
        assert answer["outcome"] == "RECOGNITION_OUTCOME_RECOGNISED"
        assert clock["severity"] == "SEVERITY_WARNING"
    else:
        assert told[0] in (reason, "EXPIRED")
        assert answer["outcome"] == "RECOGNITION_OUTCOME_HOME_UNREACHABLE"
        assert [d["eligible"] for d in answer["decisions"]] == [False, True]
        assert answer["recognised_band"] == ""
        assert clock["severity"] == "SEVERITY_ERROR"
    assert "NTP" in clock["remedy_en"]
