"""A repair at home changes what another city grants, and nothing of it is on the wire."""

import functools
import pickle
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from federation.errors import HutongError
from federation.v1 import (
    agreement_pb2,
    attestation_pb2,
    envelope_pb2,
    federation_service_pb2,
    histogram_pb2,
    onboarding_pb2,
    partnership_pb2,
    renewal_pb2,
    scale_pb2,
    status_pb2,
    trial_service_pb2,
    trust_pb2,
)
from node.records import CaseMove
from node.services.checking import Checked, RecognitionOutcome
from node.store.tables import METADATA
from tests.conftest import NewStore
from tests.node.services.casework import Casework
from tests.node.services.stage import Stage, staged
from tests.node.services.world import DirectPeers

HOME, HOST = "410100", "330100"
FRESHNESS = timedelta(seconds=300)
CALLS = (
    "exchange_trust_bundles",
    "exchange_partnership",
    "exchange_scales",
    "propose_agreement",
    "countersign_agreement",
    "request_attestation",
    "push_status_lists",
    "status_lists",
)
FEDERATION = (
    agreement_pb2,
    attestation_pb2,
    envelope_pb2,
    federation_service_pb2,
    histogram_pb2,
    onboarding_pb2,
    partnership_pb2,
    renewal_pb2,
    scale_pb2,
    status_pb2,
    trial_service_pb2,
    trust_pb2,
)
FORBIDDEN = {
    "indicator", "department", "case", "repair", "repaired", "objection", "penalty", "deducts",
    "reason", "dispute", "disputed", "promise", "points", "record", "records", "evidence",
}  # fmt: skip


# The lines of a signed table between two scales: scores, that no resident has part in.
HARMLESS = {"federation.v1.Concordance.points"}


@pytest.fixture
def stage(new_sqlite: NewStore) -> Iterator[Stage]:
    with staged(new_sqlite, HOME, HOST) as found:
        yield found


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All that the home city says to the host: what it sends, and how it answers."""
    heard = list[bytes]()

    def tapped(call: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        @functools.wraps(call)
        async def through(
            self: DirectPeers, partner: object, *sent: object, **more: object
        ) -> object:
            if self._here == HOME:
                heard.append(pickle.dumps((sent, more)))
            try:
                answer = await call(self, partner, *sent, **more)
            except HutongError as error:
                heard.append(f"{error.reason} {error.fields}".encode())
                raise
            if self._here == HOST:
                heard.append(pickle.dumps(answer))
            return answer

        return through

    for name in CALLS:
        monkeypatch.setattr(DirectPeers, name, tapped(getattr(DirectPeers, name)))
    return heard


class Visitor:
    """A resident of the home city with good records and a serious one, on the way to the host."""

    def __init__(self, stage: Stage, points: int) -> None:
        self.stage = stage
        self.work = Casework.about(stage, "serious", "2025-01-15")
        stage.run(self.work.town.record(self.work.number, points))
        self.consent = stage.run(self.work.town.consent(self.work.resident, stage[HOST].code))
        self.visitor_pass = ""

    def comes(self) -> Checked:
        """A visit, with the pass of the one before where there is one."""
        shown = self.visitor_pass or self.stage.run(
            self.work.town.show_code(self.work.resident, self.consent)
        )
        checked = self.stage.run(self.stage[HOST].check(shown, is_pass=bool(self.visitor_pass)))
        self.visitor_pass = checked.visitor_pass or self.visitor_pass
        return checked

    def is_repaired(self) -> str:
        case = self.work.moved(
            self.work.apply(), CaseMove.CALL_INTERVIEW, CaseMove.HOLD_INTERVIEW, CaseMove.GRANT
        )
        return case.case_id


def granted(checked: Checked) -> set[str]:
    return {incentive.incentive_id for key, incentive, _ in checked.decisions if key}


def test_who_was_held_down_by_one_record_is_granted_more_at_the_next_visit_after_its_repair(
    stage: Stage, said: list[bytes]
) -> None:
    visitor = Visitor(stage, 32)
    before = visitor.comes()
    assert before.outcome is RecognitionOutcome.NOT_RECOGNISED
    case_id = visitor.is_repaired()
    after = visitor.comes()
    assert after.outcome is RecognitionOutcome.RECOGNISED
    assert granted(after) > granted(before)
    _nothing_of_it_was_said(stage, visitor, case_id, said)


def test_a_visitor_who_is_known_has_the_better_band_after_the_freshness(
    stage: Stage, said: list[bytes]
) -> None:
    visitor = Visitor(stage, 64)
    first = visitor.comes()
    assert first.visitor is not None
    assert first.visitor.band_id == "excellent"
    case_id = visitor.is_repaired()
    stage.world.clock.forward(FRESHNESS + timedelta(seconds=1))
    later = visitor.comes()
    assert later.visitor is not None
    assert (later.visitor.band_id, later.visitor.recognition_id) == (
        "outstanding",
        first.visitor.recognition_id,
    )
    _nothing_of_it_was_said(stage, visitor, case_id, said)


def test_an_objection_that_is_open_changes_what_the_host_grants_and_says_no_more(
    stage: Stage, said: list[bytes]
) -> None:
    visitor = Visitor(stage, 32)
    assert visitor.comes().outcome is RecognitionOutcome.NOT_RECOGNISED
    case = visitor.work.object()
    assert visitor.comes().outcome is RecognitionOutcome.RECOGNISED
    _nothing_of_it_was_said(stage, visitor, case.case_id, said)


def _nothing_of_it_was_said(
    stage: Stage, visitor: Visitor, case_id: str, said: list[bytes]
) -> None:
    work = visitor.work
    private = (
        work.key.record_number, case_id, work.resident, work.number, "office.wang", "缴款书",
        "不再犯", "已改正", "因为如此", "不是我",
    )  # fmt: skip
    assert said
    for heard in said:
        for word in (*private, "serious", "repair", "Repair", "修复", "office", "异议"):
            assert word.encode() not in heard
    kept = _everything(stage, HOST)
    for word in private:
        assert word not in kept
    # The search would find it.
    assert {work.key.record_number, case_id, work.resident} <= set(_everything(stage, HOME).split())


def _everything(stage: Stage, city: str) -> str:
    """All that a city's store holds, as text; bytes as they are."""
    found = list[str]()
    with stage[city].store._engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(sa.select(table)):
                found += [
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row
                ]
    return "\n".join(found)


def test_no_name_of_the_protocol_could_carry_a_reason() -> None:
    messages = [
        message
        for module in FEDERATION
        for message in module.DESCRIPTOR.message_types_by_name.values()
    ]
    names = {f"{message.full_name}.{f.name}" for message in messages for f in message.fields}
    for module in FEDERATION:
        for kind in module.DESCRIPTOR.enum_types_by_name.values():
            names |= {f"{kind.full_name}.{value.name.lower()}" for value in kind.values}
    assert names
    assert names >= HARMLESS
    for name in names - HARMLESS:
        assert not FORBIDDEN & set(name.rpartition(".")[2].split("_")), name


def test_an_attestation_has_no_room_for_anything_but_the_standing() -> None:
    """A field that is added here is one that somebody has to think about.

    `counting` is what the resident's own consent says of uses, one of three values.
    `use_commitment` is the SHA-256 of random bytes that the resident's app drew: the home city
    chose none of it, so that it tells nothing of the standing.
    """
    file = attestation_pb2.DESCRIPTOR
    fields = {
        message: {field.name for field in file.message_types_by_name[message].fields}
        for message in ("Attestation", "Claim", "ThresholdClaim", "BandClaim", "ScoreClaim")
    }
    assert fields == {
        "Attestation": {
            "header", "request_id", "request_digest", "pseudonym", "agreement_id",
            "agreement_version", "scale", "claim", "scenarios", "as_of", "status_index",
            "counting", "use_commitment",
        },
        "Claim": {"threshold", "band", "score", "commendations"},
        "ThresholdClaim": {"line_band"},
        "BandClaim": {"band_id"},
        "ScoreClaim": {"band_id", "score_milli"},
    }  # fmt: skip
