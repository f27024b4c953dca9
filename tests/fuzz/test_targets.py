"""Each target takes its seeds, what found something once, and the same changes of them every time.

The search proper is `scripts/fuzz`; this is what of it fits every run of the tests.
"""

import random
import tomllib
from collections.abc import Iterator

import pytest
from google.protobuf.message import Message

from federation.errors import MALFORMED, HutongError
from federation.v1 import trust_pb2
from scripts.fuzzing.oracle import BrokenPromiseError, Feed, canonical, promise, taken
from scripts.fuzzing.statements import WIRE
from scripts.fuzzing.targets import KEPT, beginning, every, find, kept

CHANGES = 60
SLOW = {"concordance-table": 6, "condition": 15}
STORIES = tomllib.loads((KEPT / "stories.toml").read_text("utf-8"))


def changed(seed: bytes, chance: random.Random) -> bytes:
    """A seed with one thing wrong with it."""
    data = bytearray(seed or b"\0")
    place, other = chance.randrange(len(data)), chance.randrange(len(data))
    match chance.randrange(6):
        case 0:
            data[place] ^= 1 << chance.randrange(8)
        case 1:
            data[place] = chance.choice(b'\x00\x01\x7f\x80\xff"{[,-.9eE\n\r')
        case 2:
            del data[place : place + chance.randrange(1, 9)]
        case 3:
            data[place:place] = data[min(place, other) : max(place, other)]
        case 4:
            data[place:place] = chance.randbytes(chance.randrange(1, 9))
        case _:
            del data[place:]
    return bytes(data)


def inputs(name: str) -> Iterator[bytes]:
    target = find(name)
    seeds = beginning(target)
    assert seeds, name
    yield from seeds
    yield from (b"", b"\0", b"\xff" * 40)
    chance = random.Random(name)  # noqa: S311 - it must repeat
    for _ in range(SLOW.get(name, CHANGES)):
        yield changed(chance.choice(seeds), chance)[: target.longest]


@pytest.mark.parametrize("name", every())
def test_nothing_that_can_come_breaks_what_is_promised(name: str) -> None:
    target = find(name)
    for data in inputs(name):
        target.run(data)


def test_what_found_something_once_has_its_story() -> None:
    files = {path.stem for path in KEPT.glob("*.bin")}
    assert files == set(STORIES)
    for name, story in STORIES.items():
        assert find(name.partition("--")[0])
        assert story["wrong"].strip()
        assert story["mended"].strip()


def test_every_kind_of_statement_is_searched() -> None:
    assert {f"statement-{label}" for label in WIRE} <= set(every())
    # A message that is searched in its canonical form too gets behind the check for that.
    wire = trust_pb2.TrustBundle(sequence=7)
    spelled = wire.SerializeToString() + b"\x38\x00"
    assert canonical(trust_pb2.TrustBundle, spelled) == wire.SerializeToString()
    assert canonical(trust_pb2.TrustBundle, b"\xff") is None
    assert all(issubclass(each, Message) for each in WIRE.values())


def test_a_refusal_is_one_of_ours_and_can_be_written_down() -> None:
    def refuse() -> None:
        raise HutongError(MALFORMED, where="x", problem="y")

    def half() -> None:
        raise HutongError(MALFORMED, where="x", problem="\ud800")

    def fall() -> None:
        raise ValueError("not ours")

    assert taken(refuse) is None
    assert taken(lambda: 7) == 7
    with pytest.raises(UnicodeEncodeError):
        taken(half)
    with pytest.raises(ValueError, match="not ours"):
        taken(fall)
    with pytest.raises(BrokenPromiseError, match="a promise"):
        promise(0, "a promise")


def test_an_input_is_taken_apart_to_its_end() -> None:
    feed = Feed(b"\x01\xff\x02rest")
    assert (feed.number(1), feed.signed(1), feed.take(1)) == (1, -1, b"\x02")
    assert not feed.is_over
    assert feed.rest() == b"rest"
    assert feed.is_over
    assert (feed.number(2), feed.take(3)) == (0, bytes(3))


def test_a_target_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="receipt"):
        find("reciept")
    assert kept("no such target") == []
