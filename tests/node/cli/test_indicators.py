"""The indicator catalogue from the command line, against a node in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from node import data
from node.cli import exits
from node.record_limits import INDICATOR_BYTES
from tests.node.cli.conftest import Ran, Run
from tests.node.transport.house import House, Loop, opened

FULL = data.path("zhengzhou/indicators.toml")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    loop = Loop()
    with opened(loop, tmp_path_factory.mktemp("house") / "here") as made:
        yield made
    loop.close()


def at(run: Run, house: House, *arguments: object, stdin: str = "") -> Ran:
    # The node's log would be among what the command prints.
    with capture_logs():
        return run("--settings", house.directory / "hutong.toml", *arguments, stdin=stdin)


def test_before_a_catalogue_the_way_to_one_is_told(run: Run, house: House) -> None:
    for command in (("show",), ("list",), ("show", "fine")):
        ran = at(run, house, "indicators", *command)
        assert ran.code == exits.REFUSED
        assert "hutong indicators load" in ran.err


def test_a_catalogue_is_loaded_listed_and_read(run: Run, house: House) -> None:
    loaded = at(run, house, "indicators", "load", FULL)
    assert loaded.code == exits.DONE, loaded.err
    assert "version 1 is in force" in loaded.out
    assert [line.split()[-1] for line in loaded.out.splitlines()[1:]] == [
        *("53", "12", "4", "136", "1180")
    ]
    again = at(run, house, "--lang", "zh", "indicators", "load", FULL)
    assert (again.code, "未作任何更改" in again.out) == (exits.DONE, True)
    listed = at(
        run, house, "indicators", "list", "--department", "library", "--contains", "overdue"
    )
    assert "library-loan.overdue-month" in listed.out
    assert "reading-family" not in listed.out
    assert len(at(run, house, "--json", "indicators", "list").json["indicators"]) == 1180
    none = at(run, house, "indicators", "list", "--contains", "nothing of the kind")
    assert (none.code, "indicators show" in none.out) == (exits.DONE, True)
    shown = at(run, house, "indicators", "show")
    assert {"Jinshui", "traffic-police", "promise.broken", "zone"} <= set(shown.out.split())
    assert "content_zlib" not in at(run, house, "--json", "indicators", "show").json
    one = at(run, house, "--lang", "zh", "indicators", "show", "library-loan.overdue-month")
    assert {"市图书馆图书借阅逾期三十日以上", "-1", "轻微", "社会公德"} <= set(one.out.split())
    misspelt = at(run, house, "indicators", "show", "library-loan.overdue-moth")
    assert misspelt.code == exits.REFUSED
    assert "nearest is library-loan.overdue-month" in misspelt.err


def test_a_catalogue_with_a_mistake_names_the_line_and_changes_nothing(
    run: Run, house: House, tmp_path: Path
) -> None:
    at(run, house, "indicators", "load", FULL)
    before = at(run, house, "--json", "indicators", "show").json
    text = FULL.read_text("utf-8")
    line = text[: text.index("points = 10")].count("\n") + 1
    wrong = text.replace("points = 10", "points = ten", 1)
    (tmp_path / "wrong.toml").write_text(wrong, "utf-8")
    for file, stdin, told in (
        (tmp_path / "wrong.toml", "", f"line {line}"),
        ("-", "", "empty"),
        ("-", "city = 1", "stdin"),
        (tmp_path / "none.toml", "", "none.toml"),
    ):
        ran = at(run, house, "indicators", "load", file, stdin=stdin)
        assert (ran.code, told in ran.err) == (exits.REFUSED, True), ran.err
    (tmp_path / "large.toml").write_bytes(b"#" * (2 * INDICATOR_BYTES))
    large = at(run, house, "indicators", "load", tmp_path / "large.toml")
    assert (large.code, str(INDICATOR_BYTES) in large.err) == (exits.REFUSED, True)
    assert at(run, house, "--json", "indicators", "show").json == before


def test_the_same_request_again_gets_the_first_answer(
    run: Run, house: House, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_bytes(FULL.read_bytes() + b"# another\n")
    command = ("--json", "indicators", "load", other, "--request-id",
               "0192f0c1-2b3c-7def-8123-456789abcdef")  # fmt: skip
    first = at(run, house, *command).json
    at(run, house, "indicators", "load", FULL)
    assert (at(run, house, *command).json, first["changed"]) == (first, True)
