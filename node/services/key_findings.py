"""What `doctor` and health say of a city's own keys. What has a successor ends as it should."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from federation.messages import TrustBundle
from node.keys.current import certificates_of, shown_from
from node.keys.planning import due
from node.model import Finding, Severity
from node.services.findings import RENEW, Remedy, expiry

_ROOT: Final[Remedy] = (
    "请运行 `hutong keys rotate --root` 更换根密钥。",
    "Run `hutong keys rotate --root`: it makes a new root.",
    "hutong keys rotate --root",
)
_OFFLINE: Final[Remedy] = (
    (
        "请运行 `hutong keys rotate`，在存放根密钥的机器上用 `hutong keys sign` 签名，"
        "再运行 `hutong keys publish`。"
    ),
    (
        "Run `hutong keys rotate`, sign the draft with `hutong keys sign` where the root keys are, "
        "then `hutong keys publish` it."
    ),
    "hutong keys rotate",
)
_CONTACT: Final[Remedy] = (
    "请在 hutong.toml 中设置 contact 并重启节点；根密钥不在本机时再运行 `hutong keys rotate`。",
    (
        "Set `contact` in hutong.toml and restart the node; where the root keys are elsewhere, run "
        "`hutong keys rotate` after that."
    ),
    "systemctl restart hutong",
)


def key_findings(
    bundle: TrustBundle, key_id: str, roots_at_hand: int, now: datetime
) -> Iterable[Finding]:
    """Every finding; `key_id` is what the node signs with, `roots_at_hand` what it could."""
    yield _signing(bundle, key_id, now)
    newest = max(certificates_of(bundle), key=shown_from)
    yield expiry("tls-certificate", newest.not_valid_after_utc, now)
    yield expiry("trust-bundle", bundle.header.expires_at, now)
    counting = [key for key in bundle.root_keys if key.revoked_at is None]
    # So many may end before the rest no longer reaches the threshold.
    ends = sorted((key.not_after for key in counting), reverse=True)
    yield expiry("root-keys", ends[bundle.root_threshold - 1], now, _ROOT)
    if roots_at_hand < bundle.root_threshold and due(bundle, now) is not None:
        yield Finding(
            "rotation",
            Severity.WARNING,
            "密钥轮换已到期，但根密钥不在本机。",
            "A rotation is due, and the root keys are not on this machine.",
            *_OFFLINE,
        )


def contact_finding(bundle: TrustBundle) -> Finding:
    """Whether residents are told whom to reach: the law wants each consent to say so."""
    if bundle.contact.strip():
        return Finding("contact", Severity.OK, bundle.contact, bundle.contact)
    return Finding(
        "contact",
        Severity.WARNING,
        "信任包未载明联系方式，授权凭据中写作“未载明”（个人信息保护法第十七条）。",
        "The trust bundle states no contact: receipts of consents say “not stated” (PIPL, 17).",
        *_CONTACT,
    )


def _signing(bundle: TrustBundle, key_id: str, now: datetime) -> Finding:
    key = next((k for k in bundle.signing_keys if k.key_id == key_id), None)
    if key is None or not key.valid_at(now):
        return Finding(
            "signing-key",
            Severity.ERROR,
            "当前签名密钥不在信任包中，或此刻无效。",
            "The current signing key is not in the trust bundle, or not valid now.",
            *RENEW,
        )
    last = max(k.not_after for k in bundle.signing_keys if k.revoked_at is None)
    return expiry("signing-key", last, now)
