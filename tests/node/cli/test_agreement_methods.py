"""`hutong agreement show` of agreements that read scores, against a node in this process."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from federation import codec
from federation.envelope import seal
from federation.messages import Mapping
from federation.methods import Concordance, ConcordancePoint, LinearMapping, Method
from node.cli import exits
from node.registry import AgreementState, PartnerScale, StoredAgreement
from tests.federation.make import HANGZHOU, SCALES, ZHENGZHOU, agreement, signer, statement_id
from tests.node.cli.conftest import Ran, Run
from tests.node.cli.test_concordances import at, own_scale
from tests.node.transport.house import House, now, stranger

pytestmark = pytest.mark.all

POINTS = tuple(
    ConcordancePoint(700_000 + 5_000 * i, 120_000 + 1_250 * i, 1_500 + i) for i in range(61)
)
LINEAR = LinearMapping(640_000, 80_000, 104_500, 18_000, 600_000, 1_000_000, "从年报 2025")


@pytest.fixture(scope="module")
def paired(house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The house of Zhengzhou with Hangzhou as a partner, whose scale it knows."""
    house.trust(stranger(tmp_path_factory.mktemp("other") / "hz", HANGZHOU))
    envelope = seal(codec.SCORE_SCALE, SCALES[HANGZHOU], [signer(HANGZHOU)])
    kept = PartnerScale(SCALES[HANGZHOU], envelope, codec.scale_reference(SCALES[HANGZHOU]))
    house.act(lambda tx: tx.administration.put_partner_scale(kept))
    return house


def shown(run: Run, house: House, method: Method, version: int, *options: str | Path) -> Ran:
    """An agreement by which Zhengzhou reads Hangzhou by the method, as an operator sees it."""
    made = agreement()
    made = replace(
        made,
        version=version,
        scales=(made.scales[0], codec.scale_reference(own_scale(house))),
        mappings=(Mapping(HANGZHOU, ZHENGZHOU, "excellent", (), method), made.mappings[1]),
        valid_from=now() - timedelta(days=1),
        valid_until=now() + timedelta(days=100),
        offline_grace=timedelta(minutes=30),
    )
    envelope = seal(codec.AGREEMENT, made, [signer(HANGZHOU), signer(ZHENGZHOU)])
    stored = StoredAgreement(made, envelope, AgreementState.ACTIVE)
    house.act(lambda tx: tx.administration.put_agreement(stored))
    ran = at(run, house, *options, "agreement", "show", made.agreement_id)
    assert ran.code == exits.DONE, ran.err
    return ran


def test_a_line_is_shown_with_its_figures_its_range_and_their_source(
    run: Run, paired: House
) -> None:
    english = shown(run, paired, LINEAR, 1).out
    assert "104.5 + 18 / 80 * (x - 640), 600 <= x <= 1000" in english
    assert "从年报 2025" in english
    assert "30 min" in english
    chinese = shown(run, paired, LINEAR, 1, "--lang", "zh").out
    for said in ("按均值与标准差换算", "104.5 + 18 / 80", "服务点离线宽限", "30 分钟"):
        assert said in chinese


def test_a_table_is_shown_shortened_with_its_error_and_whole_to_machines(
    run: Run, paired: House
) -> None:
    table = Concordance(
        POINTS, statement_id("one"), statement_id("other"), 4, now() + timedelta(days=90)
    )
    english = shown(run, paired, table, 2).out
    for said in ("equal ranks", "degree 4", "Standard error", "9 of 61 points"):
        assert said in english
    assert re.search(r"700 +120 +1\.5\n", english)
    assert re.search(r"1000 +195 +1\.56\n", english)
    chinese = shown(run, paired, table, 2, "--lang", "zh").out
    for said in ("按位次对应", "标准误", "共 61 个对应点"):
        assert said in chinese
    whole = shown(run, paired, table, 2, "--json").json["agreements"]
    [found] = [one for one in whole if one["version"] == 2]
    way = found["tables"][0]
    assert (way["method"], len(way["points"]), way["degree"]) == ("concordance", 61, 4)
    # Each band is read by its lower end, as both cities work it out.
    assert [band["host_band"] for band in way["bands"]] == ["excellent", "excellent"]
    assert found["tables"][1]["method"] == "band_table"
    assert (found["state"], found["ended_tables"]) == ("AGREEMENT_STATE_ACTIVE", [])


def test_a_table_that_has_ended_is_said_with_how_to_amend_it(run: Run, paired: House) -> None:
    histograms = statement_id("one"), statement_id("other")
    table = Concordance(POINTS, *histograms, 4, now() - timedelta(minutes=1))
    english = shown(run, paired, table, 3).out
    listed = at(run, paired, "agreement", "list").out
    for said in ("needs a new mapping", "Concordance ended", "newcomers until it is amended"):
        assert said in english
    assert "needs a new mapping" in listed
    amend = f"hutong agreement amend {agreement().agreement_id} FILE --version 3"
    assert amend in " ".join(english.split())
    assert amend in " ".join(listed.split())
    chinese = shown(run, paired, table, 3, "--lang", "zh").out
    for said in ("对应表到期", "按新访客办理"):
        assert said in chinese
