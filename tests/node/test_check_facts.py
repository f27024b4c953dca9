"""What a check rests on is kept as one text, and what follows from it are always the same bytes."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import codec, limits
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.incentives import Decisions
from federation.rendering import plain
from node.check_facts import CheckFacts, check_from_json, check_to_json
from node.decision_errors import CHECK_DAMAGED
from node.facts import Facts
from node.incentives import AcrossCities, Capacity, Catalogue, Incentive, Residence
from node.services.deciding_statement import decide_all
from tests.federation.strategies import CITIES, DIGESTS, INSTANTS, NAMES, UUIDS, name_sets
from tests.node.services.test_deciding import PEOPLE, incentives
from tests.node.test_conditions import SCALE, asking

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CHECK_ID = "0192f0c1-2b3c-7def-8123-456789abcdef"
VISITOR = Facts(
    decided_at=AT,
    day=date(2026, 11, 24),
    hour=10,
    weekday=2,
    scale_version=1,
    catalogue_version=3,
    band_id="excellent",
    local_milli=123_457,
    commendations=("blood-donor",),
    scenarios=("scenic.discount",),
    home="410100",
    agreement_id="018f3b1e-0000-7000-8000-000000000001",
    residence=Residence.VISITOR,
)
CHECK = CheckFacts(
    check_id=CHECK_ID,
    venue="museum",
    holder=b"h" * 32,
    home=CityCode("410100"),
    asked=("one",),
    expires_at=AT + timedelta(minutes=15),
    offline_until=AT + timedelta(minutes=30),
    offline_to_all=AT + timedelta(minutes=60),
    facts=VISITOR,
)

FACTS = st.builds(
    Facts,
    decided_at=INSTANTS,
    day=st.dates(),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
    scale_version=st.integers(0, 9),
    catalogue_version=st.integers(0, 9),
    band_id=NAMES,
    local_milli=st.none() | st.integers(-(2**40), 2**40),
    commendations=name_sets(),
    scenarios=name_sets(),
    home=CITIES,
    agreement_id=UUIDS,
    residence=st.sampled_from(Residence),
    counting=st.booleans(),
)
CHECKS = st.builds(
    CheckFacts,
    check_id=UUIDS,
    venue=NAMES,
    holder=DIGESTS | st.just(b""),
    home=CITIES,
    asked=name_sets(),
    expires_at=INSTANTS,
    offline_until=st.none() | INSTANTS,
    offline_to_all=st.none() | INSTANTS,
    facts=FACTS,
)


def incentive(name: str, **fields: object) -> Incentive:
    return replace(asking(""), incentive_id=name, **fields)  # type: ignore[arg-type]


def decided(check: CheckFacts, *incentives: Incentive) -> Decisions:
    catalogue = Catalogue(check.facts.catalogue_version, incentives, "a file")
    city = CityCode(SCALE.city)
    return decide_all(city, check, incentives, catalogue, SCALE).statement


def offline(check: CheckFacts, found: Incentive) -> datetime | None:
    [said] = decided(check, found).decisions
    return said.offline_until


@given(check=CHECKS)
def test_what_is_kept_reads_as_it_was_written(check: CheckFacts) -> None:
    assert check_from_json(check_to_json(check), check.check_id) == check


@given(check=CHECKS, other=UUIDS)
def test_what_is_kept_of_one_check_is_not_read_as_another(check: CheckFacts, other: str) -> None:
    if other != check.check_id:
        with pytest.raises(HutongError) as found:
            check_from_json(check_to_json(check), other)
        assert found.value.reason == CHECK_DAMAGED


@given(found=incentives(), person=PEOPLE, check=CHECKS, known=st.booleans())
def test_what_is_read_again_comes_to_the_very_same_bytes(
    found: Incentive, person: Facts, check: CheckFacts, known: bool
) -> None:
    facts = replace(person if known else person.as_newcomer(), decided_at=AT)
    asked = replace(
        check,
        holder=b"h" * 32 if known else b"",
        asked=(found.incentive_id,),
        expires_at=AT + timedelta(minutes=5),
        facts=facts,
    )
    first = codec.DECISIONS.encode(decided(asked, found))
    again = check_from_json(check_to_json(asked), asked.check_id)
    assert codec.DECISIONS.encode(decided(again, replace(found))) == first


def _with(**fields: object) -> str:
    return json.dumps(json.loads(check_to_json(CHECK)) | fields, separators=(",", ":"))


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "7", '"text"', '{"form":1}', "{" * 5000,
        check_to_json(CHECK) + " ",
        check_to_json(CHECK).replace('"hour":10', '"hour":10,"hour":10'),
        check_to_json(CHECK).replace('"form":1,', ""),
        _with(form=2), _with(form=None), _with(form="1"),
        _with(penalty=3), _with(holder="zz"), _with(holder=None), _with(expires_at="now"),
        _with(expires_at=2**80), _with(expires_at=1.5), _with(asked="one"), _with(asked=None),
        _with(facts=None), _with(facts={}), _with(facts=[]),
    ],
)  # fmt: skip
def test_what_was_not_written_here_is_not_read(text: str) -> None:
    with pytest.raises(HutongError) as found:
        check_from_json(text, CHECK_ID)
    assert found.value.reason == CHECK_DAMAGED


def test_the_same_facts_come_to_the_same_bytes_and_each_incentive_to_an_id_of_its_own() -> None:
    found = (incentive("one"), incentive("two"), incentive("three", minimum_band="outstanding"))
    first, again = (codec.DECISIONS.encode(decided(CHECK, *found)) for _ in range(2))
    assert first == again
    said = codec.DECISIONS.decode(first)
    ids = [each.decision_id for each in said.decisions if each.eligible]
    assert len(set(ids)) == len(ids) == 2
    other = decided(replace(CHECK, check_id=CHECK_ID.replace("0", "1")), *found)
    assert not set(ids) & {each.decision_id for each in other.decisions}


def test_decisions_are_made_by_each_later_version_as_they_were_at_first() -> None:
    """Where this fails, raise the form of the facts: what is kept would come to other bytes."""
    found = (
        incentive("to-all"),
        incentive("by-band", minimum_band="good"),
        incentive("by-commendation", minimum_band="outstanding", commendations=("blood-donor",)),
        incentive("by-condition", condition="rank >= 0"),
        incentive("below", minimum_band="outstanding"),
        incentive("over", valid_until=date(2026, 2, 1)),
        incentive("for-own", minimum_band="good", subjects=(Residence.OWN,)),
        incentive("counted", minimum_band="good", across_cities=AcrossCities("rental", 1, 30)),
        incentive("elsewhere", minimum_band="good", scenario="library.deposit_free"),
    )
    newcomer = replace(CHECK, holder=b"", facts=VISITOR.as_newcomer())
    said = [decided(check, *found) for check in (CHECK, newcomer)]
    assert {each.rule for one in said for each in one.decisions} == {
        "OPEN_TO_ALL", "BAND", "COMMENDATION", "CONDITION", "BELOW", "OUTSIDE_VALIDITY",
        "NOT_FOR_THIS_HOME", "NOT_COUNTED", "NOT_CONSENTED", "NOT_RECOGNISED",
    }  # fmt: skip
    content = b"".join(codec.DECISIONS.encode(one) for one in said)
    assert hashlib.sha256(content).hexdigest() == (
        "f4eacf5255a4edab46b766a09e142c8f9fa48b035ab3ff492f4a7f28518a3f41"
    )


def test_what_is_signed_holds_no_score_no_commendation_and_no_agreement() -> None:
    found = (
        incentive("one", minimum_band="good"),
        incentive("two", commendations=("blood-donor",)),
    )
    text = repr(plain(decided(CHECK, *found)))
    assert [
        each for each in ("123457", "123.457", "blood", VISITOR.agreement_id) if each in text
    ] == []


def test_without_its_node_a_venue_goes_by_a_standing_for_as_long_as_was_agreed() -> None:
    assert offline(CHECK, incentive("one", minimum_band="good")) == CHECK.offline_until
    none = replace(CHECK, offline_until=None)
    assert offline(none, incentive("one", minimum_band="good")) is None


def test_what_is_open_to_everyone_is_no_less_open_to_whom_is_recognised() -> None:
    newcomer = replace(CHECK, holder=b"", offline_until=None, facts=VISITOR.as_newcomer())
    for check in (CHECK, newcomer, replace(CHECK, offline_until=None)):
        assert offline(check, incentive("one")) == CHECK.offline_to_all


@pytest.mark.parametrize(
    "limited",
    [
        {"capacity": Capacity(total=5)},
        {"capacity": Capacity(per_day=5)},
        {"capacity": Capacity(per_venue_per_day=5)},
        {"minimum_band": "good", "across_cities": AcrossCities("rental", 1, 30)},
        {"valid_until": date(2026, 11, 25)},
        {"minimum_band": "outstanding"},
    ],
)
def test_what_is_limited_or_about_to_end_or_not_open_is_never_given_without_the_node(
    limited: dict[str, object],
) -> None:
    counted = replace(CHECK, facts=replace(VISITOR, counting=True))
    assert offline(counted, incentive("one", **limited)) is None


def test_as_many_decisions_as_are_allowed_fit_one_payload() -> None:
    long = "长" * 200
    scale = replace(
        SCALE, bands=tuple(replace(b, name_zh=long, name_en="n" * 200) for b in SCALE.bands)
    )
    found = tuple(
        incentive(
            f"{'i' * 60}-{i}", minimum_band="outstanding", commendations=("c",), condition="false"
        )
        for i in range(limits.DECISIONS)
    )
    catalogue = Catalogue(3, found, "a file")
    said = decide_all(CityCode(SCALE.city), CHECK, found, catalogue, scale).statement
    assert len(codec.DECISIONS.encode(said)) < limits.PAYLOAD_BYTES
