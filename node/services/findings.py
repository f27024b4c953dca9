"""Findings that several parts of a node make."""

from dataclasses import replace
from datetime import datetime

from node.limits import EXPIRY_WARNING
from node.model import Finding, Severity

RENEW_ZH = "请运行 `hutong keys rotate` 更新密钥和证书。"
RENEW_EN = "Run `hutong keys rotate`: it makes new keys and publishes them."
RESTORE = ("请从备份恢复该文件。", "Restore the file from the backup.")


def expiry(
    subject: str,
    ends: datetime,
    now: datetime,
    remedy: tuple[str, str] = (RENEW_ZH, RENEW_EN),
) -> Finding:
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
