"""A decision, made once more from what is kept, and compared with what this city signed.

Whatever has changed since, the catalogue and the scale of that time are gone by. A store that was
changed is found out: nothing but the very bytes that were signed fits the signature.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from federation import codec
from federation.envelope import Envelope, Signature, pae
from federation.errors import HutongError
from federation.scale import Scale
from node.check_facts import CheckFacts, check_from_json
from node.decision_errors import CHECK_DAMAGED, CHECK_KEY_UNKNOWN
from node.errors import UNKNOWN
from node.incentives import Catalogue, Incentive
from node.ports import Keys, Transaction
from node.redemptions import StoredCheck
from node.services.deciding_statement import decide_all
from node.services.here import Here


@dataclass(frozen=True, slots=True)
class Replayed:
    """The decisions of a check as they come out now, under the signature of then.

    `same` says that they are, byte for byte, what was signed; `facts` is what they rest on, JSON.
    """

    check_id: str
    decided_at: datetime
    envelope: Envelope
    same: bool
    facts: str


class Replaying:
    """Decides once more; nothing is written."""

    def __init__(self, here: Here, keys: Keys) -> None:
        """For the checks of `here`."""
        self._here = here
        self._keys = keys

    def replay(self, tx: Transaction, identifier: str) -> Replayed:
        """Decide a check once more, by its id or by that of one of its decisions.

        1. Find what is kept of it, and read the facts as they were written.
        2. Take the catalogue and the scale of that time, and decide.
        3. The bytes have the kept digest, and the kept signature fits them.

        Raises:
            HutongError: UNKNOWN, CHECK_DAMAGED, CHECK_KEY_UNKNOWN.

        """
        # 1.
        kept = _find(tx, identifier)
        check = check_from_json(kept.facts, kept.check_id)
        # 2.
        catalogue, scale = _catalogue(tx, check), _scale(tx, check)
        incentives = _asked(catalogue, check)
        try:
            decided = decide_all(self._here.city, check, incentives, catalogue, scale)
        except HutongError as error:
            raise _damaged(check.check_id, "what comes out is no statement") from error
        # 3.
        payload = codec.DECISIONS.encode(decided.statement)
        signature = Signature(kept.key_id, kept.signature)
        envelope = Envelope(codec.DECISIONS.payload_type, payload, (signature,))
        same = hashlib.sha256(payload).digest() == kept.payload_digest
        fits = self._fits(check.check_id, envelope)
        decided_at = check.facts.decided_at
        return Replayed(check.check_id, decided_at, envelope, same and fits, kept.facts)

    def _fits(self, check_id: str, envelope: Envelope) -> bool:
        """Whether the signature is this city's; keys that were rotated since count for that."""
        [signature] = envelope.signatures
        keys = (key for key in self._keys.signing_keys if key.key_id == signature.key_id)
        key = next(keys, None)
        if key is None:
            shown = ascii(signature.key_id[:16])[1:-1]
            raise HutongError(CHECK_KEY_UNKNOWN, check_id=check_id, key_id=shown)
        return key.verifies(signature.signature, pae(envelope.payload_type, envelope.payload))


def _find(tx: Transaction, identifier: str) -> StoredCheck:
    decision = tx.redemptions.decision(identifier)
    found = tx.checks.get(decision.check_id if decision else identifier)
    if found is None:
        remedy = "it may be over for longer than they are kept, or of a resident who was erased"
        raise HutongError(UNKNOWN, what="decision", name=identifier, remedy=remedy)
    return found


def _catalogue(tx: Transaction, check: CheckFacts) -> Catalogue | None:
    version = check.facts.catalogue_version
    try:
        found = tx.checks.catalogue(version) if version else None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(check.check_id, f"catalogue {version} cannot be read") from error
    if version and found is None:
        raise _damaged(check.check_id, f"catalogue {version} is not kept")
    return found


def _scale(tx: Transaction, check: CheckFacts) -> Scale | None:
    version = check.facts.scale_version
    scales = (own.scale for own in tx.registry.own_scales if own.scale.version == version)
    found = next(scales, None)
    if version and found is None:
        raise _damaged(check.check_id, f"scale {version} is not kept")
    return found


def _asked(catalogue: Catalogue | None, check: CheckFacts) -> list[Incentive]:
    known = {each.incentive_id: each for each in catalogue.incentives} if catalogue else {}
    missing = [name for name in check.asked if name not in known]
    if missing:
        raise _damaged(check.check_id, f"its catalogue has no {missing[0]}")
    return [known[name] for name in check.asked]


def _damaged(check_id: str, problem: str) -> HutongError:
    return HutongError(CHECK_DAMAGED, check_id=check_id, problem=problem)
