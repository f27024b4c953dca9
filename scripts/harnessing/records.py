"""What a run leaves behind: lines of JSON, each one of these.

Instants are seconds since 1970 by the machine's own clock (a city's may be off: that is a fault).
A line is written whole or not at all; a reader leaves out a last line that a crash cut.
"""

import enum
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

R = TypeVar("R")


class Deed(enum.StrEnum):
    """What a client did."""

    CONSENT = "consent"
    WITHDRAW = "withdraw"
    CODE = "code"
    CHECK = "check"
    REDEEM = "redeem"
    RESERVE = "reserve"
    CONFIRM = "confirm"
    RELEASE = "release"
    STANDING = "standing"
    VISITS = "visits"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A resident of a city, and with which consents a run began."""

    city: str
    resident_id: str
    document_kind: str
    document_number: str
    standing: str
    """ "exportable" or "below", by what was loaded."""
    consents: dict[str, str] = field(default_factory=dict)
    """Consent ids by the code of the host city."""


@dataclass(frozen=True, slots=True)
class Act:
    """One call of a client, from when it was due to when it ended.

    Open loop: `due` does not wait for earlier answers, and what a caller waited is `ended - due`.
    """

    deed: Deed
    city: str
    """Whose node was called: its code."""
    other: str
    """The other city that it takes: a visitor's home, or a consent's host; "" for none."""
    request_id: str
    due: float
    sent: float
    ended: float
    outcome: str
    """ "OK", or the reason of the error that came ("UNREACHABLE" and "DEADLINE" for no answer)."""
    repeated: bool = False
    """Whether the request had been sent before, with the same id and body."""
    answer: str = ""
    """SHA-256 of the answer's bytes, in hexadecimal; "" where there was none."""
    process: int = 0
    """Which process of the city, from 0."""
    journey: str = ""
    """The journey that it belongs to, "visit-code/load-1764371000123-0/17": its kind, the history
    that it is in, and its number there. A repeated call belongs to the same one."""
    said: dict[str, Any] = field(default_factory=dict)
    """What the answer said that others must know of. By deed, where it was OK:

    consent: resident_id, consent_id, host, scenarios, expires_at.
    withdraw: resident_id, consent_id.
    code: resident_id, consent_id.
    check: outcome (RECOGNISED, ...), home, venue, visitor_pass_digest, resident_id (as the load
    knows it), consent_id, decisions: [{decision_id, incentive_id, eligible}].
    redeem, confirm: redemption_id, decision_id, incentive_id, venue.
    reserve, release: reservation_id, decision_id.
    """

    def __post_init__(self) -> None:
        """A deed that was read from a line is one of `Deed`, as one that was just done."""
        object.__setattr__(self, "deed", Deed(self.deed))


@dataclass(frozen=True, slots=True)
class Load:
    """A load that was offered."""

    began: float
    ended: float
    rate: float
    """Journeys due in a second."""
    mix: dict[str, float]
    seed: int
    steady_from: float
    steady_until: float
    """The window that figures are taken from: without the warm-up and the last of it."""
    concessions: tuple[str, ...] = ()
    """What this load does otherwise than people would."""
    purpose: str = "load"
    """ "load", or "peak": one step of the search for the rate that is sustained."""
    generators: int = 1
    """How many processes made it."""
    failed: bool = False
    """Whether one of them did not come to its end: a mistake of ours, whatever cities did."""


@dataclass(frozen=True, slots=True)
class Peak:
    """What a search for the rate that is sustained came to."""

    rate: float
    """Journeys in a second; 0 where none was sustained."""
    tried: int
    """How many rates were tried."""
    seconds: float
    """For how long each."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A fault that began, or ended."""

    at: float
    fault: str
    """Its number in this run."""
    kind: str
    began: bool
    """False for the end of it."""
    where: dict[str, Any] = field(default_factory=dict)
    """Its parameters, as `fault_kinds.Fault` has them."""
    recovered_after: float | None = None
    """At its end: seconds until the city served again, where that was waited for."""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process used at one instant."""

    at: float
    city: str
    process: int
    pid: int
    rss_bytes: int
    open_files: int
    threads: int
    cpu_seconds: float
    store_bytes: int = 0
    log_size: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that somebody saw."""

    at: float
    city: str
    """Whose log."""
    by: str
    """Who showed it: the same city, or one that had cosigned it."""
    note: str
    """The signed note, base64."""


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold, with what it is seen by."""

    invariant: str
    city: str
    problem_zh: str
    problem_en: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of one invariant."""

    invariant: str
    rule: str
    """ "1" to "10" of the design's rules, or "acts", "consent", ... for the others."""
    title_zh: str
    title_en: str
    looked_at: int
    """How many things were looked at; an invariant that looked at nothing holds nothing."""
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one kind of thing, each once: what clients were told is done, and what is found of it."""

    what: str
    told: int
    kept: int
    """In the stores."""
    logged: int | None
    """In the logs; None for what leaves no trace."""

    @property
    def whole(self) -> bool:
        """Whether all of it is found."""
        return self.told == self.kept and self.logged in {self.told, None}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to."""

    at: float
    rulings: tuple[Ruling, ...]
    counts: tuple[Counted, ...] = ()
    """The clients' counts against the nodes' own."""

    @property
    def holds(self) -> bool:
        """Whether no invariant is broken."""
        return not any(ruling.violations for ruling in self.rulings)


def append(path: Path, records: Iterable[object]) -> None:
    """Add lines to a file, all in one write."""
    text = "".join(line(record) for record in records)
    if text:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)


def line(record: object) -> str:
    """A record as a line."""
    found: Any = record
    return json.dumps(asdict(found), ensure_ascii=False, separators=(",", ":")) + "\n"


def checked_from_json(text: str) -> Checked:
    """A check as it was kept."""
    found = json.loads(text)
    rulings = (
        Ruling(**each | {"violations": tuple(Violation(**v) for v in each["violations"])})
        for each in found["rulings"]
    )
    counts = (Counted(**each) for each in found.get("counts", ()))
    return Checked(found["at"], tuple(rulings), tuple(counts))


def read(path: Path, kind: type[R]) -> Iterator[R]:
    """The records of a file, in order; none where there is no file."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            if text.endswith("\n"):
                yield kind(**json.loads(text))


def read_all(folder: Path, kind: type[R]) -> Iterator[R]:
    """The records of every file of a folder."""
    for path in sorted(folder.glob("*.jsonl")):
        yield from read(path, kind)
