"""Reasons of calls that were not begun: of each it is known that nothing was done."""

from federation.errors import Reason, Status

BUSY = Reason(
    "BUSY",
    Status.RESOURCE_EXHAUSTED,
    "This node is asked for more than it can do, and turns a part away unread; nothing was "
    "changed. Try again in {retry_ms} ms with the same request_id.",
    "本节点的请求超出处理能力，部分请求未读即退回，未作任何更改。"
    "请在 {retry_ms} 毫秒后用相同的 request_id 重试。",
)
LIMIT_REACHED = Reason(
    "LIMIT_REACHED",
    Status.RESOURCE_EXHAUSTED,
    "You ask for more than your share of this node ({limit} calls); nothing was changed. Try again "
    "in {retry_ms} ms with the same request_id.",
    "您的请求超出在本节点的份额（{limit} 次调用），未作任何更改。"
    "请在 {retry_ms} 毫秒后用相同的 request_id 重试。",
)
PARTNER_BUSY = Reason(
    "PARTNER_BUSY",
    Status.RESOURCE_EXHAUSTED,
    "{calls} calls to {city} are under way, and no more go out until some are answered; nothing "
    "was changed. Try again in {retry_ms} ms with the same request_id.",
    "本节点对 {city} 已有 {calls} 个调用在途，得到答复之前不再发出新的调用，未作任何更改。"
    "请在 {retry_ms} 毫秒后用相同的 request_id 重试。",
)
DEADLINE_PASSED = Reason(
    "DEADLINE_PASSED",
    Status.DEADLINE_EXCEEDED,
    "The caller's deadline was over before this was begun, and it was not done. Ask again with the "
    "same request_id and a longer deadline; if it lasts, an operator runs `hutong doctor`.",
    "调用方给定的时限在开始处理之前已过，未予处理。请放宽时限，用相同的 request_id 重试；"
    "若持续出现，请运维人员运行 `hutong doctor`。",
)
