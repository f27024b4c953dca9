"""What a simulated city is made of: its clock, its randomness, its keys, a closed door."""

import hashlib
import hmac
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from federation import codec
from federation.envelope import Envelope, seal
from federation.hello import Finish, Hello
from federation.identifiers import CityCode
from federation.keys import Ed25519Signer, PublicKey
from federation.limits import TRUST_BUNDLE_LIFETIME
from federation.messages import Endpoint, Header, TrustBundle
from node import data
from node.certificates import Identity
from node.keys.planning import Plan


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant

    def forward(self, by: timedelta) -> None:
        self._instant += by


class SkewedClock(MovableClock):
    """A clock that goes with another one, ahead or behind."""

    def __init__(self, true: MovableClock, ahead: timedelta) -> None:
        super().__init__(true.now())
        self._true = true
        self._ahead = ahead

    def now(self) -> datetime:
        return self._true.now() + self._ahead

    def forward(self, by: timedelta) -> None:
        self._true.forward(by)


class SeededEntropy:
    """Randomness that can be had again."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it must repeat

    def token(self, size: int) -> bytes:
        return self._random.randbytes(size)


class NamedOnly(Identity):
    """A certificate that is no X.509, as the bundles of `MemoryKeys` list it."""

    def der(self) -> bytes:
        return self.certificate


class MemoryKeys:
    """A city's keys, from fixed seeds."""

    def __init__(self, city: CityCode, now: datetime, sequence: int = 1) -> None:
        self._document_key = hashlib.sha256(f"documents of {city}".encode()).digest()
        self.root = Ed25519Signer.from_seed(f"root {city}".encode().ljust(32, b"."))
        self.signer = Ed25519Signer.from_seed(f"sign {city}".encode().ljust(32, b"."))
        self.bundle = self.make_bundle(city, now, sequence)

    def make_bundle(self, city: CityCode, now: datetime, sequence: int) -> Envelope:
        since, until = now - timedelta(days=1), now + timedelta(days=700)
        bundle = TrustBundle(
            header=Header(
                f"00000000-0000-7000-8000-{city}{sequence:06d}",
                city,
                (),
                now,
                now + TRUST_BUNDLE_LIFETIME,
            ),
            sequence=sequence,
            name_zh=data.city(city).name_zh,
            name_en=data.city(city).name_en,
            root_keys=(self.root.described(not_before=since, not_after=until),),
            root_threshold=1,
            signing_keys=(self.signer.described(not_before=since, not_after=until),),
            tls_certificates=(b"certificate of " + city.encode(),),
            endpoints=(Endpoint("127.0.0.1", 7443),),
            refresh_hint=timedelta(hours=6),
            contact=f"12345@{city}.example",
        )
        return seal(codec.TRUST_BUNDLE, bundle, [self.root])

    @property
    def bundles(self) -> tuple[Envelope, ...]:
        return (self.bundle,)

    def chain(self, known_sequence: int) -> tuple[Envelope, ...]:
        del known_sequence  # the root never changes
        return (self.bundle,)

    def reload(self) -> None:
        """Nobody else publishes."""

    @property
    def local_identity(self) -> Identity:
        raise AssertionError("nobody dials")

    @property
    def peer_identity(self) -> Identity:
        """Something to name in a hello: nobody dials."""
        [der] = codec.TRUST_BUNDLE.decode(self.bundle.payload).tls_certificates
        return NamedOnly(der, b"")

    @property
    def peer_identities(self) -> tuple[Identity, ...]:
        raise AssertionError("nobody dials")

    @property
    def revoked_identities(self) -> tuple[Identity, ...]:
        raise AssertionError("nobody dials")

    @property
    def key_id(self) -> str:
        return self.signer.key_id

    @property
    def signing_keys(self) -> tuple[PublicKey, ...]:
        return codec.TRUST_BUNDLE.decode(self.bundle.payload).signing_keys

    def sign(self, message: bytes) -> bytes:
        return self.signer.sign(message)

    def document_digest(self, kind: int, number: str) -> bytes:
        return hmac.digest(self._document_key, f"{kind}\0{number}".encode(), hashlib.sha256)

    def keyed_digest(self, content: bytes) -> bytes:
        return hmac.digest(self._document_key, b"content\0" + content, hashlib.sha256)


class IdleWorkshop:
    """Makes no keys: those of a world last."""

    contact = ""

    def carry_out(
        self,
        plan_of: Callable[[TrustBundle], Plan | None],
        statement_id: str,
        *,
        after: int,
        may_draft: bool,
    ) -> None:
        raise AssertionError(f"nobody rotates: {plan_of}{statement_id}{after}{may_draft}")

    def publish(self, envelope: Envelope) -> TrustBundle:
        raise AssertionError(f"nobody publishes: {envelope}")

    def roots_at_hand(self, bundle: TrustBundle) -> int:
        return bundle.root_threshold

    def renew_local(self) -> bool:
        return False


class ClosedDoor:
    """An onboarding port on which nobody knocks."""

    address = "127.0.0.1:7445"

    def __init__(self) -> None:
        self.is_open = False

    async def open(self, certificate: bytes) -> None:
        del certificate
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def shown_by(self, address: Endpoint) -> bytes:
        raise AssertionError(f"nobody knocks at {address}")

    async def begin(self, address: Endpoint, shown: bytes, hello: Hello) -> Hello:
        raise AssertionError(f"nobody says hello at {address}: {shown!r} {hello}")

    async def finish(self, address: Endpoint, shown: bytes, hello: Hello, said: Finish) -> Finish:
        raise AssertionError(f"nobody finishes at {address}: {shown!r} {hello} {said}")
