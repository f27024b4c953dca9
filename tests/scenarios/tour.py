"""The whole main path, five cities each way; shared by the tests that look at what it left."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.cities import Answer, Cities, City, new_id
from tests.scenarios.stage import SCENARIO, check, enrolled, settled, visit

SCENIC = "scenic.discount"


@dataclass
class Tour:
    """Five cities and what happened in them."""

    cities: Cities
    residents: dict[str, dict[str, str]] = field(default_factory=dict)
    """By city: ids by label."""
    answers: dict[tuple[str, str, str], Answer] = field(default_factory=dict)
    """By home, host and label: what the library of the host was told."""
    secrets: set[str] = field(default_factory=set)
    """Every code and pass that was shown."""
    request_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    """By home and host: the request of a first visit."""

    def visit(self, home: City, host: City, label: str) -> Answer:
        """One resident at the library of the host, and again with the pass at the scenic spot."""
        resident = self.residents[home.about.pinyin][label]
        code, request_id = visit(home, host, resident, SCENARIO, SCENIC), new_id()
        answer = check(host, code, request_id=request_id)
        key = (home.about.pinyin, host.about.pinyin)
        self.answers[*key, label] = answer
        self.secrets.add(code)
        self.request_ids.setdefault(key, request_id)
        if answer["visitor_pass"]:
            self.secrets.add(answer["visitor_pass"])
            again = host.venue(
                "scenic-spot",
                "CheckEligibility",
                request_id=new_id(),
                visitor_pass=answer["visitor_pass"],
            )
            assert again["outcome"] == answer["outcome"]
            opened = next(d for d in again["decisions"] if d["eligible"])
            host.venue(
                "scenic-spot", "Redeem", request_id=new_id(), decision_id=opened["decision_id"]
            )
        return answer


def chosen(residents: dict[str, str]) -> list[str]:
    """A low one, and one at each standing that may cross, a foreigner among them."""
    labels = list(residents)
    wanted = ("low", "exportable", "excellent", "outstanding")
    firsts = [next((x for x in labels if word in x), None) for word in wanted]
    return list(dict.fromkeys(label for label in firsts if label))


@contextlib.contextmanager
def toured(directory: Path) -> Iterator[Tour]:
    """Every pair of cities, home and host, and each city with itself."""
    with settled(directory) as cities:
        made = Tour(cities)
        for city in cities:
            made.residents[city.about.pinyin] = enrolled(city)
        for home, host in itertools.product(cities, cities):
            for label in chosen(made.residents[home.about.pinyin]):
                made.visit(home, host, label)
        yield made
