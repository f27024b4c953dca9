"""The text of a promise (信用承诺), in both languages: what is signed is this, word for word.

It says what one gets and where, until when, what follows from keeping and from breaking it, how to
object, and that it never leaves this city. Whoever changes a sentence raises `VERSION`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from node.incentives import Incentive
from node.indicators import Direction, Indicator, IndicatorCatalogue

VERSION: Final = 1
_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class PromiseText:
    """One promise in both languages."""

    zh: str
    en: str

    def language_of(self, text: str) -> str | None:
        """The language of which `text` is every character; None for any other text."""
        return {self.zh: "zh", self.en: "en"}.get(text)


def draft(
    incentive: Incentive, venue: str, due_on: date, catalogue: IndicatorCatalogue | None
) -> PromiseText:
    """The text of a promise for that incentive at that venue, by the rules in force."""
    kept, broken = outcome(catalogue, kept=True), outcome(catalogue, kept=False)
    zh = (
        f"信用承诺书（第 {VERSION} 版）",
        f"本人在服务点 {venue} 享受激励 {incentive.incentive_id}：{incentive.benefit_zh}。",
        f"本人承诺最迟于 {due_on} 当日履行约定（归还、付清或完成约定事项）。",
        f"如期履行：{_follows_zh(kept)}",
        f"未能履行：{_follows_zh(broken)}",
        "服务点认定结果后，本人会收到通知，可以提出异议；异议由具体经办人答复，不服可申诉。",
        "使用激励之前，本人可随时撤回本承诺。",
        "本承诺及其结果只留在本市，不提供给任何其他城市。",
    )
    en = (
        f"Promise (version {VERSION})",
        f"At venue {venue} I have incentive {incentive.incentive_id}: {incentive.benefit_en}.",
        f"I promise to do what was agreed (to return, pay or finish it) by the end of {due_on}.",
        f"If I keep it: {_follows_en(kept)}",
        f"If I break it: {_follows_en(broken)}",
        "I am told what the venue says of it, and may object; a person answers, and I may appeal.",
        "Until I have used the incentive I may take this promise back.",
        "This promise and what becomes of it stay in this city, and are given to no other.",
    )
    return PromiseText("\n".join(zh), "\n".join(en))


def outcome(catalogue: IndicatorCatalogue | None, *, kept: bool) -> Indicator | None:
    """The indicator that a promise becomes a record of; None where it leaves none."""
    if catalogue is None:
        return None
    name = catalogue.rules.promise_kept if kept else catalogue.rules.promise_broken
    return catalogue.indicators.get(name) if name else None


def _follows_zh(indicator: Indicator | None) -> str:
    if indicator is None:
        return "通知本人，不留记录。"
    verb = "加" if indicator.direction is Direction.ADDS else "减"
    return (
        f"记入“{indicator.name_zh}”，按现行规则本市信用分{verb} {_points(indicator)} 分，"
        f"自认定之日起保留 {indicator.retention_months} 个月。"
    )


def _follows_en(indicator: Indicator | None) -> str:
    if indicator is None:
        return "I am told, and no record is made."
    sign = "+" if indicator.direction is Direction.ADDS else "-"
    return (
        f"it is recorded as “{indicator.name_en}”, which by today's rules changes my score in this "
        f"city by {sign}{_points(indicator)} and is kept for {indicator.retention_months} months."
    )


def _points(indicator: Indicator) -> str:
    whole, part = divmod(indicator.points_milli, _MILLI)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".")
