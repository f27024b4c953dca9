"""Why a host was refused: for the resident's eyes only (rule 4). They never leave the home city."""

from federation.errors import Reason, Status

_DENIED = Status.PERMISSION_DENIED

REFUSED_CODE_USED = Reason(
    "REFUSED_CODE_USED",
    _DENIED,
    "The presentation code had been used before; make a new one for each visit.",
    "信用码此前已使用；每次请生成新码。",
)
REFUSED_CODE_EXPIRED = Reason(
    "REFUSED_CODE_EXPIRED",
    _DENIED,
    "The presentation code was older than five minutes; make a new one.",
    "信用码已超过五分钟；请生成新码。",
)
REFUSED_CONSENT_ENDED = Reason(
    "REFUSED_CONSENT_ENDED",
    _DENIED,
    "Your consent had ended or been withdrawn; give a new one if you wish.",
    "您的授权已到期或已撤回；如有需要可重新授权。",
)
REFUSED_OUTSIDE_CONSENT = Reason(
    "REFUSED_OUTSIDE_CONSENT",
    _DENIED,
    "Your consent does not cover this city or what it asked for; give one that does if you wish.",
    "您的授权不含该城市或其所请求的场景；如有需要可另行授权。",
)
REFUSED_NOT_COUNTED = Reason(
    "REFUSED_NOT_COUNTED",
    _DENIED,
    "Your consent does not let this use be counted over all cities, or not by its kind; give one "
    "that does if you wish (`hutong resident consent --count`).",
    "您的授权不允许跨城计数，或不允许说明种类；"
    "如有需要可另行授权（`hutong resident consent --count`）。",
)
REFUSED_USES_AT_MOST = Reason(
    "REFUSED_USES_AT_MOST",
    _DENIED,
    "As many uses of this kind are open already, in all cities together, as may be at once; end "
    "one first (`hutong resident uses-counted` lists them).",
    "该类使用在各城市合计已达同时上限；请先结束一项（`hutong resident uses-counted` 可查看）。",
)
REFUSED_GIVEN_BACK = Reason(
    "REFUSED_GIVEN_BACK",
    _DENIED,
    "The city had given this use back before it asked for it; nothing is counted.",
    "该城市在申请之前已交还此项使用；未作计数。",
)
REFUSED_NOTHING_TO_SHOW = Reason(
    "REFUSED_NOTHING_TO_SHOW",
    _DENIED,
    "Your standing is below the line that cities recognise; `hutong resident standing` shows what "
    "would change it.",
    "您的信用状况尚未达到城市互认线；`hutong resident standing` 可查看如何改善。",
)
REFUSED_UNKNOWN = Reason(
    "REFUSED_UNKNOWN",
    _DENIED,
    "Nobody was found.",
    "未找到对应的居民。",
)
