"""Receipts of consents: what the law asks that a resident be told (PIPL, articles 14, 17 and 23).

A receipt is made in the transaction of its consent. It says word for word, in Chinese and English,
what the resident could read before (`ResidentDesk.draft_consent`). Its bytes are kept as they are,
and the log commits to them. Whoever changes a sentence makes a new version of the texts.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from federation import codec
from federation.consent import Consent
from federation.identifiers import CityCode
from federation.messages import TrustBundle
from node import data, limits, record_limits
from node.attested import ConsentReceipt
from node.logbook import LogKind
from node.ports import Keys, Transaction
from node.services.here import Here

TEXT_VERSION: Final = 2
LANGUAGES: Final = ("zh", "en")
_DAYS_OF_YEAR: Final = 365


def keep_receipt(tx: Transaction, here: Here, keys: Keys, consent: Consent) -> ConsentReceipt:
    """Make the receipt of a consent that was given in this transaction, and keep it."""
    content = shown(tx, here, keys, consent)
    now = consent.given_at
    sequence = here.trace(tx, LogKind.CONSENTED, content, now, subject=consent.resident_id)
    receipt = ConsentReceipt(
        consent.consent_id, consent.resident_id, TEXT_VERSION, content, sequence
    )
    tx.consent_receipts.add(receipt)
    return receipt


def shown(tx: Transaction, here: Here, keys: Keys, consent: Consent) -> bytes:
    """What a resident is told of a consent, with both cities as their trust bundles name them."""
    return consent_document(
        consent,
        controller=_Party.of(here.city, codec.TRUST_BUNDLE.decode(keys.bundle.payload)),
        recipient=_recipient(tx, here, keys, consent.host),
        here=here,
    )


class _Party(dict[str, str]):
    """A city as a receipt names it: code, names, contact ("" where its bundle states none)."""

    @classmethod
    def of(cls, city: CityCode, bundle: TrustBundle | None) -> "_Party":
        """As its trust bundle has it."""
        if bundle is None:
            return cls(city=city, name_zh=city, name_en=city, contact="")
        return cls(
            city=city,
            name_zh=bundle.name_zh,
            name_en=bundle.name_en,
            contact=bundle.contact.strip(),
        )


def consent_document(
    consent: Consent, *, controller: Mapping[str, str], recipient: Mapping[str, str], here: Here
) -> bytes:
    """The bytes of a receipt, in UTF-8: members for programs, `items` for people. Pure."""
    text = data.consent_text(TEXT_VERSION)
    named = [_scenario(scenario) for scenario in consent.scenarios]
    words = {"zh": _words(text, consent, controller, recipient, here, named, 0)}
    words["en"] = _words(text, consent, controller, recipient, here, named, 1)
    document = {
        "hutong_consent": 1,
        "text_version": TEXT_VERSION,
        "consent_id": consent.consent_id,
        "resident_id": consent.resident_id,
        "given_at": _utc(consent.given_at),
        "expires_at": _utc(consent.expires_at),
        "controller": dict(controller),
        "recipient": dict(recipient),
        "scenarios": named,
        "disclosure": consent.disclosure.name,
        "counting": consent.counting.name,
        **{f"title_{language}": text["title"][language] for language in LANGUAGES},
        "items": [
            {"key": item["key"]}
            | {f"heading_{language}": item["heading"][language] for language in LANGUAGES}
            | {language: item[language].format_map(words[language]) for language in LANGUAGES}
            for item in text["items"]
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _words(
    text: Mapping[str, Any],
    consent: Consent,
    controller: Mapping[str, str],
    recipient: Mapping[str, str],
    here: Here,
    named: list[dict[str, str]],
    place: int,
) -> dict[str, str]:
    """What stands in the places of the sentences of one language."""
    language = LANGUAGES[place]
    found = {
        f"scenarios_{language}": text["and"][language].join(s[f"name_{language}"] for s in named),
        f"data_{language}": text["data"][consent.disclosure.name][language],
        f"counting_{language}": text["counting"][consent.counting.name][language].format(
            lease_days=limits.LEASES_KEPT.days
        ),
        "given_at": _local(consent.given_at, here),
        "expires_at": _local(consent.expires_at, here),
        "recognition_days": str(record_limits.RECOGNITIONS_ENDED_KEPT.days),
        "unused_days": str(record_limits.RECOGNITIONS_UNUSED_KEPT.days),
        "visit_days": str(limits.VISITS_KEPT.days),
        "attestation_days": str(limits.ATTESTATIONS_KEPT.days),
        "consent_years": str(record_limits.CONSENTS_KEPT.days // _DAYS_OF_YEAR),
    }
    for role, party in (("controller", controller), ("recipient", recipient)):
        found[role] = party["city"]
        found[f"{role}_{language}"] = party[f"name_{language}"]
        stated = party["contact"] or text["not_stated"][language]
        found[f"{role}_contact_{language}"] = stated
    return found


def _scenario(scenario: str) -> dict[str, str]:
    zh, en = data.scenario_names().get(scenario, (scenario, scenario))
    return {"id": scenario, "name_zh": zh, "name_en": en}


def _recipient(tx: Transaction, here: Here, keys: Keys, host: CityCode) -> _Party:
    if host == here.city:
        return _Party.of(host, codec.TRUST_BUNDLE.decode(keys.bundle.payload))
    partner = tx.registry.partners.get(host)
    return _Party.of(host, partner.bundle if partner else None)


def _utc(instant: datetime) -> str:
    return instant.isoformat()


def _local(instant: datetime, here: Here) -> str:
    return instant.astimezone(here.zone).isoformat(sep=" ", timespec="minutes")
