"""Alert rules, dashboard and page name only what there is; a runbook line can be typed."""

import json
import re
from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor

from federation.v1 import federation_service_pb2, trial_service_pb2
from node.model import Delivery
from node.registry import PartnerState
from node.transport import status
from node.transport.listening import CANCELLED, OK
from node.transport.metrics import LOCAL, PEER, Metrics
from node.transport.pressure import Pressure
from node.v1 import (
    department_service_pb2,
    operator_service_pb2,
    resident_service_pb2,
    venue_service_pb2,
)
from tests.node.transport.house import FRIEND, Loop, opened, stranger
from tests.node.transport.monitoring import (
    DASHBOARD,
    PAGE,
    Alert,
    alerts,
    listed,
    matched,
    metrics_in,
    queries,
)
from tests.node.typed import exists

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FILES: tuple[FileDescriptor, ...] = tuple(
    module.DESCRIPTOR
    for module in (
        federation_service_pb2,
        trial_service_pb2,
        department_service_pb2,
        operator_service_pb2,
        resident_service_pb2,
        venue_service_pb2,
    )
)
KNOWN = {
    "port": {PEER, LOCAL},
    "state": {state.value for state in PartnerState},
    "delivery": {delivery.value for delivery in Delivery},
    "reason": {OK, CANCELLED, *status._REASONS},
    "method": {
        method.name
        for file in FILES
        for service in file.services_by_name.values()
        for method in service.methods
    },
}


@pytest.fixture(scope="module")
def exported(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The metrics of a city with a partner, whether or not there is a value of each now."""
    root: Path = tmp_path_factory.mktemp("exported")
    metrics = Metrics()
    with opened(loop, root / "here") as house:
        house.trust(stranger(root / "friend", FRIEND))

        async def look() -> None:
            metrics.look_at(house.cases)
            metrics.look_at_pressure(Pressure(lambda: 0.0))

        loop.run(look())
        families = list(metrics.registry.collect())
    return {f"{f.name}_total" if f.type == "counter" else f.name for f in families}


def expressions() -> list[str]:
    return [*(a.expression for a in alerts()), *(q.expression for q in queries())]


def base(name: str) -> str:
    """The name of a metric, without what a histogram adds."""
    return re.sub(r"(?<=_seconds)_(?:bucket|sum|count)$", "", name)


def test_every_metric_that_is_named_is_exported(exported: set[str]) -> None:
    named = {base(name) for each in expressions() for name in metrics_in(each)} - {"up"}
    assert len(named) > 30
    assert named - exported == set()


def test_the_page_lists_every_metric_and_no_other(exported: set[str]) -> None:
    assert set(listed()) == exported


def test_everything_of_a_partner_and_of_this_city_is_on_the_dashboard(exported: set[str]) -> None:
    named = {base(name) for query in queries() for name in metrics_in(query.expression)}
    own = {name for name in exported if name.startswith("hutong_")}
    # It chooses the city.
    assert own - named == {"hutong_city_info"}


def test_no_panel_lies_on_another() -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert {x for x, _ in taken} == set(range(24))


def test_every_value_that_a_query_asks_for_can_be_there() -> None:
    asked = [found for each in expressions() for found in matched(each)]
    assert len(asked) > 50
    odd = [
        (metric, label, value)
        for metric, label, values in asked
        for value in values.split("|")
        if label in KNOWN and value not in KNOWN[label]
    ]
    assert odd == []


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_an_alert_says_what_to_type_in_both_languages(alert: Alert) -> None:
    said = alert.annotations
    assert set(said) == {"summary", "summary_zh", "runbook", "runbook_zh"}
    assert alert.severity in {"page", "ticket"}
    for english, chinese in (("summary", "summary_zh"), ("runbook", "runbook_zh")):
        assert not CHINESE.search(said[english])
        assert CHINESE.search(said[chinese])
        commands = [re.findall("`([^`]+)`", said[each]) for each in (english, chinese)]
        assert set(commands[0]) == set(commands[1])
    typed = re.findall("`([^`]+)`", said["runbook"])
    assert typed or "dashboard" in said["runbook"]
    for command in typed:
        if command.startswith("hutong "):
            exists(command.replace("{{ $labels.city }}", "330100"))


def test_the_page_says_of_each_alert_whom_it_wakes() -> None:
    said = dict[str, str]()
    rows = re.findall(r"(?m)^\| (`Hutong[^|]+) \| ([^|]+) \|", PAGE.read_text("utf-8"))
    for names, severities in rows:
        each = re.findall(r"`(\w+)`", names)
        whom = severities.split(", ")
        said |= dict(zip(each, whom if len(whom) == len(each) else whom * len(each), strict=True))
    assert said == {alert.name: alert.severity for alert in alerts()}
