"""What may be done with one version of an agreement, and where it stands as people see it."""

import enum
from datetime import datetime

from node.errors import AGREEMENT_MOVE_REFUSED, UNKNOWN, HutongError
from node.registry import AgreementState, Registry, StoredAgreement

Key = tuple[str, int]

OPEN = (AgreementState.PROPOSED_HERE, AgreementState.PROPOSED_THERE)


class AgreementMove(enum.Enum):
    """What an operator may do to an agreement."""

    PROPOSE = "propose"
    SIGN = "sign"
    AMEND = "amend"
    WITHDRAW = "withdraw"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


class Condition(enum.Enum):
    """Where a version stands: its state, and what the clock and the scales make of it."""

    PROPOSED_HERE = "proposed_here"
    PROPOSED_THERE = "proposed_there"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    NEEDS_MAPPING = "needs_mapping"
    ENDED = "ended"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


def is_over(stored: StoredAgreement, now: datetime) -> bool:
    """Whether its validity or its notice has run out."""
    return now >= stored.valid_until


def condition(stored: StoredAgreement, now: datetime, *, unmapped: bool = False) -> Condition:
    """Where it stands at `now`; `unmapped` where a scale has changed, or a concordance ended."""
    if stored.state is not AgreementState.ACTIVE:
        return Condition(stored.state.value)
    if is_over(stored, now):
        return Condition.ENDED
    if stored.suspended:
        return Condition.SUSPENDED
    return Condition.NEEDS_MAPPING if unmapped else Condition.ACTIVE


def moves_of(stored: StoredAgreement, now: datetime) -> tuple[AgreementMove, ...]:
    """What an operator may do at `now`; only who suspended can resume."""
    match stored.state:
        case AgreementState.PROPOSED_HERE:
            return (AgreementMove.AMEND, AgreementMove.WITHDRAW)
        case AgreementState.PROPOSED_THERE:
            return (AgreementMove.SIGN, AgreementMove.AMEND)
        case AgreementState.ACTIVE if is_over(stored, now):
            return (AgreementMove.PROPOSE, AgreementMove.AMEND)
        case AgreementState.ACTIVE:
            here = AgreementMove.RESUME if stored.suspended_here else AgreementMove.SUSPEND
            return (AgreementMove.AMEND, here, AgreementMove.END)
    return ()


def check_move(stored: StoredAgreement, move: AgreementMove, now: datetime) -> None:
    """Refuse what is not possible now, and name what is; raises AGREEMENT_MOVE_REFUSED."""
    if move not in moves_of(stored, now):
        raise refused(stored, move, now)


def refused(
    stored: StoredAgreement,
    move: AgreementMove,
    now: datetime,
    instead: tuple[AgreementMove, ...] = (),
) -> HutongError:
    """The error that a move is not possible, and what is: `instead`, where that is known better."""
    moves = instead or moves_of(stored, now)
    return HutongError(
        AGREEMENT_MOVE_REFUSED,
        agreement=stored.key[0],
        version=str(stored.key[1]),
        state=condition(stored, now).value,
        move=move.value,
        moves=", ".join(each.value for each in moves) or "hutong agreement list",
    )


def versions_of(registry: Registry, agreement_id: str) -> tuple[StoredAgreement, ...]:
    """Every version that is known, ascending; raises UNKNOWN where there is none."""
    found = [s for s in registry.agreements if s.key[0] == agreement_id]
    if not found:
        raise unknown((agreement_id, 0))
    return tuple(sorted(found, key=lambda s: s.key))


def newest_of(versions: tuple[StoredAgreement, ...]) -> StoredAgreement:
    """The newest version that is proposed or signed by both; else the newest of all."""
    live = [s for s in versions if s.state in (*OPEN, AgreementState.ACTIVE)]
    return (live or list(versions))[-1]


def find(registry: Registry, key: Key) -> StoredAgreement | None:
    """That version."""
    return next((stored for stored in registry.agreements if stored.key == key), None)


def found(registry: Registry, key: Key) -> StoredAgreement:
    """That version; raises UNKNOWN."""
    stored = find(registry, key)
    if stored is None:
        raise unknown(key)
    return stored


def unknown(key: Key) -> HutongError:
    """The error that there is no such agreement, or no such version."""
    name = f"{key[0]} version {key[1]}" if key[1] else key[0]
    return HutongError(UNKNOWN, what="agreement", name=name, remedy="see `hutong agreement list`")
