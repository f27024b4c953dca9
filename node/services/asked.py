"""What is asked of every question of a host, whomever it is about: who asks, and by what terms."""

from datetime import datetime
from typing import Final, Protocol, TypeVar

from federation import freshness
from federation.agreement import Terms
from federation.envelope import Envelope, HasHeader, Statement, Verified, open_envelope
from federation.errors import AGREEMENT_MISMATCH, NOT_RECOGNISED, HutongError
from federation.identifiers import CityCode
from federation.messages import Disclosure, Header
from node.errors import NOTHING_IN_FORCE
from node.ports import Keys, UnitOfWork
from node.registry import OwnScale, Registry
from node.services.here import Here
from node.services.partners import active_partner, keyring_of
from node.services.swapping import Swapping
from node.services.terms import TermsBook, not_active

M = TypeVar("M", bound=HasHeader)

# The first byte of a recorded answer. A refusal keeps its decoy, so that both are as long.
GIVEN: Final = b"\x01"
REFUSED: Final = b"\x00"


def told(answer: bytes) -> bytes:
    """What leaves this city of a recorded answer; raises NOT_RECOGNISED for every refusal."""
    if answer[:1] == REFUSED:
        raise HutongError(NOT_RECOGNISED)
    return answer[1:]


class Agreed(HasHeader, Protocol):
    """A host's question: under which agreement."""

    @property
    def header(self) -> Header:
        """Its header."""

    @property
    def agreement_id(self) -> str:
        """The agreement that it is asked under."""

    @property
    def agreement_version(self) -> int:
        """The version of it."""


class Question(Agreed, Protocol):
    """One about a standing: for what, too, and how much it wants to know."""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """What it is asked for."""

    @property
    def disclosure(self) -> Disclosure:
        """How much is asked for."""


class Asked:
    """Opens the questions of hosts, and holds them against the terms."""

    def __init__(
        self, here: Here, uow: UnitOfWork, keys: Keys, book: TermsBook, swapping: Swapping
    ) -> None:
        """For the city of `here`."""
        self._here = here
        self._uow = uow
        self._keys = keys
        self._book = book
        self._swapping = swapping

    async def opened(
        self, envelope: Envelope, statement: Statement[M], caller: CityCode, now: datetime
    ) -> Verified[M]:
        """A question: signed by the caller, for this city, asked just now."""

        def act() -> Verified[M]:
            return open_envelope(
                envelope,
                statement,
                signed_by=[keyring_of(self._uow.registry, self._keys, caller)],
                audience=self._here.city,
                now=now,
            )

        found = await self._swapping.opened(caller, act)
        freshness.check_asked_now(found.message.header, statement.label, now)
        return found

    def check_caller(self, registry: Registry, caller: CityCode) -> None:
        """Refuse a partner that is not active, as this transaction sees it.

        Another process of this city may have suspended it: old answers end with that, too.
        """
        if caller != self._here.city:
            active_partner(registry, caller)

    def terms(
        self, registry: Registry, asked: Question, label: str, caller: CityCode, now: datetime
    ) -> tuple[Terms, OwnScale]:
        """The terms that a question is within, and this city's scale under them."""
        terms = self.agreed(registry, asked, label, caller, now)
        if asked.disclosure > terms.disclosure_limit:
            raise _mismatch(label, "it asks for more than was agreed")
        if not set(asked.scenarios) <= set(terms.scenarios):
            raise _mismatch(label, "it asks for scenarios that were not agreed")
        own = registry.own_scale(terms.scale)
        if own is None:
            raise HutongError(NOTHING_IN_FORCE, what="scale", command="hutong scale load FILE")
        return terms, own

    def agreed(
        self, registry: Registry, asked: Agreed, label: str, caller: CityCode, now: datetime
    ) -> Terms:
        """The terms in force that a question names."""
        terms = self._book.find(registry, self._here.city, caller)
        if terms is None or not terms.in_force(now):
            raise not_active(self._here.city, caller)
        if (asked.agreement_id, asked.agreement_version) != (terms.agreement_id, terms.version):
            raise _mismatch(label, "it names another agreement or version")
        return terms


def _mismatch(label: str, problem: str) -> HutongError:
    return HutongError(AGREEMENT_MISMATCH, where=label, problem=problem)
