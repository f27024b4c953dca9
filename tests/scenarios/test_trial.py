"""The trial exchange between real processes: what officers see, and what is left of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import HutongError
from federation.identifiers import CityCode, code_text, parse_code
from federation.limits import REQUEST_LIFETIME
from federation.messages import AttestationRequest, Disclosure, Header
from federation.v1 import trial_service_pb2 as pb
from node.clock import SystemClock, SystemEntropy
from node.config import read_settings
from node.keys import FileKeys, KeyFolder
from node.limits import TRIAL_LIFETIME
from node.services.here import Here
from node.services.trial_terms import LEGAL_BASIS, SCENARIOS, trial_agreement
from scripts.cities import Cities, City, new_id
from tests.scenarios.stage import ROOT, Hand, Said, eventually, said, store_of

pytestmark = pytest.mark.all

SERVICE: Final = "/federation.v1.TrialService/"
ACTIVE: Final = "PARTNER_STATE_ACTIVE"
APPROVED: Final = "PARTNER_STATE_APPROVED"
UNSTEADY: Final = ("-m", "tests.scenarios.unsteady")


def introduced(one: City, other: City) -> None:
    """Two cities swap keys, and nobody has approved yet."""
    invited = one.operator("InvitePartner", request_id=new_id(), city=other.about.code)
    other.operator(
        "JoinPartner", request_id=new_id(), code=invited["code_zh"], address=invited["address"]
    )


def approve(city: City, partner: City) -> None:
    city.operator(
        "ApprovePartner",
        who="second",
        request_id=new_id(),
        city=partner.about.code,
        legal_basis="a test",
        privacy_assessment="PIA-1",
    )
    city.operator("SyncPartner", city=partner.about.code)


@pytest.fixture
def cities(tmp_path: Path) -> Iterator[Cities]:
    """Two cities that approved each other; what they write aside lands in a folder of their own."""
    with Cities(tmp_path, ("410100", "330100")) as made:
        for city in made:
            aside(city).mkdir(parents=True)
            city.environment = {**os.environ, "TMPDIR": str(aside(city)), "PYTHONPATH": str(ROOT)}
        made.start()
        for city in made:
            city.load_rules()
        introduced(made["zhengzhou"], made["hangzhou"])
        approve(made["zhengzhou"], made["hangzhou"])
        approve(made["hangzhou"], made["zhengzhou"])
        yield made


def aside(city: City) -> Path:
    return city.directory.with_name(f"aside-{city.about.pinyin}")


def again(city: City, *, command: tuple[str, ...] = ("-m", "node.cli"), **more: str) -> None:
    """Start a city anew, as another program, or with more in its environment."""
    city.stop()
    city.command, city.environment = command, {**city.environment, **more}
    city.start()
    city.wait()


def hutong(city: City, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "node.cli", *arguments, "--settings", str(city.settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def state(city: City, other: City) -> str:
    return str(city.partner(other)["state"])


def left(city: City) -> str:
    """All that a city's store holds, as text; no resident is among it."""
    with store_of(city) as store:
        names = sa.inspect(store).get_table_names()
        rows = {name: store.execute(sa.text(f"SELECT * FROM {name}")).all() for name in names}  # noqa: S608 - names of the schema
    for table in ("residents", "records", "consents", "uses", "recognitions", "redemptions"):
        # The one row that stands for nobody is in every store.
        assert not [row for row in rows.get(table, ()) if row[0]], table
    return repr(rows)


def test_two_officers_see_each_step_and_both_cities_are_active(cities: Cities) -> None:
    one, other = cities
    shown = hutong(one, "partner", "test", other.about.code, "--lang", "en")
    assert shown.returncode == 0, shown.stderr
    for word in ("grant", "refusal", "replay", "withdrawal"):
        assert shown.stdout.count(f" {word} ") == 2
    assert "FAILED" not in shown.stdout
    assert eventually(lambda: {state(one, other), state(other, one)} == {ACTIVE})
    machine = hutong(other, "partner", "test", one.about.code, "--json")
    assert machine.returncode == 0
    answer = json.loads(machine.stdout)
    assert [step["passed"] for step in answer["steps"]] == [True] * 8
    assert {step["home_city"] for step in answer["steps"]} == {one.about.code, other.about.code}
    # Nothing of it is left, neither in the stores nor beside them.
    for city in cities:
        text = left(city)
        assert LEGAL_BASIS not in text
        assert not any(scenario in text for scenario in SCENARIOS)
        assert not list(aside(city).iterdir())


def test_a_partner_that_forgets_a_withdrawal_is_shown_and_not_active(cities: Cities) -> None:
    one, other = cities
    again(other, command=UNSTEADY)
    shown = hutong(one, "partner", "test", other.about.code, "--lang", "en")
    assert shown.returncode == 3
    assert shown.stdout.count("FAILED") == 1
    assert "do not go on with this city" in " ".join(shown.stdout.split())
    assert (state(one, other), state(other, one)) == (APPROVED, APPROVED)


@pytest.mark.parametrize("question", [1, 2, 4])
def test_a_partner_killed_in_the_middle_is_a_failed_step_and_the_next_trial_succeeds(
    cities: Cities, question: int
) -> None:
    one, other = cities
    again(other, command=UNSTEADY, DIES_AT_QUESTION=str(question))
    shown = hutong(one, "partner", "test", other.about.code, "--json")
    steps = json.loads(shown.stdout)["steps"]
    assert shown.returncode == 3
    assert not all(step["passed"] for step in steps)
    other.kill()
    again(other)
    assert state(one, other) == APPROVED
    assert hutong(one, "partner", "test", other.about.code).returncode == 0
    assert eventually(lambda: {state(one, other), state(other, one)} == {ACTIVE})
    assert not any(scenario in left(other) for scenario in SCENARIOS)
    assert not list(aside(other).iterdir())


def test_a_city_killed_in_its_own_trial_simply_runs_it_again(cities: Cities) -> None:
    one, other = cities
    again(one, command=UNSTEADY, DIES_AT_QUESTION="2")
    with pytest.raises(HutongError):
        one.operator("TestPartner", city=other.about.code)
    one.kill()
    again(one)
    assert state(one, other) == APPROVED
    steps = one.operator("TestPartner", city=other.about.code)["steps"]
    assert all(step["passed"] for step in steps)
    assert eventually(lambda: {state(one, other), state(other, one)} == {ACTIVE})
    assert not list(aside(one).iterdir())


def in_hand(city: City, home: City) -> Hand:
    """A city whose process has stopped, and whose keys are in our hand."""
    city.stop()
    folder = KeyFolder(city.directory)
    return Hand(home, FileKeys(folder), folder, CityCode(city.about.code), "")


def scales(one: City) -> dict[CityCode, Any]:
    """Both cities' scales, as one of them has them in its store."""
    with store_of(one) as store:
        found = [
            row[0]
            for table in ("own_scales", "partner_scales")
            for row in store.execute(sa.text(f"SELECT envelope FROM {table}"))  # noqa: S608 - ours
        ]
    opened = [codec.SCORE_SCALE.decode(codec.envelope_from_bytes(e).payload) for e in found]
    return {scale.header.issuer: scale for scale in opened}


def prepare(held: Hand, known: dict[CityCode, Any], trial_id: str) -> tuple[bytes, Envelope]:
    """The bytes of a PrepareTrial call, and the agreement in it."""
    here = Here(held.city, read_settings(held.home.settings).zone, SystemClock(), SystemEntropy())
    header = here.header(tuple(sorted(known)), here.now(), TRIAL_LIFETIME)
    agreement = seal(codec.TRIAL_AGREEMENT, trial_agreement(header, trial_id, known), [held.keys])
    wire = codec.envelope_to_wire(agreement)
    return (
        pb.PrepareTrialRequest(trial_id=trial_id, agreement=wire).SerializeToString(),
        agreement,
    )


def question(held: Hand, agreement: Envelope, trial_id: str, code: str) -> bytes:
    terms = codec.TRIAL_AGREEMENT.decode(agreement.payload)
    asked = _asked(held, terms.agreement_id, code)
    envelope = seal(codec.ATTESTATION_REQUEST, asked, [held.keys])
    wire = codec.envelope_to_wire(envelope)
    return pb.RequestTrialAttestationRequest(trial_id=trial_id, request=wire).SerializeToString()


def _asked(held: Hand, agreement_id: str, code: str) -> AttestationRequest:
    now = SystemClock().now()
    home = CityCode(held.home.about.code)
    return AttestationRequest(
        header=Header(new_id(), held.city, (home,), now, now + REQUEST_LIFETIME),
        agreement_id=agreement_id,
        agreement_version=1,
        presentation_code=parse_code(code, where="code")[1],
        pseudonym=None,
        scenarios=SCENARIOS,
        disclosure=Disclosure.BAND,
    )


def test_a_refusal_in_a_trial_is_the_same_bytes_whatever_its_reason(cities: Cities) -> None:
    one, other = cities
    one.operator("SyncPartner", city=other.about.code)
    known, held = scales(other), in_hand(one, other)
    trial_id = new_id()
    body, agreement = prepare(held, known, trial_id)
    with held.channel() as channel:
        given = pb.PrepareTrialResponse.FromString(
            said(channel, SERVICE + "PrepareTrial", body).body
        )

        def ask(code: str) -> Said:
            asked = question(held, agreement, trial_id, code)
            return said(channel, SERVICE + "RequestTrialAttestation", asked)

        assert ask(given.good_code).reason == "OK"
        nobody = code_text(CityCode(other.about.code), SystemEntropy().token(16))
        refusals = [ask(code) for code in (given.low_code, nobody, given.good_code)]
        assert refusals[0].reason == "NOT_RECOGNISED"
        assert refusals[0] == refusals[1] == refusals[2]
        # A repeated question gets the very same bytes.
        again_ = question(held, agreement, trial_id, given.low_code)
        answers = [said(channel, SERVICE + "RequestTrialAttestation", again_) for _ in range(2)]
        assert answers[0] == answers[1] == refusals[0]


def test_a_partner_that_is_not_approved_by_both_has_no_trial(tmp_path: Path) -> None:
    with Cities(tmp_path, ("410100", "330100")) as made:
        made.start()
        one, other = made
        for city in made:
            city.load_rules()
        introduced(one, other)
        one.operator("SyncPartner", city=other.about.code)
        known = scales(other)
        refused = hutong(one, "partner", "test", other.about.code, "--json")
        assert json.loads(refused.stdout)["error"]["reason"] == "MOVE_REFUSED"
        approve(one, other)
        refused = hutong(one, "partner", "test", other.about.code, "--json")
        assert json.loads(refused.stdout)["error"]["reason"] == "MOVE_REFUSED"
        held = in_hand(one, other)
        with held.channel() as channel:
            body, _ = prepare(held, known, new_id())
            for method, asked in (
                ("PrepareTrial", body),
                ("RequestTrialAttestation", b""),
                ("WithdrawTrialConsent", b""),
                ("RunTrial", b""),
            ):
                assert said(channel, SERVICE + method, asked).reason == "NOT_A_PARTNER"
