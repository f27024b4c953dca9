"""A refusal tells nothing (rule 4): whatever the reason, the same bytes, and the same log."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from federation.errors import NOT_RECOGNISED, HutongError
from federation.identifiers import CityCode, code_text
from node.clock import SystemEntropy
from scripts.cities import new_id
from tests.scenarios.stage import (
    ENDS,
    SCENARIO,
    Hand,
    Said,
    digest,
    hand,
    lines,
    of_standing,
    store_of,
)

pytestmark = pytest.mark.all

OTHER_SCENARIO = "scenic.discount"
REASONS = (
    "unknown",
    "used",
    "expired",
    "withdrawn",
    "consent-ended",
    "below-line",
    "below-line-by-a-point",
    "other-scenario",
    "other-host",
)
SHOWN = {
    "used": "REFUSED_CODE_USED",
    "expired": "REFUSED_CODE_EXPIRED",
    "withdrawn": "REFUSED_CONSENT_ENDED",
    "consent-ended": "REFUSED_CONSENT_ENDED",
    "below-line": "REFUSED_NOTHING_TO_SHOW",
    "below-line-by-a-point": "REFUSED_NOTHING_TO_SHOW",
    "other-scenario": "REFUSED_OUTSIDE_CONSENT",
    "other-host": "REFUSED_OUTSIDE_CONSENT",
}
Held = tuple[Hand, dict[str, str]]


@pytest.fixture(scope="module")
def held(store: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    with hand(tmp_path_factory.mktemp("refusals"), store) as made:
        yield made


@pytest.fixture(scope="module")
def codes(held: Held) -> dict[str, str]:
    """A code for each reason; a resident of their own for each."""
    hand_, residents = held
    home = hand_.home
    good, low = of_standing(residents, "excellent"), of_standing(residents, "low-79")
    nearly = of_standing(residents, "good-119")[0]
    made = {"unknown": code_text(CityCode("410100"), SystemEntropy().token(16))}

    def code(name: str, resident: str, host: str = hand_.city, scenario: str = SCENARIO) -> str:
        consent = home.consent(resident, host, [scenario], ENDS)
        made[name] = home.code(resident, consent)
        return consent

    code("used", good[0])
    code("expired", good[1])
    gone = code("withdrawn", good[2])
    ended = code("consent-ended", good[3])
    code("below-line", low[0])
    code("below-line-by-a-point", nearly)
    code("other-scenario", good[4], scenario=OTHER_SCENARIO)
    code("other-host", good[5], host="410100")
    home.resident("WithdrawConsent", request_id=new_id(), resident_id=good[2], consent_id=gone)
    with hand_.channel() as channel:
        assert hand_.ask(channel, hand_.question(made["used"])).body
    with store_of(home) as store:
        for sql, values in (
            (
                "UPDATE codes SET expires_at = 1 WHERE code_digest = :d",
                {"d": digest(made["expired"])},
            ),
            (
                "UPDATE consents SET expires_at = 2, given_at = 1 WHERE consent_id = :c",
                {"c": ended},
            ),
        ):
            assert store.execute(sa.text(sql), values).rowcount == 1
    return made


@pytest.fixture(scope="module")
def answers(held: Held, codes: dict[str, str]) -> dict[str, Said]:
    hand_, _ = held
    with hand_.channel() as channel:
        return {name: hand_.ask(channel, hand_.question(codes[name])) for name in REASONS}


def test_a_good_code_is_answered(held: Held) -> None:
    hand_, residents = held
    resident = of_standing(residents, "outstanding")[0]
    consent = hand_.home.consent(resident, hand_.city, [SCENARIO], ENDS)
    with hand_.channel() as channel:
        assert hand_.ask(channel, hand_.question(hand_.home.code(resident, consent))).body


@pytest.mark.parametrize("reason", REASONS)
def test_a_refusal_is_the_bare_reason(answers: dict[str, Said], reason: str) -> None:
    found = answers[reason]
    assert found.error == HutongError(NOT_RECOGNISED)
    assert found.body == b""
    assert found.text == NOT_RECOGNISED.en


def test_every_refusal_is_the_same_bytes(answers: dict[str, Said]) -> None:
    assert len(answers) == len(REASONS)
    assert len(set(answers.values())) == 1, answers


def test_a_repeated_refusal_is_the_same_bytes_too(held: Held, codes: dict[str, str]) -> None:
    hand_, _ = held
    with hand_.channel() as channel:
        for name in REASONS:
            body = hand_.question(codes[name])
            assert hand_.ask(channel, body) == hand_.ask(channel, body)


def test_the_home_citys_log_does_not_tell_them_apart(
    held: Held, answers: dict[str, Said], codes: dict[str, str]
) -> None:
    refused = [
        line
        for line in lines(held[0].home)
        if line.get("reason") == "NOT_RECOGNISED" and line["method"] == "RequestAttestation"
    ]
    assert len(refused) >= len(REASONS)
    varying = {"timestamp", "milliseconds", "request_id"}
    plain = {tuple(sorted((k, v) for k, v in each.items() if k not in varying)) for each in refused}
    assert len(plain) == 1
    log = held[0].home.log.read_text("utf-8")
    assert "REFUSED_" not in log
    for code in codes.values():
        assert code not in log


@pytest.mark.parametrize("reason", sorted(SHOWN))
def test_the_resident_sees_why(
    held: Held, answers: dict[str, Said], codes: dict[str, str], reason: str
) -> None:
    hand_, _ = held
    with store_of(hand_.home) as store:
        resident = store.execute(
            sa.text(
                "SELECT c.resident_id FROM consents c JOIN codes k ON k.consent_id = c.consent_id"
                " WHERE k.code_digest = :d"
            ),
            {"d": digest(codes[reason])},
        ).scalar_one()
    uses = hand_.home.resident("ListUses", resident_id=resident)["uses"]
    told = {use["reason_en"] for use in uses if use["outcome"] == "USE_OUTCOME_REFUSED"}
    import node.refusals  # noqa: PLC0415

    assert vars(node.refusals)[SHOWN[reason]].en in told
