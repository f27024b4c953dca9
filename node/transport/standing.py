"""A standing as its resident is told: every record, and in words what would change it."""

from collections.abc import Iterable, Sequence
from typing import Final

from federation.bands import ScaleKind
from federation.codec import instant_to_wire
from node.indicators import PROMISES, Indicator
from node.record_limits import ADVICE_NAMES
from node.services.explaining import Change, ExplainedRecord, StandingReport
from node.transport.texts import Both, points
from node.v1 import resident_service_pb2 as pb

# Records that no department sent: those that the node itself makes of promises.
_NO_DEPARTMENT: Final[dict[str, Both]] = {PROMISES: ("信用承诺", "promises")}


def standing_to_wire(report: StandingReport) -> pb.GetStandingResponse:
    """Everything of a report."""
    scale, standing, shared = report.scale, report.standing, report.shared
    band = scale.band(standing.band_id)
    advice_zh, advice_en = advice(report)
    return pb.GetStandingResponse(
        scale_id=scale.scale_id,
        scale_version=scale.version,
        scale_zh=scale.name_zh,
        scale_en=scale.name_en,
        base_milli=scale.base_milli,
        points_milli=report.points_milli,
        score_milli=standing.score_milli,
        band_id=band.band_id,
        band_zh=band.name_zh,
        band_en=band.name_en,
        commendations=standing.commendations,
        shared_score_milli=shared.score_milli,
        shared_band_id=shared.band_id,
        shared_band_zh=scale.band(shared.band_id).name_zh,
        shared_band_en=scale.band(shared.band_id).name_en,
        exportable=scale.exportable(shared.band_id),
        records=[_record(each) for each in report.records],
        advice_zh=advice_zh,
        advice_en=advice_en,
        changes=[_change(report, change) for change in report.changes],
        catalogue_version=report.catalogue_version,
        as_of=instant_to_wire(report.as_of),
    )


def _record(explained: ExplainedRecord) -> pb.CountedRecord:
    record, indicator, department = explained.record, explained.indicator, explained.department
    source = record.key.source
    by_zh, by_en = _NO_DEPARTMENT.get(source, (source, source))
    wire = pb.CountedRecord(
        source=source,
        record_number=record.key.record_number,
        revision=record.revision,
        indicator=record.indicator_id,
        department_zh=department.name_zh if department else by_zh,
        department_en=department.name_en if department else by_en,
        occurred_on=record.occurred_on.isoformat(),
        counts_until=explained.until.isoformat() if explained.until else "",
        counts=explained.counts,
        disputed=record.disputed,
        repairable_from=(
            explained.repairable_from.isoformat() if explained.repairable_from else ""
        ),
        evidence=record.evidence,
    )
    if indicator is not None:
        wire.indicator_zh, wire.indicator_en = indicator.name_zh, indicator.name_en
        wire.points_milli = indicator.effect_milli
        wire.commendation = indicator.commendation or ""
        wire.attestable = indicator.attestable
        wire.disclosure_class = indicator.disclosure_class.value
        wire.legal_basis = indicator.legal_basis
    return wire


def _change(report: StandingReport, change: Change) -> pb.StandingChange:
    band = report.scale.band(change.standing.band_id)
    return pb.StandingChange(
        on=change.on.isoformat(),
        score_milli=change.standing.score_milli,
        band_id=band.band_id,
        band_zh=band.name_zh,
        band_en=band.name_en,
    )


def advice(report: StandingReport) -> Both:
    """What would change a standing.

    The way to the next band; the next day that moves it by itself, and where to; what can be
    repaired from when; and what becomes of a record that is disputed.
    """
    said = [_next_band(report), *_by_itself(report), *_repairs(report), *_disputes(report)]
    return "".join(zh for zh, _ in said), " ".join(en for _, en in said)


def _next_band(report: StandingReport) -> Both:
    band = report.next_band
    if band is None:
        return "已处于最高档。", "This is the highest band."
    if report.scale.kind is ScaleKind.NUMERIC and report.points_to_next_milli is not None:
        needed = points(report.points_to_next_milli)
        if band.lower is not None and not band.lower.inclusive:
            return (
                f"再增加超过 {needed} 分可达“{band.name_zh}”。",
                f"More than +{needed} reaches “{band.name_en}”.",
            )
        return (
            f"再增加 {needed} 分可达“{band.name_zh}”。",
            f"+{needed} reaches “{band.name_en}”.",
        )
    listed = report.scale.listed_by[report.scale.rank(band.band_id)]
    return (
        f"获得以下任一荣誉可达“{band.name_zh}”：{'、'.join(listed)}。",
        f"The commendation {' or '.join(listed)} reaches “{band.name_en}”.",
    )


def _by_itself(report: StandingReport) -> Iterable[Both]:
    if not report.changes:
        return
    change = report.changes[0]
    band, score = report.scale.band(change.standing.band_id), change.standing.score_milli
    parts_zh, parts_en = list[str](), list[str]()
    for indicators, zh, en in (
        (change.ends, "不再计入", "no longer counted"),
        (change.begins, "开始计入", "newly counted"),
    ):
        if indicators:
            names_zh, names_en = _names(indicators)
            parts_zh.append(f"{names_zh}{zh}")
            parts_en.append(f"{en}: {names_en}")
    then_zh = f" {points(score)} 分，" if score is not None else ""
    then_en = f"{points(score)} points, " if score is not None else ""
    yield (
        f"{change.on} 起{'，'.join(parts_zh)}；届时为{then_zh}“{band.name_zh}”。",
        f"From {change.on} {'; '.join(parts_en)}; that gives {then_en}“{band.name_en}”.",
    )


def _repairs(report: StandingReport) -> Iterable[Both]:
    """What may be repaired while it counts, the first first."""
    today = report.as_of_day
    found = sorted(
        (
            (max(each.repairable_from, today), each.record.key, each.indicator)
            for each in report.records
            if each.counts and each.indicator and each.repairable_from and each.until
            if each.repairable_from < each.until
        ),
        key=lambda one: one[:2],
    )
    if not found:
        return
    now = [indicator for day, _, indicator in found if day == today]
    if now:
        zh, en = _names(now)
        yield f"{zh}现在可以申请信用修复。", f"A repair may be applied for now of {en}."
        return
    first = found[0][0]
    zh, en = _names([indicator for day, _, indicator in found if day == first])
    yield (
        f"{zh}自 {first} 起可以申请信用修复。",
        f"From {first} a repair may be applied for of {en}.",
    )


def _disputes(report: StandingReport) -> Iterable[Both]:
    disputed = [each for each in report.records if each.record.disputed and each.indicator]
    overdue = [each.indicator for each in disputed if each.record.overdue and each.indicator]
    others = [each.indicator for each in disputed if not each.record.overdue and each.indicator]
    if others:
        zh, en = _names(others)
        if report.disputed_count:
            yield f"{zh}正在异议处理中，期间仍计入。", f"Disputed, and counted meanwhile: {en}."
        else:
            yield f"{zh}正在异议处理中，期间不计入。", f"Disputed, and not counted meanwhile: {en}."
    if overdue:
        zh, en = _names(overdue)
        yield (
            f"{zh}的异议逾期未答复，答复前不计入。",
            f"The objection is overdue, and until it is answered this does not count: {en}.",
        )


def _names(indicators: Sequence[Indicator]) -> Both:
    """Their names, each once, some of them and how many more."""
    once = list({indicator.indicator_id: indicator for indicator in indicators}.values())
    zh = "、".join(f"“{indicator.name_zh}”" for indicator in once[:ADVICE_NAMES])
    en = ", ".join(f"“{indicator.name_en}”" for indicator in once[:ADVICE_NAMES])
    more = len(once) - ADVICE_NAMES
    return (f"{zh}等 {len(once)} 项", f"{en} and {more} more") if more > 0 else (zh, en)
