"""A city's own scale, whole, and a resident's standing on it.

The whole scale never leaves its city: `exported` gives the part that may (rule 1).
"""

from dataclasses import dataclass

from federation.bands import Band, ScaleKind, check_bands
from federation.checks import ascending, malformed, text
from federation.identifiers import CityCode, name
from federation.limits import COMMENDATIONS
from federation.messages import Header, ScoreScale


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a resident is on a scale; `score_milli` is None on a categorical one."""

    band_id: str
    score_milli: int | None
    commendations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """One version of a city's scale: every band, from low to high.

    `base_milli` is the newcomer's score of a numeric scale; a model without a base starts at its
    minimum. `listed_by` says for each band of a categorical scale which commendations, any one
    of them, put a resident there; the lowest band needs none.
    """

    city: CityCode
    scale_id: str
    version: int
    kind: ScaleKind
    name_zh: str
    name_en: str
    minimum_milli: int | None
    maximum_milli: int | None
    base_milli: int | None
    bands: tuple[Band, ...]
    exportable_from: str
    listed_by: tuple[tuple[str, ...], ...]
    source: str
    illustrative: bool

    def __post_init__(self) -> None:
        """Refuse a scale on which some standing has no place."""
        name(self.scale_id, where="scale_id")
        for where in ("name_zh", "name_en", "source"):
            text(getattr(self, where), where=where)
        check_bands(self.kind, self.minimum_milli, self.maximum_milli, self.bands)
        if self.rank(self.exportable_from) < 0:
            raise malformed("exportable_from", "it is not a band of the scale")
        if self.kind is ScaleKind.NUMERIC:
            self._check_numeric()
        else:
            self._check_categorical()

    def _check_numeric(self) -> None:
        low, high, base = self.minimum_milli, self.maximum_milli, self.base_milli
        if low is None or high is None or base is None or not low <= base <= high:
            raise malformed("base", "it lies between the minimum and the maximum")
        if not self.bands[0].holds(low):
            raise malformed(f"band {self.bands[0].band_id}", "the lowest band holds the minimum")
        if any(self.listed_by):
            raise malformed("listed_by", "only a categorical scale has lists")

    def _check_categorical(self) -> None:
        if self.base_milli is not None:
            raise malformed("base", "a categorical scale has none")
        if len(self.listed_by) != len(self.bands) or self.listed_by[0]:
            raise malformed("listed_by", "each band but the lowest names its commendations")
        for band, listed in zip(self.bands[1:], self.listed_by[1:], strict=True):
            ascending(listed, where=f"band {band.band_id}", most=COMMENDATIONS, least=1)

    def rank(self, band_id: str) -> int:
        """The place of a band, from 0 at the lowest; -1 where it is none."""
        return next((i for i, band in enumerate(self.bands) if band.band_id == band_id), -1)

    def band(self, band_id: str) -> Band:
        """The band of that id, which must be one of the scale's."""
        return self.bands[self.rank(band_id)]

    def exportable(self, band_id: str) -> bool:
        """Whether a standing in that band may be attested."""
        return self.rank(band_id) >= self.rank(self.exportable_from)

    def standing(self, points_milli: int, commendations: frozenset[str]) -> Standing:
        """The standing of a resident whose counted records add up to these points.

        The score is base + points, clamped to the scale's range.
        """
        named = tuple(sorted(commendations))
        if self.base_milli is None or self.minimum_milli is None or self.maximum_milli is None:
            places = [i for i, by in enumerate(self.listed_by) if not by or commendations & set(by)]
            return Standing(self.bands[places[-1]].band_id, None, named)
        score = min(max(self.base_milli + points_milli, self.minimum_milli), self.maximum_milli)
        band = next(band for band in self.bands if band.holds(score))
        return Standing(band.band_id, score, named)

    def exported(self, header: Header) -> ScoreScale:
        """The scale as other cities may see it: the exportable bands, and nothing below them."""
        return ScoreScale(
            header=header,
            scale_id=self.scale_id,
            version=self.version,
            kind=self.kind,
            name_zh=self.name_zh,
            name_en=self.name_en,
            minimum_milli=self.minimum_milli,
            maximum_milli=self.maximum_milli,
            bands=self.bands[self.rank(self.exportable_from) :],
            source=self.source,
            illustrative=self.illustrative,
        )
