"""Visitors who are recognised, and home cities that answer renewals as no honest one does."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from federation import codec
from federation.envelope import BatchedPayload, Envelope, pae, seal
from federation.identifiers import CityCode
from federation.keys import Signer
from federation.merkle_log import BatchTree, leaf_hash
from federation.messages import Attestation
from federation.standing import AttestationBatch
from node.model import StoredRecognition
from node.ports import RenewalPortion
from node.services.checking import Checked
from node.services.renewing import Progress
from node.store.tables import RECOGNITIONS
from tests.node.services.stage import Stage
from tests.node.services.world import SCENARIO, Town

HOME, HOST, THIRD = "410100", "330100", "320500"
# An attestation of the shipped agreements lives for a day: it is renewed in the last eight hours.
EVENING = timedelta(hours=17)
Lie = Callable[[list[RenewalPortion]], Awaitable[list[RenewalPortion]]]


@dataclass(frozen=True)
class Visitor:
    """A resident of one city who is recognised in another."""

    home: Town
    resident: str
    consent: str
    visitor_pass: str
    recognition_id: str


def visits(
    stage: Stage,
    home: str = HOME,
    host: str = HOST,
    points: int = 30,
    scenarios: Sequence[str] = (),
) -> Visitor:
    """Somebody who came to a library there, and is known by a pass."""
    town, there = stage[home], stage[host]
    resident = stage.run(town.resident(points))
    consent = stage.run(town.consent(resident, there.code, *(scenarios or (SCENARIO,))))
    checked = stage.run(there.check(stage.run(town.show_code(resident, consent))))
    assert checked.visitor is not None
    return Visitor(town, resident, consent, checked.visitor_pass, checked.visitor.recognition_id)


def known(stage: Stage, visitor: Visitor, host: str = HOST) -> StoredRecognition:
    """What the host keeps of a visitor."""
    found = stage.act(stage[host], lambda tx: tx.recognitions.get(visitor.recognition_id))
    assert found is not None
    return found


def comes_again(stage: Stage, visitor: Visitor, host: str = HOST) -> Checked:
    return stage.run(stage[host].check(visitor.visitor_pass, is_pass=True))


async def renewed(town: Town, home: str = "", *, everybody: bool = False) -> Progress:
    """The last that an operator is told."""
    renewing, last = town.cases.renewing, None
    async for last in renewing.renew(CityCode(home) if home else None, everybody=everybody):
        assert last.renewed + last.ended + last.failed <= last.total
    assert last is not None
    assert last.done
    return last


def renew(stage: Stage, home: str = HOME, *, host: str = HOST, everybody: bool = False) -> Progress:
    return stage.run(renewed(stage[host], home, everybody=everybody))


def counts(progress: Progress) -> tuple[int, int, int, int]:
    return progress.total, progress.renewed, progress.ended, progress.failed


def reason(progress: Progress) -> str:
    return progress.problem.reason.name if progress.problem else ""


def count(town: Town, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    with town.store._engine.connect() as connection:
        query = sa.select(sa.func.count()).select_from(table).where(*where)
        return int(connection.execute(query).scalar_one())


def books(town: Town) -> list[tuple[object, ...]]:
    """Every recognition that a host keeps, whole."""
    with town.store._engine.connect() as connection:
        order = RECOGNITIONS.c.recognition_id
        rows = connection.execute(sa.select(RECOGNITIONS).order_by(order)).all()
    return [tuple(row) for row in rows]


def told(change: Callable[[list[RenewalPortion]], list[RenewalPortion]]) -> Lie:
    """A lie that needs no waiting."""

    async def lie(portions: list[RenewalPortion]) -> list[RenewalPortion]:
        return change(portions)

    return lie


def results(portions: Sequence[RenewalPortion]) -> list[BatchedPayload | None]:
    return [result for portion in portions for result in portion.results]


def batch_of(portions: Sequence[RenewalPortion]) -> Envelope:
    return next(portion.batch for portion in portions if portion.batch)


def resulting(
    portions: Sequence[RenewalPortion],
    found: Sequence[BatchedPayload | None],
    batch: Envelope | None = None,
) -> list[RenewalPortion]:
    """The same answer with other results, in one portion."""
    batch = batch or batch_of(portions)
    return [RenewalPortion(portions[0].request_id, batch, 0, tuple(found))]


def split(portions: list[RenewalPortion]) -> list[RenewalPortion]:
    """The same answer, a result at a time."""
    [whole] = portions
    return [
        RenewalPortion(whole.request_id, None if i else whole.batch, i, (result,))
        for i, result in enumerate(whole.results)
    ]


def rebatched(
    portions: list[RenewalPortion],
    signer: Signer,
    change: Callable[[AttestationBatch], AttestationBatch],
) -> list[RenewalPortion]:
    """The same results under a batch as `change` makes it, signed by `signer`."""
    said = codec.ATTESTATION_BATCH.decode(batch_of(portions).payload)
    batch = seal(codec.ATTESTATION_BATCH, change(said), [signer])
    return resulting(portions, results(portions), batch)


def resaid(
    portions: list[RenewalPortion],
    signer: Signer,
    change: Callable[[int, Attestation], Attestation],
) -> list[RenewalPortion]:
    """Other attestations, proven and signed as an honest city would its own."""
    given = [result for result in results(portions) if result is not None]
    payloads = [
        codec.ATTESTATION.encode(change(i, codec.ATTESTATION.decode(each.payload)))
        for i, each in enumerate(given)
    ]
    kind = codec.ATTESTATION.payload_type
    tree = BatchTree([leaf_hash(pae(kind, payload)) for payload in payloads])
    said = codec.ATTESTATION_BATCH.decode(batch_of(portions).payload)
    batch = seal(codec.ATTESTATION_BATCH, replace(said, root=tree.root), [signer])
    made = [BatchedPayload(payload, i, tree.proof(i)) for i, payload in enumerate(payloads)]
    waiting = iter(made)
    found = [result and next(waiting) for result in results(portions)]
    return resulting(portions, found, batch)
