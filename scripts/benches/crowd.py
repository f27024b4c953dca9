"""A home city's residents by the thousand, each with a consent to the host.

Their rows are as the node makes them, but come by no request: only for benches.
"""

import contextlib
import random
import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from federation.identifiers import CityCode, uuid7s

_MICRO = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PERSON_BITS = 62


def enrol(store: Path, host: CityCode, scenario: str, count: int) -> list[bytes]:
    """Put so many residents into a store; what the host knows them by, in no order."""
    now = datetime.now(UTC)
    at, until = (now - _EPOCH) // _MICRO, (now + timedelta(days=60) - _EPOCH) // _MICRO
    residents, consents = (uuid7s(now, secrets.token_bytes(10 * count)) for _ in range(2))
    pseudonyms = [secrets.token_bytes(32) for _ in range(count)]
    with contextlib.closing(sqlite3.connect(store, timeout=30)) as connection, connection:
        # Of the shared sum and the catalogue's version the node has made rows of its own.
        [(shared, counted_by)] = connection.execute(
            "SELECT shared_milli, counted_by FROM residents ORDER BY shared_milli DESC LIMIT 1"
        )
        connection.executemany(
            "INSERT INTO residents (resident_id, document_digest, secret, enrolled_at, "
            "points_milli, commendations, recount_on, person, shared_milli, counted_by) "
            "VALUES (?, ?, ?, ?, ?, '', NULL, ?, ?, ?)",
            (
                (
                    resident,
                    secrets.token_bytes(32),
                    secrets.token_bytes(32),
                    at,
                    shared,
                    secrets.randbits(_PERSON_BITS),
                    shared,
                    counted_by,
                )
                for resident in residents
            ),
        )
        connection.executemany(
            "INSERT INTO consents (consent_id, resident_id, host, scenarios, disclosure, given_at, "
            "expires_at, withdrawn_at, pseudonym) VALUES (?, ?, ?, ?, 2, ?, ?, NULL, ?)",
            (
                (consent, resident, host, scenario, at, until, pseudonym)
                for consent, resident, pseudonym in zip(
                    consents, residents, pseudonyms, strict=True
                )
            ),
        )
    random.shuffle(pseudonyms)
    return pseudonyms
