"""The reasons about backups. No field holds what is in one."""

from federation.errors import Reason, Status

_BAD = Status.INVALID_ARGUMENT
_STATE = Status.FAILED_PRECONDITION

AGE_KEY_INVALID = Reason(
    "AGE_KEY_INVALID",
    _BAD,
    "{where}: {problem}. `hutong backup key FILE` makes an identity and shows its public key.",
    "{where}：{problem}。可用 `hutong backup key 文件` 生成备份密钥并显示其公钥。",
)
BACKUP_NOT_FOR_THIS_KEY = Reason(
    "BACKUP_NOT_FOR_THIS_KEY",
    _STATE,
    "{file} was made for other identities than {identity}, or its head was changed; give the "
    "identity whose public key `hutong backup make --to` named.",
    "{file} 不是为 {identity} 中的密钥加密的，或其头部被改动；"
    "请给出与 `hutong backup make --to` 公钥对应的密钥文件。",
)
BACKUP_DAMAGED = Reason(
    "BACKUP_DAMAGED",
    _BAD,
    "{file} is not whole, or was changed ({problem}): nothing in it can be believed. Use another "
    "copy, or another backup.",
    "{file} 不完整或被改动（{problem}），其中内容均不可信。请使用另一份副本或另一个备份。",
)
BACKUP_NEWER = Reason(
    "BACKUP_NEWER",
    _STATE,
    "{file} was made by hutong {version}, with {what} that this version does not know; use that "
    "version or a newer one.",
    "{file} 由 hutong {version} 制作，其{what}为本版本所不识；请使用该版本或更新的版本。",
)
BACKUP_OF_ANOTHER_CITY = Reason(
    "BACKUP_OF_ANOTHER_CITY",
    _STATE,
    "{file} is a backup of {actual}, not of {expected}.",
    "{file} 是 {actual} 的备份，而不是 {expected} 的。",
)
BACKUP_NOT_TRUSTED = Reason(
    "BACKUP_NOT_TRUSTED",
    Status.PERMISSION_DENIED,
    "{file} is of a city with the fingerprint {actual}, which no root key of the trust bundle "
    "given has signed: somebody else may have made it.",
    "{file} 所属城市的指纹为 {actual}，给出的信任包的根密钥未曾为其签名：可能是他人制作的。",
)
BACKUP_LOG_BROKEN = Reason(
    "BACKUP_LOG_BROKEN",
    _STATE,
    "The log does not hold ({problem}), so that nothing was kept of it: `hutong log verify` on the "
    "node's machine says where. Keep the store as it is, and use an earlier backup.",
    "日志不成立（{problem}），故未保留任何内容：请在节点机器上用 `hutong log verify` 查看何处有误。"
    "请保留现有存储，并使用更早的备份。",
)
RESTORE_RUNS = Reason(
    "RESTORE_RUNS",
    _STATE,
    "Another restore to {place} runs already, and this one has changed nothing. Wait for its end, "
    "or give another place.",
    "已有另一个恢复正在写入 {place}，本次未作任何更改。请等待其结束，或另选位置。",
)
RESTORE_NOT_EMPTY = Reason(
    "RESTORE_NOT_EMPTY",
    Status.ALREADY_EXISTS,
    "{place} is not empty, and nothing is ever restored over something else. Give another place; "
    "where an earlier restore was cut off there, remove what it left.",
    "{place} 不是空的，恢复绝不覆盖任何内容。请另选位置；若是此前中断的恢复所留，请先将其清除。",
)
