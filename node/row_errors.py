"""The reasons that put a row of departments' records into quarantine, and those about loads.

No field of theirs holds a document number; `reason_named` finds the one that was kept.
"""

from typing import Final

from federation.errors import Reason, Status
from node.errors import DOCUMENT_INVALID

_BAD: Final = Status.INVALID_ARGUMENT
_STATE: Final = Status.FAILED_PRECONDITION

INDICATOR_UNKNOWN = Reason(
    "INDICATOR_UNKNOWN",
    _BAD,
    "indicator: the catalogue in force has no {indicator}{nearest}; see `hutong indicators list`.",
    "indicator：生效的指标目录中没有 {indicator}{nearest}；见 `hutong indicators list`。",
)
INDICATOR_NOT_YOURS = Reason(
    "INDICATOR_NOT_YOURS",
    _BAD,
    "indicator: {indicator} is reported by {departments}, not by {department}; send the row to one "
    "of them.",
    "indicator：{indicator} 由 {departments} 报送，不由 {department} 报送；请转交其中一个部门。",
)
ROW_CLASS_WRONG = Reason(
    "ROW_CLASS_WRONG",
    _BAD,
    "disclosure_class: {indicator} is of class {class}; write that, or leave it empty.",
    "disclosure_class：{indicator} 的公开类别为 {class}；请改为该类别或留空。",
)
AREA_UNKNOWN = Reason(
    "AREA_UNKNOWN",
    _BAD,
    "area: the catalogue in force has no {area}{nearest}; leave it empty where none fits.",
    "area：生效的指标目录中没有 {area}{nearest}；没有合适的区域时请留空。",
)
ROW_DAY_IMPOSSIBLE = Reason(
    "ROW_DAY_IMPOSSIBLE",
    _BAD,
    "{column}: write a day that exists as YYYY-MM-DD, such as 2026-01-15.",
    "{column}：请写存在的日期，格式为 YYYY-MM-DD，例如 2026-01-15。",
)
ROW_DAY_FUTURE = Reason(
    "ROW_DAY_FUTURE",
    _BAD,
    "occurred_on: {day} lies in the future; today is {today} in this city.",
    "occurred_on：{day} 尚未到来；本市今天是 {today}。",
)
ROW_ENDS_EARLY = Reason(
    "ROW_ENDS_EARLY",
    _BAD,
    "ends_on: it must lie after occurred_on ({day}), or be empty.",
    "ends_on：须晚于 occurred_on（{day}），或留空。",
)
ROW_RETENTION_OVER = Reason(
    "ROW_RETENTION_OVER",
    _BAD,
    "occurred_on: a record of {indicator} of that day stopped counting on {until}; it may not be "
    "kept, discard the row.",
    "occurred_on：该日的 {indicator} 记录已于 {until} 停止计分，不得再保存；请放弃此行。",
)
ROW_DOCUMENT_MISSING = Reason(
    "ROW_DOCUMENT_MISSING",
    _BAD,
    "document_number: it is empty; give the number of the person's document.",
    "document_number：为空；请填写当事人的证件号码。",
)
ROW_PERSON_MINOR = Reason(
    "ROW_PERSON_MINOR",
    _STATE,
    "document_number: the person is under {age}; no records are kept of children, discard the row.",
    "document_number：当事人未满 {age} 周岁；不保存未成年人的记录，请放弃此行。",
)
ROW_EVIDENCE_MISSING = Reason(
    "ROW_EVIDENCE_MISSING",
    _BAD,
    "evidence: it is empty; give the number of the document that the record rests on.",
    "evidence：为空；请填写记录所依据的文书编号。",
)
ROW_TEXT_UNFIT = Reason(
    "ROW_TEXT_UNFIT",
    _BAD,
    "{column}: write at most {most} characters that can be printed.",
    "{column}：请写不超过 {most} 个可打印字符。",
)
ROW_HOLDS_DOCUMENT = Reason(
    "ROW_HOLDS_DOCUMENT",
    _BAD,
    "{column}: it holds the number of a person's document; that belongs in document_number alone, "
    "see whether the columns are in their places.",
    "{column}：其中含有个人证件号码；证件号码只能填在 document_number，请检查各列是否错位。",
)
RECORD_NUMBER_UNFIT = Reason(
    "RECORD_NUMBER_UNFIT",
    _BAD,
    "record_number: use 1 to 64 letters, digits, dots, dashes and underscores, beginning and "
    "ending with a letter or digit.",
    "record_number：请用 1 至 64 个字母、数字、点、短横线或下划线，首尾为字母或数字。",
)
ROW_ACTION_UNKNOWN = Reason(
    "ROW_ACTION_UNKNOWN",
    _BAD,
    "action: write add, correct or withdraw; empty means add.",
    "action：请写 add（新增）、correct（更正）或 withdraw（撤回）；留空表示新增。",
)
ROW_SOURCE_FOREIGN = Reason(
    "ROW_SOURCE_FOREIGN",
    _BAD,
    "source: a new record is the sender's own; leave it empty, or write {department}.",
    "source：新增记录归报送部门自己；请留空，或写 {department}。",
)
ROW_REVISION_MISSING = Reason(
    "ROW_REVISION_MISSING",
    _BAD,
    "revision: name the revision that this was made from, 1 for a record never corrected.",
    "revision：请注明所依据的版本号，从未更正的记录为 1。",
)
RECORD_NUMBER_USED = Reason(
    "RECORD_NUMBER_USED",
    Status.ALREADY_EXISTS,
    "record_number: {number} is recorded with other content; send this row as a correction of "
    "revision {revision} (action correct, revision {revision}), or give it a number of its own.",
    "record_number：{number} 已有内容不同的记录；请将此行作为版本 {revision} 的更正报送"
    "（action 为 correct，revision 为 {revision}），或另行编号。",
)
RECORD_UNKNOWN = Reason(
    "RECORD_UNKNOWN",
    Status.NOT_FOUND,
    "record_number: {source} has no record {number} that {department} may correct; check number "
    "and source. Only departments of a record's indicator may.",
    "record_number：{source} 没有可由 {department} 更正的记录 {number}；请核对编号与来源。"
    "只有该指标的部门才可更正。",
)
RECORD_REVISION_STALE = Reason(
    "RECORD_REVISION_STALE",
    Status.ABORTED,
    "revision: this was made from revision {revision} of {number}, and the newest is {newest}: "
    "somebody else has corrected it. Look at it, and send the row from revision {newest}.",
    "revision：此行依据 {number} 的版本 {revision}，而最新版本为 {newest}：其间已有他人更正。"
    "请查看后依据版本 {newest} 重新报送。",
)
RECORD_ENDED = Reason(
    "RECORD_ENDED",
    _STATE,
    "record_number: {number} does not stand any more; a new fact needs a number of its own, "
    "else discard the row.",
    "record_number：{number} 已不再有效；新的事实请另行编号，否则请放弃此行。",
)

LOAD_GAP = Reason(
    "LOAD_GAP",
    Status.OUT_OF_RANGE,
    "The load has come to row {expected}, and the rows sent begin at {first}; send them from row "
    "{expected}.",
    "本次报送已进行到第 {expected} 行，而发送的行从 {first} 开始；请从第 {expected} 行发送。",
)
LOAD_CHANGED = Reason(
    "LOAD_CHANGED",
    _BAD,
    "One stream carries one load: this one began as load {load}, and a batch names another.",
    "一个数据流只能报送一个文件：本数据流开始时为 {load}，其中一批却指向另一个。",
)

_ROW_REASONS: Final = {
    reason.name: reason
    for reason in (
        *(value for value in globals().values() if isinstance(value, Reason)),
        DOCUMENT_INVALID,
    )
}


def reason_named(name: str) -> Reason:
    """The reason of that name; one that this version does not know says so by its name."""
    return _ROW_REASONS.get(name) or Reason(name, _BAD, name, name)
