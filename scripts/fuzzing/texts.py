"""What people type, scan and read out: codes, words, documents, addresses, places in lists."""

import contextlib
import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from google.protobuf.duration_pb2 import Duration

from federation.checks import text as check_text
from federation.envelope import Envelope
from federation.errors import HutongError
from federation.identifiers import (
    city_code,
    code_text,
    is_uuid,
    name,
    parse_code,
    read_spelled,
    spelled,
    uuid_text,
)
from federation.messages import Endpoint
from federation.trust import FINGERPRINT_WORDS, is_fingerprint
from federation.uses import parse_use_key, use_key_text
from federation.words import WORDS, bytes_of, in_en, in_zh, parse_words, words_of
from node.certificates import caller_of
from node.cli.values import city_of, end_of, instant_of, moment_of, uuid_of
from node.documents import guess_kind, parse_document
from node.history import Place
from node.model import DocumentKind
from node.records import RecordRow
from node.services.rows import RowReader
from node.store.values import from_span, to_span
from node.transport.peer_answers import clock_of
from scripts.fuzzing.oracle import (
    Feed,
    Target,
    as_text,
    as_typed,
    now_and_then,
    promise,
    taken,
)
from tests.federation.make import ZHENGZHOU, bundle, sealed_bundle
from tests.node.services.simulated import MemoryKeys

_NOW: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_TODAY: Final = date(2026, 11, 24)
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_ADULT: Final = timedelta(days=18 * 365)
_CODE: Final = bytes(range(16))
_LONG: Final = 1 << 63
_COLUMNS: Final = tuple(name for name in RecordRow.__slots__ if name != "revision")
_DOCUMENTS: Final = (
    "999999198105059880",
    "91010119810505003X",
    "AAA410081050558",
    "L1730416<7UTO8903244F3301018<<<<<<<<<<<<<<<6",
)


def _identifiers(data: bytes) -> None:
    text = as_text(data)
    for parse in (city_code, name, uuid_text):
        found = taken(lambda parse=parse: parse(text, where="x"))  # type: ignore[misc]
        promise(
            found in (None, text) and (found is None or found.isascii()), "as it was, or refused"
        )
    promise(is_uuid(text) == (taken(lambda: uuid_text(text, where="x")) is not None), "one rule")
    taken(lambda: check_text(text, where="x"))
    address = taken(lambda: Endpoint.read(text, where="x"))
    if address is not None:
        promise(0 < address.port < 1 << 16, "a port has 16 bits")
        str(address).encode()


def _codes(data: bytes) -> None:
    text = as_text(data)
    found = taken(lambda: parse_code(text, where="x"))
    if found is not None:
        city, code = found
        promise(len(code) == len(_CODE), "a code has 16 bytes")
        promise(parse_code(code_text(city, code), where="x") == found, "it is itself after a round")
    key = taken(lambda: parse_use_key(text, where="x"))
    if key is not None:
        promise(parse_use_key(use_key_text(key), where="x") == key, "it is itself after a round")
    raw = read_spelled(text.upper())
    if raw is not None:
        promise(read_spelled(spelled(raw)) == raw, "what is spelled is what is read")
    made = data[:16].ljust(16, b"\0")
    promise(
        parse_code(code_text(ZHENGZHOU, made), where="x") == (ZHENGZHOU, made), "any code reads"
    )


def _words(data: bytes) -> None:
    feed = Feed(data)
    kind = feed.number(1)
    count = _COUNTS[kind % len(_COUNTS)]
    text = _spoken(feed) if kind & _SPOKEN else as_text(feed.rest())
    # To look for the words nearest to what is none takes fifty times as long as all else.
    looked = now_and_then(data, _NEAREST_OF)
    _DIFFLIB["get_close_matches"] = _nearest if looked else _the_first
    try:
        _said(text, count)
    finally:
        _DIFFLIB["get_close_matches"] = _nearest
    some = data[:FINGERPRINT_WORDS].ljust(FINGERPRINT_WORDS, b"\0")
    spoken = in_zh(words_of(some)).replace("-", "")
    promise(parse_words(spoken, FINGERPRINT_WORDS, "code") == some, "any bytes can be said")


def _said(text: str, count: int) -> None:
    if count:
        found = taken(lambda: parse_words(text, count, "code"))
        if found is not None:
            words = words_of(found)
            promise(bytes_of(words) == found, "a word is its byte")
            promise(parse_words(in_zh(words), count, "code") == found, "Chinese reads back")
            promise(parse_words(in_en(words), count, "code") == found, "English reads back")
    else:
        is_fingerprint(text, _read_out())


def _spoken(feed: Feed) -> str:
    """Whole words, in any of their forms, and what stands between them."""
    said = list[str]()
    while not feed.is_over:
        byte = feed.number(1)
        word = WORDS[feed.number(1)] if byte >= _WORD else None
        said.append(word[byte % len(word)] if word else chr(byte))
    return "".join(said)


def _the_first(
    word: Sequence[str], possibilities: Iterable[Sequence[str]], n: int = 3, cutoff: float = 0.6
) -> list[Any]:
    """As `difflib.get_close_matches`, for a word that is near to anything."""
    del word, cutoff
    return list(islice(possibilities, n))


_nearest: Final = difflib.get_close_matches
_DIFFLIB: Final = vars(difflib)
_COUNTS: Final = (3, 6, FINGERPRINT_WORDS, 0)
_SPOKEN: Final = 4
_NEAREST_OF: Final = 16
_WORD: Final = 0x80


@cache
def _read_out() -> Envelope:
    return sealed_bundle(bundle(ZHENGZHOU))


def _documents(data: bytes) -> None:
    text = as_text(data)
    for kind in (*DocumentKind, guess_kind(text)):
        found = taken(lambda kind=kind: parse_document(kind, text, _TODAY))  # type: ignore[misc]
        if found is not None:
            promise(found.birth_date <= _TODAY - _ADULT, "who takes part is of age")
            again = parse_document(kind, found.number, _TODAY)
            promise(again == found, "a number in its one form is itself")
            promise(found.number.isascii(), "its one form is plain")


def _row(data: bytes) -> None:
    """A row of a department: whatever is wrong with it, no document's number is kept."""
    feed = Feed(data)
    revision = feed.number(4)
    parts = as_text(feed.rest()).split("\x1f")
    texts = dict(zip(_COLUMNS, [*parts, *[""] * len(_COLUMNS)], strict=False))
    row = RecordRow(revision=revision, **texts)
    reader = RowReader(_keys(), "civil-affairs", _TODAY)
    read = reader.read(row, 1)
    promise(not read.row.document_number, "the number goes no further")
    said = repr(read.found)
    if isinstance(read.found, HutongError):
        row_id, kept, told = reader.kept(read, read.found)
        promise(is_uuid(row_id), "what waits has an id")
        said = repr(kept) + repr(told.fields) + told.text("zh") + told.text("en")
        promise(said.isprintable(), "what waits can be shown")
    narrow = unicodedata.normalize("NFKC", said).upper()
    stands = any(number in narrow for number in _DOCUMENTS) and _STANDS.search(narrow)
    promise(not stands, "nothing that is kept holds a document's number")


# One that is part of a longer number is no document's.
_STANDS: Final = re.compile(rf"(?<![0-9A-Z])(?:{'|'.join(map(re.escape, _DOCUMENTS))})(?![0-9A-Z])")


@cache
def _keys() -> MemoryKeys:
    return MemoryKeys(ZHENGZHOU, _NOW)


def _callers(data: bytes) -> None:
    uris = as_text(data).split("\n")
    found = taken(lambda: caller_of(uris, ZHENGZHOU))
    if found is not None:
        promise(f"hutong://{ZHENGZHOU}/{found}" in uris, "a caller is whom its certificate names")


def _places(data: bytes) -> None:
    text = as_text(data)
    found = taken(lambda: Place.read(text))
    if found is not None:
        promise(Place.read(str(found)) == found, "a place is itself after a round")
        promise(found.micros < _LONG, "a store can look for it")


def _clocks(data: bytes) -> None:
    """The text in which a partner says what its clock says."""
    said = clock_of(as_text(data))
    if said is not None:
        ahead = said - _NOW
        promise(abs(to_span(ahead)) < _LONG, "a store can keep it")
        promise(from_span(to_span(ahead)) == ahead, "and gives it back")
        Duration().FromTimedelta(ahead)
        f"{ahead.total_seconds():+.1f}".encode()


def _typed(data: bytes) -> None:
    """What an operator types: an error says what to write, and nothing falls over."""
    text = as_typed(data)
    with contextlib.suppress(click.UsageError):
        city_of(text)
    with contextlib.suppress(click.UsageError):
        promise(is_uuid(uuid_of(text)), "an id is one")
    with contextlib.suppress(click.UsageError):
        moment = moment_of(text)
        with contextlib.suppress(click.UsageError):
            instant_of(moment, _ZONE, _NOW).isoformat()
        end_of(moment, None, _ZONE, _NOW).astimezone(UTC)


def _rows() -> list[bytes]:
    good = ("r-1", "volunteer.hours", _DOCUMENTS[0], "2026-01-15", "志愿服务", "", "", "", "", "")
    bad = ("r-2", "x", "999999198105059881", "2026-02-30", _DOCUMENTS[0], "correct", "other", "B")
    gone = ("r-3", "x", "", "1899-01-01", "e", "withdraw", "", "", "zone", "2026-01-01")
    rows = (good, bad, gone, (_DOCUMENTS[0], _DOCUMENTS[1], _DOCUMENTS[3]))
    return [b"\0\0\0\1" + "\x1f".join(row).encode() for row in rows]


def targets() -> list[Target]:
    """One for each kind of text."""
    code = code_text(ZHENGZHOU, _CODE).encode()
    key = use_key_text(_CODE).encode()
    words = words_of(bytes(range(12)))
    said = (in_zh(words), in_en(words), "suan pan feiji xiang ce")
    spoken = [bytes([n]) + each.encode() for n in range(len(_COUNTS)) for each in said]
    spoken += [bytes([_SPOKEN | n, *(0x80, 7, 0x2D) * 6]) for n in range(len(_COUNTS))]
    ids = [b"410100", b"library.deposit_free", b"0192f0c1-2b3c-7def-8123-456789abcdef"]
    hosts = [b"node.hangzhou.example:7445", b"[::1]:7443", b"127.0.0.1:65535"]
    uris = [f"hutong://410100/{role}/default".encode() for role in ("operator", "venue")]
    token = b"5f5e100.1.0192f0c1-2b3c-7def-8123-456789abcdef"
    tokens = [token, b"1.4." + b"0" * 64]
    clocks = [b"2026-11-24T02:00:00.000001+00:00", b"0001-01-01T00:00:00+23:59", b"9999-12-31"]
    typed = [b"2027-01-31", b"2027-01-31T12:00:00+08:00", b"zhengzhou", *ids]
    return [
        Target(
            "identifiers", "cities, names, UUIDs, addresses", _identifiers, lambda: ids + hosts, 256
        ),
        Target("codes", "presentation codes, passes, use keys", _codes, lambda: [code, key], 256),
        Target("words", "codes of words, read out", _words, lambda: spoken, 512),
        Target(
            "documents",
            "numbers of identity documents",
            _documents,
            lambda: [each.encode() for each in _DOCUMENTS],
            256,
        ),
        Target("record-row", "one row of a department", _row, _rows, 1024),
        Target("client-uris", "whom a client's certificate names", _callers, lambda: uris, 256),
        Target("history-places", "tokens of pages of a history", _places, lambda: tokens, 128),
        Target("peer-clock", "what a partner's clock says", _clocks, lambda: clocks, 128),
        Target("command-line", "what an operator types", _typed, lambda: typed, 128),
    ]
