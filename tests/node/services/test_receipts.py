"""A receipt is good for whoever trusts the city, and for nothing that anybody made of it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import codec
from federation.errors import HutongError
from federation.keys import Ed25519Signer
from federation.messages import Disclosure
from federation.receipt import ReceiptKind, receipt_from_json
from federation.receipt_check import verify_receipt
from node import data
from node.errors import UNKNOWN
from node.history import HistoryKind as Kind
from node.services.consent_receipts import TEXT_VERSION
from tests.conftest import NewStore
from tests.node import leavings
from tests.node.services.living import Journey, events, journey, verified
from tests.node.services.promised import refused
from tests.node.services.stage import Stage, staged
from tests.node.services.world import SCENARIO

HOME, HOST, THIRD = "410100", "330100", "320500"
NOBODY = "00000000-0000-7000-8000-000000000000"

# Every text that was ever shown stays word for word: a new one is a new file.
TEXTS = {
    1: "afd4122fc66ad320f57a657717a9387aba1c15a4edc7d90473982d3726e75017",
    2: "08496811c563d600a1d750376367209a29be1d447650eda78eb707a970f4d020",
}
# What the law asks for (PIPL, articles 14, 16, 17 and 23), and who is told how.
ITEMS = {
    "controller", "recipient", "purpose", "method", "data", "counting", "retention", "term",
    "withdrawal", "rights", "refusing",
}  # fmt: skip


@pytest.fixture
def stage(new_store: NewStore) -> Iterator[Stage]:
    with staged(new_store, HOME, HOST) as found:
        yield found


@pytest.fixture
def life(stage: Stage) -> Journey:
    return journey(stage, HOME, HOST)


async def renew(life: Journey) -> None:
    async for _ in life.host.cases.renewing.renew(everybody=True):
        pass


def test_a_receipt_of_an_attestation_holds_for_who_trusts_the_city(life: Journey) -> None:
    made = life.receipt()
    found = verified(made.content, life.home, life.host)
    assert found.error is None
    assert found.trusted
    assert made.cosigned_by == (HOST,)
    assert [seen.city for seen in found.cosignatures] == [HOST]
    assert found.attestation is not None
    assert found.attestation.header.statement_id == life.attestations()[0].subject


def test_a_receipt_proves_nothing_to_who_trusts_another_city_alone(life: Journey) -> None:
    found = verified(life.receipt().content, life.host)
    assert found.holds
    assert not found.trusted


def test_one_of_a_batch_stands_alone_in_its_receipt(life: Journey) -> None:
    neighbours = [journey(life.stage, HOME, HOST) for _ in range(3)]
    life.stage.run(renew(life))
    for each in (life, *neighbours):
        newest = each.attestations()[0]
        assert newest.kind is Kind.RENEWED
        found = verified(each.receipt(newest.subject).content, life.home)
        assert found.error is None
        assert found.attestation is not None
        assert found.attestation.header.statement_id == newest.subject
        others = {e.subject for n in (life, *neighbours) for e in n.attestations()} - {
            e.subject for e in each.attestations()
        }
        assert not [o for o in others if o.encode() in each.receipt(newest.subject).content]


def test_a_receipt_of_a_consent_holds_and_is_what_was_kept(life: Journey) -> None:
    made = life.consent_receipt()
    found = verified(made.content, life.home)
    assert (found.error, found.kind, found.trusted) == (None, ReceiptKind.CONSENT, True)
    kept = life.stage.act(life.home, lambda tx: tx.consent_receipts.get(life.consent))
    assert kept is not None
    assert receipt_from_json(made.content).content == kept.content
    assert kept.text_version == TEXT_VERSION


def test_a_consents_receipt_says_what_the_law_asks_in_both_languages(life: Journey) -> None:
    content = receipt_from_json(life.consent_receipt().content).content
    said = json.loads(content or b"")
    assert {item["key"] for item in said["items"]} == ITEMS
    items = {item["key"]: item for item in said["items"]}
    for language in ("zh", "en"):
        assert said[f"title_{language}"]
        assert all(item[language] and item[f"heading_{language}"] for item in items.values())
        assert f"12345@{HOME}.example" in items["controller"][language]
        assert f"12345@{HOST}.example" in items["recipient"][language]
        assert (
            data.scenario_names()["library.deposit_free"][language == "en"]
            in (items["purpose"][language])
        )
        assert "{" not in "".join(item[language] for item in items.values())
    assert "杭州" in items["recipient"]["zh"]
    assert "Hangzhou" in items["recipient"]["en"]
    assert "no score" in items["data"]["en"]
    assert said["consent_id"] == life.consent
    assert said["disclosure"] == "BAND"


def test_what_is_read_before_consenting_is_what_the_receipt_says(life: Journey) -> None:
    home, asked = life.home, timedelta(days=30)
    before = leavings.dump(home.store._engine)
    draft = life.stage.act(
        home,
        lambda tx: home.cases.residents.draft_consent(
            tx,
            resident_id=life.resident,
            host=life.host.code,
            scenarios=(SCENARIO,),
            disclosure=Disclosure.BAND,
            expires_at=home.clock.now() + asked,
        ),
    )
    assert leavings.dump(home.store._engine) == before
    again = life.stage.run(home.consent(life.resident, life.host.code, SCENARIO))
    kept = life.stage.act(home, lambda tx: tx.consent_receipts.get(again))
    assert kept is not None
    assert json.loads(draft) == json.loads(kept.content) | {"consent_id": ""}


@pytest.mark.parametrize("version", range(1, TEXT_VERSION + 1))
def test_a_text_that_was_shown_is_never_changed(version: int) -> None:
    text = data.path(f"consent_texts/v{version}.toml").read_bytes()
    assert hashlib.sha256(text).hexdigest() == TEXTS[version]
    assert data.consent_text(version)["version"] == version


def test_every_scenario_of_the_shipped_agreements_has_a_name() -> None:
    for path in Path(data.path("agreements")).glob("*.toml"):
        for line in path.read_text("utf-8").splitlines():
            scenario = line.strip().strip('",')
            if "." in scenario and line.startswith("    "):
                assert scenario in data.scenario_names()


def test_another_residents_consent_is_refused_as_one_that_never_was(life: Journey) -> None:
    other = life.stage.run(life.home.resident())
    for which in (life.consent, NOBODY):
        with pytest.raises(HutongError) as wrong:
            life.stage.run(life.home.cases.receipts.of_consent(other, which))
        fields = wrong.value.fields
        assert (wrong.value.reason, fields["what"], fields["name"]) == (UNKNOWN, "consent", which)


def test_another_residents_receipts_are_nobodys(life: Journey) -> None:
    other = journey(life.stage, HOME, HOST)
    desk = life.home.cases.receipts
    theirs = life.attestations()[0].subject
    for ask in (
        desk.of_attestation(other.resident, theirs),
        desk.of_attestation(NOBODY, theirs),
        desk.of_attestation(other.resident, NOBODY),
        desk.of_consent(other.resident, life.consent),
        desk.of_consent(NOBODY, life.consent),
        life.host.cases.receipts.of_attestation(life.resident, theirs),
    ):
        with refused(UNKNOWN):
            life.stage.run(ask)
    # A batch that is somebody else's is no way in.
    life.stage.run(renew(life))
    with refused(UNKNOWN):
        life.stage.run(desk.of_attestation(other.resident, life.attestations()[0].subject))


def test_a_receipt_is_given_also_while_no_partner_can_be_reached(life: Journey) -> None:
    life.stage.world.network.cut.add("cosign")
    made = life.receipt()
    assert made.cosigned_by == ()
    found = verified(made.content, life.home)
    assert (found.error, found.cosignatures) == (None, ())


def test_a_receipt_of_before_the_keys_changed_is_given_with_the_keys_of_then(
    life: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, old = life.home.keys, life.home.keys.bundle
    before = keys.signing_keys
    keys.signer = Ed25519Signer.from_seed(b"the next signing key".ljust(32, b"."))
    keys.bundle = keys.make_bundle(life.home.code, life.home.clock.now(), 2)
    after = keys.signing_keys
    assert set(before) & set(after) == set()
    # Only of this city: the other one has keys of the same class.
    monkeypatch.setattr(type(keys), "bundles", property(lambda k: (old, k.bundle)[k is not keys :]))
    monkeypatch.setattr(
        type(keys),
        "signing_keys",
        property(
            lambda k: (
                *(before if k is keys else ()),
                *codec.TRUST_BUNDLE.decode(k.bundle.payload).signing_keys,
            )
        ),
    )
    made = life.receipt()
    found = verified(made.content, life.home)
    assert (found.error, found.trusted) == (None, True)
    assert [bundle.city for bundle in found.bundles] == [HOME, HOME, HOST]


def test_a_receipt_with_the_checkpoint_of_another_city_is_refused(life: Journey) -> None:
    mine = json.loads(life.receipt().content)
    theirs = journey(life.stage, HOST, HOME, 400)
    other = json.loads(theirs.receipt().content)
    for member in ("checkpoint", "log", "cities"):
        _check_refused(mine | {member: other[member]})
    _check_refused(mine | {"checkpoint": other["checkpoint"], "cities": other["cities"]})
    _check_refused(mine | {"statement": other["statement"], "says": other["says"]})


def test_a_receipt_with_another_entrys_proof_is_refused(life: Journey) -> None:
    mine = json.loads(life.receipt().content)
    consent = json.loads(life.consent_receipt().content)
    _check_refused(mine | {"log": consent["log"]})
    _check_refused(mine | {"log": consent["log"] | {"kind": "issued"}})
    _check_refused(consent | {"log": mine["log"] | {"kind": "consented"}})


def _check_refused(document: dict[str, Any]) -> None:
    with pytest.raises(HutongError):
        raise verify_receipt(receipt_from_json(json.dumps(document))).error or KeyError(document)


@dataclass(repr=False)
class Made:
    """Receipts of each form: a single attestation, a consent, one of a batch."""

    contents: tuple[bytes, ...]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("receipts")
    with staged(lambda name: f"sqlite:///{folder / name}.sqlite", HOME, HOST) as stage:
        life = journey(stage, HOME, HOST)
        first = [life.receipt(), life.consent_receipt()]
        stage.run(renew(life))
        return Made(tuple(each.content for each in (*first, life.receipt())))


@given(which=st.integers(0, 2), at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_receipt_with_any_bit_flipped_proves_nothing_else(
    made: Made, which: int, at: float, bit: int
) -> None:
    """It does not hold; or only the name of a cosigner was lost, and with it the cosignature."""
    content = made.contents[which]
    flipped = bytearray(content)
    flipped[int(at * len(content))] ^= 1 << bit
    try:
        receipt, whole = receipt_from_json(bytes(flipped)), receipt_from_json(content)
    except HutongError:
        return
    found = verify_receipt(receipt)
    same = replace(receipt, checkpoint=whole.checkpoint) == whole
    refused_it = not found.holds
    assert refused_it or same
    assert refused_it or receipt == whole or not found.cosignatures


def test_who_is_erased_gets_no_receipt_and_those_given_before_hold(stage: Stage) -> None:
    home = stage[HOME]
    number, resident = stage.run(home.resident_with_number())
    stage.run(home.record(number, 90))
    life, other = _visiting(stage, resident), journey(stage, HOME, HOST)
    before = [life.receipt(), life.consent_receipt(), other.receipt(), other.consent_receipt()]
    stage.run(renew(life))
    before.append(life.receipt())
    attestation, batched = life.attestations()[1].subject, life.attestations()[0].subject
    stage.run(home.cases.erasing.erase(resident, number))
    desk = home.cases.receipts
    for ask in (
        desk.of_attestation(resident, attestation),
        desk.of_attestation(resident, batched),
        desk.of_consent(resident, life.consent),
    ):
        with refused(UNKNOWN):
            stage.run(ask)
    after = [other.receipt(), other.receipt(other.attestations()[1].subject)]
    after.append(other.consent_receipt())
    for made in (*before, *after):
        assert verified(made.content, home).trusted
    with refused(UNKNOWN):
        events(stage, home, resident)


def _visiting(stage: Stage, resident: str) -> Journey:
    home, host = stage[HOME], stage[HOST]
    consent = stage.run(home.consent(resident, host.code))
    checked = stage.run(host.check(stage.run(home.show_code(resident, consent))))
    return Journey(stage, home, host, resident, consent, checked.visitor_pass)


def test_an_own_bundle_is_what_the_city_publishes(life: Journey) -> None:
    [home, host] = receipt_from_json(life.receipt().content).cities
    assert (home.bundle, host.bundle) == (life.home.keys.bundle, life.host.keys.bundle)
    assert codec.TRUST_BUNDLE.decode(home.bundle.payload).contact
