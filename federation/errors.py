"""Every error is data: a stable reason and its fields. Its text, in both languages, is derived.

A field is in the caller's words and never a name, a document number or a score: errors reach
logs and other cities. The reasons of a city's own node are in `node.errors`, of the same type.
"""

import enum
from dataclasses import dataclass
from typing import Final


class Status(enum.Enum):
    """The canonical gRPC status codes that a reason may travel as."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED"


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of the table of reasons; `en` and `zh` are format strings over the error's fields."""

    name: str
    status: Status
    en: str
    zh: str


class HutongError(Exception):
    """An error that a caller can act on."""

    def __init__(self, reason: Reason, /, **fields: str) -> None:
        """`fields` fill the texts of `reason` and travel beside it; they may have any name."""
        super().__init__(reason.name)
        self.reason = reason
        self.fields = fields

    def text(self, language: str) -> str:
        """What happened, where, and how to mend it, in `language` ("zh" or "en")."""
        template = self.reason.zh if language == "zh" else self.reason.en
        return template.format_map(_Fields(self.fields))

    def __str__(self) -> str:
        """The English text."""
        return f"{self.reason.name}: {self.text('en')}"

    def __eq__(self, other: object) -> bool:
        """Equal by what happened, not by where it was raised."""
        if not isinstance(other, HutongError):
            return NotImplemented
        return (self.reason, self.fields) == (other.reason, other.fields)

    __hash__ = Exception.__hash__


class _Fields(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


_BAD: Final = Status.INVALID_ARGUMENT
_DENIED: Final = Status.PERMISSION_DENIED
_STATE: Final = Status.FAILED_PRECONDITION

# Rule 4 of the design: one reason, no field, for an unknown code, a used or expired code, a
# missing, narrower or withdrawn consent, and a standing below the line.
NOT_RECOGNISED = Reason(
    "NOT_RECOGNISED",
    _DENIED,
    "No attestation is given. The resident can see why in their own app.",
    "不予出具证明。居民本人可在自己的应用中查看原因。",
)

MALFORMED = Reason(
    "MALFORMED",
    _BAD,
    "{where}: {problem}.",
    "{where}：格式有误（{problem}）。",
)
NOT_CANONICAL = Reason(
    "NOT_CANONICAL",
    _BAD,
    "{where}: the bytes are not the canonical encoding; encode each known field once, in order of "
    "field numbers, and nothing else.",
    "{where}：字节不是规范编码；请按字段号顺序、每个已知字段只编码一次，且不含其他内容。",
)
TOO_LARGE = Reason(
    "TOO_LARGE",
    _BAD,
    "{where}: {size} is over the limit of {limit}.",
    "{where}：{size} 超过上限 {limit}。",
)
WRONG_TYPE = Reason(
    "WRONG_TYPE",
    _BAD,
    "The envelope holds {actual}; {expected} was expected.",
    "信封内容是 {actual}，应为 {expected}。",
)
UNKNOWN_KEY = Reason(
    "UNKNOWN_KEY",
    _DENIED,
    "Key {key_id} is not a key of {city}; fetch the city's newest trust bundle.",
    "密钥 {key_id} 不属于 {city}；请获取该城市最新的信任包。",
)
KEY_NOT_VALID = Reason(
    "KEY_NOT_VALID",
    _DENIED,
    "Key {key_id} of {city} does not count now: it is not yet valid, expired or revoked; sign with "
    "a key that is valid in the newest trust bundle.",
    "{city} 的密钥 {key_id} 此刻无效（未生效、已过期或已吊销）；请用最新信任包中的有效密钥签名。",
)
BAD_SIGNATURE = Reason(
    "BAD_SIGNATURE",
    _DENIED,
    "A signature by key {key_id} does not fit the bytes; the envelope was changed on its way, or "
    "was signed with another key.",
    "密钥 {key_id} 的签名与内容不符：信封在途中被改动，或由其他密钥签名。",
)
MISSING_SIGNATURE = Reason(
    "MISSING_SIGNATURE",
    _DENIED,
    "{city} signed with {found} of the {needed} keys needed.",
    "{city} 仅有 {found} 个签名，需要 {needed} 个。",
)
WRONG_ISSUER = Reason(
    "WRONG_ISSUER",
    _DENIED,
    "The statement is issued by {actual}; it must be issued by {expected}.",
    "该声明由 {actual} 签发，应由 {expected} 签发。",
)
WRONG_AUDIENCE = Reason(
    "WRONG_AUDIENCE",
    _DENIED,
    "The statement is meant for {actual}, not for {expected}.",
    "该声明的对象是 {actual}，不是 {expected}。",
)
NOT_YET_VALID = Reason(
    "NOT_YET_VALID",
    _STATE,
    "{where} says it was made at {issued_at}, more than {skew} s after our clock; set the clocks "
    "of both cities by NTP.",
    "{where} 的签发时间 {issued_at} 比本机时钟晚 {skew} 秒以上；请用 NTP 校准两地时钟。",
)
STALE = Reason(
    "STALE",
    _STATE,
    "{where} was made at {issued_at} and is too old by now; make a new one, and set the clocks of "
    "both cities by NTP.",
    "{where} 签发于 {issued_at}，现已过旧；请重新生成，并用 NTP 校准两地时钟。",
)
EXPIRED = Reason(
    "EXPIRED",
    _STATE,
    "{where} ended at {expires_at}; get a new one.",
    "{where} 已于 {expires_at} 失效；请获取新的。",
)
BUNDLE_ROLLBACK = Reason(
    "BUNDLE_ROLLBACK",
    _STATE,
    "The trust bundle of {city} has sequence {actual}, but another with {known} is known already; "
    "get the newest one from the city.",
    "{city} 的信任包序号为 {actual}，但已知另一份序号为 {known} 的信任包；请向该城市获取最新的。",
)
BUNDLE_JUMP = Reason(
    "BUNDLE_JUMP",
    _STATE,
    "The trust bundle of {city} jumps from sequence {known} to {actual}; at most {limit} steps are "
    "followed. Compare fingerprints with an officer of the city and import it anew.",
    "{city} 的信任包序号从 {known} 跳到 {actual}，超过 {limit} 步；"
    "请与该城市人员核对指纹后重新导入。",
)
WRONG_FINGERPRINT = Reason(
    "WRONG_FINGERPRINT",
    _DENIED,
    "The descriptor has fingerprint {actual}, but {expected} was read out; do not trust it, and "
    "ask the partner's officer for the descriptor again.",
    "该描述文件的指纹为 {actual}，与对方读出的 {expected} 不符；请勿信任，并向对方重新索取。",
)
ANSWERS_ANOTHER_REQUEST = Reason(
    "ANSWERS_ANOTHER_REQUEST",
    _DENIED,
    "The attestation does not answer the request that was made.",
    "该证明并非对本次请求的答复。",
)
AGREEMENT_MISMATCH = Reason(
    "AGREEMENT_MISMATCH",
    _STATE,
    "{where} does not fit the agreement in force ({problem}); compare `hutong agreement list` in "
    "both cities.",
    "{where} 与现行协议不符（{problem}）；请在两地运行 `hutong agreement list` 对照。",
)
AGREEMENT_NOT_ACTIVE = Reason(
    "AGREEMENT_NOT_ACTIVE",
    _STATE,
    "There is no agreement in force by which {host} reads residents of {home}; an operator of "
    "either city sees why with `hutong agreement list`, and can propose one, or amend one whose "
    "scale has changed or whose concordance has ended.",
    "目前没有生效的协议可供 {host} 认定 {home} 的居民；任一方人员可用 `hutong agreement list` "
    "查看原因，并发起协议，或修订分值体系已变更、位次对照已到期的协议。",
)
NOT_MAPPED = Reason(
    "NOT_MAPPED",
    _STATE,
    "The agreement has no row for band {band} of {home}.",
    "协议中没有 {home} 的 {band} 档对应行。",
)
CONSENT_TOO_LONG = Reason(
    "CONSENT_TOO_LONG",
    _BAD,
    "A consent lasts at most {limit} days and ends after it begins; choose an earlier end.",
    "授权最长 {limit} 天，且须晚于开始时间；请选择更早的结束时间。",
)
WRONG_CODE = Reason(
    "WRONG_CODE",
    _DENIED,
    "The code is not the one of this invitation ({tries_left} tries are left). Read it to the "
    "other officer once more; after three wrong tries, make a new one with "
    "`hutong partner invite`.",
    "口令与本次邀请不符（还可再试 {tries_left} 次）。请与对方人员再次核对口令；"
    "输错三次后，请用 `hutong partner invite` 重新邀请。",
)
ONBOARDING_MISMATCH = Reason(
    "ONBOARDING_MISMATCH",
    _STATE,
    "{where} does not fit this onboarding ({problem}). Nothing was believed; mend it, then invite "
    "anew with `hutong partner invite`.",
    "{where} 与本次接入不符（{problem}）。未采信任何内容；请排除问题后用 "
    "`hutong partner invite` 重新邀请。",
)
BAD_PROOF = Reason(
    "BAD_PROOF",
    _DENIED,
    "The Merkle proof does not hold: {problem}. Do not believe what it was to prove; ask for the "
    "proof again, and keep it where it fails again.",
    "默克尔证明不成立（{problem}）。请勿采信所证内容；请重新索取证明，若仍不成立请留存。",
)
BAD_NOTE = Reason(
    "BAD_NOTE",
    _BAD,
    "{where} is no signed note as it must be: {problem}.",
    "{where} 不是有效的签名文本（{problem}）。",
)
LOG_FORKED = Reason(
    "LOG_FORKED",
    _STATE,
    "The log of {city} does not extend what it showed before ({problem}). Evidence is kept: "
    "`hutong log evidence {city}`. Nothing of it is believed until officers of both cities have "
    "cleared it.",
    "{city} 的日志与此前出示的不一致（{problem}）。证据已留存：`hutong log evidence {city}`。"
    "在双方人员查清之前不予采信。",
)
STATUS_ROLLED_BACK = Reason(
    "STATUS_ROLLED_BACK",
    _STATE,
    "The status list of {city} has sequence {actual}, but {known} is known already; send the "
    "newest one.",
    "{city} 的状态列表序号为 {actual}，但已知 {known}；请发送最新的列表。",
)
USE_KEY_MISMATCH = Reason(
    "USE_KEY_MISMATCH",
    _BAD,
    "This is not the use key of the resident's consent; let the resident show it from the app that "
    "the consent was given with.",
    "该使用密钥与居民授权时的不符；请居民用授权时所用的应用出示。",
)
NOT_NUMERIC = Reason(
    "NOT_NUMERIC",
    _STATE,
    "The scale of {city} has no scores, and ranks within a band are unknown; relate the two scales "
    "by a band table.",
    "{city} 的分制没有分值，档内位次未知；请用档位对照表建立两地分制的关系。",
)
CONCORDANCE_EMPTY = Reason(
    "CONCORDANCE_EMPTY",
    _STATE,
    "No home score has an equivalent: too few residents, or all of them below the other city's "
    "line; look with `hutong concordance build`, or use a band table.",
    "没有任何分值有对应分：居民过少，或都低于对方互认线；请用 `hutong concordance build` 查看，"
    "或改用档位对照表。",
)
SMOOTHING_DEGREE = Reason(
    "SMOOTHING_DEGREE",
    _BAD,
    "A smoothing of degree {degree} cannot be made of these counts; give a degree from 1 to "
    "{most}, or publish finer cells with the next version of the scale.",
    "这些计数无法做 {degree} 次平滑；请给出 1 至 {most} 的次数，或在下一版分制中公布更细的分段。",
)
SMOOTHING_DIVERGED = Reason(
    "SMOOTHING_DIVERGED",
    _STATE,
    "The smoothing of degree {degree} finds no best fit; choose a lower degree.",
    "{degree} 次平滑未能收敛；请选择更低的次数。",
)
DECISIONS_OF_ANOTHER_VENUE = Reason(
    "DECISIONS_OF_ANOTHER_VENUE",
    _DENIED,
    "These decisions were made for the venue {actual}, and not for {expected}; check the "
    "eligibility at this venue.",
    "这些决定是为服务点 {actual} 作出的，不适用于 {expected}；请在本服务点重新核验。",
)
DECISIONS_OF_ANOTHER_PERSON = Reason(
    "DECISIONS_OF_ANOTHER_PERSON",
    _DENIED,
    "These decisions were not made for the holder of this visitor pass; check the eligibility by "
    "the pass that is shown.",
    "这些决定不是为该访客凭证的持有人作出的；请凭所出示的凭证重新核验。",
)
