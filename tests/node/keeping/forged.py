"""Backups that somebody forged to cost memory: `python -m tests.node.keeping.forged FOLDER`.

Each is made by who has the public key alone, and verified in a process of its own. One line of
JSON: of each how it was refused, and by how many KiB that process grew.
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from federation.errors import HutongError
from node.keeping import age, limits
from node.keeping.archive import END, Member, member
from node.keeping.forms import HEAD, MANIFEST, Head, head_from_json, head_to_json
from node.keeping.making import BUNDLES, FILES, name_of
from node.ports.keeping import Kind, TableForm
from tests.node.keeping.rig import Kept, back_up, inside, node, verify

_MANY = 60 * 1024 * 1024
_TABLE = TableForm("some", (("column", Kind.WHOLE),), 10**9)


def nested(size: int) -> bytes:
    """So many bytes of JSON, which come to twenty times as many."""
    return b"[" + b"[]," * (size // 3 - 1) + b"[]]"


def forged(members: list[Member]) -> Iterator[tuple[str, list[Member]]]:
    """Of each flaw the members of a backup that has it."""
    head, manifest = members[0], members[-1]
    files = [each for each in members if each.name.startswith(FILES)]
    known = head_from_json(head.content)
    of_one = Head(known.city, known.made_at, known.version, known.schema, (_TABLE,))
    one = [member(HEAD, head_to_json(of_one)), *files]
    part = name_of(_TABLE.name, 0)
    bundle = next(each.name for each in files if each.name.startswith(FILES + BUNDLES))
    others = [each for each in files if each.name != bundle]
    row = nested(limits.ROW_BYTES) + b"\n"
    yield "a head", [member(HEAD, b'{"form":"hutong-backup/1","tables":' + nested(_MANY) + b"}")]
    yield "a bundle", [head, *others, member(bundle, nested(_MANY))]
    yield "a bundle of the largest size", [head, *others, member(bundle, nested(limits.FILE_BYTES))]
    yield "a part", [*one, member(part, b"[0]\n" * (_MANY // 4))]
    yield "a part of many rows", [*one, member(part, b"[0]\n" * (limits.PART_BYTES * 2))]
    yield "a part of empty rows", [*one, member(part, b"\n" * limits.MEMBER_BYTES)]
    yield "a row", [*one, member(part, row)]
    yield "a manifest", [*members[:-1], member(MANIFEST, nested(_MANY))]
    yield "no manifest", [*members[:-1], *[manifest] * 2]


def grown(kept: Kept, file: Path) -> tuple[str, int]:
    """Why a backup is refused, and by how many KiB a process grows that verifies it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        said = "it was believed"
        try:
            verify(kept, file)
        except HutongError as error:
            said = error.reason.name
        finally:
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            os.write(writing, json.dumps([said, after - before]).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said, size = json.loads(pipe.read())
    os.waitpid(child, 0)
    return said, size


def main() -> None:
    """Measure, and print."""
    folder = Path(sys.argv[1])
    folder.mkdir()
    kept = node(folder / "node", f"sqlite:///{folder / 'node.sqlite'}")
    file = folder / "one.age"
    back_up(kept, file)
    # Once as it is, so that everything is loaded.
    verify(kept, file)
    members, found = inside(kept, file), dict[str, tuple[str, int]]()
    recipients = age.recipients(kept.public.encode(), "test")
    for flaw, changed in forged(members):
        with file.open("wb") as out:
            blocks = (block for each in changed for block in each.blocks())
            age.encrypt((*blocks, END), out, recipients)
        del changed
        found[flaw] = grown(kept, file)
    stanza = b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n"
    with file.open("wb") as out:
        out.write(b"age-encryption.org/v1\n")
        for _ in range(1000):
            out.write(stanza * (_MANY // 1000 // len(stanza)))
    found["a head of its encryption"] = grown(kept, file)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
