"""Prometheus itself: it takes the shipped files, reads a real node, and each alert fires."""

import contextlib
import json
import os
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scripts.cities import Cities, free_ports
from tests.node.transport.monitoring import (
    ALERTS,
    FOLDER,
    SCRAPING,
    alerts,
    grouped,
    labels_of,
    listed,
    queries,
    shown,
    wrong_labels,
)
from tests.scenarios.alarms import ALARMS, unit_tests
from tests.scenarios.stage import check, enrolled, eventually, of_standing, visit

pytestmark = pytest.mark.all

LISTED = "127.0.0.1:9464"
REFUSED = "NOT_RECOGNISED"


@dataclass
class Watched:
    """Two cities that are partners, a visit, and where the host's metrics are."""

    address: str
    samples: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def scrape(self) -> str:
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=20) as answer:
            text: str = answer.read().decode()
        self.samples += [
            (sample.name, tuple(sample.labels))
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]
        return text


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with Cities(tmp_path_factory.mktemp("watched"), ("410100", "330100")) as cities:
        home, host = cities["zhengzhou"], cities["hangzhou"]
        [port] = free_ports(1)
        found = Watched(f"127.0.0.1:{port}")
        host.environment = os.environ | {"HUTONG_METRICS_LISTEN": found.address}
        cities.start()
        # Nothing is loaded yet: `doctor` has something to warn of.
        found.scrape()
        for city in cities:
            city.load_rules()
        cities.connect()
        for one, other in ((home, host), (host, home)):
            code = visit(one, other, of_standing(enrolled(one), "excellent")[0])
            # Used once, and once more: a refusal is counted, too.
            outcomes = [check(other, code)["outcome"] for _ in range(2)]
            assert outcomes == [f"RECOGNITION_OUTCOME_{end}" for end in ("RECOGNISED", REFUSED)]
        found.scrape()
        yield found


def tool(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *words], input=text, capture_output=True, text=True, check=False
    )


def test_what_rules_and_dashboard_name_is_in_a_scrape_with_its_labels(watched: Watched) -> None:
    known = labels_of(watched.samples)
    wrong = {a.name: wrong_labels(a.expression, known) for a in alerts()}
    wrong |= {f"{q.title}: {q.expression}": wrong_labels(q.expression, known) for q in queries()}
    assert {name: found for name, found in wrong.items() if found} == {}
    for alert in alerts():
        told = set(re.findall(r"{{ \$labels\.(\w+) }}", " ".join(alert.annotations.values())))
        assert told <= shown(alert.expression, known) | grouped(alert.expression), alert.name
    for query in queries():
        called = set(re.findall(r"{{(\w+)}}", query.legend))
        assert called <= shown(query.expression, known), query


def test_the_page_says_which_labels_a_metric_has(watched: Watched) -> None:
    known = labels_of(watched.samples)
    said = listed()
    for name, labels in said.items():
        each = f"{name}_count" if name.endswith("_duration_seconds") else name
        assert known[each] == labels, name


def test_promtool_takes_metrics_rules_and_settings(watched: Watched, tmp_path: Path) -> None:
    for words, text in (
        (("check", "rules", str(ALERTS)), ""),
        (("check", "config", str(SCRAPING)), ""),
        (("check", "metrics"), watched.scrape()),
    ):
        found = tool(*words, text=text)
        assert found.returncode == 0, found.stdout + found.stderr


def test_each_alert_fires_when_it_should_and_else_stays_quiet(tmp_path: Path) -> None:
    assert set(ALARMS) == {alert.name for alert in alerts()}
    tests = tmp_path / "tests.yml"
    tests.write_text(json.dumps(unit_tests(alerts())), "utf-8")
    found = tool("test", "rules", str(tests))
    assert found.returncode == 0, found.stdout + found.stderr


class Prometheus:
    """A Prometheus that reads the shipped files."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, path: str, **query: str) -> Any:  # noqa: ANN401 - whatever it says
        asked = f"{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(f"http://{self._address}/{asked}", timeout=20) as answer:
            return json.load(answer)

    def values(self, expression: str) -> list[Any]:
        found: list[Any] = self.ask("api/v1/query", query=expression)["data"]["result"]
        return found

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError, LookupError):
            # Rates need two scrapes.
            return len(self.ask("api/v1/query", query="up[1m]")["data"]["result"][0]["values"]) > 2
        return False


@pytest.fixture
def prometheus(watched: Watched, tmp_path: Path) -> Iterator[Prometheus]:
    for file in FOLDER.glob("*.yml"):
        text = file.read_text("utf-8").replace(LISTED, watched.address)
        (tmp_path / file.name).write_text(text.replace("interval: 15s", "interval: 1s"), "utf-8")
    [port] = free_ports(1)
    address = f"127.0.0.1:{port}"
    with (tmp_path / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={tmp_path / SCRAPING.name}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        found = Prometheus(address)
        assert eventually(found.is_ready), (tmp_path / "prometheus.log").read_text("utf-8")
        yield found
    finally:
        process.terminate()
        process.wait(20)


def test_prometheus_reads_a_node_and_answers_every_query(prometheus: Prometheus) -> None:
    assert "hutong" in prometheus.ask("api/v1/label/job/values")["data"]
    empty = []
    for query in queries():
        asked = query.expression.replace("$job", "hutong").replace("$__rate_interval", "1m")
        if not prometheus.values(asked):
            empty.append(query.title)
    # Where all is well, nothing is wrong.
    assert set(empty) <= {"What doctor warns of doctor 的警告"}
    groups = prometheus.ask("api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == {alert.name for alert in alerts()}
    assert eventually(lambda: _judged(prometheus))
    urgent = {a.name for a in alerts() if a.severity == "page"}
    known = prometheus.ask("api/v1/alerts")["data"]["alerts"]
    # One that waits whether it lasts has not fired: a log that just grew waits for its checkpoint.
    fired = [each for each in known if each["state"] == "firing"]
    assert [each for each in fired if each["labels"]["alertname"] in urgent] == []


def _judged(prometheus: Prometheus) -> bool:
    groups = prometheus.ask("api/v1/rules")["data"]["groups"]
    return {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
