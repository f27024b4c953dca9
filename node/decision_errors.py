"""The reasons why a kept decision cannot be made again, or a signed one is not gone by."""

from typing import Final

from federation.errors import Reason, Status

_STATE: Final = Status.FAILED_PRECONDITION

CHECK_DAMAGED = Reason(
    "CHECK_DAMAGED",
    _STATE,
    "What is kept of check {check_id} does not fit what this city signed ({problem}): the store "
    "was changed, or comes from another version. Nothing is said of it; restore a backup of the "
    "store and look again.",
    "核验 {check_id} 留存的内容与本市所签不符（{problem}）：存储被改动，或来自其他版本。"
    "不就此作出说明；请恢复存储的备份后再查。",
)
CHECK_KEY_UNKNOWN = Reason(
    "CHECK_KEY_UNKNOWN",
    _STATE,
    "Check {check_id} was signed with the key {key_id}, which no trust bundle of this city names "
    "any more; put the city's trust bundles back into keys/bundles and look again.",
    "核验 {check_id} 由密钥 {key_id} 签名，而本市现存的信任包均未列出该密钥；"
    "请将本市的信任包放回 keys/bundles 后再查。",
)
