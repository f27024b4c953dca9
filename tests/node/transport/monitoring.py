"""What the shipped alert rules, dashboard and page of metrics name, taken out of their text."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
FOLDER: Final = ROOT / "docs" / "operating"
ALERTS: Final = FOLDER / "alerts.yml"
DASHBOARD: Final = FOLDER / "dashboard.json"
PAGE: Final = FOLDER / "monitoring.md"
SCRAPING: Final = FOLDER / "prometheus.yml"

# What Prometheus itself adds to each sample.
ADDED: Final = frozenset({"job", "instance"})
_METRIC: Final = r"\b((?:hutong|process)_\w+|up)\b"
_STRINGS: Final = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule of the file."""

    name: str
    expression: str
    severity: str
    annotations: Mapping[str, str]

    def said(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The annotations, as they are told of a series with these labels."""
        return {
            key: re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels.get(found[1], ""), text)
            for key, text in self.annotations.items()
        }


def alerts() -> tuple[Alert, ...]:
    """Every rule, in the order of the file."""
    blocks = re.split(r"(?m)^      - alert: ", ALERTS.read_text("utf-8"))[1:]
    return tuple(map(_alert, blocks))


def _alert(block: str) -> Alert:
    expression = re.search(r"(?ms)^        expr: (?:>-)?(.*?)^        (?:for|labels):", block)
    severity = re.search(r"(?m)^          severity: (\w+)$", block)
    assert expression, block
    assert severity, block
    return Alert(
        block.split("\n", 1)[0].strip(),
        " ".join(expression[1].split()),
        severity[1],
        {
            key: json.loads(text)
            for key, text in re.findall(r'(?m)^          (\w+): (".*")$', block)
        },
    )


@dataclass(frozen=True, slots=True)
class Query:
    """One query of the dashboard, and what its series are called by."""

    title: str
    expression: str
    legend: str


def queries() -> Iterator[Query]:
    """Every query of the dashboard."""
    board: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Query(panel["title"], target["expr"], target["legendFormat"])


def metrics_in(expression: str) -> set[str]:
    """The names of metrics in an expression."""
    return set(re.findall(_METRIC, _STRINGS.sub('""', expression)))


def matched(expression: str) -> Iterator[tuple[str, str, str]]:
    """Each matcher of an expression: of which metric, which label, and the value or pattern."""
    for metric, matchers in re.findall(_METRIC + r"{([^}]*)}", expression):
        for label, value in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', matchers):
            yield metric, label, value


def grouped(expression: str) -> set[str]:
    """The labels by which an expression groups or joins."""
    lists = re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression)
    return {label.strip() for each in lists for label in each.split(",")}


def shown(expression: str, known: Mapping[str, set[str]]) -> set[str]:
    """The labels that a series of an expression may have."""
    sums = re.findall(r"\bby\s*\(([^)]*)\)", expression)
    if sums:
        return {label.strip() for each in sums for label in each.split(",")} - {"le"}
    return set(ADDED).union(*(known.get(name, set()) for name in metrics_in(expression)))


def wrong_labels(expression: str, known: Mapping[str, set[str]]) -> list[str]:
    """What of an expression is in none of the samples that are known, each with its labels."""
    found = [name for name in metrics_in(expression) - {"up"} if name not in known]
    of_all = set(ADDED).union(*(known.get(name, set()) for name in metrics_in(expression)))
    found += [
        f"{metric}{{{label}}}"
        for metric, label, _ in matched(expression)
        if label not in known.get(metric, set()) | ADDED
    ]
    return found + [label for label in grouped(expression) if label not in of_all]


def listed() -> dict[str, set[str]]:
    """The metrics of the page, each with the labels that it is said to have."""
    found = dict[str, set[str]]()
    for name, labels in re.findall(
        r"`((?:hutong|process)_\w+)(?:{([\w,]+)})?`", PAGE.read_text("utf-8")
    ):
        found[name] = set(labels.split(",")) if labels else set()
    return found


def labels_of(samples: Iterable[tuple[str, Iterable[str]]]) -> dict[str, set[str]]:
    """By the name of each sample all labels that it is seen with."""
    found = dict[str, set[str]]()
    for name, labels in samples:
        found.setdefault(name, set()).update(labels)
    return found
