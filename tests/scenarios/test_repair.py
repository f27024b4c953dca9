"""Two real cities: a repair in Zhengzhou changes what Hangzhou grants, and no reason crosses."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from node import data
from node.model import Role
from node.store.tables import METADATA
from scripts.cities import Answer, Cities, new_id
from tests.scenarios.stage import check, enrolled, eventually, settled, store_of, visit

pytestmark = pytest.mark.all

RECOGNISED = "RECOGNITION_OUTCOME_RECOGNISED"
NOT_RECOGNISED = "RECOGNITION_OUTCOME_NOT_RECOGNISED"
DEPARTMENT, OFFICER = "library", "library.zhao"
SERIOUS = "library-card.impostor"
STATEMENT, EVIDENCE = "the card was given back", "receipt 90817"
PROMISE, REASON = "never under another name", "seen at the desk"


@dataclass
class Pair:
    """A home and a host, and the home's residents with their documents."""

    cities: Cities
    residents: dict[str, str]

    def one(self, standing: str) -> tuple[str, str]:
        """A resident of that standing, and the number of the document."""
        rows = data.residents("zhengzhou")
        found = next(row for row in rows if row.label.startswith(f"zhengzhou-{standing}-"))
        return self.residents[found.label], found.document_number

    def record(self, document: str) -> str:
        """One serious record, long enough ago to be repaired; its number."""
        number = f"impostor-{new_id()[:8]}"
        row = {
            "record_number": number,
            "indicator": SERIOUS,
            "document_number": document,
            "occurred_on": "2025-02-03",
            "evidence": f"notice of {number}",
        }
        load = {"load_id": new_id(), "file_name": "one.csv", "rows": [row], "is_last": True}
        client = self.cities["zhengzhou"].client(Role.DEPARTMENT, DEPARTMENT)
        assert client.upload("DepartmentService/LoadRecords", [load])["load"]["accepted_count"]
        return number

    def repair(self, resident: str, number: str) -> str:
        """From the application to the officer's decision; the case's id."""
        home = self.cities["zhengzhou"]
        case = home.client(Role.RESIDENT).call(
            "ResidentCaseService/ApplyForRepair",
            {
                "request_id": new_id(),
                "resident_id": resident,
                "source": DEPARTMENT,
                "record_number": number,
                "statement": STATEMENT,
                "evidence": EVIDENCE,
                "promise": PROMISE,
            },
        )["case"]
        decided = home.client(Role.DEPARTMENT, OFFICER).call(
            "DepartmentCaseService/DecideCase",
            {
                "request_id": new_id(),
                "case_id": case["case_id"],
                "decision": "CASE_DECISION_GRANT",
                "reason": REASON,
            },
        )["case"]
        assert decided["state"] == "CASE_STATE_GRANTED"
        return str(case["case_id"])

    def by_pass(self, visitor_pass: str) -> Answer:
        host = self.cities["hangzhou"]
        request = {"request_id": new_id(), "visitor_pass": visitor_pass}
        return host.venue("library", "CheckEligibility", **request)

    def nothing_crossed(self, *private: str) -> None:
        """What the host keeps and logs has none of these in it, and the home city has."""
        kept = {name: _everything(self.cities, name) for name in ("zhengzhou", "hangzhou")}
        words = (*private, STATEMENT, EVIDENCE, PROMISE, REASON, OFFICER)
        for word in words:
            assert word in kept["zhengzhou"]
            assert word not in kept["hangzhou"]
        log = self.cities["hangzhou"].log.read_text("utf-8")
        for word in (*words, "repair", SERIOUS):
            assert word not in log


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("repair")
    with settled(directory, ("330100", "410100"), freshness_seconds=1) as cities:
        yield Pair(cities, enrolled(cities["zhengzhou"]))


def eligible(answer: Answer) -> int:
    return len([each for each in answer["decisions"] if each["eligible"]])


def test_who_is_held_down_by_one_serious_record_is_granted_more_at_the_next_visit_after_repair(
    pair: Pair,
) -> None:
    home, host = pair.cities["zhengzhou"], pair.cities["hangzhou"]
    resident, document = pair.one("exportable-120")
    number = pair.record(document)
    before = check(host, visit(home, host, resident))
    assert before["outcome"] == NOT_RECOGNISED
    case = pair.repair(resident, number)
    after = check(host, visit(home, host, resident))
    assert after["outcome"] == RECOGNISED
    assert eligible(after) > eligible(before)
    pair.nothing_crossed(number, case, resident)


def test_a_visitor_who_is_known_has_the_better_band_after_the_freshness(pair: Pair) -> None:
    home, host = pair.cities["zhengzhou"], pair.cities["hangzhou"]
    resident, document = pair.one("outstanding-151")
    number = pair.record(document)
    first = check(host, visit(home, host, resident))
    assert first["recognised_band"] == "excellent"
    case = pair.repair(resident, number)
    shown = first["visitor_pass"]
    assert eventually(lambda: pair.by_pass(shown)["recognised_band"] == "outstanding")
    pair.nothing_crossed(number, case, resident)


def _everything(cities: Cities, name: str) -> str:
    """All that a city's store holds, as text; bytes as they are."""
    found = list[str]()
    with store_of(cities[name]) as store:
        for table in METADATA.sorted_tables:
            for row in store.execute(sa.select(table)):
                found += [
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row
                ]
    return "\n".join(found)
