"""Rule 5: the least is shown.

No host has a document number of another city's resident, nor the id that the resident has at home:
every byte of its store is looked at, also what was deleted and is still there. Nobody has a name:
none was ever given to a node. A pseudonym is known to one host.
"""

import mmap
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from federation.identifiers import CityCode
from federation.pseudonym import pairwise_pseudonym
from scripts.harnessing.checking.evidence import Evidence
from scripts.harnessing.checking.ruling import Invariant, Tally

_BLOCK: Final = 8 * 1024 * 1024
_HEAD: Final = 3
_SHORTEST: Final = 6
"""A shorter number would be found by chance; no document's is."""

_CONSENTS: Final = """
SELECT c.consent_id, c.resident_id, c.host, c.pseudonym, r.secret
FROM consents c JOIN residents r ON r.resident_id = c.resident_id WHERE c.resident_id != ''
"""


def find(path: Path, wanted: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Where these texts are in a file, each place of each; texts of fewer bytes are left out.

    Texts are told by their last bytes, which differ also where they begin alike, as ids do that
    were made in one second.
    """
    by_end = defaultdict[bytes, list[bytes]](list)
    for each in wanted:
        if len(each) >= _SHORTEST:
            by_end[each[-_SHORTEST:]].append(each)
    if not by_end or not path.stat().st_size:
        return
    heads = np.zeros(1 << 8 * _HEAD, dtype=bool)
    ends = np.zeros(1 << 8 * _HEAD, dtype=bool)
    for end in by_end:
        heads[_number(end[:_HEAD])] = True
        ends[_number(end[_HEAD:])] = True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        for start in range(0, len(whole), _BLOCK):
            block = np.frombuffer(whole[start : start + _BLOCK + _SHORTEST - 1], dtype=np.uint8)
            for place in _candidates(block, heads, ends):
                at = start + int(place)
                for text in by_end.get(whole[at : at + _SHORTEST], ()):
                    begins = at + _SHORTEST - len(text)
                    if begins >= 0 and whole[begins : at + _SHORTEST] == text:
                        yield text, begins


def _candidates(
    block: "np.ndarray[tuple[int], np.dtype[np.uint8]]",
    heads: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    ends: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> Iterable[int]:
    """Where six bytes begin whose first three and last three are each of some text."""
    if len(block) < _SHORTEST:
        return ()
    wide = block.astype(np.uint32)
    three = wide[:-2] | wide[1:-1] << 8 | wide[2:] << 16
    found: Iterable[int] = np.flatnonzero(heads[three[:-_HEAD]] & ends[three[_HEAD:]])
    return found


def _number(three: bytes) -> int:
    return int.from_bytes(three, "little")


def _hosts_know_nobody(evidence: Evidence, tally: Tally) -> None:
    texts = {
        text.encode(): (each.city, what)
        for each in evidence.enrolled
        for what, text in (
            ("a document number", each.document_number),
            ("the id at home", each.resident_id),
        )
    }
    for city in evidence.cities.values():
        foreign = {text: about for text, about in texts.items() if about[0] != city.code}
        tally.see(len(foreign))
        for text in sorted({text for text, _ in find(city.path, foreign)}):
            home, what = foreign[text]
            tally.broken(
                city.place.pinyin,
                f"存有 {home} 居民的身份信息（{what}）。",
                f"It has {what} of a resident of {home} in its store.",
                home=home,
                # The evidence of a leak does not leak.
                ends_with=text.decode()[-4:],
            )


def _pseudonyms_are_pairwise(evidence: Evidence, tally: Tally) -> None:
    for city in evidence.cities.values():
        for consent, resident, host, pseudonym, secret in city.rows(_CONSENTS):
            tally.see()
            if pairwise_pseudonym(secret, CityCode(host)) != pseudonym:
                tally.broken(
                    city.place.pinyin,
                    f"居民对 {host} 的化名不是该城专用。",
                    f"The pseudonym of a resident for {host} is not the one for that city.",
                    consent_id=consent,
                    resident_id=resident,
                )
    hosts = defaultdict[bytes, set[str]](set)
    for city in evidence.cities.values():
        for (pseudonym,) in city.rows("SELECT pseudonym FROM recognitions"):
            tally.see()
            hosts[pseudonym].add(city.place.pinyin)
    for pseudonym, known in hosts.items():
        if len(known) > 1:
            cities = ", ".join(sorted(known))
            tally.broken(
                cities,
                f"同一化名见于多个城市：{cities}。",
                f"One pseudonym is known to several cities: {cities}.",
                pseudonym=pseudonym,
            )


INVARIANTS: Final = (
    Invariant(
        "nobody-is-named",
        "5",
        "到访城市不知道居民是谁",
        "A host city knows nobody's number, nor the id at home",
        _hosts_know_nobody,
    ),
    Invariant(
        "pseudonyms",
        "5",
        "化名仅一城可用",
        "No two cities know a resident by one pseudonym",
        _pseudonyms_are_pairwise,
    ),
)
