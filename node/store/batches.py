"""Renewal in batches, as home: whom a request is about, and what was attested to many at once.

Rows are plain tuples here, read and written many at a time: a night has a million of them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from federation.identifiers import CityCode
from federation.messages import Disclosure, UseCounting
from node.attested import BatchItem, Candidate, IssuedBatch, Kind
from node.store.attestations import batch_of
from node.store.connection import Session
from node.store.lists import named, places, portions
from node.store.tables import CONSENTS, RESIDENTS
from node.store.trust_tables import ATTESTATION_BATCHES, ATTESTATIONS
from node.store.values import to_instant, to_micros, to_names

# Values of one IN list: a whole batch has few of them.
_AT_ONCE: Final = 1024

_B: Final = sa.bindparam
_ADD: Final = sa.insert(ATTESTATION_BATCHES)
_ADD_ITEMS: Final = sa.insert(ATTESTATIONS)
_COLUMNS: Final = tuple(column.name for column in ATTESTATIONS.columns)
_KEY: Final = itemgetter(_COLUMNS.index("pseudonym"))
_ANSWERED: Final = sa.select(ATTESTATION_BATCHES).where(
    ATTESTATION_BATCHES.c.host == _B("of_host"),
    ATTESTATION_BATCHES.c.request_id == _B("of_request"),
)
_STANDS: Final = sa.and_(CONSENTS.c.withdrawn_at.is_(None), CONSENTS.c.expires_at > _B("now"))
_IS_FRESH: Final = sa.and_(
    RESIDENTS.c.counted_by == _B("by_version"),
    sa.or_(RESIDENTS.c.recount_on.is_(None), RESIDENTS.c.recount_on > _B("today")),
)


class BatchRepository:
    """Batches of attestations of this city as home, in one transaction."""

    def __init__(self, session: Session) -> None:
        """Over one session."""
        self._session = session

    def candidates(
        self,
        host: CityCode,
        pseudonyms: Sequence[bytes],
        now: datetime,
        *,
        today: date,
        counted_by: int,
    ) -> list[Candidate]:
        """Whom a host asks for by these pseudonyms, once for each consent to it, in no order."""
        found, instants, kinds = list[Candidate](), _Once(to_instant), _Once(_kind)
        countings = _Once(UseCounting)
        # In the order of their index: it is walked through once.
        for some in portions(sorted(pseudonyms), _AT_ONCE):
            rows = self._session.all(
                _candidates(len(some)),
                of_host=host,
                now=to_micros(now),
                today=today.isoformat(),
                by_version=counted_by,
                **named(some),
            )
            found += [
                Candidate(
                    whose,
                    by,
                    whom,
                    person,
                    stands,
                    instants[end],
                    kinds[kind],
                    is_fresh,
                    countings[counting],
                    commitment,
                )
                for (
                    whose,
                    by,
                    whom,
                    person,
                    stands,
                    end,
                    is_fresh,
                    counting,
                    commitment,
                    *rest,
                ) in rows
                for kind in (tuple(rest),)
            ]
        return found

    def add(self, batch: IssuedBatch, items: Sequence[BatchItem]) -> None:
        """Keep a batch with its attestations, in the order of their leaves.

        A second batch of the same request makes the transaction run again.
        """
        issued_at, micros = to_micros(batch.issued_at), _Once(to_micros)
        host, batch_id, sequence = batch.host, batch.batch_id, batch.log_sequence
        self._session.write(
            _ADD,
            batch_id=batch_id,
            host=host,
            request_id=batch.request_id,
            body_digest=batch.body_digest,
            envelope=batch.envelope,
            leaf_hashes=batch.leaf_hashes,
            given=batch.given,
            issued_at=issued_at,
            log_sequence=sequence,
        )
        rows = [
            (
                attestation_id,
                resident_id,
                consent_id,
                host,
                pseudonym,
                status_index,
                issued_at,
                micros[expires_at],
                claim,
                statement,
                sequence,
                batch_id,
                leaf_index,
                None,
            )
            for leaf_index, (
                attestation_id,
                resident_id,
                consent_id,
                pseudonym,
                status_index,
                expires_at,
                claim,
                statement,
            ) in enumerate(items)
        ]
        # In the order of their key: what is near in it is written together.
        rows.sort(key=_KEY)
        self._session.write_rows(_ADD_ITEMS, _COLUMNS, rows)

    def answered(self, host: CityCode, request_id: str) -> IssuedBatch | None:
        """The batch that answered a host's request."""
        return batch_of(self._session.one(_ANSWERED, of_host=host, of_request=request_id))

    def statements(self, batch: IssuedBatch, pseudonyms: Sequence[bytes]) -> Mapping[int, bytes]:
        """The statements of a batch on these pseudonyms, by leaf, without those that have ended.

        Those of residents who were erased are not there.
        """
        self._session.flush()
        return {
            leaf: bytes(statement)
            for some in portions(pseudonyms, _AT_ONCE)
            for leaf, statement in self._session.all(
                _statements(len(some)), which=batch.batch_id, **named(some)
            )
        }


def _kind(columns: tuple[str, int, int, str]) -> Kind:
    scenarios, disclosure, shared_milli, commendations = columns
    return Kind(to_names(scenarios), Disclosure(disclosure), shared_milli, to_names(commendations))


class _Once(dict[Any, Any]):
    """What a function makes of a value: of a thousand rows most have the same."""

    def __init__(self, make: Any) -> None:  # noqa: ANN401 - of one value, another
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> Any:  # noqa: ANN401 - as above
        found = self[value] = self._make(value)
        return found


@lru_cache
def _statements(count: int) -> sa.Select[Any]:
    # By whom it was about, for which there is an index: a batch is hardly ever asked for again.
    return sa.select(ATTESTATIONS.c.leaf_index, ATTESTATIONS.c.statement).where(
        ATTESTATIONS.c.pseudonym.in_(places(count)),
        ATTESTATIONS.c.batch_id == _B("which"),
        ATTESTATIONS.c.ended_at.is_(None),
    )


@lru_cache
def _candidates(count: int) -> sa.Select[Any]:
    return (
        sa.select(
            CONSENTS.c.pseudonym,
            CONSENTS.c.consent_id,
            CONSENTS.c.resident_id,
            RESIDENTS.c.person,
            _STANDS,
            CONSENTS.c.expires_at,
            _IS_FRESH,
            CONSENTS.c.counting,
            CONSENTS.c.use_commitment,
            CONSENTS.c.scenarios,
            CONSENTS.c.disclosure,
            RESIDENTS.c.shared_milli,
            RESIDENTS.c.commendations,
        )
        .join_from(CONSENTS, RESIDENTS, CONSENTS.c.resident_id == RESIDENTS.c.resident_id)
        .where(CONSENTS.c.host == _B("of_host"), CONSENTS.c.pseudonym.in_(places(count)))
    )
