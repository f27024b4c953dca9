"""A score scale as an operator writes it."""

from typing import Literal

from federation.bands import Band, Bound, ScaleKind
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.scale import Scale
from node.files.reading import Lines, Milli, Name, Names, Strict, Text, read_toml


class _Bound(Strict):
    value: Milli
    inclusive: bool


class _Band(Strict):
    id: Name
    name: Names
    lower: _Bound | None = None
    upper: _Bound | None = None
    listed_by: tuple[Name, ...] = ()
    source: Text


class _File(Strict):
    scale_id: Name
    name: Names
    kind: Literal["numeric", "categorical"]
    minimum: Milli | None = None
    maximum: Milli | None = None
    base: Milli | None = None
    exportable_from: Name
    source: Text
    illustrative: bool
    bands: list[_Band]


def parse_scale(file_name: str, content: bytes, *, city: CityCode, version: int) -> Scale:
    """The scale in a TOML file; raises FILE_INVALID."""
    file, lines = read_toml(file_name, content, _File)
    try:
        bands = tuple(_band(band, i, lines) for i, band in enumerate(file.bands))
        return Scale(
            city=city,
            scale_id=file.scale_id,
            version=version,
            kind=ScaleKind.NUMERIC if file.kind == "numeric" else ScaleKind.CATEGORICAL,
            name_zh=file.name.zh,
            name_en=file.name.en,
            minimum_milli=_int(file.minimum),
            maximum_milli=_int(file.maximum),
            base_milli=_int(file.base),
            bands=bands,
            exportable_from=file.exportable_from,
            listed_by=_listed_by(file),
            source=file.source,
            illustrative=file.illustrative,
        )
    except HutongError as error:
        raise _located(error, file, lines) from error


def _listed_by(file: _File) -> tuple[tuple[str, ...], ...]:
    if file.kind == "numeric" and not any(band.listed_by for band in file.bands):
        return ()
    return tuple(tuple(sorted(band.listed_by)) for band in file.bands)


def _band(band: _Band, place: int, lines: Lines) -> Band:
    try:
        return Band(band.id, band.name.zh, band.name.en, _bound(band.lower), _bound(band.upper))
    except HutongError as error:
        raise lines.mistake(("bands", place), error.fields["problem"]) from error


def _bound(bound: _Bound | None) -> Bound | None:
    return None if bound is None else Bound(int(bound.value), bound.inclusive)


def _int(value: object) -> int | None:
    return None if value is None else int(str(value))


def _located(error: HutongError, file: _File, lines: Lines) -> HutongError:
    """The error of a scale that does not hold together, with the line that it is about."""
    if "problem" not in error.fields:
        return lines.mistake(("bands",), error.text("en"))
    if "line " in error.fields.get("where", "") or "file" in error.fields:
        return error
    where = error.fields["where"]
    ids = [band.id for band in file.bands]
    if where.startswith("band ") and where[5:] in ids:
        return lines.mistake(("bands", ids.index(where[5:])), error.fields["problem"])
    return lines.mistake((where,), error.fields["problem"])
