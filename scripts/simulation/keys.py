"""A simulated city's keys and certificate, from its code alone; and what it does without."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from federation import codec
from federation.envelope import Envelope, seal
from federation.hello import Finish, Hello
from federation.identifiers import CityCode
from federation.keys import Ed25519Signer, PublicKey
from federation.limits import TRUST_BUNDLE_LIFETIME
from federation.messages import Endpoint, Header, TrustBundle
from node import data
from node.certificates import Identity, peer_name
from node.keys.planning import Plan

_PORT = 7443
_KEPT = timedelta(days=700)


class SimKeys:
    """A city's keys: the same in every run, and never another."""

    def __init__(self, town: data.City, now: datetime) -> None:
        """In force from the day before `now`."""
        code = town.code
        self.city = code
        self._document_key = hashlib.sha256(f"documents of {code}".encode()).digest()
        self.root = Ed25519Signer.from_seed(_seed(f"root {code}"))
        self.signer = Ed25519Signer.from_seed(_seed(f"sign {code}"))
        self.peer_identity = _identity(code, now)
        self.bundle = self._sealed(town, now)
        self._described = codec.TRUST_BUNDLE.decode(self.bundle.payload).signing_keys

    @property
    def local_identity(self) -> Identity:
        """Nobody connects to the local port."""
        return self.peer_identity

    @property
    def peer_identities(self) -> tuple[Identity, ...]:
        """The one certificate."""
        return (self.peer_identity,)

    @property
    def revoked_identities(self) -> tuple[Identity, ...]:
        """None is revoked here."""
        return ()

    @property
    def bundles(self) -> tuple[Envelope, ...]:
        """The one bundle."""
        return (self.bundle,)

    def chain(self, known_sequence: int) -> tuple[Envelope, ...]:
        """The one bundle: the root never changes."""
        del known_sequence
        return (self.bundle,)

    def reload(self) -> None:
        """Nobody else publishes."""

    @property
    def key_id(self) -> str:
        """The id of the signing key."""
        return self.signer.key_id

    @property
    def signing_keys(self) -> tuple[PublicKey, ...]:
        """The one signing key."""
        return self._described

    def sign(self, message: bytes) -> bytes:
        """Sign with it."""
        return self.signer.sign(message)

    def document_digest(self, kind: int, number: str) -> bytes:
        """The keyed digest of a document."""
        return hmac.digest(self._document_key, f"{kind}\0{number}".encode(), hashlib.sha256)

    def keyed_digest(self, content: bytes) -> bytes:
        """A keyed digest of what may hold a document number."""
        return hmac.digest(self._document_key, b"content\0" + content, hashlib.sha256)

    def _sealed(self, town: data.City, now: datetime) -> Envelope:
        since, until = now - timedelta(days=1), now + _KEPT
        number, sequence = f"00000000-0000-7000-8000-{town.code}{1:06d}", 1
        bundle = TrustBundle(
            header=Header(number, town.code, (), now, now + TRUST_BUNDLE_LIFETIME),
            sequence=sequence,
            name_zh=town.name_zh,
            name_en=town.name_en,
            root_keys=(self.root.described(not_before=since, not_after=until),),
            root_threshold=1,
            signing_keys=(self.signer.described(not_before=since, not_after=until),),
            tls_certificates=(self.peer_identity.der(),),
            endpoints=(Endpoint(f"{town.code}.example", _PORT),),
            refresh_hint=timedelta(hours=6),
            contact=f"12345@{town.code}.example",
        )
        return seal(codec.TRUST_BUNDLE, bundle, [self.root])


def _seed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@cache
def _identity(city: CityCode, now: datetime) -> Identity:
    """A certificate as `node.certificates` makes it, of the same bytes each time."""
    secret = int.from_bytes(_seed(f"certificate {city}"), "big") >> 1
    key = ec.derive_private_key(secret, ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, peer_name(city))])
    names = x509.SubjectAlternativeName([x509.DNSName(peer_name(city))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int(city))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _KEPT)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Identity(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


class SimAnchor:
    """The newest checkpoint outside of the store; it outlives its city."""

    def __init__(self) -> None:
        """There is none yet."""
        self._note = b""

    def read(self) -> bytes:
        """The signed note."""
        return self._note

    def write(self, note: bytes) -> None:
        """Keep it."""
        self._note = note


class IdleWorkshop:
    """Makes no keys: those of a simulation outlast it."""

    contact = ""

    def carry_out(
        self,
        plan_of: Callable[[TrustBundle], Plan | None],
        statement_id: str,
        *,
        after: int,
        may_draft: bool,
    ) -> NoReturn:
        """Nobody rotates."""
        raise TypeError(f"nobody rotates keys: {plan_of}{statement_id}{after}{may_draft}")

    def publish(self, envelope: Envelope) -> NoReturn:
        """Nobody publishes."""
        raise TypeError(f"nobody publishes: {envelope}")

    def roots_at_hand(self, bundle: TrustBundle) -> int:
        """All there are."""
        return bundle.root_threshold

    def renew_local(self) -> bool:
        """Nothing to renew."""
        return False


class ClosedDoor:
    """An onboarding port on which nobody knocks: cities of a simulation know each other."""

    address = f"127.0.0.1:{_PORT}"

    async def open(self, certificate: bytes) -> None:
        """Nobody comes."""

    async def close(self) -> None:
        """It is closed."""

    async def shown_by(self, address: Endpoint) -> NoReturn:
        """Nobody knocks."""
        raise TypeError(f"nobody knocks at {address}")

    async def begin(self, address: Endpoint, shown: bytes, hello: Hello) -> NoReturn:
        """Nobody knocks."""
        raise TypeError(f"nobody knocks at {address}: {shown!r} {hello}")

    async def finish(self, address: Endpoint, shown: bytes, hello: Hello, said: Finish) -> NoReturn:
        """Nobody knocks."""
        raise TypeError(f"nobody knocks at {address}: {shown!r} {hello} {said}")
