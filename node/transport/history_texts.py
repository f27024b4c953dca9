"""A history in the words that residents read, in Chinese and English."""

from collections.abc import Iterable, Mapping
from typing import Final

from federation.identifiers import CityCode
from federation.messages import Claim, Disclosure
from node import data
from node.history import HistoryKind, Visit
from node.registry import Registry
from node.services.histories import Told
from node.transport import texts
from node.transport.notices import city_names
from node.transport.texts import Both

_TEXTS: Final[Mapping[HistoryKind, Both]] = {
    HistoryKind.CONSENT_GIVEN: (
        "您授权本市向{city}提供{shown}，用于：{scenarios}。",
        "You consented that {city} is told {shown}, for: {scenarios}.",
    ),
    HistoryKind.CONSENT_WITHDRAWN: (
        "您撤回了对{city}的授权。",
        "You withdrew your consent to {city}.",
    ),
    HistoryKind.CONSENT_ENDED: (
        "您对{city}的授权已到期。",
        "Your consent to {city} ended by its date.",
    ),
    HistoryKind.CODE_MADE: (
        "您生成了供{city}使用的信用码。",
        "You made a presentation code for {city}.",
    ),
    HistoryKind.CODE_USED: (
        "您的信用码已在{city}使用。",
        "Your presentation code was used in {city}.",
    ),
    HistoryKind.ATTESTED: (
        "已向{city}出具证明，内容为{shown}，用于：{scenarios}。",
        "{city} was told {shown}, for: {scenarios}.",
    ),
    HistoryKind.RENEWED: (
        "已应{city}请求更新证明，内容为{shown}，用于：{scenarios}。",
        "{city} was told anew {shown}, for: {scenarios}.",
    ),
    HistoryKind.REFUSED: (
        "{city}来询问，未向其提供任何信息，也未说明原因。{why}",
        "{city} asked, and was told nothing, nor why. {why}",
    ),
    HistoryKind.ATTESTATION_WITHDRAWN: (
        "向{city}出具的一份证明已失效，并通知该市，未说明原因。",
        "An attestation to {city} ceased to stand; {city} is told so, and not why.",
    ),
    HistoryKind.RECOGNISED: (
        "本市认可了{city}为您出具的证明。",
        "This city recognised what {city} attested of you.",
    ),
    HistoryKind.DECIDED: (
        "服务点 {venue} 查询。可享受：{opened}；未开放：{closed}。",
        "At venue {venue}. Open to you: {opened}; not open: {closed}.",
    ),
    HistoryKind.REDEEMED: (
        "您在服务点 {venue} 使用了：{opened}。",
        "You used at venue {venue}: {opened}.",
    ),
    HistoryKind.RECOGNITION_ENDED: (
        "本市对您的认可已终止（到期，或{city}通知其证明失效）。",
        "This city no longer recognises you: it ran out, or {city} said that it no longer stands.",
    ),
    HistoryKind.USE_COUNTED: (
        "{city}登记了一项跨城限量的使用，{use}。",
        "{city} had a use counted that is limited over all cities, {use}.",
    ),
    HistoryKind.USE_ENDED: (
        "在{city}的一项跨城限量的使用已结束，{use}。",
        "A use in {city} that is limited over all cities ended, {use}.",
    ),
}
_LEVELS: Final[Mapping[Disclosure, Both]] = {
    Disclosure.THRESHOLD: ("是否达到互认标准", "whether you meet the line of the agreement"),
    Disclosure.BAND: ("您的信用等级", "your band"),
    Disclosure.SCORE: ("您的信用等级和分值", "your band and score"),
}
_LINE: Final[Both] = ("达到互认标准", "that you meet the line of the agreement")
_BAND: Final[Both] = ("等级“{band}”", "your band “{band}”")
_SCORE: Final[Both] = ("、分值 {score}", ", your score {score}")
_HONOURS: Final[Both] = ("、荣誉 {honours}", ", your honours {honours}")
_AND: Final[Both] = ("、", ", ")
_KIND: Final[Both] = ("种类：{kind}", "of kind {kind}")
_ANY_KIND: Final[Both] = ("种类未告知常住地城市", "of a kind that the home city is not told")
_NONE: Final[Both] = ("无", "none")
_HERE: Final[Both] = ("本市", "this city")


def event_texts(told: Told, registry: Registry, here: CityCode) -> Both:
    """The text of an event at home, in both languages."""
    event = told.event
    zh, en = _TEXTS[event.kind]
    why, names = texts.refusal(event.refusal), _city(registry, event.city, here)
    shown = [_shown(told, registry, language) for language in (0, 1)]
    scenarios = [_scenarios(event.scenarios, language) for language in (0, 1)]
    uses = [said.format(kind=event.use_class) for said in (_KIND if event.use_class else _ANY_KIND)]
    return (
        zh.format(city=names[0], shown=shown[0], scenarios=scenarios[0], why=why[0], use=uses[0]),
        en.format(city=names[1], shown=shown[1], scenarios=scenarios[1], why=why[1], use=uses[1]),
    )


def visit_texts(visit: Visit, home: CityCode, registry: Registry, here: CityCode) -> Both:
    """The text of an event at a host, in both languages; incentives as the catalogue has them."""
    zh, en = _TEXTS[visit.kind]
    names = _city(registry, home, here)
    opened = [_incentives(visit.opened, registry, language) for language in (0, 1)]
    closed = [_incentives(visit.closed, registry, language) for language in (0, 1)]
    return (
        zh.format(city=names[0], venue=visit.venue, opened=opened[0], closed=closed[0]),
        en.format(city=names[1], venue=visit.venue, opened=opened[1], closed=closed[1]),
    )


def _city(registry: Registry, city: CityCode, here: CityCode) -> Both:
    return _HERE if city == here else city_names(registry, city)


def _shown(told: Told, registry: Registry, language: int) -> str:
    if told.claim is not None:
        return _claimed(told.claim, registry, language)
    level = told.event.disclosure
    return _LEVELS[level][language] if level else ""


def _claimed(claim: Claim, registry: Registry, language: int) -> str:
    if claim.band_id is None:
        return _LINE[language]
    own = registry.own_scale()
    bands = {b.band_id: (b.name_zh, b.name_en) for b in own.scale.bands} if own else {}
    said = _BAND[language].format(band=bands.get(claim.band_id, (claim.band_id,) * 2)[language])
    if claim.score_milli is not None:
        said += _SCORE[language].format(score=texts.points(claim.score_milli))
    if claim.commendations:
        said += _HONOURS[language].format(honours=_AND[language].join(claim.commendations))
    return said


def _scenarios(ids: Iterable[str], language: int) -> str:
    names = data.scenario_names()
    return _AND[language].join(names.get(each, (each, each))[language] for each in ids)


def _incentives(ids: Iterable[str], registry: Registry, language: int) -> str:
    catalogue = registry.catalogue
    found = catalogue.incentives if catalogue else ()
    names = {i.incentive_id: (i.benefit_zh, i.benefit_en) for i in found}
    said = _AND[language].join(names.get(each, (each, each))[language] for each in ids)
    return said or _NONE[language]
