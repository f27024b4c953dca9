"""What `doctor`, health and the metrics say of a partner, by what is stored: nobody is called.

A partner that is suspended or ended is as it should be. One that is on its way is told with the
next step; only what is in use can be out of order.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from federation.agreement import ended_tables
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.methods import Concordance
from node import limits
from node.certificates import pinned, validity
from node.model import Contact, Finding, Severity
from node.registry import Partner, PartnerState, Registry, StoredAgreement
from node.services.clock_findings import partner_clock
from node.services.findings import NOTHING, Remedy, after, expiry
from node.services.terms import needs_mapping

_Said = tuple[str, str]
"""In Chinese and English."""

_OVER: Final = frozenset({PartnerState.SUSPENDED, PartnerState.ENDED})
# From here on both cities expect to reach each other.
_IN_USE: Final = frozenset({PartnerState.APPROVED, PartnerState.TESTED, PartnerState.ACTIVE})


def subject_of(city: CityCode, part: str = "") -> str:
    """What a finding on a partner, or on a part of what is known of it, is about."""
    return f"partner {city} {part}".rstrip()


def partner_findings(
    here: CityCode,
    registry: Registry,
    partner: Partner,
    contact: Contact | None,
    now: datetime,
    failed: HutongError | None = None,
) -> Iterator[Finding]:
    """Every finding on one partner; `failed` where it was tried just now and not reached."""
    yield _state(here, partner, contact)
    if partner.state in _OVER:
        return
    yield _contact(partner, contact, now, failed)
    if contact is not None and contact.clock_offset is not None:
        yield partner_clock(subject_of(partner.city, "clock"), contact.clock_offset)
    if partner.told < partner.sequence:
        yield _untold(partner, contact)
    yield from _ends(partner, now)
    yield _agreement(here, registry, partner.city, now)


def _state(here: CityCode, partner: Partner, contact: Contact | None) -> Finding:
    city, reason = partner.city, partner.state_reason
    zh, en = _STATES[partner.state]
    if partner.state in _OVER:
        zh = f"{zh}（{_by(partner, 'zh')}）" + (f"：{reason}" if reason else "")
        en = f"{en} {_by(partner, 'en')}" + (f": {reason}" if reason else "")
        if partner.told < partner.sequence:
            why = f" ({contact.problem})" if contact and contact.problem else ""
            zh, en = f"{zh}；对方尚未得知{why}", f"{en}; it does not know yet{why}"
    remedy = [text.format(city=city, here=here) for text in _NEXT.get(partner.state, NOTHING)]
    return Finding(subject_of(city), Severity.OK, f"{zh}。", f"{en}.", *remedy)


def _by(partner: Partner, language: str) -> str:
    flag = "ended" if partner.state is PartnerState.ENDED else "suspended"
    here, there = getattr(partner.here, flag), getattr(partner.there, flag)
    which = "both" if here and there else "here" if here else "there"
    return _BY[which][0 if language == "zh" else 1]


def _contact(
    partner: Partner, contact: Contact | None, now: datetime, failed: HutongError | None
) -> Finding:
    subject, in_use = subject_of(partner.city, "contact"), partner.state in _IN_USE
    sync = f"hutong partner sync {partner.city}"
    remedy = (
        f"请检查网络，或致电对方运维人员；然后运行 `{sync}`。",
        f"Look at the network, or call its operator; then run `{sync}`.",
        sync,
    )
    reached = contact.reached_at if contact else None
    since = reached or partner.added_at
    zh, en = _reached(reached)
    failures = contact.failures if contact else 0
    if failed is not None:
        zh, en = f"{zh}；现在：{failed.text('zh')}", f"{en}; now: {failed.text('en')}"
    elif contact and failures:
        zh = f"{zh}；此后失败 {failures} 次：{contact.problem}"
        en = f"{en}; failures since: {failures}, {contact.problem}"
    silent = now - since
    severity = Severity.OK
    if failed or failures >= limits.FAILURES_WARNING or silent > _patience(partner):
        severity = Severity.WARNING
    if silent > limits.SILENCE_ERROR:
        severity = Severity.ERROR
    if not in_use:
        # Before both have approved, the other may not even know this city.
        severity = Severity.OK
    shown = remedy if severity is not Severity.OK else NOTHING
    return Finding(subject, severity, f"{zh.rstrip('。')}。", f"{en.rstrip('.')}.", *shown)


def _reached(reached: datetime | None) -> _Said:
    if reached is None:
        return "尚未联系上", "Not reached yet"
    at = reached.strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"最近一次联系：{at}", f"Last reached at {at}"


def _patience(partner: Partner) -> timedelta:
    """After how long without contact something is wrong: three swaps were missed."""
    hint = min(max(partner.bundle.refresh_hint, limits.REFRESH_SHORTEST), limits.REFRESH_LONGEST)
    return 3 * hint


def unstated_contacts(registry: Registry) -> Iterator[Finding]:
    """Partners in use of which residents who consent are not told whom to reach there.

    The law wants each consent to say so. It is no fault of the partnership.
    """
    for city, partner in sorted(registry.partners.items()):
        if partner.state in _IN_USE and not partner.bundle.contact.strip():
            yield _unstated(city)


def _unstated(city: CityCode) -> Finding:
    return Finding(
        subject_of(city, "stated-contact"),
        Severity.WARNING,
        "其信任包未载明联系方式，向其授权的凭据中写作“未载明”（个人信息保护法第二十三条）。",
        "Its trust bundle states no contact: consents to it say “not stated” (PIPL, 23).",
        "请联系对方经办人在其 hutong.toml 中设置 contact 并重启节点；"
        f"之后运行 `hutong partner sync {city}`。",
        "Ask its officer to set `contact` in its hutong.toml and to restart its node; then run "
        f"`hutong partner sync {city}`.",
        f"hutong partner sync {city}",
    )


def _untold(partner: Partner, contact: Contact | None) -> Finding:
    failing = partner.state in _IN_USE and contact is not None and contact.failures > 0
    return Finding(
        subject_of(partner.city, "statement"),
        Severity.WARNING if failing else Severity.OK,
        "对方尚未得知本市最新的声明。",
        "It does not know this city's newest statement yet.",
        *(_sync(partner.city) if failing else NOTHING),
    )


def _ends(partner: Partner, now: datetime) -> Iterator[Finding]:
    """The ends of what a partner proves itself by; the latest of each kind that counts."""
    city, bundle = partner.city, partner.bundle
    remedy = (
        f"请对方运行 `hutong keys rotate`；然后运行 `hutong partner sync {city}`。",
        f"Ask it to run `hutong keys rotate`; then run `hutong partner sync {city}`.",
        f"hutong partner sync {city}",
    )
    made = bundle.header.issued_at.date().isoformat()
    yield after(
        expiry(subject_of(city, "trust-bundle"), bundle.header.expires_at, now, remedy),
        f"第 {bundle.sequence} 号，签发于 {made}；",
        f"Number {bundle.sequence}, made on {made}. ",
    )
    for part, ends in (
        ("signing-key", signing_keys_end(partner)),
        ("root-keys", _roots_end(partner)),
        ("tls-certificate", certificates_end(partner)),
    ):
        if ends is None:
            yield Finding(
                subject_of(city, part),
                Severity.ERROR,
                "对方的信任包中没有可用的。",
                "Its trust bundle holds none that counts.",
                *remedy,
            )
        else:
            yield expiry(subject_of(city, part), ends, now, remedy)


def signing_keys_end(partner: Partner) -> datetime | None:
    """When the last signing key of a partner ends; None where none counts."""
    return max(
        (key.not_after for key in partner.bundle.signing_keys if key.revoked_at is None),
        default=None,
    )


def _roots_end(partner: Partner) -> datetime | None:
    """When what is left of a partner's root keys no longer reaches its threshold."""
    counting = [key.not_after for key in partner.bundle.root_keys if key.revoked_at is None]
    place = partner.bundle.root_threshold - 1
    return sorted(counting, reverse=True)[place] if place < len(counting) else None


def certificates_end(partner: Partner) -> datetime | None:
    """When the last certificate of a partner ends; None where none counts."""
    found = (pinned(der, partner.city) for der in partner.bundle.tls_certificates)
    return max((validity(pem)[1] for pem in found if pem is not None), default=None)


def _agreement(here: CityCode, registry: Registry, city: CityCode, now: datetime) -> Finding:
    subject, stored = subject_of(city, "agreement"), registry.signed_agreement(city)
    if stored is None:
        return Finding(
            subject,
            Severity.OK,
            "尚无双方签署的互认协议。",
            "There is no agreement that both have signed.",
            f"请运行 `hutong agreement propose {city} FILE`。",
            f"Run `hutong agreement propose {city} FILE`.",
            f"hutong agreement propose {city} FILE",
        )
    version = stored.agreement.version
    said = (f"第 {version} 版；", f"Version {version}. ")
    changed = ", ".join(needs_mapping(registry, stored, here))
    amend = f"hutong agreement amend {stored.key[0]} FILE --version {version}"
    if changed and now < stored.valid_until:
        return Finding(
            subject,
            Severity.WARNING,
            f"{said[0]}{changed} 的分值体系已变更，修订前停用。",
            f"{said[1]}The scale of {changed} has changed: it is not in use until it is amended.",
            f"请用新的对照表运行 `{amend}`。",
            f"Run `{amend}` with a new mapping.",
            amend,
        )
    ended = ", ".join(ended_tables(stored.agreement, now))
    if ended and now < stored.valid_until:
        return Finding(
            subject,
            Severity.WARNING,
            f"{said[0]}{ended} 的分值对应表已到期，其居民在修订前按新访客办理。",
            f"{said[1]}The concordance of {ended} has ended: its residents are newcomers until it "
            "is amended.",
            f"请用同一文件运行 `{amend}`：会重新编制对应表。",
            f"Run `{amend}` with the same file: a new table is built.",
            amend,
        )
    if stored.suspended:
        cities = ((here, stored.suspended_here), (city, stored.suspended_there))
        who = ", ".join(each for each, suspends in cities if suspends)
        return Finding(
            subject, Severity.OK, f"{said[0]}已由 {who} 暂停。", f"{said[1]}Suspended by {who}."
        )
    return after(_in_force(subject, stored, now), *said)


def _in_force(subject: str, stored: StoredAgreement, now: datetime) -> Finding:
    amend = f"hutong agreement amend {stored.key[0]} FILE --version {stored.key[1]}"
    city_remedy = (f"请续签：`{amend}`。", f"Agree on the next version: `{amend}`.", amend)
    if now < stored.agreement.valid_from:
        day = stored.agreement.valid_from.date().isoformat()
        return Finding(subject, Severity.OK, f"自 {day} 起生效。", f"In force from {day}.")
    methods = [mapping.method for mapping in stored.agreement.mappings]
    tables = [method.valid_until for method in methods if isinstance(method, Concordance)]
    return expiry(subject, min((stored.valid_until, *tables)), now, city_remedy)


def _sync(city: CityCode) -> Remedy:
    command = f"hutong partner sync {city}"
    return f"请运行 `{command}`。", f"Run `{command}`.", command


_STATES: Final[dict[PartnerState, _Said]] = {
    PartnerState.INVITED: ("已邀请", "Invited"),
    PartnerState.EXCHANGED: ("已交换密钥", "Keys are exchanged"),
    PartnerState.APPROVED_HERE: (
        "本市已批准，等待对方批准",
        "Approved here; it has yet to approve",
    ),
    PartnerState.APPROVED_THERE: ("对方已批准，等待本市批准", "It has approved; approve it here"),
    PartnerState.APPROVED: ("双方已批准，等待试运行", "Approved by both; the trial comes next"),
    PartnerState.TESTED: ("本市试运行成功，等待对方", "Tested here; it has yet to test"),
    PartnerState.ACTIVE: ("有效", "Active"),
    PartnerState.SUSPENDED: ("已暂停", "Suspended"),
    PartnerState.ENDED: ("已终止", "Ended"),
}
_APPROVE: Final[Remedy] = (
    "请由第二名运维人员运行 `hutong partner approve {city}`。",
    "Let a second operator run `hutong partner approve {city}`.",
    "hutong partner approve {city} --operator NAME --legal-basis TEXT --privacy-assessment TEXT",
)
_SHOW: Final = "hutong partner show {city}"
_WHO: Final[Remedy] = (
    "由谁、何时、为何，见 `hutong partner show {city}`。",
    "`hutong partner show {city}` says who did it, when and why.",
    _SHOW,
)
_NEXT: Final[dict[PartnerState, Remedy]] = {
    PartnerState.EXCHANGED: _APPROVE,
    PartnerState.APPROVED_THERE: _APPROVE,
    PartnerState.APPROVED_HERE: (
        "请对方由第二名运维人员运行 `hutong partner approve {here}`。",
        "Ask its second operator to run `hutong partner approve {here}`.",
        _SHOW,
    ),
    PartnerState.APPROVED: (
        "请运行 `hutong partner test {city}`。",
        "Run `hutong partner test {city}`.",
        "hutong partner test {city}",
    ),
    PartnerState.TESTED: (
        "请对方运行 `hutong partner test {here}`。",
        "Ask its operator to run `hutong partner test {here}`.",
        _SHOW,
    ),
    PartnerState.SUSPENDED: _WHO,
    PartnerState.ENDED: _WHO,
}
_BY: Final = {
    "here": ("由本市", "by this city"),
    "there": ("由对方", "by the partner"),
    "both": ("由双方", "by both"),
}
