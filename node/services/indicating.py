"""The indicator catalogue: put in force whole, versioned, and shown.

A record keeps the id of its indicator. What a new version has no more counts nothing from then on,
and who loads it is told how many records that is.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from federation.errors import HutongError
from node.errors import FILE_INVALID, UNKNOWN
from node.files import parse_indicators
from node.indicators import Indicator, IndicatorCatalogue
from node.logbook import LogKind
from node.model import Page, PageRequest
from node.ports import Transaction
from node.record_limits import INDICATOR_BYTES
from node.services.here import Here
from node.services.paging import page_of
from node.services.reading import catalogue_of


@dataclass(frozen=True, slots=True)
class LostIndicator:
    """An indicator that the catalogue has no more, and how many records name it."""

    indicator: Indicator
    record_count: int


@dataclass(frozen=True, slots=True)
class LoadedIndicators:
    """What is in force now; `changed` is False where the same file was in force already."""

    catalogue: IndicatorCatalogue
    changed: bool
    resident_count: int
    lost: tuple[LostIndicator, ...]


@dataclass(frozen=True, slots=True)
class IndicatorFilter:
    """Which indicators are asked for; "" asks for all."""

    department: str = ""
    category: str = ""
    contains: str = ""


class IndicatorDesk:
    """Puts indicator catalogues in force, and shows the one that is."""

    def __init__(self, here: Here) -> None:
        """For the city of `here`."""
        self._here = here

    def check_size(self, file_name: str, size: int) -> None:
        """Raise FILE_INVALID for a file that is too large, before all of it has come."""
        if size > INDICATOR_BYTES:
            raise HutongError(
                FILE_INVALID,
                file=file_name,
                where="whole file",
                problem=f"it is over {INDICATOR_BYTES} bytes; make it shorter",
            )

    def read(self, file_name: str, content: bytes) -> IndicatorCatalogue:
        """The catalogue in a file, whole; raises FILE_INVALID.

        It takes some tenths of a second for a large one, and needs no transaction.
        """
        return parse_indicators(file_name, content, city=self._here.city, version=0)

    def load(self, tx: Transaction, read: IndicatorCatalogue) -> LoadedIndicators:
        """Put a catalogue that was read in force, as the next version."""
        current = tx.registry.indicators
        if current and current.content == read.content:
            return LoadedIndicators(current, changed=False, resident_count=0, lost=())
        catalogue = replace(read, version=current.version + 1 if current else 1)
        tx.administration.put_indicators(catalogue)
        content = catalogue.content.encode()
        self._here.trace(tx, LogKind.ADMINISTRATIVE, content, self._here.now())
        gone = [
            indicator
            for key, indicator in (current.indicators if current else {}).items()
            if key not in catalogue.indicators
        ]
        counts = tx.records.count_by_indicator(indicator.indicator_id for indicator in gone)
        lost = (LostIndicator(indicator, counts[indicator.indicator_id]) for indicator in gone)
        return LoadedIndicators(
            catalogue,
            changed=True,
            resident_count=tx.residents.count(),
            lost=tuple(each for each in lost if each.record_count),
        )

    def catalogue(self, tx: Transaction) -> IndicatorCatalogue:
        """The catalogue in force; raises NOTHING_IN_FORCE."""
        return catalogue_of(tx)

    def page(
        self, tx: Transaction, wanted: IndicatorFilter, request: PageRequest
    ) -> Page[Indicator]:
        """The indicators that are asked for, in the order of the file; raises UNKNOWN."""
        catalogue = self.catalogue(tx)
        _known("department", wanted.department, catalogue.departments)
        _known("category", wanted.category, catalogue.categories)
        found = [i for i in catalogue.indicators.values() if _is_wanted(i, wanted)]
        return page_of(found, lambda indicator: indicator.indicator_id, request)


def _is_wanted(indicator: Indicator, wanted: IndicatorFilter) -> bool:
    if wanted.department and wanted.department not in indicator.departments:
        return False
    if wanted.category not in ("", indicator.category_id):
        return False
    looked_in = (indicator.indicator_id, indicator.name_zh, indicator.name_en)
    return any(wanted.contains.casefold() in text.casefold() for text in looked_in)


def _known(what: str, name: str, known: Iterable[str]) -> None:
    if not name or name in known:
        return
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    raise HutongError(
        UNKNOWN,
        what=what,
        name=name,
        remedy=f"the nearest is {nearest[0]}" if nearest else "the catalogue has none",
    )
