"""The life of an agreement that both signed: suspended, taken up again, ended with notice.

Either city acts by itself, at once; the other hears of it by the statement that cities swap at
each change, and again at each refresh.
"""

from dataclasses import replace
from datetime import datetime

from federation.envelope import Verified
from federation.identifiers import CityCode
from federation.messages import AgreementStanding, Partnership
from node.errors import FIELD_INVALID, HutongError
from node.ports import Keys, Transaction
from node.registry import AgreementState, StoredAgreement
from node.services.agreement_book import AgreementBook, between
from node.services.agreement_moves import AgreementMove, check_move, newest_of, versions_of
from node.services.here import Here
from node.services.partners import own_keyring

_SIGNED = (AgreementState.PROPOSED_THERE, AgreementState.REPLACED)


class AgreementLife:
    """What either city may do to an agreement by itself."""

    def __init__(self, here: Here, keys: Keys, book: AgreementBook) -> None:
        """For the city of `here`."""
        self._here = here
        self._keys = keys
        self._book = book

    def suspend(
        self, tx: Transaction, agreement_id: str, actor: str, reason: str
    ) -> StoredAgreement:
        """Stop using the agreement in force, from the next call on, whatever the partner does."""
        stored = self._movable(tx, agreement_id, AgreementMove.SUSPEND, reason)
        return self._move(tx, replace(stored, suspended_here=True), "suspended", actor, reason)

    def resume(
        self, tx: Transaction, agreement_id: str, actor: str, reason: str
    ) -> StoredAgreement:
        """Take an agreement up again that this city suspended."""
        stored = self._movable(tx, agreement_id, AgreementMove.RESUME, reason)
        return self._move(tx, replace(stored, suspended_here=False), "resumed", actor, reason)

    def end(
        self, tx: Transaction, agreement_id: str, ends_at: datetime, actor: str, reason: str
    ) -> StoredAgreement:
        """Give notice: from `ends_at` on it is not used. Only an amendment can undo that.

        Raises:
            HutongError: FIELD_INVALID where the notice is too short, or the end no earlier one.
        """
        stored = self._movable(tx, agreement_id, AgreementMove.END, reason)
        notice = stored.agreement.notice
        first = self._here.now() + notice
        if ends_at < first:
            problem = f"with {notice.days} days of notice it ends at {_text(first)} or later"
            raise HutongError(FIELD_INVALID, field="ends_at", problem=problem)
        if ends_at >= stored.valid_until:
            problem = f"it ends at {_text(stored.valid_until)} by itself; give an earlier end"
            raise HutongError(FIELD_INVALID, field="ends_at", problem=problem)
        what = f"ends at {_text(ends_at)}"
        return self._move(tx, replace(stored, ends_here=ends_at), what, actor, reason)

    def _movable(
        self, tx: Transaction, agreement_id: str, move: AgreementMove, reason: str
    ) -> StoredAgreement:
        versions = versions_of(tx.registry, agreement_id)
        signed = [s for s in versions if s.state is AgreementState.ACTIVE]
        stored = signed[0] if signed else newest_of(versions)
        check_move(stored, move, self._here.now())
        if not reason.strip():
            raise HutongError(FIELD_INVALID, field="reason", problem="say why, for the record")
        return stored

    def _move(
        self, tx: Transaction, moved: StoredAgreement, what: str, actor: str, reason: str
    ) -> StoredAgreement:
        moved = replace(moved, state_reason=reason)
        tx.administration.put_agreement(moved)
        self._book.told(tx, moved)
        self._book.note(tx, moved, what, actor, reason)
        return moved

    def heard(self, tx: Transaction, said: Verified[Partnership]) -> None:
        """Take up what a newer statement of a partner says of agreements.

        One that names what is not known here is ignored, and what it does not name stays as it
        is. An end that was told of is never later than it was.
        """
        city = said.message.header.issuer
        for standing in said.message.agreements:
            versions = [s for s in between(tx.registry, city) if s.key[0] == standing.agreement_id]
            named = next((s for s in versions if s.key[1] == standing.version), None)
            if named is None or named.state is AgreementState.WITHDRAWN:
                continue
            for stored in versions:
                self._hear(tx, stored, standing, city)
            self._complete(tx, (standing.agreement_id, standing.version), city)

    def _hear(
        self, tx: Transaction, stored: StoredAgreement, standing: AgreementStanding, city: CityCode
    ) -> None:
        """A suspension is of the agreement, whatever the version; an end is of one version."""
        heard = replace(stored, suspended_there=standing.suspended)
        if stored.key[1] == standing.version and standing.ends_at is not None:
            ends = min(standing.ends_at, stored.ends_there or standing.ends_at)
            heard = replace(heard, ends_there=ends)
        if heard == stored:
            return
        tx.administration.put_agreement(heard)
        if heard.state is AgreementState.ACTIVE:
            for what in _news(stored, heard):
                self._book.note(tx, heard, what, f"city {city}")

    def _complete(self, tx: Transaction, key: tuple[str, int], city: CityCode) -> None:
        """Put in force what this city signed, where only the partner's answer was lost."""
        own = own_keyring(self._keys)
        for stored in between(tx.registry, city):
            # What the partner proposed it signed; what this city proposed may have one signature.
            theirs = stored.agreement.header.issuer == city and stored.state in _SIGNED
            signed = any(own.find(s.key_id) for s in stored.envelope.signatures)
            if stored.key == key and theirs and signed:
                self._book.activate(tx, stored)


def _news(before: StoredAgreement, after: StoredAgreement) -> list[str]:
    news = []
    if before.suspended_there != after.suspended_there:
        news.append("suspended" if after.suspended_there else "resumed")
    if before.ends_there != after.ends_there and after.ends_there is not None:
        news.append(f"ends at {_text(after.ends_there)}")
    return news


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
