"""How soon what one city does reaches its partners: a revoked key, a suspension, an onboarding.

Five cities on this machine. The issue asks that a revocation is in force at every reachable partner
within five seconds; the ratio is to that.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scripts.benches.figures import Figure
from scripts.cities import Answer, Befriended, Cities, City, new_id

_LIMIT_SECONDS = 5.0
_GIVE_UP_SECONDS = 30.0


def run(rounds: int) -> list[Figure]:
    """Seconds until the last of four partners knows, and until two strangers are partners."""
    pairs = list[Befriended]()
    directory = tempfile.TemporaryDirectory(prefix="hutong-bench-")
    with directory as path, Cities(Path(path)) as cities:
        cities.start()
        for city in cities:
            city.load_rules()
        cities.connect(done=pairs.append)
        one, *others = cities
        revoked = [_revoke(one, others) for _ in range(rounds)]
        suspended = [_suspend(one, others[0]) for _ in range(rounds)]
    onboarded = [pair.seconds for pair in pairs]
    return [
        _figure("reach revoked-key (last of four partners)", revoked, _LIMIT_SECONDS),
        _figure("reach suspension (the partner knows)", suspended, None),
        _figure("reach onboarding (code to active, machine time)", onboarded, None),
    ]


def _figure(name: str, seconds: list[float], limit: float | None) -> Figure:
    worst = max(seconds)
    against = None if limit is None else f"{limit:g} s allowed"
    return Figure(f"{name}, worst", worst, "s", limit and worst / limit, against, seconds)


def _revoke(one: City, others: list[City]) -> float:
    keys: list[Answer] = one.operator("GetKeys")["key_set"]["keys"]
    current = next(
        key["key"]
        for key in keys
        if key["use"] == "KEY_USE_SIGNING" and key["state"] == "KEY_STATE_CURRENT"
    )
    began = time.monotonic()
    one.operator("RevokeKey", request_id=new_id(), key=current, reason="a drill")

    def known(city: City) -> bool:
        theirs = city.partner(one)["keys"]
        return any(key["id"] == current and key["revoked"] for key in theirs)

    return _until(began, lambda: all(known(city) for city in others))


def _suspend(one: City, other: City) -> float:
    fields = {"city": other.about.code, "reason": "a drill"}
    began = time.monotonic()
    one.operator("SuspendPartner", request_id=new_id(), **fields)
    seconds = _until(began, lambda: bool(other.partner(one)["suspended_there"]))
    one.operator("ResumePartner", request_id=new_id(), **fields)
    _until(began, lambda: not other.partner(one)["suspended_there"])
    return seconds


def _until(began: float, holds: Callable[[], bool]) -> float:
    while not holds():
        if time.monotonic() - began > _GIVE_UP_SECONDS:
            raise RuntimeError("it did not arrive")
        time.sleep(0.002)
    return time.monotonic() - began
