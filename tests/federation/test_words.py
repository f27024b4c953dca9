import hashlib
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MALFORMED, HutongError
from federation.words import WORDS, bytes_of, in_en, in_zh, parse_words, words_of

FORMS = [form for word in WORDS for form in word]
SEPARATORS = st.sampled_from([" ", "-", "  ", "、", "，", "。", "\u3000", " - ", "\n", "——", ", "])


def one_slip_apart(one: str, other: str) -> bool:
    """Whether one letter changed, added or left out makes the one the other."""
    if len(one) > len(other):
        one, other = other, one
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    return other[same + 1 :] in (one[same:], one[same + 1 :])


def refused(text: str, count: int = 3) -> str:
    with pytest.raises(HutongError) as caught:
        parse_words(text, count, "code")
    assert caught.value.reason == MALFORMED
    assert caught.value.fields["where"] == "code"
    return caught.value.fields["problem"]


def test_each_byte_has_its_word_and_no_form_means_two() -> None:
    assert len(WORDS) == 256
    assert len(set(FORMS)) == 3 * 256


def test_the_words_stay_where_they_are() -> None:
    # Two cities of different releases must mean the same by a word: this digest never changes.
    table = "\n".join(" ".join(word) for word in WORDS)
    digest = "9578d64b86fc9430cacaa02415b454b77761f3d5111635c270f927b05c6f2056"
    assert hashlib.sha256(table.encode()).hexdigest() == digest


def test_chinese_words_are_two_of_the_3755_most_common_characters() -> None:
    for word in WORDS:
        assert len(word.zh) == 2
        assert all(0xB0 <= c.encode("gb2312")[0] <= 0xD7 for c in word.zh), word


def test_pinyin_is_plain_letters_and_no_two_are_alike_to_a_southern_ear() -> None:
    def heard(pinyin: str) -> str:
        return re.sub("([zcs])h", r"\1", pinyin).replace("ng", "n")

    assert all(re.fullmatch("[a-z]{3,12}", word.pinyin) for word in WORDS)
    assert len({heard(word.pinyin) for word in WORDS}) == 256


def test_english_words_are_short_and_no_slip_of_a_letter_makes_another() -> None:
    assert all(re.fullmatch("[a-z]{3,8}", word.en) for word in WORDS)
    close = [p for p in itertools.combinations([w.en for w in WORDS], 2) if one_slip_apart(*p)]
    assert close == []


def test_english_words_are_known_by_their_first_three_letters() -> None:
    assert len({word.en[:3] for word in WORDS}) == 256


@given(st.binary(max_size=8))
def test_words_come_back_in_either_language(data: bytes) -> None:
    words = words_of(data)
    assert bytes_of(words) == data
    for text in (in_zh(words), in_en(words)):
        assert parse_words(text, len(data), "code") == data


@given(st.data(), st.binary(min_size=1, max_size=6))
def test_languages_cases_and_separators_may_be_mixed(data: st.DataObject, raw: bytes) -> None:
    typed = data.draw(SEPARATORS)
    for word in words_of(raw):
        form = data.draw(st.sampled_from(word))
        wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in form)
        typed += data.draw(st.sampled_from([form, form.upper(), form.title(), wide]))
        typed += data.draw(SEPARATORS)
    assert parse_words(typed, len(raw), "code") == raw


def test_chinese_words_may_run_together_and_pinyin_may_come_by_the_syllable() -> None:
    squirrel, tiger, lion = (
        next(w for w in WORDS if w.en == e) for e in ("squirrel", "tiger", "lion")
    )
    raw = bytes(WORDS.index(w) for w in (squirrel, tiger, lion))
    for text in (
        "松鼠老虎狮子",
        "松 鼠 老 虎 狮 子",
        "squirrel老虎lion",
        "song shu, lao hu, shi zi",
        "sōngshǔ lǎohǔ shīzi",
        "松鼠TIGER，shi-zi",
    ):
        assert parse_words(text, 3, "code") == raw


def test_a_word_that_is_not_in_the_list_is_named_with_those_nearest_and_the_rest_is_not() -> None:
    problem = refused("squirrel-tigre-lion")
    assert "word 2, tigre, is not in the list" in problem
    assert "tiger" in problem
    assert "squirrel" not in problem
    assert "lion" not in problem
    assert "柳树" in refused("松树-老虎-狮子")


@pytest.mark.parametrize("text", ["", "tiger", "tiger tiger", "tiger lion zebra panda", "-。-"])
def test_too_few_and_too_many_words_are_told(text: str) -> None:
    assert "give 3 words" in refused(text)


def test_a_very_long_text_is_not_searched() -> None:
    assert refused("q" * 201) == "give 3 words"


@given(st.text(max_size=250))
def test_any_text_at_all_is_words_or_malformed(text: str) -> None:
    try:
        assert len(parse_words(text, 1, "code")) == 1
    except HutongError as error:
        assert error.reason == MALFORMED  # noqa: PT017 - either is right
