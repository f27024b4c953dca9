"""The anchor: durable, whole, and never smaller than it was, whichever process writes it."""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from federation.checkpoint import (
    Checkpoint,
    open_checkpoint,
    origin_of,
    sign_checkpoint,
    unverified_checkpoint,
)
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.keys import Ed25519Signer
from node.anchor import FileAnchor
from node.errors import ANCHOR_UNUSABLE

CITY = CityCode("410100")
SIGNER = Ed25519Signer.from_seed(b"s" * 32)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def note(size: int) -> bytes:
    head = Checkpoint(origin_of(CITY), size, size.to_bytes(32, "big"))
    return sign_checkpoint(head, SIGNER, SIGNER.public_key)


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    assert FileAnchor(tmp_path).read() == b""


def test_a_smaller_one_does_not_replace_it(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path)
    anchor.write(note(5))
    anchor.write(note(4))
    assert FileAnchor(tmp_path).read() == note(5)
    anchor.write(note(6))
    assert FileAnchor(tmp_path).read() == note(6)


def test_a_write_that_was_cut_leaves_the_one_before(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path)
    anchor.write(note(5))
    (tmp_path / "log" / ".checkpoint.part").write_bytes(b"half of")
    assert anchor.read() == note(5)
    anchor.write(note(6))
    assert anchor.read() == note(6)


def write_all(folder: str, first: int) -> None:
    anchor = FileAnchor(Path(folder))
    for size in range(first, 200, 2):
        anchor.write(note(size))


def test_two_processes_leave_the_largest_and_always_a_whole_one(tmp_path: Path) -> None:
    FileAnchor(tmp_path).write(note(1))
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=write_all, args=(str(tmp_path), first)) for first in (2, 3)]
    for each in both:
        each.start()
    keys = (SIGNER.described(not_before=SINCE, not_after=SINCE + timedelta(days=1)),)
    seen = 1
    while any(each.is_alive() for each in both):
        size = open_checkpoint(FileAnchor(tmp_path).read(), CITY, keys, None).size
        assert size >= seen
        seen = size
    for each in both:
        each.join()
        assert each.exitcode == 0
    assert unverified_checkpoint(FileAnchor(tmp_path).read()).size == 199


@pytest.mark.parametrize("act", [FileAnchor.read, lambda anchor: anchor.write(note(1))])
def test_a_file_where_the_folder_would_be_is_told_with_what_to_do(
    tmp_path: Path, act: Callable[[FileAnchor], object]
) -> None:
    in_the_way = tmp_path / "log"
    in_the_way.write_text("a log of something else")
    with pytest.raises(HutongError) as refused:
        act(FileAnchor(tmp_path))
    assert refused.value.reason == ANCHOR_UNUSABLE
    for language in ("zh", "en"):
        said = refused.value.text(language)
        assert str(FileAnchor(tmp_path).path) in said
        assert f"{in_the_way} " in said
    assert "move away" in refused.value.text("en")
    assert in_the_way.read_text() == "a log of something else"
