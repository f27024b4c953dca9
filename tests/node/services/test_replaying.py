"""What was decided can be decided again, whatever has changed since, and a changed store shows."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from federation import codec
from federation.decision_check import check_holder, open_decisions
from federation.errors import DECISIONS_OF_ANOTHER_PERSON, HutongError
from federation.incentives import Decisions
from federation.keys import Ed25519Signer
from federation.limits import DECISIONS
from federation.log_entry import commitment
from federation.rendering import plain
from federation.trust import signing_keys
from node import data
from node.decision_errors import CHECK_DAMAGED, CHECK_KEY_UNKNOWN
from node.errors import FIELD_INVALID, UNKNOWN
from node.model import PageRequest
from node.services.checking import Checked
from node.services.replaying import Replayed, Replaying
from node.store import open_store
from node.store.incentive_tables import CHECKS
from node.store.tables import CATALOGUES, OWN_SCALES
from node.store.trust_tables import LOG_ENTRIES, LOG_SALTS
from tests.conftest import NewStore
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO, Town

HOME, HOST = "410100", "330100"
BAND, OPEN = "library-card", "reading-room"


@dataclass
class Visit:
    """A visit, decided and signed."""

    stage: Stage
    checked: Checked
    urls: dict[str, str]

    @property
    def host(self) -> Town:
        return self.stage[HOST]

    @property
    def check_id(self) -> str:
        return self.checked.signed.statement.header.statement_id

    def replay(self, identifier: str = "") -> Replayed:
        found: Replayed = self.stage.run(
            self.host.store.read(
                lambda tx: self.host.cases.replaying.replay(tx, identifier or self.check_id)
            )
        )
        return found

    def is_same(self) -> bool:
        """Whether the very bytes come out that were signed."""
        again = self.replay()
        assert again.same == (again.envelope == self.checked.signed.envelope)
        return again.same

    def change(self, statement: sa.Update) -> None:
        """Change a row behind the node's back."""
        with self.host.store._engine.begin() as connection:
            assert connection.execute(statement).rowcount


def checked_at(stage: Stage, town: Town, points: int = 30) -> Checked:
    home = stage[HOME]
    resident = stage.run(home.resident(points))
    consent = stage.run(home.consent(resident, town.code, SCENARIO))
    return stage.run(town.check(stage.run(home.show_code(resident, consent))))


@pytest.fixture
def visit(new_store: NewStore) -> Iterator[Visit]:
    urls = dict[str, str]()

    def named(name: str) -> str:
        urls[name] = new_store(name)
        return urls[name]

    with staged(named, HOME, HOST) as stage:
        yield Visit(stage, checked_at(stage, stage[HOST]), urls)


def test_a_decision_is_found_by_its_id_and_by_that_of_its_check(visit: Visit) -> None:
    ids = [decision_id for decision_id, _, _ in visit.checked.decisions if decision_id]
    assert len(ids) == 2
    found = [visit.replay(each) for each in (visit.check_id, *ids)]
    assert {each.check_id for each in found} == {visit.check_id}
    assert all(each.same for each in found)
    assert {each.envelope.payload for each in found} == {visit.checked.signed.envelope.payload}


def test_another_process_decides_the_same_after_a_restart(visit: Visit) -> None:
    host = visit.host

    async def restarted() -> Replayed:
        replaying = Replaying(host.cases.here, host.keys)
        async with open_store(visit.urls[HOST], host.clock) as again:
            return await again.read(lambda tx: replaying.replay(tx, visit.check_id))

    found = visit.stage.run(restarted())
    assert (found.same, found.envelope) == (True, visit.checked.signed.envelope)


def test_a_catalogue_that_changed_since_changes_nothing_that_was_decided(visit: Visit) -> None:
    host = visit.host

    def stricter(text: str) -> str:
        return text.replace('minimum_band = "excellent"', 'minimum_band = "outstanding"')

    visit.stage.run(host.load_incentives(stricter))
    visit.stage.run(host.load_incentives(lambda text: text.replace(OPEN, "another-room")))
    assert visit.is_same()
    later = checked_at(visit.stage, host)
    assert {each.incentive_id for each in later.signed.statement.decisions} != {BAND, OPEN}
    assert later.signed.statement.catalogue_version == 3
    assert (
        later.signed.statement.catalogue_digest != visit.checked.signed.statement.catalogue_digest
    )


def test_a_scale_that_changed_since_changes_nothing_that_was_decided(visit: Visit) -> None:
    host, pinyin = visit.host, data.city(visit.host.code).pinyin
    text = data.path(f"{pinyin}/scale.toml").read_text("utf-8")
    newer = text.replace('name = { zh = "', 'name = { zh = "新', 2).encode()
    desk = host.cases.catalogue
    loaded = visit.stage.act(host, lambda tx: desk.load_scale(tx, "scale.toml", newer))
    assert (loaded.version, loaded.changed) == (2, True)
    assert visit.is_same()


def rotated(town: Town, *, keep: bool) -> None:
    """The town signs with a new key; its bundles still name the old one, or do not."""
    keys, old = town.keys, codec.TRUST_BUNDLE.decode(town.keys.bundle.payload)
    keys.signer = Ed25519Signer.from_seed(b"another".ljust(32, b"."))
    keys.bundle = keys.make_bundle(town.code, town.clock.now(), 2)
    if keep:
        named = replace(old, sequence=2, signing_keys=(*old.signing_keys, *keys.signing_keys))
        keys.bundle = replace(keys.bundle, payload=codec.TRUST_BUNDLE.encode(named))


def test_a_key_that_was_rotated_since_still_proves_what_it_signed(visit: Visit) -> None:
    rotated(visit.host, keep=True)
    assert visit.is_same()
    later = checked_at(visit.stage, visit.host)
    assert later.signed.envelope.signatures != visit.checked.signed.envelope.signatures


def test_a_key_that_no_bundle_names_proves_nothing_and_is_told(visit: Visit) -> None:
    rotated(visit.host, keep=False)
    with pytest.raises(HutongError) as found:
        visit.replay()
    assert found.value.reason == CHECK_KEY_UNKNOWN
    assert found.value.fields["check_id"] == visit.check_id


def _facts(visit: Visit, old: str, new: str) -> sa.Update:
    facts = visit.replay().facts
    assert old in facts
    return sa.update(CHECKS).values(facts=facts.replace(old, new))


def _catalogue(visit: Visit, column: str, old: str, new: str) -> sa.Update:
    with visit.host.store._engine.connect() as connection:
        [text] = connection.execute(sa.select(CATALOGUES.c[column])).scalars()
    assert old in text
    return sa.update(CATALOGUES).values({column: text.replace(old, new)})


CHANGES: dict[str, Any] = {
    "a higher band": lambda v: _facts(v, '"band_id":"excellent"', '"band_id":"outstanding"'),
    "a lower band": lambda v: _facts(v, '"band_id":"excellent"', '"band_id":"good"'),
    "another venue": lambda v: _facts(v, '"venue":"library"', '"venue":"museum"'),
    "a longer end": lambda v: _facts(v, '"expires_at":1', '"expires_at":2'),
    "another day": lambda v: _facts(v, '"decided_at":1', '"decided_at":2'),
    "one incentive more": lambda v: _facts(v, f'["{BAND}"', f'["hospital-desk","{BAND}"'),
    "another holder": lambda v: _facts(v, '"holder":"', '"holder":"00'),
    "facts of another form": lambda v: _facts(v, '"form":1', '"form":2'),
    "a fact more": lambda v: _facts(v, '"facts":{', '"facts":{"penalty":true,'),
    "the same facts written otherwise": lambda v: _facts(v, '"form":1', '"form": 1'),
    "no facts": lambda _: sa.update(CHECKS).values(facts="[]"),
    "a signature": lambda _: sa.update(CHECKS).values(signature=b"s" * 64),
    "no signature": lambda _: sa.update(CHECKS).values(signature=b""),
    "a digest": lambda _: sa.update(CHECKS).values(payload_digest=b"d" * 32),
    "what an incentive asks for": lambda v: _catalogue(v, "incentives", "excellent", "outstanding"),
    "the file of the catalogue": lambda v: _catalogue(v, "content", "Hangzhou", "Hongzhou"),
    "a catalogue that is nonsense": lambda _: sa.update(CATALOGUES).values(incentives="{"),
    "a catalogue of other things": lambda v: _catalogue(v, "incentives", BAND, "another-card"),
    "no such catalogue": lambda _: sa.update(CATALOGUES).values(version=7),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_row_that_was_changed_is_found_out(visit: Visit, change: Any) -> None:  # noqa: ANN401 - of the table
    visit.change(change(visit))
    assert told(visit) in (False, CHECK_DAMAGED)


def told(visit: Visit) -> object:
    """Whether the same comes out, or the reason why nothing does."""
    try:
        return visit.replay().same
    except HutongError as error:
        return error.reason


def test_a_scale_that_was_changed_is_found_out(visit: Visit) -> None:
    with visit.host.store._engine.connect() as connection:
        [text] = connection.execute(sa.select(OWN_SCALES.c.scale)).scalars()
    visit.change(sa.update(OWN_SCALES).values(scale=text.replace('"name_en":"', '"name_en":"The ')))

    async def restarted() -> Replayed:
        replaying = Replaying(visit.host.cases.here, visit.host.keys)
        async with open_store(visit.urls[HOST], visit.host.clock) as again:
            return await again.read(lambda tx: replaying.replay(tx, visit.check_id))

    assert not visit.stage.run(restarted()).same


def test_what_nobody_decided_is_not_known(visit: Visit) -> None:
    with pytest.raises(HutongError) as found:
        visit.replay("0192f0c1-2b3c-7def-8123-456789abcdef")
    assert found.value.reason == UNKNOWN


def test_a_newcomer_gets_signed_decisions_too(visit: Visit) -> None:
    newcomer = checked_at(visit.stage, visit.host, points=0)
    said = newcomer.signed.statement
    assert (said.holder, said.band_id, said.home_city) == (b"", "", HOME)
    assert {d.incentive_id: d.eligible for d in said.decisions} == {BAND: False, OPEN: True}
    closed = next(d for d in said.decisions if not d.eligible)
    assert closed.change_zh
    assert closed.change_en
    assert Visit(visit.stage, newcomer, visit.urls).is_same()


def test_decisions_are_for_the_pass_that_they_gave_and_for_no_other(visit: Visit) -> None:
    host, one = visit.host, visit.checked
    two = checked_at(visit.stage, host)
    ring = signing_keys(codec.TRUST_BUNDLE.decode(host.keys.bundle.payload))
    decided = open_decisions(one.signed.envelope, ring, host.clock.now())
    check_holder(decided, one.visitor_pass)
    with pytest.raises(HutongError) as found:
        check_holder(decided, two.visitor_pass)
    assert found.value.reason == DECISIONS_OF_ANOTHER_PERSON
    # The pass is no secret less for it: only its digest is signed.
    assert one.visitor_pass.encode() not in one.signed.envelope.payload


def test_an_erased_residents_checks_are_gone(new_store: NewStore) -> None:
    with staged(new_store, HOME, HOST) as stage:
        town = stage[HOME]
        number, resident = stage.run(town.resident_with_number())
        stage.run(town.record(number, 30))
        consent = stage.run(town.consent(resident, town.code, SCENARIO))
        checked = stage.run(town.check(stage.run(town.show_code(resident, consent))))
        own, other = Visit(stage, checked, {}), checked_at(stage, town)
        replaying = town.cases.replaying

        def replay(check: Checked) -> Replayed:
            which = check.signed.statement.header.statement_id
            return stage.act(town, lambda tx: replaying.replay(tx, which))

        assert replay(checked).same
        stage.run(town.cases.erasing.erase(resident, number))
        with pytest.raises(HutongError) as found:
            replay(checked)
        assert found.value.reason == UNKNOWN
        assert own.checked.signed.statement.holder
        assert replay(other).same


def test_what_is_signed_says_nothing_that_came_from_home(visit: Visit) -> None:
    said = visit.checked.signed.statement
    visitor = visit.checked.visitor
    assert visitor is not None
    text = repr(plain(said)).lower()
    hidden = (
        visitor.pseudonym.hex(), visitor.recognition_id, visitor.attestation_id, "pseudonym",
        visitor.agreement_id, str(visitor.status_index) + "'", "score", "milli", "attestation",
        visit.checked.visitor_pass.lower(),
    )  # fmt: skip
    assert [each for each in hidden if each in text] == []
    assert set(Decisions.__dataclass_fields__) == {
        "header", "venue", "holder", "home_city", "band_id", "catalogue_version",
        "catalogue_digest", "decisions",
    }  # fmt: skip


def test_a_repeated_request_gets_the_first_signature(visit: Visit) -> None:
    stage, host = visit.stage, visit.host
    ask = host.ask()
    shown = visit.checked.visitor_pass
    first = stage.run(host.check(shown, is_pass=True, ask=ask))
    again = stage.run(host.check(shown, is_pass=True, ask=ask))
    assert first.signed.envelope == again.signed.envelope
    other = stage.run(host.check(shown, is_pass=True))
    assert other.signed.envelope != first.signed.envelope
    # Kept once each, in whatever order their ids are: those of one instant are by chance.
    for each in (first, other):
        digest = hashlib.sha256(each.signed.envelope.payload).digest()
        assert kept_digests(host).count(digest) == 1


def kept_digests(host: Town) -> list[bytes]:
    with host.store._engine.connect() as connection:
        rows = connection.execute(sa.select(CHECKS.c.payload_digest))
        return [bytes(digest) for (digest,) in rows]


def test_the_visitor_is_shown_the_check_that_was_decided(visit: Visit) -> None:
    desk, shown = visit.host.cases.visits, visit.checked.visitor_pass
    _, page = visit.stage.act(visit.host, lambda tx: desk.visits(tx, shown, PageRequest(50, "")))
    assert visit.check_id in {each.subject for each in page.items}


def test_a_venue_that_offers_more_than_one_statement_says_names_what_it_asks_for(
    visit: Visit,
) -> None:
    host, shown = visit.host, visit.checked.visitor_pass

    def many(text: str) -> str:
        head, first, *_ = text.split("[[incentives]]\n")
        entries = (first.replace(BAND, f"card-{i}") for i in range(DECISIONS + 1))
        return head + "".join(f"[[incentives]]\n{entry}" for entry in entries)

    visit.stage.run(host.load_incentives(many))
    named = tuple(f"card-{i}" for i in range(DECISIONS + 1))
    for asked in ((), named, ("card-1", "card-1")):
        with pytest.raises(HutongError) as found:
            visit.stage.run(host.check(shown, is_pass=True, incentives=asked))
        assert found.value.reason == FIELD_INVALID
        assert str(DECISIONS) in found.value.text("en")
    checked = visit.stage.run(host.check(shown, is_pass=True, incentives=named[1:]))
    assert len(checked.signed.statement.decisions) == DECISIONS
    assert Visit(visit.stage, checked, visit.urls).is_same()


def test_each_check_leaves_a_trace_that_its_bytes_open(visit: Visit) -> None:
    payload = visit.checked.signed.envelope.payload
    with visit.host.store._engine.connect() as connection:
        entries = connection.execute(
            sa.select(LOG_ENTRIES, LOG_SALTS.c.salt, LOG_SALTS.c.subject).join(
                LOG_SALTS, LOG_SALTS.c.sequence == LOG_ENTRIES.c.sequence
            )
        ).all()
    [found] = [e for e in entries if bytes(e.commitment) == commitment(bytes(e.salt), payload)]
    assert visit.checked.visitor is not None
    assert (found.kind, found.subject) == ("issued", visit.checked.visitor.recognition_id)
