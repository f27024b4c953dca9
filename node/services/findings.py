"""Findings that several parts of a node make."""

import shlex
from dataclasses import replace
from datetime import datetime
from typing import Final

from federation.errors import HutongError
from node.limits import EXPIRY_WARNING
from node.model import Finding, Severity

Remedy = tuple[str, str, str]
"""What to do, in Chinese and in English, and the command to type for it, word for word.

In capitals (FILE, NAME, TEXT) stands in it what only an operator can know.
"""

NOTHING: Final[Remedy] = ("", "", "")
RENEW: Final[Remedy] = (
    "请运行 `hutong keys rotate` 更新密钥和证书。",
    "Run `hutong keys rotate`: it makes new keys and publishes them.",
    "hutong keys rotate",
)


def restore(error: HutongError) -> Remedy:
    """What to do about a file of keys that cannot be used: look at it, then restore it."""
    named = (error.fields.get(field, "") for field in ("path", "key"))
    path = next((name for name in named if name.startswith("/")), "")
    return (
        "请从备份恢复该文件。",
        "Restore the file from the backup.",
        f"ls -l {shlex.quote(path)}" if path else "hutong keys show",
    )


def expiry(subject: str, ends: datetime, now: datetime, remedy: Remedy = RENEW) -> Finding:
    """The finding on something that ends at `ends`."""
    day = ends.date().isoformat()
    if now >= ends:
        return Finding(
            subject, Severity.ERROR, f"已于 {day} 过期。", f"It ended on {day}.", *remedy
        )
    if ends - now < EXPIRY_WARNING:
        return Finding(
            subject, Severity.WARNING, f"将于 {day} 过期。", f"It ends on {day}.", *remedy
        )
    return Finding(subject, Severity.OK, f"有效期至 {day}。", f"Valid until {day}.")


def after(finding: Finding, zh: str, en: str) -> Finding:
    """The finding, with something said before it."""
    return replace(finding, detail_zh=zh + finding.detail_zh, detail_en=en + finding.detail_en)
