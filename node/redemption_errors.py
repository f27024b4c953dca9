"""The reasons about places that are held, their use, and uses that home cities count."""

from federation.errors import Reason, Status

_STATE = Status.FAILED_PRECONDITION
_DENIED = Status.PERMISSION_DENIED

DECISION_OF_ANOTHER = Reason(
    "DECISION_OF_ANOTHER",
    _DENIED,
    "The decision was made for somebody else than the holder of this pass; check the eligibility "
    "again with the pass that is shown.",
    "该决定不属于这张访客凭证的持有人；请用所出示的凭证重新核验。",
)
RESERVE_FIRST = Reason(
    "RESERVE_FIRST",
    _STATE,
    "{incentive} is limited over all cities together, and is not redeemed at once: reserve it with "
    "`hutong venue reserve` and the resident's use key, then confirm it.",
    "{incentive} 在各城市合计限次，不能直接核销："
    "请先用 `hutong venue reserve` 和居民的使用密钥预留，再确认。",
)
RESERVATION_ENDED = Reason(
    "RESERVATION_ENDED",
    _STATE,
    "The reservation ended at {ended_at}, or was given back, and holds nothing any more; check the "
    "eligibility again, and reserve anew.",
    "该预留已于 {ended_at} 到期或已释放，不再占用名额；请重新核验并重新预留。",
)
RESERVATION_USED = Reason(
    "RESERVATION_USED",
    _STATE,
    "The reservation was confirmed at {confirmed_at}: what was used is not given back. See "
    "`hutong venue redemptions`.",
    "该预留已于 {confirmed_at} 确认使用，不能再释放；请查看 `hutong venue redemptions`。",
)
OFFLINE_NOT_ALLOWED = Reason(
    "OFFLINE_NOT_ALLOWED",
    _STATE,
    "The decision of {decided_at} was not to be used without the node: a place is counted, or the "
    "agreement does not allow it. Check the eligibility again, and redeem with the node.",
    "{decided_at} 的决定不允许离线使用：须占用名额，或协议未允许。请重新核验，并由节点登记使用。",
)
OFFLINE_USE_REFUSED = Reason(
    "OFFLINE_USE_REFUSED",
    _STATE,
    "A use at {used_at} without the node does not count: the decision of {decided_at} allowed it "
    "until {offline_until}, to be told within {hours} hours of the use. Check the eligibility "
    "again for a use now.",
    "{used_at} 的离线使用不予登记：{decided_at} 的决定允许离线使用至 {offline_until}，"
    "且须在使用后 {hours} 小时内补报。如现在使用请重新核验。",
)
USE_KEY_MISSING = Reason(
    "USE_KEY_MISSING",
    Status.INVALID_ARGUMENT,
    "This incentive is limited over all cities together: let the resident show the use key from "
    "their app, and give it with `hutong venue reserve --use-key`.",
    "该激励在各城市合计限次：请居民在应用中出示使用密钥，并以 "
    "`hutong venue reserve --use-key` 提供。",
)
USE_NOT_COUNTED = Reason(
    "USE_NOT_COUNTED",
    _STATE,
    "{city} does not count this use now, and does not say why: nothing is reserved. The resident "
    "sees in their own app whether uses are open elsewhere, or what to consent to.",
    "{city} 现不登记此项使用，也不说明原因：未作预留。居民可在自己的应用中查看别处是否有未结束的"
    "使用，或需要何种授权。",
)
USES_UNREACHABLE = Reason(
    "USES_UNREACHABLE",
    Status.UNAVAILABLE,
    "{city}, which counts this use, cannot be reached now: nothing is reserved. Repeat the same "
    "request in a moment.",
    "登记此项使用的 {city} 暂时无法联系：未作预留。请稍后用同一请求重试。",
)
