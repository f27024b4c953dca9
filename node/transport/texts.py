"""What answers say to people, in Chinese and English."""

from typing import Final

import node.refusals
from federation.errors import Reason
from node.services.checking import RecognitionOutcome

_MILLI: Final = 1000

Both = tuple[str, str]

NOTICES: Final[dict[RecognitionOutcome, Both]] = {
    RecognitionOutcome.RECOGNISED: (
        "已认可常住地城市的证明。",
        "The home city's attestation is recognised.",
    ),
    RecognitionOutcome.NOT_RECOGNISED: (
        (
            "常住地城市未出具证明，也不说明原因；按新访客办理，面向所有人的激励不受影响。"
            "居民本人可在自己的应用中查看原因。"
        ),
        (
            "The home city gave no attestation, and does not say why; here one counts as a "
            "newcomer, and keeps what is open to everyone. The resident can see why in their own "
            "app."
        ),
    ),
    RecognitionOutcome.HOME_UNREACHABLE: (
        "暂时无法联系常住地城市，按新访客办理；请稍后用同一请求重试，信用码不会因此作废。",
        (
            "The home city cannot be reached now; here one counts as a newcomer. Repeat the same "
            "request in a moment: the code is not lost by it."
        ),
    ),
    RecognitionOutcome.NO_AGREEMENT: (
        "与常住地城市之间没有生效的互认协议，按新访客办理。",
        "There is no agreement in force with the home city; here one counts as a newcomer.",
    ),
}

_REFUSALS: Final = {
    name: reason for name, reason in vars(node.refusals).items() if isinstance(reason, Reason)
}


def notice(outcome: RecognitionOutcome) -> Both:
    """What an outcome means."""
    return NOTICES[outcome]


def refusal(name: str) -> Both:
    """Why a host was refused, for the resident; empty where it was not."""
    reason = _REFUSALS.get(name)
    return (reason.zh, reason.en) if reason else ("", "")


def points(milli: int) -> str:
    """Thousandths of a point as people write them: 20, 2.5."""
    whole, part = divmod(abs(milli), _MILLI)
    decimals = f".{part:03d}".rstrip("0") if part else ""
    return f"{'-' if milli < 0 else ''}{whole}{decimals}"
