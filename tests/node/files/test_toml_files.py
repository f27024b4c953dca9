"""Scales, catalogues and agreements as people write them: a mistake has a file, line and remedy."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.messages import Header, ScoreScale
from federation.scale import Scale
from node import data, limits
from node.errors import FILE_INVALID
from node.files import AgreementDraft, parse_agreement, parse_incentives, parse_scale
from node.incentives import Catalogue

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HOME, HOST = CityCode("410100"), CityCode("330100")
SCALE = data.path("zhengzhou/scale.toml").read_text("utf-8")
INCENTIVES = data.path("zhengzhou/incentives.toml").read_text("utf-8")
AGREEMENT = data.agreement("zhengzhou", "hangzhou").read_text("utf-8")
NANJING = data.path("nanjing/scale.toml").read_text("utf-8")


def scale(text: str = SCALE) -> Scale:
    return parse_scale("scale.toml", text.encode(), city=HOME, version=1)


def exported(pinyin: str) -> ScoreScale:
    code = data.city(pinyin).code
    content = data.path(f"{pinyin}/scale.toml").read_bytes()
    whole = parse_scale("scale.toml", content, city=code, version=1)
    return whole.exported(Header("s", code, (), NOW, NOW.replace(year=2030)))


HERE, THERE = exported("zhengzhou"), exported("hangzhou")


def catalogue(text: str = INCENTIVES) -> Catalogue:
    return parse_incentives("incentives.toml", text.encode(), city=HOME, scale=scale(), version=1)


def agreement(text: str = AGREEMENT) -> AgreementDraft:
    return parse_agreement("agreement.toml", text.encode(), here=HERE, there=THERE)


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def refused(parse: Callable[[str], object], text: str) -> dict[str, str]:
    with pytest.raises(HutongError) as found:
        parse(text)
    assert found.value.reason == FILE_INVALID
    fields = found.value.fields
    assert fields["file"].endswith(".toml")
    assert fields["problem"]
    assert "Nothing was changed" in str(found.value)
    return fields


def swapped(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_the_shipped_files_are_read_whole() -> None:
    assert [band.band_id for band in scale().bands][-1] == "outstanding"
    assert len(catalogue().incentives) == INCENTIVES.count("[[incentives]]")
    assert agreement().valid_days == 365


SCALE_MISTAKES = {
    "a band twice": ('id = "good"', 'id = "poor"', "bands"),
    "a gap": ("value = 80, inclusive = false", "value = 79, inclusive = false", "bands[1]"),
    "an overlap": ("value = 80, inclusive = false", "value = 80, inclusive = true", "bands[1]"),
    "an empty band": (
        "value = 100, inclusive = false",
        "value = 79, inclusive = false",
        "bands[1]",
    ),
    "no such line": (
        'exportable_from = "excellent"',
        'exportable_from = "none"',
        "exportable_from",
    ),
    "a base outside": ("base = 100", "base = 300", "base"),
    "a range upside down": ("maximum = 200", "maximum = 0", "scale"),
    "a fourth place": ("base = 100", "base = 100.0001", "base"),
    "hardly a point": ("base = 100", "base = 1e-99999999", "base"),
    "too many points": ("maximum = 200", "maximum = 2e6", "maximum"),
    "points beyond any number": ("maximum = 200", "maximum = 1e99999999", "maximum"),
    "an endless number": ("maximum = 200", "maximum = inf", "maximum"),
    "no number": ("maximum = 200", "maximum = nan", "maximum"),
    "a word for a number": ("maximum = 200", 'maximum = "many"', "maximum"),
    "a name that is none": ('scale_id = "shangding"', 'scale_id = "商鼎"', "scale_id"),
    "another kind": ('kind = "numeric"', 'kind = "fuzzy"', "kind"),
    "an empty text": ('zh = "商鼎分"', 'zh = " "', "name.zh"),
    "a text with NUL": ('zh = "商鼎分"', 'zh = "a\\u0000"', "name.zh"),
    "a list in a numeric scale": ('id = "good"', 'id = "good"\nlisted_by = ["x"]', "listed_by"),
}


@pytest.mark.parametrize(("old", "new", "place"), SCALE_MISTAKES.values(), ids=SCALE_MISTAKES)
def test_a_scale_is_refused_with_the_place_of(old: str, new: str, place: str) -> None:
    fields = refused(scale, swapped(SCALE, old, new))
    assert re.fullmatch(r"line \d+ \(.+\)", fields["where"])
    assert place in fields["where"]


def test_the_line_of_a_mistake_is_the_line_that_an_editor_shows() -> None:
    for old, new, words in (
        ("base = 100", "base = 100.0001", "base = 100.0001"),
        ('id = "good"', 'id = "Good"', 'id = "Good"'),
        ("value = 150, inclusive = true", "valu = 150, inclusive = true", "valu = 150"),
        ('name = { zh = "极好"', 'nam = { zh = "极好"', "nam = {"),
    ):
        text = swapped(SCALE, old, new)
        found = re.match(r"line (\d+)", refused(scale, text)["where"])
        assert found is not None
        assert int(found[1]) == line_of(text, words), words


@pytest.mark.parametrize(
    ("old", "new", "nearest"),
    [
        ("exportable_from", "exportable_form", "exportable_from"),
        ("minimum = 0", "minimun = 0", "minimum"),
        ("illustrative = false", "ilustrative = false", "illustrative"),
    ],
)
def test_an_unknown_key_names_the_nearest(old: str, new: str, nearest: str) -> None:
    text = swapped(SCALE, old, new)
    fields = refused(scale, text)
    assert fields["problem"] == f"there is no such key; the nearest is {nearest}"
    assert new.split(" ", maxsplit=1)[0] in fields["where"]


def test_an_unknown_key_in_a_table_names_the_nearest_of_that_table() -> None:
    text = swapped(INCENTIVES, "per_day = 500", "perday = 500")
    fields = refused(catalogue, text)
    assert "per_day" in fields["problem"]
    assert f"line {line_of(text, 'perday')} " in fields["where"]


def test_a_categorical_scale_has_lists_and_no_numbers() -> None:
    def nanjing(text: str) -> Scale:
        return parse_scale("scale.toml", text.encode(), city=CityCode("320100"), version=1)

    assert nanjing(NANJING).listed_by[0] == ()
    for old, new in (
        ('id = "listed"\n', 'id = "listed"\nlower = { value = 1, inclusive = true }\n'),
        ("illustrative", "base = 5\nillustrative"),
        ('listed_by = ["honesty-model", "blood-donor", "volunteer-star"]\n', ""),
    ):
        refused(nanjing, swapped(NANJING, old, new))


INCENTIVE_MISTAKES = {
    "another city": ('city = "410100"', 'city = "330100"', "city"),
    "an id twice": ('id = "reading-room"', 'id = "library-card"', "incentives[1].id"),
    "no such band": ('minimum_band = "excellent"', 'minimum_band = "best"', "minimum_band"),
    "no day": ("valid_until = 2029-01-01", "valid_until = 2026-01-01", "valid_until"),
    "no such day": ("valid_until = 2029-01-01", "valid_until = 2029-02-30", "line"),
    "no capacity": ("total = 200", "total = 0", "total"),
    "a negative capacity": ("per_day = 500", "per_day = -1", "per_day"),
    "half a capacity": ("per_day = 500", "per_day = 1.5", "per_day"),
    "no source": ('source = "illustrative: what everyone may have"\n', "", "source"),
    "no legal basis": ("legal_basis =", "legalbasis =", "legal"),
    "a venue that is none": ('venues = ["library"]', 'venues = ["The Library"]', "venues"),
}


@pytest.mark.parametrize(
    ("old", "new", "place"), INCENTIVE_MISTAKES.values(), ids=INCENTIVE_MISTAKES
)
def test_a_catalogue_is_refused_with_the_place_of(old: str, new: str, place: str) -> None:
    assert place in refused(catalogue, swapped(INCENTIVES, old, new))["where"]


def test_a_catalogue_has_one_incentive_at_least_and_a_limit() -> None:
    refused(catalogue, 'city = "410100"\nincentives = []\n')
    head, _, one = INCENTIVES.partition("[[incentives]]")
    entry = "[[incentives]]" + one.partition("[[incentives]]")[0]
    many = "".join(
        entry.replace('"library-card"', f'"card-{n}"') for n in range(limits.INCENTIVES + 1)
    )
    refused(catalogue, head + many)


def test_no_such_band_names_those_that_there_are() -> None:
    fields = refused(catalogue, swapped(INCENTIVES, '"outstanding"', '"best"'))
    assert "poor, minor-dishonesty, good, excellent, outstanding" in fields["problem"]


AGREEMENT_MISTAKES = {
    "more than a year of notice": ("notice_days = 30", "notice_days = 366", "notice_days"),
    "a low band": ('home = "excellent"', 'home = "good"', "mappings"),
    "a band of the other city": ('host = "outstanding"', 'host = "listed"', "mappings"),
    "a line without a row": ('line = "excellent"', 'line = "good"', "mappings"),
    "another city": ('home = "330100"', 'home = "420100"', "mappings"),
    "the same way twice": (
        'home = "330100"\nhost = "410100"',
        'home = "410100"\nhost = "330100"',
        "mappings",
    ),
    "no scenario": ("scenarios = [", "scenarios = []\nothers = [", ""),
    "too long a life": (
        "attestation_lifetime_hours = ",
        "attestation_lifetime_hours = 9",
        "attestation",
    ),
    "no freshness": (
        "status_freshness_seconds = ",
        "status_freshness_seconds = -",
        "status_freshness",
    ),
    "another level": ('disclosure_limit = "BAND"', 'disclosure_limit = "ALL"', "disclosure_limit"),
    "no assessment": ('privacy_assessment = "', 'privacy_assessment = ""#', "privacy_assessment"),
    "no end": ("valid_days = 365", "valid_days = 99999", "valid_days"),
    "too many scenarios": (
        "scenarios = [",
        "scenarios = [" + ", ".join(f'"s{n}"' for n in range(40)) + ",",
        "scenarios",
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "place"), AGREEMENT_MISTAKES.values(), ids=AGREEMENT_MISTAKES
)
def test_an_agreement_is_refused_with_the_place_of(old: str, new: str, place: str) -> None:
    assert place in refused(agreement, swapped(AGREEMENT, old, new))["where"]


def test_a_row_twice_or_a_missing_mapping_is_refused() -> None:
    head, _, tail = AGREEMENT.partition("[[mappings]]")
    first, _, second = tail.partition("[[mappings]]")
    refused(agreement, head + "[[mappings]]" + first)
    refused(agreement, f"{head}[[mappings]]{first}[[mappings]]{second}[[mappings]]{second}")
    row = re.search(r"    \{ home = .*\n", AGREEMENT)
    assert row is not None
    refused(agreement, AGREEMENT.replace(row[0], row[0] * 2, 1))


PARSERS: dict[str, tuple[Callable[[bytes], object], str]] = {
    "scale": (lambda c: parse_scale("f.toml", c, city=HOME, version=1), SCALE),
    "incentives": (
        lambda c: parse_incentives("f.toml", c, city=HOME, scale=scale(), version=1),
        INCENTIVES,
    ),
    "agreement": (lambda c: parse_agreement("f.toml", c, here=HERE, there=THERE), AGREEMENT),
}
WHOLE = {
    "empty": b"",
    "blank": b" \n\n",
    "not UTF-8": "名".encode("gb18030"),
    "no TOML": b"scale_id = \n",
    "JSON": b'{"scale_id": "x"}',
    "a table twice": b"a = 1\na = 2\n",
    "brackets too deep": b"a = " + b"[" * 50_000,
    "an integer too long": b"a = " + b"9" * 5000,
    "an exponent too large": b"a = 1e99999999999999999999\n",
    "too large": b"#" * (limits.FILE_BYTES + 1),
    "NUL": b"a = 1\n\0",
    "another file": b"[a]\nb = 1\n",
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("kind", PARSERS)
def test_a_file_is_refused_that_is(kind: str, content: bytes) -> None:
    with pytest.raises(HutongError) as found:
        PARSERS[kind][0](content)
    assert found.value.reason == FILE_INVALID
    assert found.value.fields["file"] == "f.toml"


def test_a_byte_order_mark_and_windows_lines_are_no_mistakes() -> None:
    windows = SCALE.replace("\n", "\r\n").encode("utf-8-sig")
    assert parse_scale("f.toml", windows, city=HOME, version=1).bands == scale().bands


@pytest.mark.parametrize("kind", PARSERS)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_garbage_only_ever_is_refused(kind: str, content: bytes) -> None:
    with pytest.raises(HutongError):
        PARSERS[kind][0](content)


@pytest.mark.parametrize("kind", PARSERS)
@given(info=st.data())
def test_a_file_with_a_piece_changed_is_read_or_refused_and_nothing_else(
    kind: str, info: st.DataObject
) -> None:
    parse, text = PARSERS[kind]
    content = text.encode()
    start = info.draw(st.integers(0, len(content)))
    end = min(len(content), start + info.draw(st.integers(0, 12)))
    piece = info.draw(
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from([b"1e999999", b"-1", b"nan", b'""', b"[", b"{}", b"\\u0000", b"true"]),
        )
    )
    refusal = FILE_INVALID
    try:
        parse(content[:start] + piece + content[end:])
    except HutongError as error:
        refusal = error.reason
    assert refusal == FILE_INVALID
