"""The reasons about places that are held, and their use."""

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
OFFLINE_USE_REFUSED = Reason(
    "OFFLINE_USE_REFUSED",
    _STATE,
    "A use at {used_at} without the node does not count: the decision of {decided_at} allowed it "
    "until {offline_until}, to be told within {hours} hours of the use. Check the eligibility "
    "again for a use now.",
    "{used_at} 的离线使用不予登记：{decided_at} 的决定允许离线使用至 {offline_until}，"
    "且须在使用后 {hours} 小时内补报。如现在使用请重新核验。",
)
