"""The reasons that a city's own node adds to those of the protocol (`federation.errors`)."""

from typing import Final

from federation.errors import HutongError, Reason, Status

__all__ = ["FatalError", "HutongError"]


class FatalError(HutongError):
    """What this node must not live with: it stops rather than tell two histories."""


_BAD: Final = Status.INVALID_ARGUMENT
_STATE: Final = Status.FAILED_PRECONDITION
_DENIED: Final = Status.PERMISSION_DENIED

# The node and its surroundings.

STORE_UNAVAILABLE = Reason(
    "STORE_UNAVAILABLE",
    Status.UNAVAILABLE,
    "The store cannot write now ({problem}); nothing was changed. Try again with the same "
    "request_id; if it lasts, an operator runs `hutong doctor`.",
    "存储暂时无法写入（{problem}），未作任何更改。请用相同的 request_id 重试；"
    "若持续出现，请运维人员运行 `hutong doctor`。",
)
ANCHOR_UNUSABLE = Reason(
    "ANCHOR_UNUSABLE",
    Status.UNAVAILABLE,
    "{path}, the newest checkpoint of this city's log, cannot be used ({problem}), and the node "
    "does not go on without it. {folder} must be a folder that the node's user may write to: move "
    "away what else has that name. A damaged file is restored; without a copy run `hutong log "
    "verify`, and move it away if nothing else is found: partners are asked what they know of it.",
    "本市日志的最新检查点 {path} 无法使用（{problem}），节点缺之不能继续。{folder} 须为节点用户"
    "可写的目录，请移走占用该名称的其他文件。文件损坏时请恢复；若无副本，请运行 "
    "`hutong log verify`，若无其他问题则移走该文件：启动后会向伙伴城市核对日志。",
)
KEY_UNUSABLE = Reason(
    "KEY_UNUSABLE",
    Status.UNAVAILABLE,
    "The key file {path} cannot be used ({problem}); where the file itself is at fault, restore it "
    "from the backup, owned by the node's user and with mode 0600.",
    "密钥文件 {path} 无法使用（{problem}）；若文件本身有问题，请从备份恢复，"
    "属主为节点用户、权限 0600。",
)
TOKEN_UNUSABLE = Reason(
    "TOKEN_UNUSABLE",
    Status.UNAVAILABLE,
    "The PKCS #11 token {token} cannot be used ({problem}); see pkcs11_module, pkcs11_token and "
    "pkcs11_pin_file in the settings.",
    "无法使用 PKCS #11 令牌 {token}（{problem}）；"
    "请检查配置中的 pkcs11_module、pkcs11_token 和 pkcs11_pin_file。",
)
KEYS_CHANGED = Reason(
    "KEYS_CHANGED",
    Status.ABORTED,
    "The newest trust bundle is {actual}, not {expected}: somebody else has just published one. "
    "Look at it with `hutong keys show`, and try again.",
    "最新信任包序号为 {actual}，而非 {expected}：刚刚有人发布了新的信任包。"
    "请用 `hutong keys show` 查看后重试。",
)
OVERLOADED = Reason(
    "OVERLOADED",
    Status.RESOURCE_EXHAUSTED,
    "More than {limit} requests wait already; nothing was changed. Try again in a second with the "
    "same request_id.",
    "排队请求已超过 {limit} 个，未作任何更改。请一秒后用相同的 request_id 重试。",
)
INTERNAL = Reason(
    "INTERNAL",
    Status.INTERNAL,
    "Something went wrong inside the node; its log says what, under request {request_id}.",
    "节点内部出错；详见日志中请求 {request_id} 的记录。",
)
SETTING_UNKNOWN = Reason(
    "SETTING_UNKNOWN",
    _BAD,
    "{where}: there is no setting {key}; the nearest is {nearest}.",
    "{where}：没有名为 {key} 的设置；最接近的是 {nearest}。",
)
SETTING_INVALID = Reason(
    "SETTING_INVALID",
    _BAD,
    "{where}: setting {key} is wrong ({problem}).",
    "{where}：设置 {key} 有误（{problem}）。",
)
NOT_INITIALISED = Reason(
    "NOT_INITIALISED",
    _STATE,
    "{path} holds no node yet; make one with `hutong init`.",
    "{path} 中尚无节点；请先运行 `hutong init`。",
)
ALREADY_INITIALISED = Reason(
    "ALREADY_INITIALISED",
    Status.ALREADY_EXISTS,
    "{path} holds the keys of a node already, and they are never overwritten; choose another "
    "directory.",
    "{path} 中已有节点密钥，绝不覆盖；请换一个目录。",
)
CANNOT_LISTEN = Reason(
    "CANNOT_LISTEN",
    Status.UNAVAILABLE,
    "Cannot listen on {address}; another process may have the port: change {key} in the settings "
    "file.",
    "无法监听 {address}，端口可能被占用；请修改配置中的 {key}。",
)
NODE_UNREACHABLE = Reason(
    "NODE_UNREACHABLE",
    Status.UNAVAILABLE,
    "No node answers at {address} ({problem}); start it with `hutong serve`, or give the right "
    "address and client certificate.",
    "{address} 无节点应答（{problem}）；请先运行 `hutong serve`，或检查地址和客户端证书。",
)

LOG_BROKEN = Reason(
    "LOG_BROKEN",
    Status.INTERNAL,
    "This city's log in the store ({size} entries) does not extend {what} of {known} entries, "
    "which this city signed: the store was rolled back, cut or changed. The node does not serve "
    "with it. Restore the newest backup of the store, and look with `hutong log verify`; where its "
    "newest entries are lost for good, see 'A log that is lost' in the manual.",
    "存储中的本市日志（{size} 条）与本市签过的 {what}（{known} 条）不一致：存储被回退、截断或改动，"
    "节点不再以此提供服务。请恢复存储的最新备份，并用 `hutong log verify` 检查；"
    "若最新条目确已丢失，请见手册“日志丢失”一节。",
)

# Files that people write.

FILE_INVALID = Reason(
    "FILE_INVALID",
    _BAD,
    "{file}, {where}: {problem}. Nothing was changed.",
    "{file}，{where}：{problem}。未作任何更改。",
)

# Any caller.

ROLE_REFUSED = Reason(
    "ROLE_REFUSED",
    _DENIED,
    "A certificate of role {role} may not call {method}; it needs role {needed}.",
    "角色为 {role} 的证书不能调用 {method}；需要角色 {needed}。",
)
CERTIFICATE_REFUSED = Reason(
    "CERTIFICATE_REFUSED",
    Status.UNAUTHENTICATED,
    "The client certificate is not one of this city's clients; an operator makes one with "
    "`hutong client issue`.",
    "客户端证书不属于本市客户端；请运维人员用 `hutong client issue` 签发。",
)
TLS_TOO_OLD = Reason(
    "TLS_TOO_OLD",
    Status.UNAUTHENTICATED,
    "The connection does not use TLS 1.3; update the client's TLS library, or let it use 1.3.",
    "连接未使用 TLS 1.3；请升级客户端的 TLS 库，或允许其使用 1.3。",
)
REQUEST_ID_REUSED = Reason(
    "REQUEST_ID_REUSED",
    Status.ALREADY_EXISTS,
    "request_id {request_id} was used for another request; make a new UUID for each new request.",
    "request_id {request_id} 已用于另一请求；每个新请求请使用新的 UUID。",
)
UNKNOWN = Reason(
    "UNKNOWN",
    Status.NOT_FOUND,
    "There is no {what} {name} here; {remedy}.",
    "此处没有 {what} {name}；{remedy}。",
)
FIELD_INVALID = Reason(
    "FIELD_INVALID",
    _BAD,
    "{field}: {problem}.",
    "{field}:{problem}。",
)
PAGE_INVALID = Reason(
    "PAGE_INVALID",
    _BAD,
    "{field} is not one that this list gave out; start again without it, with a page_size of 0 to "
    "{limit}.",
    "{field} 不是本列表给出的值；请去掉它重新开始，page_size 为 0 到 {limit}。",
)

# Residents.

DOCUMENT_INVALID = Reason(
    "DOCUMENT_INVALID",
    _BAD,
    "document_number: {problem}; read it again from the document.",
    "document_number:{problem}；请对照证件重新录入。",
)
TOO_YOUNG = Reason(
    "TOO_YOUNG",
    _STATE,
    "One takes part from the age of {age}; come back after the birthday.",
    "年满 {age} 周岁方可参加；请在生日之后再来。",
)
CONSENT_NOT_STANDING = Reason(
    "CONSENT_NOT_STANDING",
    _STATE,
    "The consent was withdrawn or has ended; give a new one first.",
    "该授权已撤回或到期；请先重新授权。",
)
ANOTHER_USE_KEY = Reason(
    "ANOTHER_USE_KEY",
    _STATE,
    "Another use key counts already: a consent with it stands or ended just now, or a "
    "use that was counted by it is not over. Give the consent with that key; a new one can begin "
    "25 hours after the last of those consents ended, once no such use is left.",
    "已有另一个使用密钥在计数：以它授权的同意仍有效或刚刚结束，或以它计数的使用尚未结束。"
    "请用该密钥授权；待最后一份同意结束满 25 小时且已无此类使用时，方可更换。",
)

# Venues.

VISITOR_PASS_UNKNOWN = Reason(
    "VISITOR_PASS_UNKNOWN",
    Status.NOT_FOUND,
    "This city knows no such visitor pass, or has replaced it; ask for a presentation code.",
    "本市没有这张访客凭证，或已更换；请出示信用码。",
)
DECISION_ENDED = Reason(
    "DECISION_ENDED",
    _STATE,
    "The decision ended at {expires_at}, or no longer holds; check the eligibility again.",
    "该决定已于 {expires_at} 失效或不再成立；请重新核验。",
)
ALREADY_REDEEMED = Reason(
    "ALREADY_REDEEMED",
    Status.ALREADY_EXISTS,
    "The decision was used already, at {redeemed_at}; check the eligibility again for another use.",
    "该决定已于 {redeemed_at} 使用；如需再次使用请重新核验。",
)
CAPACITY_USED_UP = Reason(
    "CAPACITY_USED_UP",
    Status.RESOURCE_EXHAUSTED,
    "{incentive} is used up ({scope}, at most {limit}).",
    "{incentive} 已用完（{scope}，上限 {limit}）。",
)

# Partners and agreements.

NOT_A_PARTNER = Reason(
    "NOT_A_PARTNER",
    _DENIED,
    "{city} is no active partner of this city; an operator adds or resumes it with "
    "`hutong partner import` or `hutong partner resume`.",
    "{city} 不是本市的有效伙伴；请运维人员用 `hutong partner import` "
    "或 `hutong partner resume` 处理。",
)
PEER_UNREACHABLE = Reason(
    "PEER_UNREACHABLE",
    Status.UNAVAILABLE,
    "{city} cannot be reached at {address} ({problem}); nothing was changed there. Try again, and "
    "see `hutong doctor`.",
    "无法连接 {city}（{address}，{problem}）；对方未作任何更改。请重试，并查看 `hutong doctor`。",
)
PEER_REFUSED = Reason(
    "PEER_REFUSED",
    _STATE,
    "{city} refused with {peer_reason}: {detail}",
    "{city} 拒绝（{peer_reason}）：{detail}",
)
STATE_REFUSED = Reason(
    "STATE_REFUSED",
    _STATE,
    "{what} {name} is {state}; that needs {needed}.",
    "{what} {name} 的状态是 {state}；该操作需要 {needed}。",
)
MOVE_REFUSED = Reason(
    "MOVE_REFUSED",
    _STATE,
    "Partner {city} is {state}: `{move}` is not possible now. What is: {moves} (an exchange is "
    "`hutong partner invite`, `join` or `import`).",
    "伙伴 {city} 的状态是 {state}，现在不能 `{move}`。可以：{moves}"
    "（exchange 即 `hutong partner invite`、`join` 或 `import`）。",
)
AGREEMENT_MOVE_REFUSED = Reason(
    "AGREEMENT_MOVE_REFUSED",
    _STATE,
    "Agreement {agreement} version {version} is {state}: `{move}` is not possible now. What is: "
    "{moves}.",
    "协议 {agreement} 第 {version} 版的状态是 {state}，现在不能 `{move}`。可以：{moves}。",
)
AGREEMENT_MOVED_ON = Reason(
    "AGREEMENT_MOVED_ON",
    _STATE,
    "The newest version of agreement {agreement} is {newest} ({state}), not {version}: read it "
    "with `hutong agreement show {agreement}`, then use `--version {newest}`.",
    "协议 {agreement} 的最新版是第 {newest} 版（{state}），而非第 {version} 版："
    "请先用 `hutong agreement show {agreement}` 通读，再用 `--version {newest}`。",
)
PROPOSAL_GIVES_WAY = Reason(
    "PROPOSAL_GIVES_WAY",
    _STATE,
    "Both cities proposed version {version} of agreement {agreement} at once; the proposal of "
    "{city} stands, for its code is the lower one. Read it with `hutong agreement show "
    "{agreement}`, then sign it or amend it.",
    "两市同时发起了协议 {agreement} 的第 {version} 版；以代码较小的 {city} 的提案为准。"
    "请用 `hutong agreement show {agreement}` 通读，再签署或修订。",
)
PROPOSAL_WITHDRAWN = Reason(
    "PROPOSAL_WITHDRAWN",
    _STATE,
    "{city} took its proposal of version {version} of agreement {agreement} back; wait for the "
    "next one, or propose one.",
    "{city} 已撤回协议 {agreement} 第 {version} 版的提案；请等待对方的新提案，或由本市发起。",
)
SAME_OPERATOR = Reason(
    "SAME_OPERATOR",
    _DENIED,
    "{operator} did the exchange with {city}, so another operator must approve it: use another "
    "operator's certificate (`--operator NAME`; `hutong client issue --role operator --name NAME` "
    "makes one).",
    "与 {city} 的密钥交换由 {operator} 完成，须由另一位运维人员批准：请使用其证书"
    "（`--operator NAME`；用 `hutong client issue --role operator --name NAME` 签发）。",
)
TRIAL_RUNNING = Reason(
    "TRIAL_RUNNING",
    Status.ABORTED,
    "A trial exchange with {city} runs already; wait for its end, a few seconds, and try again.",
    "与 {city} 的试验交换正在进行；请等待数秒，结束后重试。",
)
TRIAL_UNKNOWN = Reason(
    "TRIAL_UNKNOWN",
    Status.NOT_FOUND,
    "No such trial exchange with {city} runs in this process: it ended, or the process is another "
    "one. Run `hutong partner test` again.",
    "本进程中没有与 {city} 的该次试验交换：已结束，或由另一进程进行。"
    "请重新运行 `hutong partner test`。",
)
PARTNER_SCALE_MISSING = Reason(
    "PARTNER_SCALE_MISSING",
    _STATE,
    "{city} has no score scale in force yet; its operator loads one with `hutong scale load`, then "
    "run `hutong partner test` again.",
    "{city} 还没有生效的分值体系；请对方运维人员运行 `hutong scale load`，"
    "然后重新运行 `hutong partner test`。",
)
DOOR_UNREACHABLE = Reason(
    "DOOR_UNREACHABLE",
    Status.UNAVAILABLE,
    "No onboarding port answers at {address} ({problem}); it is open only while an invitation "
    "lives: compare the address with the other officer, and try again with the same code.",
    "{address} 没有入网端口应答（{problem}）；该端口仅在邀请有效期内开放：请与对方核对地址，"
    "并用同一口令重试。",
)
NO_INVITATION = Reason(
    "NO_INVITATION",
    _STATE,
    "There is no open invitation for {city} here; an operator makes one with "
    "`hutong partner invite {city}`.",
    "此处没有给 {city} 的有效邀请；请运维人员运行 `hutong partner invite {city}`。",
)
CODE_USED = Reason(
    "CODE_USED",
    _STATE,
    "The code for {city} is over ({why}); ask for a new invitation.",
    "给 {city} 的口令已失效（{why}）；请重新邀请。",
)
NOTHING_IN_FORCE = Reason(
    "NOTHING_IN_FORCE",
    _STATE,
    "This city has no {what} in force; load one with `{command}`.",
    "本市没有生效的 {what}；请用 `{command}` 加载。",
)
HISTOGRAM_MISSING = Reason(
    "HISTOGRAM_MISSING",
    _STATE,
    "{city} has not published how its residents are spread over version {version} of its scale "
    "{scale}: there run `hutong histogram publish`, and then in its partner cities "
    "`hutong partner sync {city}`.",
    "{city} 尚未公布其分制 {scale} 第 {version} 版的居民分布；请该市运行 "
    "`hutong histogram publish`，然后由其互认城市运行 `hutong partner sync {city}`。",
)
NO_CONCORDANCE = Reason(
    "NO_CONCORDANCE",
    _STATE,
    "The agreement reads residents of {home} in {host} by no concordance; see `hutong agreement "
    "show`, and try one with `hutong concordance build`.",
    "协议中 {home} 到 {host} 未采用分值对应表；请看 `hutong agreement show`，"
    "或用 `hutong concordance build` 试建。",
)
