"""Watches a simulated world: every rule after each look, and after healing all that must heal.

A watch keeps what stores forget: each checkpoint that any city ever signed or was shown. The rules
themselves are in `violations` (what clients were told), `holding` (what stores hold) and `healed`
(what is right again once everybody can reach everybody).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from federation.checkpoint import unverified_checkpoint
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.merkle_log import root_of
from node.store.transaction import StoreTransaction
from node.store.trust_tables import CHECKPOINTS, PARTNER_CHECKPOINTS
from scripts.simulation import healed, holding, violations
from scripts.simulation.city import SimCity
from scripts.simulation.facts import Facts, facts_of, look
from scripts.simulation.history import History
from scripts.simulation.violations import Cities, Violation
from scripts.simulation.world import SimWorld

Rule = Callable[[Cities, History], Iterator[Violation]]

RULES: Final[tuple[Rule, ...]] = (
    violations.acknowledged,
    violations.repeated,
    violations.used_once,
    violations.never_less,
    violations.refused_alike,
    violations.no_fault,
    holding.capacity,
    holding.counted_uses,
    holding.unlinkable,
    holding.nobody_forked,
)

# What a call may take, with its deadline and the work at both ends.
_CALL: Final = timedelta(seconds=10)
_OWN: Final = sa.select(CHECKPOINTS.c.note)
_SHOWN: Final = sa.select(PARTNER_CHECKPOINTS.c.city, PARTNER_CHECKPOINTS.c.note)


class BrokenError(AssertionError):
    """An invariant does not hold; `found` is everything that is broken."""

    def __init__(self, found: list[Violation]) -> None:
        """Tell of the first ones."""
        self.found = tuple(found)
        super().__init__("; ".join(str(each) for each in found[:5]))


class Watch:
    """All invariants of one world, looked at again and again."""

    def __init__(self, world: SimWorld, history: History) -> None:
        """Over a world that its clients keep `history` of."""
        self._world = world
        self._history = history
        self._roots: dict[CityCode, dict[int, bytes]] = {}
        self._apart: dict[CityCode, timedelta] = {}
        self.moved = set[CityCode]()
        """Cities whose clocks were set: what they say of before and after is not in order."""
        self.looks = 0

    def look(self) -> None:
        """Look at all cities, up or not; raises BrokenError."""
        self._look(())

    def finish(self) -> None:
        """Look once all faults are mended and time has passed; raises BrokenError."""
        self._look(healed.RULES)
        cities = tuple(self._world.cities.values())
        found = [each for city in cities for each in healed.verified(city)]
        found += healed.nowhere(cities, self._history)
        if found:
            raise BrokenError(found)

    def _look(self, more: tuple[Rule, ...]) -> None:
        self.looks += 1
        found, cities = list[Violation](), dict[CityCode, Facts]()
        for city in self._world.cities.values():
            facts = cities[city.code] = facts_of(city)
            apart = abs(facts.now - self._world.now)
            self._apart[city.code] = max(apart, self._apart.get(city.code, apart))
            found += self._checkpoints(city)
            if city.broken is not None:
                found.append(Violation("no fault", city.code, city.broken.text("en")))
        for rule in (*RULES, *more):
            found += rule(cities, self._history)
        found += holding.attested_by_consent(cities, self.moved)
        found += holding.decided_by_consent(cities, self._history, self._slack)
        found += holding.suspended(cities, self.moved)
        found += [Violation("no fault", "a city", fault) for fault in self._world.faults]
        if found:
            raise BrokenError(found)

    def _slack(self, one: CityCode, other: CityCode) -> timedelta:
        return self._apart[one] + self._apart[other] + _CALL

    def _checkpoints(self, city: SimCity) -> list[Violation]:
        """A city's log extends every checkpoint of it that anybody ever had."""
        own, shown = look(city, _notes)
        for whose, note in [*((city.code, note) for note in own), *shown]:
            head = unverified_checkpoint(note)
            known = self._roots.setdefault(whose, {})
            if known.setdefault(head.size, head.root) != head.root:
                return [Violation("log", whose, f"size {head.size} was signed with two roots")]
        seen = self._roots.get(city.code, {})
        return look(city, lambda tx: _unlike(city.code, tx, seen))


def _notes(tx: StoreTransaction) -> tuple[list[bytes], list[tuple[CityCode, bytes]]]:
    own = [bytes(row[0]) for row in tx.session.all(_OWN)]
    shown = [(CityCode(row[0]), bytes(row[1])) for row in tx.session.all(_SHOWN)]
    return own, shown


def _unlike(city: CityCode, tx: StoreTransaction, seen: Mapping[int, bytes]) -> list[Violation]:
    found = list[Violation]()
    for known, root in seen.items():
        try:
            size = tx.log.size()
            fits = known <= size and root_of(known, tx.log.node) == root
        except HutongError as error:
            return [Violation("log", city, f"it cannot be read: {error.text('en')}")]
        if not fits:
            what = f"of its {size} entries, the first {known} are not those that it signed"
            found.append(Violation("log", city, what))
    return found
