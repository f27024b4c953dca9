"""What `load` says, in Chinese and English."""

from typing import Final

LANGUAGES: Final = ("zh", "en")

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "loading": ("负载", "load"),
    "trying": ("每秒 {rate:.1f} 个流程", "{rate:.1f} journeys/s"),
    "progress": (
        (
            "到期 {due:,}  调用 {calls:,}（{a_second:.0f}/秒）  失败 {failed:,}  "
            "p50 {p50}  p99 {p99} 毫秒  等待中 {in_flight:,}"
        ),
        (
            "due {due:,}  calls {calls:,} ({a_second:.0f}/s)  failed {failed:,}  "
            "p50 {p50}  p99 {p99} ms  waiting {in_flight:,}"
        ),
    ),
    "title": (
        "稳定时段 {seconds:.0f} 秒：每秒 {rate:.1f} 个流程、{calls:.1f} 次调用",
        "{seconds:.0f} s of steady load: {rate:.1f} journeys/s, {calls:.1f} calls/s",
    ),
    "deed": ("调用", "call"),
    "count": ("次数", "count"),
    "outcomes": ("非 OK 结果", "other than OK"),
    "p50": ("p50 毫秒", "p50 ms"),
    "p99": ("p99", "p99"),
    "p999": ("p999", "p999"),
    "most": ("最长", "longest"),
    "all": ("全部", "all"),
    "journeys": (
        "流程：到期 {due:,}，开始 {started:,}，全部成功 {well:,}；重复请求 {repeated:,} 次。",
        (
            "Journeys: {due:,} due, {started:,} started, {well:,} went well throughout; "
            "{repeated:,} requests were sent again."
        ),
    ),
    "invalid": ("这些数字不作数：", "These figures do not count:"),
    "step_good": ("可以维持，p99 {p99:,.0f} 毫秒", "sustained, p99 {p99:,.0f} ms"),
    "step_bad": ("不能维持：{reasons}", "not sustained: {reasons}"),
    "peak": ("可持续：每秒 {rate:.1f} 个流程。", "Sustained: {rate:.1f} journeys/s."),
    "no_peak": (
        "连每两秒一个流程也不能维持；请查看 `scripts/harness status`。",
        "Not even one journey every two seconds is sustained; see `scripts/harness status`.",
    ),
}


def text(name: str, language: str, /, **words: object) -> str:
    """A text in "zh" or "en", with what is filled into it."""
    return TEXTS[name][LANGUAGES.index(language)].format(**words)
