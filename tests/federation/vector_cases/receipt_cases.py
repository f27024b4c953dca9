"""Receipts that hold, and receipts with every flaw that a forger might hope for."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from federation.codec import ATTESTATION
from federation.envelope import seal
from federation.errors import (
    BAD_NOTE,
    BAD_PROOF,
    BAD_SIGNATURE,
    KEY_NOT_VALID,
    MALFORMED,
    MISSING_SIGNATURE,
    NOT_YET_VALID,
    UNKNOWN_KEY,
    WRONG_ISSUER,
    WRONG_TYPE,
    Reason,
)
from federation.identifiers import CityCode
from federation.merkle_log import node_hash
from federation.receipt import Receipt, receipt_to_json
from federation.receipt_check import Step
from federation.trust import fingerprint
from tests.federation import receipts
from tests.federation.make import (
    DAY,
    HANGZHOU,
    NANJING,
    NOW,
    ZHENGZHOU,
    attestation,
    sealed,
    signer,
)
from tests.federation.vector_cases.loose import Loose, bundle_names, instant
from tests.federation.vector_cases.vector import flipped

ALL = (ZHENGZHOU, HANGZHOU, NANJING)
Change = Callable[[Any], object]


def receipt_vectors() -> list[Loose]:
    return [
        *_good(),
        *_unreadable(),
        *_flawed_keys(),
        *_flawed_checkpoints(),
        *_flawed_entries(),
        *_flawed_sizes(),
        *_flawed_statements(),
        *_flawed_batches(),
        *_flawed_consents(),
    ]


def _vector(
    name: str,
    content: str,
    expected: dict[str, object],
    trusted: tuple[CityCode, ...] = ALL,
    now: Any = NOW + DAY,  # noqa: ANN401 - an instant, or None
) -> Loose:
    return Loose(
        name=f"receipt--{name}",
        ending="json",
        content=content.encode(),
        given={"trusted": bundle_names(*trusted), "now": instant(now)},
        expected=expected,
    )


def _holds(
    name: str,
    receipt: Receipt,
    trusted: tuple[CityCode, ...] = ALL,
    cosigned_by: tuple[CityCode, ...] = (HANGZHOU, NANJING),
) -> Loose:
    found: dict[str, object] = {
        "holds": True,
        "trusted": ZHENGZHOU in trusted,
        "cosigned_by": list(cosigned_by),
        "fingerprints": [fingerprint(each.bundle) for each in receipt.cities],
    }
    return _vector(name, receipt_to_json(receipt), found, trusted)


def _refused(name: str, content: str, step: Step | None, reason: Reason, **more: Any) -> Loose:  # noqa: ANN401 - passed on
    at = step.name if step else "READ"
    return _vector(name, content, {"refused": reason.name, "step": at}, **more)


def _good() -> list[Loose]:
    single = receipts.single()
    alone = replace(single, checkpoint=receipts.note_of(receipts.head_of(single), ()))
    stranger = replace(single, cities=single.cities[:2])
    return [
        _holds("attestation", single),
        _holds("attestation-to-who-knows-no-city", single, ()),
        _holds("attestation-to-who-knows-another-city", single, (HANGZHOU,)),
        _holds("attestation-that-nobody-cosigned", alone, cosigned_by=()),
        _holds("attestation-with-a-stranger-s-cosignature", stranger, cosigned_by=(HANGZHOU,)),
        _holds("attestation-in-a-batch", receipts.batched()),
        _holds("attestation-in-a-batch-of-one", receipts.batched(1, 0)),
        _holds("consent", receipts.consent()),
    ]


def edited(receipt: Receipt, change: Change) -> str:
    """The file of a receipt, in which somebody has changed something."""
    found = json.loads(receipt_to_json(receipt))
    change(found)
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _unreadable() -> list[Loose]:
    single, batched, consent = receipts.single(), receipts.batched(), receipts.consent()
    text = receipt_to_json(single)

    def without(name: str) -> Change:
        return lambda r: r.pop(name)

    def statement_signed(r: Any) -> None:  # noqa: ANN401 - JSON
        r["statement"]["signatures"] = json.loads(text)["statement"]["signatures"]

    made = {
        "no-json": text[:-3],
        "member-twice": text.replace('"kind": "att', '"kind": "consent", "kind": "att', 1),
        "unknown-member": edited(single, lambda r: r.update(reason="none")),
        "unknown-member-in-the-entry": edited(single, lambda r: r["log"].update(by="us")),
        "of-another-version": edited(single, lambda r: r.update(hutong_receipt=2)),
        "of-another-kind": edited(single, lambda r: r.update(kind="refusal")),
        "of-two-things": edited(single, lambda r: r.update(content="and a consent")),
        "of-nothing": edited(consent, without("content")),
        "without-cities": edited(single, lambda r: r.update(cities=[])),
        "city-twice": edited(single, lambda r: r["cities"].append(r["cities"][0])),
        "place-that-is-true": edited(single, lambda r: r["log"].update(leaf_index=True)),
        "place-that-is-no-whole-number": edited(single, lambda r: r["log"].update(leaf_index=6.0)),
        "place-below-zero": edited(single, lambda r: r["log"].update(leaf_index=-1)),
        "place-that-javascript-rounds": edited(single, lambda r: r["log"].update(leaf_index=2**53)),
        "salt-too-short": edited(single, lambda r: r["log"].update(salt="AAAA")),
        "base64-with-a-space": edited(
            single, lambda r: r["log"].update(salt=" " + r["log"]["salt"])
        ),
        "hash-too-short": edited(single, lambda r: r["log"]["proof"].append("AAAA")),
        "entry-of-a-refusal": edited(single, lambda r: r["log"].update(kind="refused")),
        "attestation-logged-as-a-consent": edited(
            single, lambda r: r["log"].update(kind="consented")
        ),
        "signed-twice": edited(batched, statement_signed),
        "signed-by-nobody": edited(batched, without("batch")),
    }
    return [_refused(name, content, None, MALFORMED) for name, content in made.items()]


def _changed(name: str, change: Change, step: Step, reason: Reason) -> Loose:
    return _refused(name, edited(receipts.single(), change), step, reason)


def _flip(holder: Change, at: Any, bit: int) -> Change:  # noqa: ANN401 - a name or a place
    """Flip a bit of what lies, in base64, at a place of a member."""

    def change(r: Any) -> None:  # noqa: ANN401 - JSON
        found: Any = holder(r)
        found[at] = base64.b64encode(flipped(base64.b64decode(found[at]), bit)).decode()

    return change


def _flawed_keys() -> list[Loose]:
    def swapped(r: Any) -> None:  # noqa: ANN401 - JSON
        r["cities"][0]["trust_bundle"] = r["cities"][1]["trust_bundle"]
        r["cities"][0]["public_keys"] = r["cities"][1]["public_keys"]
        r["cities"].pop(1)

    def renamed(r: Any) -> None:  # noqa: ANN401 - JSON
        bundle = r["cities"][1]["trust_bundle"]
        raw = base64.b64decode(bundle["payload"]).replace(b"Hangzhou", b"Hangchow")
        bundle["payload"] = base64.b64encode(raw).decode()

    def other_key(r: Any) -> None:  # noqa: ANN401 - JSON
        r["cities"][0]["public_keys"][0] = signer(NANJING).public_key.hex()

    return [
        _changed("bundle-of-another-city", swapped, Step.KEYS, WRONG_ISSUER),
        _changed("bundle-under-another-name", renamed, Step.KEYS, BAD_SIGNATURE),
        _changed("public-key-of-a-forger", other_key, Step.KEYS, MALFORMED),
    ]


def _flawed_checkpoints() -> list[Loose]:
    single = receipts.single()
    head = receipts.head_of(single)
    root = base64.b64encode(head.root).decode()
    other_root = base64.b64encode(bytes(32)).decode()

    def note(old: str, new: str) -> Change:
        return lambda r: r.update(checkpoint=r["checkpoint"].replace(old, new))

    def uncosigned(r: Any) -> None:  # noqa: ANN401 - JSON
        r["checkpoint"] = receipts.note_of(head, ()).decode().replace("\n11\n", "\n12\n")

    lost = replace(single, checkpoint=receipts.note_of(head, purpose="signing-lost"))
    of_hangzhou = replace(single, cities=(*single.cities[1:], single.cities[0]))
    early = receipt_to_json(single)
    return [
        _changed("checkpoint-larger", note("\n11\n", "\n12\n"), Step.COSIGNATURES, BAD_SIGNATURE),
        _changed(
            "checkpoint-of-another-tree", note(root, other_root), Step.COSIGNATURES, BAD_SIGNATURE
        ),
        _changed("checkpoint-unsigned", note("—", "-"), Step.COSIGNATURES, BAD_NOTE),
        _changed("checkpoint-larger-and-uncosigned", uncosigned, Step.CHECKPOINT, BAD_SIGNATURE),
        _refused(
            "checkpoint-signed-with-a-lost-key",
            receipt_to_json(lost),
            Step.CHECKPOINT,
            KEY_NOT_VALID,
        ),
        _refused(
            "checkpoint-of-another-city", receipt_to_json(of_hangzhou), Step.CHECKPOINT, BAD_NOTE
        ),
        _refused("from-the-future", early, Step.COSIGNATURES, NOT_YET_VALID, now=NOW - DAY),
    ]


def _flawed_entries() -> list[Loose]:
    good = attestation()
    later = replace(good, header=replace(good.header, expires_at=good.header.expires_at + DAY))
    left_over = base64.b64encode(bytes(32)).decode()

    def payload(r: Any) -> None:  # noqa: ANN401 - JSON
        r["statement"]["payload"] = base64.b64encode(ATTESTATION.encode(later)).decode()

    def earlier(r: Any) -> None:  # noqa: ANN401 - JSON
        r["log"]["at_micros"] -= 1

    changes: dict[str, Change] = {
        "payload-changed": payload,
        "salt-changed": _flip(lambda r: r["log"], "salt", 7),
        "time-of-the-entry-changed": earlier,
        "place-of-its-neighbour": lambda r: r["log"].update(leaf_index=7),
        "place-outside": lambda r: r["log"].update(leaf_index=11),
        "flipped-bit-in-the-proof": _flip(lambda r: r["log"]["proof"], 1, 77),
        "proof-cut-off": lambda r: r["log"]["proof"].pop(),
        "proof-missing": lambda r: r["log"].update(proof=[]),
        "proof-with-a-hash-left-over": lambda r: r["log"]["proof"].append(left_over),
    }
    return [_changed(name, change, Step.ENTRY, BAD_PROOF) for name, change in changes.items()]


def _flawed_sizes() -> list[Loose]:
    """Signed by the home city, and no tree of that size has that root."""
    single = receipts.single()
    larger = replace(receipts.head_of(single), size=1 << 20)
    # The way to the top of a tree of 7, and one step above it.
    smaller_entry, small = receipts.logged(sealed(attestation()).payload, size=7)
    above = replace(small, root=node_hash(bytes(32), small.root))
    climbing = replace(smaller_entry, proof=(*smaller_entry.proof, bytes(32)))
    flawed = {
        "proof-that-ends-below-the-top": replace(single, checkpoint=receipts.note_of(larger)),
        "proof-that-climbs-above-the-top": replace(
            single, entry=climbing, checkpoint=receipts.note_of(above)
        ),
    }
    return [
        _refused(name, receipt_to_json(made), Step.ENTRY, BAD_PROOF)
        for name, made in flawed.items()
    ]


def _flawed_statements() -> list[Loose]:
    """The log has them, and they do not count all the same."""
    good = attestation()

    def by(name: str, reason: Reason, city: CityCode, purpose: str = "signing-1") -> Loose:
        envelope = seal(ATTESTATION, good, [signer(city, purpose)])
        made = receipt_to_json(receipts.single(envelope=envelope))
        return _refused(name, made, Step.STATEMENT, reason)

    foreign = replace(good, header=replace(good.header, issuer=NANJING))
    as_ours = receipt_to_json(receipts.single(envelope=sealed(foreign)))
    bit = _flip(lambda r: r["statement"]["signatures"][0], "sig", 99)

    def better(r: Any) -> None:  # noqa: ANN401 - JSON
        r["says"]["claim"]["band_id"] = "outstanding"

    return [
        _changed("flipped-bit-in-signature", bit, Step.STATEMENT, BAD_SIGNATURE),
        by("logged-but-signed-by-the-host", UNKNOWN_KEY, HANGZHOU),
        _refused("logged-but-issued-by-another-city", as_ours, Step.STATEMENT, WRONG_ISSUER),
        by("signed-with-a-lost-key", KEY_NOT_VALID, ZHENGZHOU, "signing-lost"),
        by("signed-with-a-key-that-had-ended", KEY_NOT_VALID, ZHENGZHOU, "signing-0"),
        by("signed-with-a-key-that-had-not-begun", KEY_NOT_VALID, ZHENGZHOU, "signing-2"),
        _changed("says-more-than-was-signed", better, Step.SAYS, MALFORMED),
        _changed("says-nothing", lambda r: r.update(says={}), Step.SAYS, MALFORMED),
    ]


def _flawed_batches() -> list[Loose]:
    receipt, other = receipts.batched(), receipts.batched(9)
    neighbour = receipts.batched(5, 2)
    own = sealed(attestation())

    def changed(name: str, change: Change, step: Step, reason: Reason) -> Loose:
        return _refused(f"batch-{name}", edited(receipt, change), step, reason)

    def of_neighbour(r: Any) -> None:  # noqa: ANN401 - JSON
        r["statement"] = json.loads(receipt_to_json(neighbour))["statement"]

    def other_proof(r: Any) -> None:  # noqa: ANN401 - JSON
        r["batch"]["proof"] = json.loads(receipt_to_json(other))["batch"]["proof"]

    def other_batch(r: Any) -> None:  # noqa: ANN401 - JSON
        r["batch"] = json.loads(receipt_to_json(other))["batch"]

    def not_a_batch(r: Any) -> None:  # noqa: ANN401 - JSON
        single = json.loads(receipt_to_json(receipts.single(envelope=own)))
        r["batch"]["envelope"] = single["statement"]
        r["log"], r["checkpoint"] = single["log"], single["checkpoint"]

    unsigned = edited(receipt, lambda r: r["batch"]["envelope"].update(signatures=[]))
    return [
        changed("with-its-neighbour-s-statement", of_neighbour, Step.BATCH, BAD_PROOF),
        changed("proof-of-another-batch", other_proof, Step.BATCH, BAD_PROOF),
        changed(
            "place-of-its-neighbour",
            lambda r: r["batch"].update(leaf_index=2),
            Step.BATCH,
            BAD_PROOF,
        ),
        changed("that-is-not-in-the-log", other_batch, Step.ENTRY, BAD_PROOF),
        changed("that-is-an-attestation", not_a_batch, Step.STATEMENT, WRONG_TYPE),
        _refused("batch-signed-by-nobody", unsigned, Step.STATEMENT, MISSING_SIGNATURE),
    ]


def _flawed_consents() -> list[Loose]:
    consent = receipts.consent()
    entry, head = receipts.logged(receipts.CONSENT, "issued")
    # The log says that it issued what the receipt calls a consent.
    as_issued = replace(
        consent, entry=replace(entry, kind="consented"), checkpoint=receipts.note_of(head)
    )
    widened = edited(
        consent, lambda r: r.update(content=r["content"].replace("library", "hospital"))
    )
    return [
        _refused("consent-widened", widened, Step.ENTRY, BAD_PROOF),
        _refused(
            "consent-logged-as-something-else", receipt_to_json(as_issued), Step.ENTRY, BAD_PROOF
        ),
    ]
