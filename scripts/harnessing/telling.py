"""What scenarios and the endurance run say to whoever watches, in Chinese and English."""

from dataclasses import dataclass, field
from typing import Any, Final

LANGUAGES: Final = ("zh", "en")
_ALWAYS: Final = {"harness": "scripts/harness"}


@dataclass(frozen=True, slots=True)
class Said:
    """A text by name, and what is filled into it."""

    text: str
    words: dict[str, Any] = field(default_factory=dict)

    def of(self, language: str) -> str:
        """As it is read in "zh" or "en"."""
        return TEXTS[self.text][LANGUAGES.index(language)].format_map(self.words | _ALWAYS)


def say(text: str, /, **words: Any) -> Said:  # noqa: ANN401 - whatever is shown
    """A text to be said."""
    return Said(text, words)


def both(text: str) -> dict[str, str]:
    """A text that nothing is filled into, by language."""
    return {language: say(text).of(language) for language in LANGUAGES}


TEXTS: Final[dict[str, tuple[str, str]]] = {
    # What was expected
    "expected_check": (
        "期望每条不变量成立，但尚未检查",
        "every invariant was to hold, and none was checked",
    ),
    "expected_holds": ("期望每条不变量成立，但被破坏：{names}", "broken invariants: {names}"),
    "expected_faults": (
        "期望 {wanted} 次故障，实有 {found} 次",
        "{wanted} faults were to happen, and {found} did",
    ),
    "expected_ended": ("仍未结束的故障：{kinds}", "faults that have not ended: {kinds}"),
    "expected_answered": (
        "期望至少 {wanted} 次得到答复，实有 {found} 次",
        "at least {wanted} calls were to be answered, and {found} were",
    ),
    "expected_answered_by": (
        "期望 {city} 至少答复 {wanted} 次，实有 {found} 次",
        "{city} was to answer at least {wanted} calls, and answered {found}",
    ),
    "expected_errors": (
        "期望至多 {wanted} 个错误，实有 {found} 个：{kinds}",
        "at most {wanted} errors were expected, and {found} came: {kinds}",
    ),
    "expected_repeated": (
        "期望至少 {wanted} 次重复请求，实有 {found} 次",
        "at least {wanted} calls were to be sent again, and {found} were",
    ),
    "expected_with": (
        "期望错误只涉及 {cities}，另有 {found} 个：{kinds}",
        "errors were expected only with {cities}, and {found} came elsewhere: {kinds}",
    ),
    "expected_between": (
        "期望错误只发生在 {cities} 之间，另有 {found} 个：{kinds}",
        "errors were expected only between {cities}, and {found} came elsewhere: {kinds}",
    ),
    # Steps, as they are taken
    "step": ("第 {number}/{of} 步：{what}", "step {number} of {of}: {what}"),
    "load": (
        "负载：每秒 {rate:g} 个流程，共 {seconds:g} 秒",
        "load: {rate:g} journeys a second for {seconds:g} s",
    ),
    "fault": ("故障：{what}", "fault: {what}"),
    "mend": ("恢复：{what}", "mend: {what}"),
    "mend_all": ("恢复一切故障", "mend everything"),
    "wait_load": ("等待负载结束", "wait until the load has ended"),
    "wait_settled": ("等待一切恢复", "wait until everything serves again"),
    "wait_seconds": ("等待 {seconds:g} 秒", "wait {seconds:g} s"),
    "suspend": ("{city} 暂停伙伴 {partner}", "{city} suspends its partner {partner}"),
    "resume": ("{city} 恢复伙伴 {partner}", "{city} resumes its partner {partner}"),
    "withdraw": (
        "{city} 的 {residents} 名居民撤回授权",
        "{residents} residents of {city} withdraw",
    ),
    "rotate": ("{city} 更换签名密钥与证书", "{city} changes its signing keys and certificates"),
    "check": ("检查不变量", "check the invariants"),
    "expect": ("核对期望", "hold the counts against what is expected"),
    "at": ("（负载开始后 {seconds:g} 秒）", " ({seconds:g} s after the load began)"),
    "for": ("，持续 {seconds:g} 秒", " for {seconds:g} s"),
    # What happened
    "held": ("  符合期望", "  as expected"),
    "failed": ("失败：{what}", "Failed: {what}"),
    "not_expected": ("不符合期望：{what}", "Not as expected: {what}"),
    "skipped": ("其余步骤不再执行", "the steps that are left are not taken"),
    "load_failed": (
        "负载以代码 {code} 结束；见 {file}",
        "the load ended with code {code}; see {file}",
    ),
    "load_never": (
        "负载没有开始；见 {file}",
        "the load did not begin; see {file}",
    ),
    "command_failed": (
        "`{command}` 以代码 {code} 结束",
        "`{command}` ended with code {code}",
    ),
    "invariants_broken": ("有不变量被破坏", "an invariant is broken"),
    "stopping": ("已中断：正在停止全部进程", "Interrupted: everything is being stopped"),
    "stopped": ("全部已停止。", "Nothing is left running."),
    "not_stopped": (
        "停止失败：{what}。请运行：{harness} down{dir}",
        "It could not be stopped: {what}. Run: {harness} down{dir}",
    ),
    "kept": (
        "城市仍在运行。查看：{harness} status{dir}；停止：{harness} down{dir}",
        "The cities go on. Look: {harness} status{dir}. Stop them: {harness} down{dir}",
    ),
    "good": ("{name}：通过。报告：{report}", "{name}: passed. The report: {report}"),
    "bad": ("{name}：未通过。报告：{report}", "{name}: failed. The report: {report}"),
    "unreported": (
        "{name}：未通过，也没有报告；上文说明了原因",
        "{name}: failed, and there is no report; what is above says why",
    ),
    # The view
    "cities": ("城市", "City"),
    "state": ("状态", "State"),
    "memory": ("内存", "Memory"),
    "files": ("文件", "Files"),
    "serving": ("服务中", "serving"),
    "starting": ("启动中", "starting"),
    "paused": ("已暂停", "paused"),
    "down": ("已停止", "down"),
    "faults": ("故障：{what}", "Faults: {what}"),
    "none": ("无", "none"),
    "figures": (
        "最近 {seconds} 秒：每秒 {rate:.1f} 次，错误 {errors}，p99 {p99:.0f} 毫秒；共 {total:,} 次",
        "last {seconds} s: {rate:.1f}/s, {errors} errors, p99 {p99:.0f} ms; {total:,} calls in all",
    ),
    "left": ("剩余 {left}", "{left} left"),
    # The endurance run
    "endure_peak": ("寻找可持续的最高速率", "Looking for the rate that is sustained"),
    "endure_rate": (
        "可持续速率：每秒 {peak:g} 个流程；以其 {share:.0%} 即 {rate:.1f} 运行 {minutes:g} 分钟",
        "Sustained: {peak:g} journeys/s; {share:.0%} of it, {rate:.1f}, for {minutes:g} minutes",
    ),
    "endure_safeties": ("衡量每项安全措施的代价", "Measuring what each safety costs"),
    "endure_name": ("耐久运行", "Endurance run"),
    "verdict_good": ("每项承诺都成立。报告：{report}", "Every promise held. The report: {report}"),
    "verdict_broken": (
        "有承诺被破坏。报告：{report}",
        "A promise was broken. The report: {report}",
    ),
    "verdict_unseen": (
        "没有承诺被破坏，但并非每项都得到验证。报告：{report}",
        "No promise was broken, and not every one was seen to be held. The report: {report}",
    ),
}
