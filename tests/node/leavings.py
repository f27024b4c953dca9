"""What leads to a person, looked for in every column of every table and in every file."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.pseudonym import pairwise_pseudonym

Needles = Mapping[str, object]
"""What is looked for, by what it is."""

# Each identifier of a person, by the column that finds its rows from the resident or the person.
_BY_RESIDENT = (
    ("consents", "consent_id", "resident_id"),
    ("cases", "case_id", "resident_id"),
    ("promises", "promise_id", "resident_id"),
    ("promises", "redemption_id", "resident_id"),
    ("notices", "notice_id", "resident_id"),
    ("uses", "use_id", "resident_id"),
    ("attestations", "attestation_id", "resident_id"),
    ("attestations", "statement", "resident_id"),
    ("log_salts", "salt", "subject"),
    ("use_leases", "lease_id", "resident_id"),
)
_PIECE = 160
_BY_PERSON = (
    ("record_moves", "move_id", "person"),
    ("record_reads", "read_id", "person"),
    ("quarantine", "row_id", "person"),
)


def identifiers(engine: sa.Engine, city: str, resident_id: str, *partners: str) -> dict[str, Any]:
    """Everything in a store that leads to a resident, by what it is."""
    found: dict[str, Any] = {"resident": resident_id}
    with engine.connect() as connection:

        def column(sql: str, *values: object) -> list[Any]:
            given = {f"v{i}": value for i, value in enumerate(values)}
            rows = connection.execute(sa.text(sql), given)
            return [v for (v,) in rows if v not in ("", None)]

        def keep(what: str, values: Iterable[Any]) -> None:
            found.update({f"{what} {i}": value for i, value in enumerate(values)})

        person, secret, digest = connection.execute(
            sa.text("SELECT person, secret, document_digest FROM residents WHERE resident_id = :r"),
            {"r": resident_id},
        ).one()
        found |= {"person": person, "secret": bytes(secret), "digest": bytes(digest)}
        for table, name, by in _BY_RESIDENT:
            keep(name, column(_select(table, name, by), resident_id))
        receipts = column(_select("consent_receipts", "content", "resident_id"), resident_id)
        # Of a text that takes several pages of a file, what stands on the first.
        keep("receipt", [bytes(receipt)[:_PIECE] for receipt in receipts])
        for table, name, by in _BY_PERSON:
            keep(name, column(_select(table, name, by), person))
        for name in [n for n in found if n.startswith("consent_id")]:
            keep(
                f"code {name}",
                column("SELECT code_digest FROM codes WHERE consent_id = :v0", found[name]),
            )
        for partner in (city, *partners):
            pseudonym = pairwise_pseudonym(bytes(secret), CityCode(partner))
            found[f"pseudonym {partner}"] = pseudonym
        visits = column(
            "SELECT recognition_id FROM recognitions WHERE home = :v0 AND pseudonym = :v1",
            city,
            found[f"pseudonym {city}"],
        )
        keep("recognition", visits)
        for visit in visits:
            keep("visit salt", column("SELECT salt FROM log_salts WHERE subject = :v0", visit))
            keep("check", column("SELECT check_id FROM checks WHERE recognition_id = :v0", visit))
            passes = column(
                "SELECT pass_digest FROM recognitions WHERE recognition_id = :v0", visit
            )
            keep("pass", passes)
            keep("visit", column("SELECT visit_id FROM visits WHERE recognition_id = :v0", visit))
            decided = column("SELECT decision_id FROM decisions WHERE recognition_id = :v0", visit)
            keep("decision", decided)
            for decision in decided:
                keep(
                    "redemption",
                    column(
                        "SELECT redemption_id FROM redemptions WHERE decision_id = :v0", decision
                    ),
                )
    return {name: bytes(v) if isinstance(v, memoryview) else v for name, v in found.items()}


def _select(table: str, name: str, by: str) -> str:
    return f"SELECT {name} FROM {table} WHERE {by} = :v0"  # noqa: S608 - our own names


def in_rows(engine: sa.Engine, needles: Needles) -> dict[str, set[str]]:
    """The needles that are in some column of some row, with the tables where."""
    found: dict[str, set[str]] = {}
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            for row in connection.execute(sa.select(table)):
                for name, needle in needles.items():
                    if any(_holds(value, needle) for value in row):
                        found.setdefault(name, set()).add(table.name)
    return found


def in_files(folder: Path, needles: Needles) -> dict[str, set[str]]:
    """The needles that are in some file below a folder, as bytes or as hexadecimal text."""
    found: dict[str, set[str]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        lower = content.lower()
        for name, needle in needles.items():
            if any(form in content or form in lower for form in _forms(needle)):
                found.setdefault(name, set()).add(path.name)
    return found


def _holds(value: object, needle: object) -> bool:
    if isinstance(needle, int):
        return value == needle or (isinstance(value, str) and str(needle) in value)
    if value is None or isinstance(value, int):
        return False
    content = value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[call-overload]
    return any(form in content for form in _forms(needle))


def _forms(needle: object) -> Iterator[bytes]:
    """A needle as text, as bytes, and as hexadecimal text; a number as SQLite and text have it."""
    if isinstance(needle, int):
        yield str(needle).encode()
        yield needle.to_bytes(8, "big")
        return
    content = needle.encode() if isinstance(needle, str) else bytes(needle)  # type: ignore[call-overload]
    yield content
    yield content.hex().encode()
    if isinstance(needle, str) and needle.count("-") == 4:
        yield bytes.fromhex(needle.replace("-", ""))


def dump(engine: sa.Engine) -> dict[str, list[str]]:
    """Every row of every table."""
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
            for table in tables.sorted_tables
        }
