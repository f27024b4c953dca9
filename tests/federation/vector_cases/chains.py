"""Chains of trust bundles: a partner missed changes of a city's root, and follows them.

Zhengzhou's root changed twice: `of-zhengzhou` has root-1, `next-of-zhengzhou` root-2, and
`third-of-zhengzhou` root-3.
"""

from federation.envelope import Envelope
from federation.errors import (
    BUNDLE_JUMP,
    BUNDLE_ROLLBACK,
    MISSING_SIGNATURE,
    TOO_LARGE,
    UNKNOWN_KEY,
    WRONG_ISSUER,
    Reason,
)
from federation.limits import BUNDLE_CHAIN
from federation.messages import TrustBundle
from tests.federation.make import HANGZHOU, ZHENGZHOU, bundle, sealed_bundle
from tests.federation.vector_cases.bundles import OF_ZHENGZHOU, SECOND
from tests.federation.vector_cases.vector import Vector

THIRD = bundle(ZHENGZHOU, 3, roots=("root-3",), keys=("signing-2",))
_SIGNED = sealed_bundle(THIRD, "root-2", "root-3")
_FIRST = "of-zhengzhou"
_NEXT = "next-of-zhengzhou"
_LAST = "third-of-zhengzhou"


def _chain(
    name: str,
    *links: str,
    envelope: Envelope = _SIGNED,
    expected: TrustBundle | Reason,
    current: str = _FIRST,
) -> Vector:
    """A bundle that is read after `current` and the links, in their order."""
    return Vector(
        name=f"trust-bundle--{name}",
        envelope=envelope,
        expected=expected,
        check="bundle-chain",
        audience=HANGZHOU,
        given={
            "current": f"trust-bundle--{current}",
            "links": [f"trust-bundle--{link}" for link in links],
        },
    )


def vectors() -> list[Vector]:
    third = Vector(
        name=f"trust-bundle--{_LAST}",
        envelope=_SIGNED,
        expected=THIRD,
        check="next-bundle",
        audience=HANGZHOU,
        given={"current": f"trust-bundle--{_NEXT}"},
    )
    return [third, *_good(), *_flawed()]


def _good() -> list[Vector]:
    second = sealed_bundle(SECOND, "root-1", "root-2")
    return [
        _chain("chain-of-two-new-roots", _NEXT, expected=THIRD),
        _chain("chain-from-before-what-is-known", _FIRST, _NEXT, expected=THIRD, current=_NEXT),
        _chain("chain-of-one", envelope=second, expected=SECOND),
        _chain("chain-to-what-is-known", _NEXT, expected=THIRD, current=_LAST),
    ]


def _flawed() -> list[Vector]:
    first = sealed_bundle(OF_ZHENGZHOU)
    by_old, by_new = (sealed_bundle(THIRD, root) for root in ("root-2", "root-3"))
    skipping = sealed_bundle(THIRD, "root-1", "root-3")
    half = "signed-by-old-root-only"
    other_half = "signed-by-new-root-only"
    missing = MISSING_SIGNATURE
    return [
        _chain("chain-without-a-link", expected=missing),
        _chain("chain-link-signed-by-old-root-only", half, expected=missing),
        _chain("chain-link-signed-by-new-root-only", other_half, expected=missing),
        _chain("chain-end-signed-by-old-root-only", _NEXT, envelope=by_old, expected=missing),
        _chain("chain-end-signed-by-new-root-only", _NEXT, envelope=by_new, expected=missing),
        _chain("chain-end-signed-by-first-root", _NEXT, envelope=skipping, expected=missing),
        _chain("chain-link-signed-by-a-third-root", "signed-by-a-third-root", expected=UNKNOWN_KEY),
        _chain("chain-link-forked", "forked", _NEXT, expected=BUNDLE_ROLLBACK),
        _chain("chain-link-jumped-ahead", "jumped-ahead", expected=BUNDLE_JUMP),
        _chain("chain-link-names-another-city", "names-another-city", expected=WRONG_ISSUER),
        _chain("chain-rolled-back", envelope=first, expected=missing, current=_LAST),
        _chain("chain-too-long", *[_NEXT] * BUNDLE_CHAIN, expected=TOO_LARGE),
    ]
