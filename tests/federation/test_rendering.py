import json
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from federation.messages import Agreement, Disclosure, UseCounting
from federation.rendering import plain
from federation.statements import Message
from tests.federation import incentive_strategies, strategies
from tests.federation.incentives import COMMITMENT, counted, linear_agreement
from tests.federation.make import (
    DAY,
    NANJING,
    NOW,
    PSEUDONYM,
    SCALES,
    ZHENGZHOU,
    agreement,
    attestation,
    bundle,
    partnership,
    request,
    signer,
)

STATEMENTS = (
    strategies.trust_bundles()
    | strategies.score_scales()
    | incentive_strategies.agreements()
    | strategies.requests()
    | strategies.attestations()
    | strategies.partnerships()
    | strategies.status_lists()
    | strategies.renewal_requests()
    | strategies.attestation_batches()
    | incentive_strategies.histograms()
    | incentive_strategies.decisions()
    | incentive_strategies.use_requests()
    | incentive_strategies.use_leases()
    | incentive_strategies.use_releases()
)
# Fields that statements did not always have: not shown where they say nothing.
LATER = {"counting", "use_commitment", "offline_grace"}


@given(STATEMENTS)
def test_every_statement_is_plain_json(message: Message) -> None:
    shown = plain(message)
    assert json.loads(json.dumps(shown)) == shown
    names = list(message.__slots__)
    assert [name for name in names if name in shown] == list(shown)
    assert set(names) - set(shown) <= LATER


def test_what_was_written_down_before_a_field_came_is_still_what_is_said() -> None:
    assert LATER.isdisjoint(plain(attestation()))
    assert LATER.isdisjoint(plain(agreement()))
    assert all("method" not in each for each in shown_mappings(agreement()))
    said = plain(counted(UseCounting.CLASS))
    assert (said["counting"], said["use_commitment"]) == ("CLASS", COMMITMENT.hex())
    assert all("method" in each for each in shown_mappings(linear_agreement()))


def shown_mappings(said: Agreement) -> list[Any]:
    found: Any = plain(said)
    return list(found["mappings"])


def test_an_attestation_is_shown_field_by_field() -> None:
    shown: Any = plain(attestation(request(disclosure=Disclosure.SCORE)))
    assert shown["header"]["issuer"] == "410100"
    assert shown["header"]["audience"] == ["330100"]
    assert shown["header"]["issued_at"] == "2026-11-24T02:00:00Z"
    assert shown["pseudonym"] == PSEUDONYM.hex()
    assert shown["claim"] == {
        "disclosure": "SCORE",
        "line_band": None,
        "band_id": "excellent",
        "score_milli": 130_500,
        "commendations": ["blood-donor"],
    }
    assert shown["status_index"] == 4711


def test_keys_durations_and_certificates_are_shown() -> None:
    shown: Any = plain(bundle(ZHENGZHOU))
    (key,) = shown["signing_keys"]
    assert key["key_id"] == signer(ZHENGZHOU).key_id
    assert key["public_key"] == signer(ZHENGZHOU).public_key.hex()
    assert (key["suite"], key["revoked_at"]) == ("ED25519", None)
    assert shown["refresh_hint"] == "21600s"
    assert shown["endpoints"] == [{"host": "node.zhengzhou.example", "port": 7443}]


def test_a_partnership_is_shown_with_its_flags_and_the_end_of_an_agreement() -> None:
    shown: Any = plain(partnership())
    assert shown["flags"] == {
        "approved": True,
        "tested": True,
        "suspended": False,
        "ended": False,
    }
    assert [each["ends_at"] for each in shown["agreements"]] == ["2026-12-24T02:00:00Z", None]


def test_a_scale_is_shown_with_its_kind_and_its_bounds() -> None:
    shown: Any = plain(SCALES[ZHENGZHOU])
    assert shown["kind"] == "NUMERIC"
    assert shown["bands"][0]["lower"] == {"score_milli": 120_000, "inclusive": True}
    assert shown["bands"][1]["upper"] is None
    assert plain(SCALES[NANJING])["kind"] == "CATEGORICAL"


def test_microseconds_are_kept_and_every_zone_is_shown_as_utc() -> None:
    china = timezone(timedelta(hours=8))
    at = (NOW + timedelta(microseconds=7)).astimezone(china)
    assert plain(replace(attestation(), as_of=at))["as_of"] == "2026-11-24T02:00:00.000007Z"
    fine = replace(bundle(ZHENGZHOU), refresh_hint=DAY + timedelta(microseconds=7))
    assert plain(fine)["refresh_hint"] == "86400.000007s"


def test_what_is_no_part_of_a_statement_is_our_own_mistake() -> None:
    with pytest.raises(TypeError):
        plain({"a": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        plain(replace_with_float())


def replace_with_float() -> Message:
    broken = attestation()
    object.__setattr__(broken, "status_index", 0.5)
    return broken
