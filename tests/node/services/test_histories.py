"""A resident sees each act that concerned them once, and no city hears what another one keeps."""

import asyncio
import pickle
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from federation.envelope import Envelope
from federation.errors import MALFORMED, HutongError
from federation.identifiers import CityCode, code_text, parse_code
from node.errors import PAGE_INVALID, UNKNOWN, VISITOR_PASS_UNKNOWN
from node.history import HistoryKind as Kind
from node.history import Place
from node.limits import VISITS_KEPT
from node.model import Caller, PageRequest, Role
from node.services.checking import RecognitionOutcome
from node.store.tables import DECISIONS
from tests.conftest import NewStore
from tests.node import leavings
from tests.node.services.living import events, journey, redeem, tick, visits
from tests.node.services.promised import refused
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO, DirectPeers, Town

HOME, HOST, THIRD = "410100", "330100", "320500"
NOBODY = "00000000-0000-7000-8000-000000000000"
LAKESIDE = Caller(Role.VENUE, "lakeside-library")


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


async def renewed(host: Town) -> None:
    async for _ in host.cases.renewing.renew(everybody=True):
        pass


def test_every_act_of_a_life_over_two_cities_is_shown_once(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    again = stage.run(life.host.check(life.visitor_pass, is_pass=True))
    assert again.outcome is RecognitionOutcome.RECOGNISED
    tick(stage)
    stage.run(renewed(life.host))
    tick(stage)
    stage.run(life.home.withdraw(life.resident, life.consent))
    stage.run(life.home.deliver())
    tick(stage)
    refusal = stage.run(life.host.check(life.visitor_pass, is_pass=True))
    assert refusal.outcome is RecognitionOutcome.NOT_RECOGNISED
    at_home = [event.kind for event in reversed(life.events())]
    assert at_home == [
        Kind.CONSENT_GIVEN,
        Kind.CODE_MADE,
        Kind.CODE_USED,
        Kind.ATTESTED,
        Kind.RENEWED,
        Kind.CONSENT_WITHDRAWN,
        Kind.ATTESTATION_WITHDRAWN,
        Kind.ATTESTATION_WITHDRAWN,
        Kind.REFUSED,
    ]
    abroad = [visit.kind for visit in reversed(visits(stage, life.host, life.visitor_pass))]
    assert abroad == [
        Kind.RECOGNISED,
        Kind.DECIDED,
        Kind.REDEEMED,
        Kind.DECIDED,
        Kind.RECOGNITION_ENDED,
        Kind.DECIDED,
    ]


def test_what_was_shown_and_decided_is_told(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    wanted = PageRequest(50, "")
    history = life.home.cases.histories
    page = stage.act(life.home, lambda tx: history.history(tx, life.resident, wanted))
    attested = next(told for told in page.items if told.event.kind is Kind.ATTESTED)
    assert attested.claim is not None
    assert attested.claim.band_id
    assert (attested.event.city, attested.event.scenarios) == (HOST, (SCENARIO,))
    redeemed, decided, _ = visits(stage, life.host, life.visitor_pass)
    assert (redeemed.venue, redeemed.opened) == ("library", ("library-card",))
    assert set(decided.opened) == {"library-card", "reading-room"}
    assert decided.closed == ()


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_of_any_size_have_everything_in_order_once(stage: Stage, size: int) -> None:
    life = journey(stage, HOME, HOST)
    # Many of one instant: the clock stands.
    for _ in range(5):
        stage.run(life.home.show_code(life.resident, life.consent))
    again = stage.run(life.host.check(life.visitor_pass, is_pass=True))
    redeem(stage, life.host, again)
    whole = life.events()
    assert len(whole) == len({event.place for event in whole}) == 9
    assert [e.place for e in whole] == sorted((e.place for e in whole), reverse=True)
    assert events(stage, life.home, life.resident, size) == whole
    seen = visits(stage, life.host, life.visitor_pass)
    assert len(seen) == len({visit.visit_id for visit in seen}) == 5
    assert visits(stage, life.host, life.visitor_pass, size) == seen
    # The end of a recognition is no row before there is a next one.
    tick(stage, timedelta(days=2))
    ended = visits(stage, life.host, life.visitor_pass)
    assert (ended[0].kind, ended[1:]) == (Kind.RECOGNITION_ENDED, seen)
    assert visits(stage, life.host, life.visitor_pass, size) == ended


def test_what_happens_between_two_pages_moves_nothing_that_was_there(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    before = life.events()
    history, places = life.home.cases.histories, list[Place]()
    token, page = "", None
    while page is None or token:
        wanted = PageRequest(1, token)
        page = stage.act(
            life.home,
            lambda tx, w=wanted: history.history(tx, life.resident, w),  # type: ignore[misc]
        )
        places.extend(told.event.place for told in page.items)
        token = page.next_token
        tick(stage)
        code = stage.run(life.home.show_code(life.resident, life.consent))
        stage.run(life.host.check(code))
    assert places == [event.place for event in before]


def test_a_token_whose_event_is_gone_still_leads_on(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    made = next(event for event in life.events() if event.kind is Kind.CODE_MADE)
    with life.home.store._engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM codes WHERE consent_id = :c"), {"c": life.consent})
    wanted = PageRequest(50, str(made.place))
    page = stage.act(
        life.home, lambda tx: life.home.cases.histories.history(tx, life.resident, wanted)
    )
    assert [told.event.kind for told in page.items] == [Kind.CONSENT_GIVEN]


@pytest.mark.parametrize(
    "token",
    [
        "x", "1.2", "1.99.zz", "-1.1.ab", "f" * 128, NOBODY, "1.1.' OR", "1.4.abc", "1.5.-",
        f"1.4.{NOBODY}", f"1.1.{'0' * 64}",
    ],
)  # fmt: skip
def test_a_made_up_token_is_refused(stage: Stage, token: str) -> None:
    life = journey(stage, HOME, HOST)
    with refused(PAGE_INVALID):
        stage.act(
            life.home,
            lambda tx: life.home.cases.histories.history(tx, life.resident, PageRequest(5, token)),
        )


def test_somebody_elses_id_shows_nothing_of_anybody(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    other = stage.run(life.home.resident(10))
    assert events(stage, life.home, other) == []
    with refused(UNKNOWN):
        events(stage, life.home, NOBODY)
    # The host knows no resident of another city by an id.
    with refused(UNKNOWN):
        events(stage, life.host, life.resident)


def test_a_guessed_pass_a_code_and_another_citys_pass_are_told_alike(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    code = stage.run(life.home.show_code(life.resident, life.consent))
    guessed = code_text(CityCode(HOST), b"guessed randomly")
    _, raw = parse_code(life.visitor_pass, where="a pass")
    own = code_text(CityCode(HOME), b"guessed randomly")
    told = set()
    for town, shown in (
        (life.host, guessed),
        (life.host, code_text(CityCode(THIRD), raw)),
        (life.host, code),
        (life.home, code),
        (life.home, own),
        (life.home, life.visitor_pass),
    ):
        with pytest.raises(HutongError) as wrong:
            visits(stage, town, shown)
        told.add((wrong.value.reason, str(wrong.value.fields)))
    assert told == {(VISITOR_PASS_UNKNOWN, "{}")}
    with refused(MALFORMED):
        visits(stage, life.host, life.visitor_pass[:-1])


def test_a_pass_that_was_replaced_shows_nothing_and_the_new_one_everything(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    code = stage.run(life.home.show_code(life.resident, life.consent))
    checked = stage.run(life.host.check(code))
    assert checked.visitor_pass != life.visitor_pass
    with refused(VISITOR_PASS_UNKNOWN):
        visits(stage, life.host, life.visitor_pass)
    seen = [visit.kind for visit in visits(stage, life.host, checked.visitor_pass)]
    assert seen == [Kind.DECIDED, Kind.REDEEMED, Kind.DECIDED, Kind.RECOGNISED]


def test_who_is_recognised_again_sees_when_it_had_ended(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    tick(stage, timedelta(days=2))
    ended = visits(stage, life.host, life.visitor_pass)
    assert ended[0].kind is Kind.RECOGNITION_ENDED
    back = stage.run(life.host.check(life.visitor_pass, is_pass=True))
    assert back.outcome is RecognitionOutcome.RECOGNISED
    after = visits(stage, life.host, life.visitor_pass)
    assert [visit.kind for visit in after[:3]] == [
        Kind.DECIDED,
        Kind.RECOGNISED,
        Kind.RECOGNITION_ENDED,
    ]
    # The end that was shown before is the one that is kept now.
    assert after[2:] == ended


def test_what_ran_out_ended_then_and_not_when_somebody_asked(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    tick(stage, timedelta(days=2))
    ended = visits(stage, life.host, life.visitor_pass)
    stage.run(life.home.withdraw(life.resident, life.consent))
    checked = stage.run(life.host.check(life.visitor_pass, is_pass=True))
    assert checked.outcome is RecognitionOutcome.NOT_RECOGNISED
    after = visits(stage, life.host, life.visitor_pass)
    assert (after[0].kind, after[1:]) == (Kind.DECIDED, ended)


def test_a_decision_without_the_home_city_is_shown_as_what_it_was(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    tick(stage, timedelta(days=2))
    stage.world.network.down.add(CityCode(HOME))
    away = stage.run(life.host.check(life.visitor_pass, is_pass=True))
    assert away.outcome is RecognitionOutcome.HOME_UNREACHABLE
    newest = visits(stage, life.host, life.visitor_pass)[0]
    assert (newest.kind, newest.opened) == (Kind.DECIDED, ("reading-room",))
    assert newest.closed == ("library-card",)


def test_a_redemption_is_shown_whatever_became_of_its_decision(stage: Stage) -> None:
    life = journey(stage, HOME, HOST)
    with life.host.store._engine.begin() as connection:
        assert connection.execute(sa.delete(DECISIONS)).rowcount
    kinds = [visit.kind for visit in visits(stage, life.host, life.visitor_pass)]
    assert Kind.REDEEMED in kinds
    tick(stage, VISITS_KEPT)
    stage.run(life.host.store.sweep())
    assert [visit.kind for visit in visits(stage, life.host, life.visitor_pass)] == [
        Kind.RECOGNITION_ENDED
    ]


def test_a_newcomer_leaves_nothing_that_could_be_shown_to_anybody(stage: Stage) -> None:
    home, host = stage[HOME], stage[HOST]
    resident = stage.run(home.resident(-500))
    consent = stage.run(home.consent(resident, host.code, SCENARIO))
    checked = stage.run(host.check(stage.run(home.show_code(resident, consent))))
    assert checked.outcome is RecognitionOutcome.NOT_RECOGNISED
    assert leavings.dump(host.store._engine)["visits"] == []
    kinds = [event.kind for event in events(stage, home, resident)]
    assert kinds == [Kind.REFUSED, Kind.CODE_USED, Kind.CODE_MADE, Kind.CONSENT_GIVEN]


def test_who_is_erased_while_the_venue_waits_has_no_visit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    stage.run(home.record(number, 90))
    consent = stage.run(home.consent(resident, home.code, SCENARIO))
    first = stage.run(home.check(stage.run(home.show_code(resident, consent))))
    tick(stage, timedelta(days=2))
    attest = home.cases.attesting.attest

    async def then_erased(envelope: Envelope, caller: CityCode) -> bytes:
        answer = await attest(envelope, caller)
        await home.cases.erasing.erase(resident, number)
        return answer

    monkeypatch.setattr(home.cases.attesting, "attest", then_erased)
    checked = stage.run(home.check(first.visitor_pass, is_pass=True))
    assert checked.outcome is RecognitionOutcome.NOT_RECOGNISED
    assert leavings.dump(home.store._engine)["visits"] == []


def test_the_home_city_learns_of_no_venue(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on the wire, nor in its store, nor in what it shows."""
    said = list[bytes]()
    for name in dir(DirectPeers):
        method = getattr(DirectPeers, name)
        if asyncio.iscoroutinefunction(method) and not name.startswith("_"):
            monkeypatch.setattr(DirectPeers, name, _heard(method, said))
    home, host = stage[HOME], stage[HOST]
    renamed = lambda text: text.replace('"library"', f'"{LAKESIDE.name}"')  # noqa: E731 - once
    stage.run(host.load_incentives(renamed))
    resident = stage.run(home.resident(90))
    consent = stage.run(home.consent(resident, host.code, SCENARIO))
    checked = stage.run(host.check(stage.run(home.show_code(resident, consent)), venue=LAKESIDE))
    decision = next(d for d, i, _ in checked.decisions if d and i.minimum_band)
    stage.act(host, lambda tx: host.cases.redeeming.redeem(tx, LAKESIDE, decision))
    stage.run(host.cases.witnessing.exchange(home.code))
    stage.run(home.cases.witnessing.exchange(host.code))
    assert [visit.venue for visit in visits(stage, host, checked.visitor_pass)][:2] == [
        LAKESIDE.name
    ] * 2
    needle = LAKESIDE.name.encode()
    assert len(said) > 2
    assert [each for each in said if needle in each] == []
    assert leavings.in_rows(home.store._engine, {"venue": LAKESIDE.name}) == {}
    assert "venue" in leavings.in_rows(host.store._engine, {"venue": LAKESIDE.name})


def _heard(method: Any, said: list[bytes]) -> Any:  # noqa: ANN401 - any call of the port
    async def call(self: DirectPeers, partner: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the same
        answer = await method(self, partner, *args, **kwargs)
        said.append(pickle.dumps((args, kwargs, answer)))
        return answer

    return call


def test_own_residents_take_the_same_path_and_see_both_parts_at_home(stage: Stage) -> None:
    at_home = journey(stage, HOME, HOME)
    assert {event.city for event in at_home.events()} == {HOME}
    seen = visits(stage, stage[HOME], at_home.visitor_pass)
    assert [visit.kind for visit in seen] == [Kind.REDEEMED, Kind.DECIDED, Kind.RECOGNISED]
    assert visits(stage, stage[HOME], at_home.visitor_pass, 2) == seen
