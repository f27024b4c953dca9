"""Checkpoints as signed notes, and partners' cosignatures of them."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta

from federation.checkpoint import (
    Checkpoint,
    cosign,
    cosigned,
    note_lines,
    origin_of,
    sign_checkpoint,
)
from federation.errors import BAD_NOTE, BAD_SIGNATURE, KEY_NOT_VALID, UNKNOWN_KEY, Reason
from federation.identifiers import CityCode
from federation.merkle_log import EMPTY_ROOT
from tests.federation.make import DAY, HANGZHOU, NANJING, NOW, ZHENGZHOU, signer
from tests.federation.vector_cases.loose import Loose, bundle_names, instant
from tests.federation.vector_cases.vector import flipped

ROOT = bytes(range(32))
HEAD = Checkpoint(origin_of(ZHENGZHOU), 20_852_163, ROOT)
AT = NOW + timedelta(seconds=2)


def note(head: Checkpoint = HEAD, purpose: str = "signing-1", city: CityCode = ZHENGZHOU) -> bytes:
    own = signer(city, purpose)
    return sign_checkpoint(head, own, own.public_key)


def resigned(text: bytes) -> bytes:
    """Any text, signed by Zhengzhou as its checkpoint: no honest city makes it."""
    line = note_lines(note())[0]
    raw = line.key_hash + signer(ZHENGZHOU).sign(text)
    return text + b"\n" + f"— {line.name} ".encode() + base64.b64encode(raw) + b"\n"


def line_by(city: CityCode, of: bytes, at: datetime = AT, purpose: str = "signing-1") -> bytes:
    own = signer(city, purpose)
    return cosign(of, city, own, own.public_key, at)


def _checkpoint(
    name: str, content: bytes, expected: Checkpoint | Reason, now: datetime | None = NOW
) -> Loose:
    given = {"city": ZHENGZHOU, "signed_by": bundle_names(ZHENGZHOU), "now": instant(now)}
    return Loose(
        name=f"checkpoint--{name}",
        ending="txt",
        content=content,
        given=given,
        expected=expected if isinstance(expected, Reason) else _shown(expected),
    )


def checkpoints() -> list[Loose]:
    vector = _checkpoint
    good = note()
    text, line = good.split(b"\n\n")[0] + b"\n", note_lines(good)[0].line
    zero = Checkpoint(HEAD.origin, 0, EMPTY_ROOT)
    largest = Checkpoint(HEAD.origin, 2**63 - 1, ROOT)
    root = base64.b64encode(ROOT)
    size = str(HEAD.size).encode()
    cosigner = line_by(HANGZHOU, good)
    of_hangzhou = note(Checkpoint(origin_of(HANGZHOU), HEAD.size, ROOT), city=HANGZHOU)
    in_name_of = of_hangzhou.replace(b"330100", b"410100")
    stranger = "— witness.example/w1 jWbPPwAAAABkGFDL\n".encode()
    lines = b"".join(line_by(HANGZHOU, good, AT, f"key {n}") for n in range(300))
    flawed = {
        "size-changed": good.replace(size, b"20852164"),
        "root-changed": good.replace(root, base64.b64encode(flipped(ROOT, 9))),
        "flipped-bit-in-signature": text + b"\n" + _flipped_signature(line),
    }
    unsigned = {
        "without-a-signature": text + b"\n",
        "without-an-empty-line": text + line,
        "with-two-empty-lines": text + b"\n\n" + line,
        "cut-off": good[:-1],
        "with-carriage-returns": good.replace(b"\n", b"\r\n"),
        "signed-by-a-hyphen": good.replace("—".encode(), b"-"),
        "key-twice": good + line,
        "cosignature-first": text + b"\n" + cosigner + line,
        "base64-with-bits-left-over": _left_over(good, root),
        "something-after": good + b"\n",
        "too-long": good + lines,
    }
    forged = {
        "with-an-extension-line": text + b"and something more\n",
        "size-with-a-leading-zero": text.replace(size, b"0" + size),
        "size-with-a-sign": text.replace(size, b"+" + size),
        "size-too-large": text.replace(size, b"9223372036854775808"),
        "size-missing": text.replace(size, b""),
        "root-too-short": text.replace(root, base64.b64encode(ROOT[:-1])),
        "root-in-hexadecimal": text.replace(root, ROOT.hex().encode()),
        "empty-log-with-a-root": text.replace(size, b"0"),
        "of-no-city": text.replace(b"hutong/410100", b"hutong/zhengzhou"),
        "of-another-log": text.replace(b"hutong/410100", b"example.com/log"),
    }
    return [
        vector("of-zhengzhou", good, HEAD),
        vector("of-an-empty-log", note(zero), zero),
        vector("of-the-largest-log", note(largest), largest),
        vector("with-a-cosignature", cosigned(good, [cosigner]), HEAD),
        vector("with-a-stranger-s-signature", good + stranger, HEAD),
        vector("key-expired-and-kept-as-evidence", note(purpose="signing-0"), HEAD, None),
        vector("key-revoked-and-kept-as-evidence", note(purpose="signing-lost"), HEAD, None),
        vector("key-expired", note(purpose="signing-0"), KEY_NOT_VALID),
        vector("key-not-yet-valid", note(purpose="signing-2"), KEY_NOT_VALID),
        vector("key-revoked", note(purpose="signing-lost"), KEY_NOT_VALID),
        vector("signed-by-root-key", note(purpose="root-1"), UNKNOWN_KEY),
        vector("signed-by-a-stranger-in-the-city-s-name", in_name_of, UNKNOWN_KEY),
        vector("of-the-log-of-another-city", of_hangzhou, BAD_NOTE),
        *(vector(name, made, BAD_SIGNATURE) for name, made in flawed.items()),
        *(vector(name, made, BAD_NOTE) for name, made in unsigned.items()),
        *(vector(name, resigned(made), BAD_NOTE) for name, made in forged.items()),
    ]


def cosignatures() -> list[Loose]:
    def vector(
        name: str, line: bytes, expected: Mapping[str, object] | Reason, of: bytes | None = None
    ) -> Loose:
        given = {"cosigned_by": HANGZHOU, "signed_by": bundle_names(HANGZHOU)}
        return Loose(
            name=f"cosignature--{name}",
            ending="txt",
            content=(of or good) + line,
            given=given,
            expected=expected,
        )

    good = note()
    mine = line_by(HANGZHOU, good)
    at = {"cosigned_at": instant(AT)}
    larger = note(Checkpoint(HEAD.origin, HEAD.size + 1, ROOT))
    # The same key, of the kind that signs notes: it says nothing of consistency.
    plain = Checkpoint(origin_of(HANGZHOU), HEAD.size, ROOT)
    as_note = note_lines(note(plain, city=HANGZHOU))[0].line
    return [
        vector("by-hangzhou", mine, at),
        vector("after-another", mine, at, good + line_by(NANJING, good)),
        vector("of-another-size", line_by(HANGZHOU, larger), BAD_SIGNATURE),
        vector("flipped-bit-in-signature", _flipped_signature(mine), BAD_SIGNATURE),
        vector("flipped-bit-in-the-time", _flipped_time(mine), BAD_SIGNATURE),
        vector("after-the-year-9999", _late(mine), BAD_NOTE),
        vector("by-an-unknown-key", line_by(HANGZHOU, good, AT, "signing-2"), UNKNOWN_KEY),
        vector("before-its-key-began", line_by(HANGZHOU, good, NOW - 2 * DAY), KEY_NOT_VALID),
        vector("of-the-wrong-kind-of-key", as_note, UNKNOWN_KEY),
        vector("by-another-city", line_by(NANJING, good), BAD_NOTE),
    ]


def _shown(head: Checkpoint) -> dict[str, object]:
    return {"opened": {"origin": head.origin, "size": head.size, "root": head.root.hex()}}


def _changed_blob(line: bytes, bit: int) -> bytes:
    name, _, blob = line.rstrip(b"\n").rpartition(b" ")
    return name + b" " + base64.b64encode(flipped(base64.b64decode(blob), bit)) + b"\n"


def _flipped_signature(line: bytes) -> bytes:
    return _changed_blob(line, 8 * 30)


def _flipped_time(line: bytes) -> bytes:
    return _changed_blob(line, 8 * 11)


def _late(line: bytes) -> bytes:
    return _changed_blob(line, 8 * 4)


def _left_over(good: bytes, root: bytes) -> bytes:
    """32 bytes leave two bits of the last letter unused: here one of them is set."""
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = letters[letters.index(root[-2:-1]) + 1 :][:1]
    return good.replace(root, root[:-2] + last + b"=")
