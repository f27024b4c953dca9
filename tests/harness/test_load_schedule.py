"""What is due when hangs on the seed alone, never on what was answered."""

import itertools
from pathlib import Path

import pytest

from scripts.harnessing import records
from scripts.harnessing.layout import Folder, Place, Plan
from scripts.harnessing.loading.cast import Cast, NobodyError, consents
from scripts.harnessing.loading.mixes import KINDS, MIX, MixError, parse_mix
from scripts.harnessing.loading.offers import Offer
from scripts.harnessing.loading.running import load_of
from scripts.harnessing.loading.schedule import arrivals, due_in_window, planned
from scripts.harnessing.records import Act, Deed, Enrolled

CODES = ("410100", "330100", "320500")


def enrolled(
    city: str, number: int, *, below: bool = False, hosts: tuple[str, ...] = ()
) -> Enrolled:
    return Enrolled(
        city=city,
        resident_id=f"{city}-{number}",
        document_kind="RESIDENT_ID",
        document_number=f"{number}",
        standing="below" if below else "exportable",
        consents={host: f"consent-{city}-{number}-{host}" for host in hosts},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Three cities with twelve residents each, a third of them below the line."""
    made = Folder(tmp_path)
    names = ("zhengzhou", "hangzhou", "suzhou")
    places = tuple(Place(c, n, "sqlite") for c, n in zip(CODES, names, strict=True))
    made.plan.write_text(Plan(places, "none", 12, 1, "2026-01-01").to_json(), "utf-8")
    others = {code: [c for c in CODES if c != code] for code in CODES}
    records.append(
        made.residents,
        [
            enrolled(code, n, below=n % 3 == 2, hosts=tuple(others[code][: n % 3]))
            for code in CODES
            for n in range(12)
        ],
    )
    return made


def test_the_same_seed_has_the_same_journeys(folder: Folder) -> None:
    def plan(seed: int) -> list[object]:
        return list(planned(Cast.read(folder), MIX, rate=50, seconds=20, seed=seed))

    assert plan(7) == plan(7)
    assert plan(7) != plan(8)
    assert len(plan(7)) > 500


def test_arrivals_are_poisson_and_shares_add_up_to_the_rate() -> None:
    whole = [list(arrivals(40, 200, 3, (place, 4))) for place in range(4)]
    count = sum(map(len, whole))
    assert abs(count - 8000) < 5 * 8000**0.5
    gaps = [b - a for a, b in itertools.pairwise(sorted(itertools.chain(*whole)))]
    mean = sum(gaps) / len(gaps)
    # Of an exponential law the variance is the square of the mean.
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert 0.85 < variance / mean**2 < 1.15
    assert all(0 < at < 200 for each in whole for at in each)


def test_how_many_were_due_is_counted_again_from_what_is_kept_of_a_load(folder: Folder) -> None:
    offer = Offer(rate=30, seconds=40, generators=2, seed=5)
    load = load_of(offer, 1000.0)
    cast = [Cast.read(folder, (place, 2)) for place in range(2)]
    due = [
        each.after + 1000
        for place in range(2)
        for each in planned(cast[place], MIX, rate=30, seconds=40, seed=5, share=(place, 2))
    ]
    assert due_in_window(load) == sum(load.steady_from <= at < load.steady_until for at in due)


def test_every_city_is_home_and_host_and_every_journey_comes(folder: Folder) -> None:
    found = list(planned(Cast.read(folder), MIX, rate=100, seconds=30, seed=1))
    assert {each.home for each in found} == set(CODES)
    assert {each.host for each in found} == set(CODES)
    assert {each.kind for each in found} == set(KINDS)
    abroad = [each for each in found if each.kind == "visit-code"]
    assert all(each.home != each.host for each in abroad)
    assert all(each.host == each.home for each in found if each.kind == "at-home")


def test_what_must_succeed_is_drawn_from_those_who_can(folder: Folder) -> None:
    cast = Cast.read(folder)
    found = list(planned(cast, MIX, rate=100, seconds=30, seed=1))
    low = [each for each in found if cast.residents[each.resident].standing == "below"]
    assert low
    assert {each.kind for each in low} == {"refused"}


def test_a_weight_of_nothing_leaves_a_journey_out(folder: Folder) -> None:
    mix = parse_mix([f"{name}=0" for name in KINDS if name != "standing"])
    found = list(planned(Cast.read(folder), mix, rate=100, seconds=5, seed=1))
    assert {each.kind for each in found} == {"standing"}


def test_two_generators_have_no_resident_in_common(folder: Folder) -> None:
    shares = [set(Cast.read(folder, (place, 3)).residents) for place in range(3)]
    assert sum(map(len, shares)) == len(set().union(*shares)) == 36


def test_a_generator_without_residents_is_told_what_to_do(folder: Folder) -> None:
    with pytest.raises(NobodyError, match="--residents"):
        Cast.read(folder, (36, 37))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("visit=3", "there is no journey 'visit'"),
        ("visit-code", "write visit-code=WEIGHT"),
        ("visit-code=x", "write visit-code=WEIGHT"),
        ("visit-code=-1", "from 0"),
        ("visit-code=nan", "from 0"),
    ],
)
def test_a_mistake_in_a_mix_is_told(word: str, said: str) -> None:
    with pytest.raises(MixError, match=said):
        parse_mix([word])


def test_a_mix_of_nothing_is_refused() -> None:
    with pytest.raises(MixError, match="leave one"):
        parse_mix([f"{name}=0" for name in KINDS])


def act(
    deed: Deed, ended: float, said: dict[str, str], outcome: str = "OK", *, repeated: bool = False
) -> Act:
    return Act(deed, CODES[0], CODES[1], "r", 0, 0, ended, outcome, repeated=repeated, said=said)


def test_a_load_knows_the_consents_that_earlier_loads_gave_and_withdrew(folder: Folder) -> None:
    cast = Cast.read(folder)
    who = f"{CODES[0]}-1"
    first = cast.residents[who].consents[CODES[1]]
    folder.histories.mkdir()
    gone = {"resident_id": who, "consent_id": first}
    new = {"resident_id": who, "consent_id": "new", "host": CODES[1]}
    later = {"resident_id": f"{CODES[0]}-2", "consent_id": "late", "host": CODES[2]}
    # Written by two generators, and not in the order in which it happened.
    records.append(folder.histories / "b.jsonl", [act(Deed.WITHDRAW, 1.0, gone)])
    records.append(
        folder.histories / "a.jsonl",
        [
            act(Deed.CONSENT, 2.0, new),
            act(Deed.WITHDRAW, 9.0, gone, repeated=True),
            act(Deed.CONSENT, 3.0, later),
            act(Deed.WITHDRAW, 4.0, new, "DEADLINE"),
            act(Deed.WITHDRAW, 5.0, {"resident_id": "somebody else", "consent_id": "x"}),
        ],
    )
    found = consents(folder, cast)
    assert found[who] == {CODES[1]: "new"}
    assert found[f"{CODES[0]}-2"][CODES[2]] == "late"
    assert consents(folder, cast)[f"{CODES[1]}-1"] == cast.residents[f"{CODES[1]}-1"].consents
