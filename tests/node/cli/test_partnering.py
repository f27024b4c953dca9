"""Two officers at two terminals, from the spoken code to an end: what they type and read."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from federation.words import in_en, in_zh, parse_words, words_of
from node.cli import exits
from scripts.cities import Answer, Cities, City
from tests.node.cli.conftest import Ran, Run

pytestmark = pytest.mark.all

_SECONDS = 30
APPROVAL = ("--legal-basis", "two cities agreed", "--privacy-assessment", "PIA-1")


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    with Cities(tmp_path_factory.mktemp("officers"), ["zhengzhou", "hangzhou"]) as made:
        for city in made:
            city.environment = {k: v for k, v in os.environ.items() if not k.startswith("HUTONG_")}
        made.start()
        for city in made:
            city.load_rules()
        yield made


class Officer:
    """Types commands at a city's node."""

    def __init__(self, run: Run, city: City) -> None:
        self._run, self.city = run, city

    def __call__(self, *arguments: object, stdin: str = "") -> Ran:
        return self._run("--settings", self.city.settings, *arguments, stdin=stdin)

    def json(self, *arguments: object) -> Answer:
        ran = self("--json", *arguments)
        assert (ran.code, ran.err) == (exits.DONE, ""), ran
        found: Answer = ran.json
        return found

    def state(self, other: "Officer") -> str:
        found = self.json("partner", "show", other.city.about.pinyin)["partner"]["state"]
        return str(found).removeprefix("PARTNER_STATE_")

    def comes_to(self, other: "Officer", state: str) -> bool:
        give_up = time.monotonic() + _SECONDS
        while self.state(other) != state:
            if time.monotonic() > give_up:
                return False
            time.sleep(0.05)
        return True


Pair = tuple[Officer, Officer]


@pytest.fixture
def pair(run: Run, cities: Cities) -> Pair:
    """Zhengzhou's and Hangzhou's officers; what was between the cities is over."""
    made = Officer(run, cities["zhengzhou"]), Officer(run, cities["hangzhou"])
    for one, other in (made, made[::-1]):
        issue = ("client", "issue", "--role", "operator", "--name", "second")
        if one("--operator", "second", "partner", "list").code != exits.DONE:
            assert one(*issue).code == exits.DONE
        one("partner", "end", other.city.about.pinyin, "--reason", "a new test")
        one("partner", "cancel", other.city.about.pinyin)
    return made


def as_typed(code: str, language: str) -> str:
    """A code as an officer may type it."""
    words = words_of(parse_words(code, 3, "code"))
    return {
        "zh": in_zh(words),
        "pinyin": " ".join(word.pinyin for word in words),
        "en": in_en(words).upper().replace("-", "  "),
        "mixed": f"{words[0].zh}，{words[1].pinyin} - {words[2].en}",
    }[language]


def test_two_cities_become_partners_by_what_their_officers_type(pair: Pair) -> None:
    one, other = pair
    invited = one.json("partner", "invite", "杭州")
    assert one("partner", "list").out.count("hutong partner cancel 330100") == 1
    joined = other("partner", "join", invited["code_en"], "--at", invited["address"])
    assert joined.code == exits.DONE, joined.err
    words = one.json("partner", "show", "hangzhou")["partner"]["words_en"]
    assert words in joined.out
    assert "hutong partner approve 410100 --operator NAME" in joined.out
    for here, there in ((one, other), (other, one)):
        city = there.city.about.code
        same = here("partner", "approve", city, *APPROVAL)
        assert same.code == exits.NOT_ALLOWED
        assert "another operator" in same.err
        assert here("partner", "approve", city, "--operator", "second").code == exits.USAGE
        assert here("--operator", "second", "partner", "approve", city, *APPROVAL).code == 0
        twice = here("--operator", "second", "partner", "approve", city, *APPROVAL)
        assert twice.code == exits.REFUSED
        assert "What is: " in twice.err
    assert one.comes_to(other, "APPROVED")
    assert one("partner", "test", "hangzhou").code == exits.DONE
    assert one.comes_to(other, "ACTIVE")
    assert other.comes_to(one, "ACTIVE")
    shown = other("partner", "show", "zhengzhou", "--lang", "zh").out
    for said in ("operator/second", "two cities agreed", "PIA-1"):
        assert said in shown


@pytest.mark.parametrize("language", ["zh", "pinyin", "en", "mixed"])
def test_a_code_is_typed_as_it_was_heard(pair: Pair, language: str) -> None:
    one, other = pair
    invited = one.json("partner", "invite", "hangzhou")
    typed = as_typed(invited["code_zh"], language)
    joined = other("partner", "join", "--at", invited["address"], stdin=f"{typed}\n")
    assert joined.code == exits.DONE, joined.err
    assert one.state(other) == "EXCHANGED"


def test_a_wrong_code_is_told_in_both_languages_with_the_tries_that_are_left(pair: Pair) -> None:
    one, other = pair
    invited = one.json("partner", "invite", "hangzhou")
    right = parse_words(invited["code_zh"], 3, "code")
    wrong = in_en(words_of(bytes([right[0] ^ 1, *right[1:]])))
    join = ("partner", "join", wrong, "--at", invited["address"])
    first = other(*join)
    assert (first.code, "2 tries are left" in first.err) == (exits.NOT_ALLOWED, True)
    second = other(*join, "--lang", "zh")
    assert (second.code, "还可再试 1 次" in second.err) == (exits.NOT_ALLOWED, True)
    assert other("--json", *join).code == exits.NOT_ALLOWED
    over = other("partner", "join", invited["code_en"], "--at", invited["address"])
    assert over.code == exits.REFUSED
    assert invited["code_en"] not in over.err
    misread = other("partner", "join", "nonsense code here", "--at", invited["address"])
    assert misread.code == exits.REFUSED
    assert "word 1" in misread.err


def test_an_invitation_that_is_taken_back_is_no_use(pair: Pair) -> None:
    one, other = pair
    invited = one.json("partner", "invite", "hangzhou")
    assert one("partner", "cancel", "hangzhou").code == exits.DONE
    assert one("partner", "cancel", "hangzhou").code == exits.REFUSED
    late = other("partner", "join", invited["code_en"], "--at", invited["address"])
    assert late.code in (exits.REFUSED, exits.UNREACHABLE)
    nobody = other("partner", "join", invited["code_en"], "--at", "127.0.0.1:1")
    assert (nobody.code, "onboarding port" in nobody.err) == (exits.UNREACHABLE, True)


def test_an_end_asks_why_and_is_shown_with_it(pair: Pair) -> None:
    one, other = pair
    invited = one.json("partner", "invite", "hangzhou")
    other.json("partner", "join", invited["code_en"], "--at", invited["address"])
    assert one("partner", "end", "hangzhou", "--reason", " ").code == exits.USAGE
    assert one("partner", "end", "hangzhou", "--reason", "a new law").code == exits.DONE
    assert "a new law" in one("partner", "show", "hangzhou").out
    again = one("partner", "end", "hangzhou", "--reason", "twice")
    assert (again.code, "What is: exchange" in again.err) == (exits.REFUSED, True)
    assert other.comes_to(one, "ENDED")


def process(city: City, *arguments: str, **options: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "node.cli", "--settings", str(city.settings), *arguments]
    environment = {**city.environment, "COLUMNS": "200", "TERM": "dumb"}
    return subprocess.Popen(command, env=environment, **options)  # type: ignore[call-overload,no-any-return]


def at_a_terminal(city: City, *arguments: str, types: Callable[[str], str | None]) -> Ran:
    """Run a command at a terminal of its own; `types` answers what it reads, once."""
    ours, theirs = pty.openpty()
    started = process(city, *arguments, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    read, typed = b"", False
    try:
        while chunk := _read(ours):
            read += chunk
            answer = None if typed else types(read.decode("utf-8", "ignore"))
            if answer is not None:
                os.write(ours, f"{answer}\n".encode())
                typed = True
    finally:
        code = started.wait(_SECONDS)
        os.close(ours)
    return Ran(code, read.decode("utf-8", "replace").replace("\r\n", "\n"), "")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux says so where the other end was closed.
        return b""


@pytest.mark.parametrize(("language", "asks"), [("en", "read out"), ("zh", "对方读出的口令")])
def test_who_invites_waits_and_both_terminals_show_the_same_words(
    pair: Pair, tmp_path: Path, language: str, asks: str
) -> None:
    one, other = pair
    with (tmp_path / "inviter").open("wb") as out:
        waiting = process(
            one.city, "--lang", language, "partner", "invite", "hangzhou",
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    code, address = _spoken(tmp_path / "inviter")
    joined = at_a_terminal(
        other.city, "--lang", language, "partner", "join", "--at", address,
        types=lambda read: code if asks in read else None,
    )  # fmt: skip
    assert joined.code == exits.DONE, joined.out
    assert waiting.wait(_SECONDS) == exits.DONE
    shown = one.json("partner", "show", "hangzhou")["partner"]
    printed = (tmp_path / "inviter").read_text("utf-8")
    for words in (shown["words_zh"], shown["words_en"]):
        assert words in joined.out
        assert words in printed


def _spoken(printed: Path) -> tuple[str, str]:
    """The code and the address that the inviter's terminal shows."""
    give_up = time.monotonic() + _SECONDS
    while time.monotonic() < give_up:
        for line in printed.read_text("utf-8").splitlines():
            if "hutong partner join " in line:
                said = line.split("hutong partner join ")[1].split(" --at ")
                return said[0], said[1].strip()
        time.sleep(0.02)
    raise AssertionError("no code was shown")


def test_a_letter_is_compared_at_a_terminal_word_by_word(pair: Pair, tmp_path: Path) -> None:
    one, other = pair
    file = tmp_path / "hangzhou.json"
    letter = other.json("partner", "export", file)
    piped = one("partner", "import", file)
    assert (piped.code, "--fingerprint" in piped.err) == (exits.USAGE, True)
    forged = at_a_terminal(
        one.city, "partner", "import", str(file),
        types=lambda read: letter["words_en"].replace("-", " ")[::-1] if "Type" in read else None,
    )  # fmt: skip
    assert forged.code != exits.DONE
    assert one.json("partner", "list")["partners"] == [] or one.state(other) == "ENDED"
    right = at_a_terminal(
        one.city, "--lang", "zh", "partner", "import", str(file),
        types=lambda read: letter["words_zh"] if "输入公函上的指纹" in read else None,
    )  # fmt: skip
    assert right.code == exits.DONE, right.out
    for said in (letter["fingerprint"], letter["words_zh"], letter["words_en"], "330100"):
        # A narrow terminal breaks the lines.
        assert "".join(said.split()) in "".join(right.out.split())
    assert one.state(other) == "EXCHANGED"


def test_a_wrong_fingerprint_is_refused(pair: Pair, tmp_path: Path) -> None:
    one, other = pair
    file = tmp_path / "hangzhou.json"
    letter = other.json("partner", "export", file)
    flipped = "0" if letter["fingerprint"][0] != "0" else "1"
    for wrong in (flipped + letter["fingerprint"][1:], letter["fingerprint"][:-4]):
        refused = one("partner", "import", file, "--fingerprint", wrong)
        assert refused.code in (exits.NOT_ALLOWED, exits.REFUSED), refused
    assert one("partner", "import", file, "--fingerprint", letter["words_en"]).code == exits.DONE
