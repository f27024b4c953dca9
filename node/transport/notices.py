"""Notices in the words that residents read, in Chinese and English."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from federation.identifiers import CityCode
from node import data
from node.records import CaseMove, Notice, NoticeKind
from node.registry import Registry

Both = tuple[str, str]

_TEXTS: Final[Mapping[NoticeKind, Both]] = {
    NoticeKind.RECORD_ADDED: (
        "新增一条扣分记录：{indicator}{record}。您可以查看、提出异议，期满后可申请修复。",
        (
            "A record that deducts was added: {indicator}{record}. You can look at it, object to "
            "it, and apply for its repair after its period."
        ),
    ),
    NoticeKind.RECORD_CORRECTED: (
        "记录已由部门更正：{indicator}{record}。",
        "A record was corrected by its department: {indicator}{record}.",
    ),
    NoticeKind.RECORD_WITHDRAWN: (
        "记录已由部门撤销，不再计入：{indicator}{record}。",
        "A record was withdrawn by its department and counts no more: {indicator}{record}.",
    ),
    NoticeKind.CASE_OPENED: (
        "已受理您的{case_kind}：{indicator}{record}；应于 {due_at} 前答复。",
        "Your {case_kind} was received: {indicator}{record}; an answer is owed by {due_at}.",
    ),
    NoticeKind.CASE_OVERDUE: (
        "对您的{case_kind}未在期限内答复：{indicator}{record}。已提请督办，仍会答复{until_then}。",
        (
            "Your {case_kind} was not answered in time: {indicator}{record}. The credit office "
            "sees it, and it will still be answered{until_then}."
        ),
    ),
    NoticeKind.BAND_CHANGED: (
        "您的信用等级由“{before}”变为“{after}”。",
        "Your band changed from “{before}” to “{after}”.",
    ),
    NoticeKind.PROMISE_KEPT: (
        "服务点认定您的信用承诺已履行：{incentive}。{objecting}",
        "The venue says that your promise was kept: {incentive}.{objecting}",
    ),
    NoticeKind.PROMISE_BROKEN: (
        "服务点认定您的信用承诺未履行：{incentive}。{objecting}",
        "The venue says that your promise was not kept: {incentive}.{objecting}",
    ),
    NoticeKind.CONSENT_ENDING: (
        "您对{city}的授权将于 {ends_at} 到期；此后不再向其出具证明。如需继续，请重新授权。",
        (
            "Your consent to {city} ends at {ends_at}; after that it is told nothing any more. To "
            "go on, consent again."
        ),
    ),
}

# What became of a case, by the move.
_MOVED: Final[Mapping[str, Both]] = {
    CaseMove.CALL_INTERVIEW.value: (
        "经办人约您面谈",
        "the officer calls you to an interview",
    ),
    CaseMove.HOLD_INTERVIEW.value: ("约谈已进行", "the interview was held"),
    CaseMove.GRANT.value: ("已获准", "granted"),
    CaseMove.REFUSE.value: (
        "未获准，可在 {due_at} 前申诉",
        "refused; you can appeal until {due_at}",
    ),
    CaseMove.APPEAL.value: (
        "申诉已受理，应于 {due_at} 前答复",
        "your appeal was received; an answer is owed by {due_at}",
    ),
    CaseMove.GRANT_ON_APPEAL.value: ("经申诉已获准", "granted on appeal"),
    CaseMove.REFUSE_FINALLY.value: ("经申诉维持不予批准，为最终决定", "refused finally, on appeal"),
    CaseMove.WITHDRAW.value: ("已撤回或终止", "taken back or ended"),
}
_CASE: Final[Both] = (
    "您的{case_kind}（{indicator}{record}）：{moved}。",
    "Your {case_kind} about {indicator}{record}: {moved}.",
)
_KINDS: Final[Mapping[str, Both]] = {
    "objection": ("异议申请", "objection"),
    "repair": ("信用修复申请", "application for repair"),
}
_NOT_COUNTED: Final[Both] = (
    "；在答复之前该记录不计入",
    "; until then the record does not count",
)
_REASON: Final[Both] = ("说明：{reason}", " Reason given: {reason}")
# What became of a promise is a record where the rules in force made one of it.
_OBJECTING: Final[Both] = (
    (
        "已记为“{indicator}”；如不属实，可用 `hutong objection open` "
        "对记录 {source}/{record_number} 提出异议。"
    ),
    (
        " It is recorded as “{indicator}”; if that is wrong, object to record "
        "{source}/{record_number} with `hutong objection open`."
    ),
)
_RECORD: Final[Both] = ("（{source} {record_number}）", " ({source} {record_number})")


def texts_of(notice: Notice, registry: Registry, zone: ZoneInfo) -> Both:
    """The text of a notice in both languages; names are those of the catalogue in force."""
    kept = dict(notice.fields)
    return _text(notice.kind, kept, registry, zone, 0), _text(notice.kind, kept, registry, zone, 1)


def _text(
    kind: NoticeKind, kept: Mapping[str, str], registry: Registry, zone: ZoneInfo, language: int
) -> str:
    about = _Fields(kept)
    about["indicator"] = _indicator(kept.get("indicator", ""), registry, language)
    about["incentive"] = _incentive(kept.get("incentive", ""), registry, language)
    for which in ("before", "after"):
        about[which] = _band(kept.get(which, ""), registry, language)
    about["objecting"] = _OBJECTING[language].format_map(about) if "record_number" in kept else ""
    about["record"] = _RECORD[language].format_map(about) if "record_number" in kept else ""
    about["case_kind"] = _either(_KINDS, kept.get("case_kind", ""), language)
    disputed = kept.get("case_kind") == "objection"
    about["until_then"] = _NOT_COUNTED[language] if disputed else ""
    about["city"] = city_names(registry, kept.get("city", ""))[language]
    for which in ("due_at", "ends_at"):
        if kept.get(which):
            instant = datetime.fromisoformat(kept[which]).astimezone(zone)
            about[which] = instant.isoformat(sep=" ", timespec="minutes")
    about["moved"] = _either(_MOVED, kept.get("move", ""), language).format_map(about)
    template = _TEXTS.get(kind, _CASE)
    said = template[language].format_map(about)
    return said + (_REASON[language].format_map(about) if kept.get("reason") else "")


def city_names(registry: Registry, city: str) -> Both:
    """What a city is called: by its own trust bundle, or as it comes with the node."""
    partner = registry.partners.get(CityCode(city))
    if partner is not None:
        return partner.bundle.name_zh, partner.bundle.name_en
    shipped = next((each for each in data.cities() if each.code == city), None)
    return (shipped.name_zh, shipped.name_en) if shipped else (city, city)


def _either(of: Mapping[str, Both], name: str, language: int) -> str:
    return of[name][language] if name in of else name


def _indicator(indicator_id: str, registry: Registry, language: int) -> str:
    found = registry.indicators.indicators.get(indicator_id) if registry.indicators else None
    return (found.name_zh, found.name_en)[language] if found else indicator_id


def _incentive(incentive_id: str, registry: Registry, language: int) -> str:
    for each in registry.catalogue.incentives if registry.catalogue else ():
        if each.incentive_id == incentive_id:
            return (each.benefit_zh, each.benefit_en)[language]
    return incentive_id


def _band(band_id: str, registry: Registry, language: int) -> str:
    own = registry.own_scale()
    for band in own.scale.bands if own else ():
        if band.band_id == band_id:
            return (band.name_zh, band.name_en)[language]
    return band_id


class _Fields(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
