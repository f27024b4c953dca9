"""Two cities rotate all that they sign and show with, while residents are recognised."""

import threading
import time
from dataclasses import dataclass
from typing import Final

from node.errors import HutongError
from scripts.cities import City, new_id

_LEAD: Final = "1s"
_OVERLAP: Final = "1s"
_THREADS: Final = 3
_GIVE_UP_SECONDS: Final = 30
_RECOGNISED: Final = "RECOGNITION_OUTCOME_RECOGNISED"


@dataclass(slots=True)
class Seen:
    """How many recognitions came and failed while the keys rotated."""

    recognised: int = 0
    failed: int = 0


def rotate_under_load(home: City, host: City, resident: str, consent: str) -> Seen:
    """Rotate signing keys and certificates of both cities under a load of recognitions."""
    seen, over, lock = Seen(), threading.Event(), threading.Lock()

    def visit() -> None:
        while not over.is_set():
            recognised = _visit(home, host, resident, consent)
            with lock:
                seen.recognised += recognised
                seen.failed += not recognised

    threads = [threading.Thread(target=visit) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    try:
        before = [_current(city) for city in (home, host)]
        for city in (home, host):
            city.operator(
                "RotateKeys",
                request_id=new_id(),
                signing=True,
                tls=True,
                lead=_LEAD,
                overlap=_OVERLAP,
            )
        for city, old in zip((home, host), before, strict=True):
            _wait_for_new(city, old)
        # The old ones have ended by now; those of the demo go on for a moment with the new ones.
        time.sleep(1.5)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return seen


def _visit(home: City, host: City, resident: str, consent: str) -> bool:
    try:
        answer = host.venue(
            "library",
            "CheckEligibility",
            request_id=new_id(),
            presentation_code=home.code(resident, consent),
        )
    except HutongError:
        return False
    return bool(answer["outcome"] == _RECOGNISED)


def _current(city: City) -> set[str]:
    keys = city.operator("GetKeys")["key_set"]["keys"]
    uses = ("KEY_USE_SIGNING", "KEY_USE_TLS")
    current = "KEY_STATE_CURRENT"
    return {key["key"] for key in keys if key["use"] in uses and key["state"] == current}


def _wait_for_new(city: City, old: set[str]) -> None:
    give_up = time.monotonic() + _GIVE_UP_SECONDS
    while _current(city) & old:
        if time.monotonic() > give_up:
            raise RuntimeError(f"{city.about.name_en} still uses its old keys")
        time.sleep(0.1)
