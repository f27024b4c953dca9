"""The reasons about departments' records, cases, promises, and what is kept how long."""

from federation.errors import Reason, Status

_BAD = Status.INVALID_ARGUMENT
_STATE = Status.FAILED_PRECONDITION
_DENIED = Status.PERMISSION_DENIED

DEPARTMENT_UNKNOWN = Reason(
    "DEPARTMENT_UNKNOWN",
    _DENIED,
    "The catalogue in force has no department {department}; its clients' certificates bear its id "
    "(see `hutong indicators list`), or DEPARTMENT.OFFICER.",
    "生效的指标目录中没有部门 {department}；部门客户端证书的名称应为其编号"
    "（见 `hutong indicators list`），或“部门.经办人”。",
)
OFFICER_NEEDED = Reason(
    "OFFICER_NEEDED",
    _DENIED,
    "A decision needs a person: use the certificate of an officer, made with `hutong client issue "
    "--role department --name {department}.OFFICER`.",
    "决定须由具体经办人作出；请使用经办人证书"
    "（`hutong client issue --role department --name {department}.经办人拼音`）。",
)
STORE_UNREADABLE = Reason(
    "STORE_UNREADABLE",
    Status.UNAVAILABLE,
    "The store cannot be read for the whole city ({problem}); nothing was changed. Run this on the "
    "machine of the store; `hutong serve` makes its tables, and brings older ones up to date.",
    "无法为全市计分读取存储（{problem}），未作任何更改。请在存储所在的机器上运行；"
    "`hutong serve` 会建立数据表，并更新旧版本的数据表。",
)
CASE_MOVE_REFUSED = Reason(
    "CASE_MOVE_REFUSED",
    _STATE,
    "Case {case} is {state}, so `{move}` is not possible; possible now: {moves}.",
    "案件 {case} 的状态为 {state}，不能进行 {move}；当前可以：{moves}。",
)
CASE_OPEN_ALREADY = Reason(
    "CASE_OPEN_ALREADY",
    Status.ALREADY_EXISTS,
    "Case {case} about this record is open already; look at it with `hutong case show {case} "
    "--resident RESIDENT`, or take it back with `hutong case withdraw` first.",
    "该记录已有未结案件 {case}；请用 `hutong case show {case} --resident 居民编号` 查看，"
    "或先用 `hutong case withdraw` 撤回。",
)
CASE_DECIDED = Reason(
    "CASE_DECIDED",
    _STATE,
    "An objection to this record, as it is now, was decided in case {case}; appeal against that "
    "with `hutong case appeal`, or object again once the record has been corrected.",
    "对该记录现有内容的异议已在案件 {case} 中作出决定；可用 `hutong case appeal` 申诉，"
    "或待记录更正后再次提出异议。",
)
APPEAL_TOO_LATE = Reason(
    "APPEAL_TOO_LATE",
    _STATE,
    "The refusal of case {case} could be appealed until {until}; apply anew where that is "
    "possible, with `hutong repair apply` or `hutong objection open`.",
    "案件 {case} 的申诉期限为 {until}，现已届满；"
    "如符合条件，可用 `hutong repair apply` 或 `hutong objection open` 重新申请。",
)
SAME_PERSON = Reason(
    "SAME_PERSON",
    _DENIED,
    "Who decided case {case} first does not decide the appeal; let another operator run `hutong "
    "case decide-appeal --operator NAME`.",
    "案件 {case} 的初次决定人不得裁决申诉；请由其他运维人员运行 "
    "`hutong case decide-appeal --operator 姓名`。",
)
REPAIR_NOT_NEEDED = Reason(
    "REPAIR_NOT_NEEDED",
    _STATE,
    "Only a record that deducts is repaired, and this one does not by the catalogue in force; "
    "where it is wrong, object with `hutong objection open`.",
    "只有扣分记录可以修复，按生效的目录该记录不扣分；如记录有误，"
    "请用 `hutong objection open` 提出异议。",
)
REPAIR_TOO_EARLY = Reason(
    "REPAIR_TOO_EARLY",
    _STATE,
    "A repair of this record may be applied for from {day} on; apply then with `hutong repair "
    "apply`.",
    "该记录自 {day} 起方可申请修复；请届时用 `hutong repair apply` 申请。",
)
PROMISE_NOT_OFFERED = Reason(
    "PROMISE_NOT_OFFERED",
    _STATE,
    "Venue {venue} offers no incentive {incentive} today, so there is nothing to promise for; "
    "`hutong venue incentives --venue {venue}` lists what it offers.",
    "服务点 {venue} 今天不提供激励 {incentive}，无从承诺；"
    "可用 `hutong venue incentives --venue {venue}` 查看其提供的激励。",
)
PROMISE_TEXT_CHANGED = Reason(
    "PROMISE_TEXT_CHANGED",
    _STATE,
    "This is not, word for word, what a promise for {incentive} at {venue} says now: the text has "
    "changed; draft it again with `hutong promise draft`, and read it.",
    "承诺书与现行的（{venue} 的 {incentive}）不是一字不差：文本已变更；"
    "请用 `hutong promise draft` 重新生成并通读。",
)
PROMISE_LOCAL_ONLY = Reason(
    "PROMISE_LOCAL_ONLY",
    _STATE,
    "A promise goes with a use by one of this city's own residents who was recognised; this "
    "decision is no such one: redeem it without a promise.",
    "信用承诺只随已认定的本市居民使用；该决定不属于此种情形：请不带承诺使用。",
)
PROMISE_NOT_THEIRS = Reason(
    "PROMISE_NOT_THEIRS",
    _STATE,
    "{promise} is no promise that the resident of this decision gave to this venue for "
    "{incentive}; ask the resident for the right one, or redeem without a promise.",
    "{promise} 不是该决定的居民就 {incentive} 向本服务点作出的承诺；"
    "请居民出示正确的承诺，或不带承诺使用。",
)
PROMISE_STATE = Reason(
    "PROMISE_STATE",
    _STATE,
    "Promise {promise} is {state}; that needs one that is {needed}.",
    "承诺 {promise} 的状态是 {state}；该操作需要的状态是 {needed}。",
)
PROMISE_NOT_DUE = Reason(
    "PROMISE_NOT_DUE",
    _STATE,
    "Promise {promise} can be kept until the end of {due_on}; say after that day that it was "
    "broken, with `hutong venue promise {promise} --broken --note TEXT`.",
    "承诺 {promise} 在 {due_on} 当日结束前仍可履行；请在此后再用 "
    "`hutong venue promise {promise} --broken --note 说明` 认定违约。",
)
OWN_RECORD_UNKNOWN = Reason(
    "OWN_RECORD_UNKNOWN",
    Status.NOT_FOUND,
    "The resident has no standing record of that department and number; `hutong resident standing` "
    "lists the resident's own records.",
    "该居民没有此部门、此记录号的有效记录；请用 `hutong resident standing` 查看本人的记录。",
)
CASE_UNKNOWN = Reason(
    "CASE_UNKNOWN",
    Status.NOT_FOUND,
    "There is no such case that this caller may see; `hutong case list` lists those there are.",
    "没有此案件，或当前身份无权查看；请用 `hutong case list` 查看可见的案件。",
)
