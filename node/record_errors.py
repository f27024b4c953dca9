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
CASE_MOVE_REFUSED = Reason(
    "CASE_MOVE_REFUSED",
    _STATE,
    "Case {case} is {state}, so `{move}` is not possible; possible now: {moves}.",
    "案件 {case} 的状态为 {state}，不能进行 {move}；当前可以：{moves}。",
)
