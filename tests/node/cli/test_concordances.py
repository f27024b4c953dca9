"""`hutong concordance` and `hutong fairness`, against a node in this process."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from structlog.testing import capture_logs

from federation import codec
from federation.concordance_table import table_of
from federation.envelope import seal
from federation.histogram import ScoreHistogram
from federation.messages import BandRow, Mapping, ScoreScale
from node.cli import exits
from node.cli.texts import text
from node.redemptions import StoredHistogram
from node.registry import AgreementState, PartnerScale, StoredAgreement
from tests.federation.make import HANGZHOU, SCALES, ZHENGZHOU, agreement, signer
from tests.federation.population import published, scores
from tests.node.cli.conftest import Ran, Run
from tests.node.transport.house import House, now, stranger

pytestmark = pytest.mark.all

SVG = "{http://www.w3.org/2000/svg}"


def at(run: Run, house: House, *arguments: object) -> Ran:
    with capture_logs():
        return run("--settings", house.directory / "hutong.toml", *arguments)


def told(house: House, histogram: ScoreHistogram) -> None:
    """Let the house have what a city published."""
    stored = StoredHistogram(
        histogram.scale.city,
        histogram.scale.scale_id,
        histogram.scale.version,
        histogram.header.statement_id,
        codec.envelope_to_bytes(seal(codec.SCORE_HISTOGRAM, histogram, [signer(HANGZHOU)])),
        histogram.header.issued_at,
    )
    assert house.act(lambda tx: tx.histograms.put(stored))


def own_scale(house: House) -> ScoreScale:
    own = house.store.registry.own_scale()
    assert own is not None
    return own.exported


def own_histogram(house: House) -> ScoreHistogram:
    drawn = scores("zhengzhou", 40_000, 108, 18, high=200)
    return published(ZHENGZHOU, drawn, scale=own_scale(house))


def agree(house: House, *, method: bool = False) -> None:
    """An agreement that reads Hangzhou's good standings too high, or by a concordance."""
    own, theirs = own_scale(house), SCALES[HANGZHOU]
    rows = (BandRow("excellent", "outstanding"), BandRow("outstanding", "outstanding"))
    unfair = Mapping(HANGZHOU, ZHENGZHOU, "excellent", rows)
    if method:
        hangzhou = published(HANGZHOU, scores("hangzhou", 60_000, 640, 80, high=1000))
        table = table_of(hangzhou, own_histogram(house), theirs, own, 4)
        signed = table.until(now() + timedelta(days=90))
        unfair = Mapping(HANGZHOU, ZHENGZHOU, "excellent", (), signed)
    made = agreement()
    made = replace(
        made,
        version=2 if method else 1,
        scales=(codec.scale_reference(theirs), codec.scale_reference(own)),
        mappings=(unfair, made.mappings[1]),
        valid_from=now() - timedelta(days=1),
        valid_until=now() + timedelta(days=100),
    )
    envelope = seal(codec.AGREEMENT, made, [signer(HANGZHOU), signer(ZHENGZHOU)])
    stored = StoredAgreement(made, envelope, AgreementState.ACTIVE)
    house.act(lambda tx: tx.administration.put_agreement(stored))


@pytest.fixture(scope="module")
def paired(house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The house of Zhengzhou with Hangzhou as a partner; its own histogram is published."""
    house.trust(stranger(tmp_path_factory.mktemp("other") / "hz", HANGZHOU))
    theirs = SCALES[HANGZHOU]
    envelope = seal(codec.SCORE_SCALE, theirs, [signer(HANGZHOU)])
    kept = PartnerScale(theirs, envelope, codec.scale_reference(theirs))
    house.act(lambda tx: tx.administration.put_partner_scale(kept))
    told(house, own_histogram(house))
    agree(house)
    return house


def test_what_is_missing_is_told_with_the_next_step(run: Run, paired: House) -> None:
    ran = at(run, paired, "concordance", "build", "--home", "hangzhou")
    assert ran.code == exits.REFUSED
    assert "hutong histogram publish" in ran.err
    assert "hutong partner sync" in ran.err
    ran = at(run, paired, "fairness", "report")
    assert ran.code == exits.DONE, ran.err
    assert "not published" in ran.out
    told(paired, published(HANGZHOU, scores("hangzhou", 60_000, 640, 80, high=1000)))


def test_a_concordance_is_shown_with_both_cities_its_error_and_where_it_refuses(
    run: Run, paired: House
) -> None:
    ran = at(run, paired, "concordance", "build", "--home", "hangzhou")
    assert ran.code == exits.DONE, ran.err
    for said in ("Hangzhou (330100): ", "Zhengzhou (410100): ", "█", "95% range", "Too few"):
        assert said in ran.out
    chinese = at(run, paired, "--lang", "zh", "concordance", "build", "--home", "hangzhou", "--raw")
    for said in ("杭州（330100）", "郑州（410100）", "95% 区间", "居民过少", "未作平滑", "优秀"):
        assert said in chinese.out


def test_both_ways_and_degrees_can_be_asked_for(run: Run, paired: House) -> None:
    there = ("concordance", "build", "--home", "zhengzhou", "--host", "hangzhou", "--degree", "4")
    ran = at(run, paired, "--json", *there)
    assert (ran.code, ran.json["degree"]) == (exits.DONE, 4)
    assert ran.json["home"]["city"] == ZHENGZHOU
    both = at(run, paired, *there, "--raw")
    assert both.code == exits.USAGE


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_picture_is_xml_with_both_cities_and_the_curve_and_no_script(
    run: Run, paired: House, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "plot.svg"
    build = ("concordance", "build", "--home", "zhengzhou", "--host", "hangzhou", "--plot", path)
    ran = at(run, paired, "--lang", language, *build)
    assert ran.code == exits.DONE, ran.err
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - drawn by the command, a line above
    assert len(root.findall(f"{SVG}svg")) == 3
    assert not list(root.iter(f"{SVG}script"))
    words = "".join(root.itertext())
    for name in ("published", "smoothed", "host_score", "plot_upper", "plot_lower", "plot_refused"):
        assert text(f"words.{name}", language) in words
    missing = at(run, paired, *build[:-1], tmp_path / "no" / "plot.svg")
    assert missing.code == exits.REFUSED


def test_an_unfair_mapping_is_flagged_by_the_exit_code(
    run: Run, paired: House, tmp_path: Path
) -> None:
    path = tmp_path / "shares.svg"
    ran = at(run, paired, "fairness", "report", "--home", "hangzhou", "--plot", path)
    assert ran.code == exits.REFUSED, ran.err
    assert "Higher: about" in ran.out
    assert "beyond the error" in ran.out
    assert ET.fromstring(path.read_bytes()).findall(f"{SVG}svg")  # noqa: S314 - as above
    chinese = at(run, paired, "--lang", "zh", "fairness", "report", "--home", "hangzhou")
    assert "偏高" in chinese.out
    own = at(run, paired, "fairness", "report", "--home", "zhengzhou")
    assert own.code == exits.DONE
    assert "No band is treated differently" in own.out


def test_an_agreement_by_bands_has_no_concordance_to_show(run: Run, paired: House) -> None:
    ran = at(run, paired, "concordance", "show", "--home", "hangzhou")
    assert ran.code == exits.REFUSED
    assert "hutong agreement show" in ran.err


def test_the_signed_concordance_is_shown_with_its_end(run: Run, paired: House) -> None:
    before = paired.store.registry.signed_agreement(HANGZHOU)
    assert before is not None
    paired.act(
        lambda tx: tx.administration.set_agreement_state(before.key, AgreementState.REPLACED, "")
    )
    agree(paired, method=True)
    ran = at(run, paired, "concordance", "show", "--home", "hangzhou")
    assert ran.code == exits.DONE, ran.err
    assert "Signed by both, valid until" in ran.out
    assert "degree 4" in ran.out
