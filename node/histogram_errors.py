"""The reasons why it is not published how residents are spread over the scale."""

from typing import Final

from federation.errors import Reason, Status

_STATE: Final = Status.FAILED_PRECONDITION

HISTOGRAM_STALE = Reason(
    "HISTOGRAM_STALE",
    _STATE,
    "{count} residents are still to be counted by version {version} of the indicator catalogue, "
    "and a histogram stays as it is published; wait until `hutong score status` says that all are, "
    "and publish then.",
    "尚有 {count} 名居民待按指标目录第 {version} 版计分，而分布一经公布不再更改；"
    "请等 `hutong score status` 显示全部完成后再公布。",
)
HISTOGRAM_FEW = Reason(
    "HISTOGRAM_FEW",
    _STATE,
    "Fewer than {limit} residents take part: noise would hide them all, and a histogram is "
    "published once for each version of the scale. Publish when there are more.",
    "参与的居民不足 {limit} 名：噪声会将其全部掩盖，而每版分值体系只公布一次分布。"
    "请在人数足够后再公布。",
)
PRIVACY_SPENT = Reason(
    "PRIVACY_SPENT",
    _STATE,
    "Of the privacy budget of a year (epsilon {limit}) only {left} is left; publish with a smaller "
    "`--epsilon`, or from {until} on. `hutong histogram list` shows what was spent.",
    "一年的隐私预算（ε 共 {limit}）仅余 {left}；请用更小的 `--epsilon`，或在 {until} 之后公布。"
    "`hutong histogram list` 可查看支出。",
)
