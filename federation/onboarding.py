"""Onboarding: two cities that know nothing of each other swap their first trust bundles.

    joiner  -> inviter   Begin(hello)
    joiner <-  inviter   hello
    joiner  -> inviter   Finish(hello, confirmation, sealed bundle)
    joiner <-  inviter   confirmation, sealed bundle

What stands against whom:

- Without the code, SPAKE2 leaves one guess for each Finish. The joiner confirms first, so that
  the inviter, who counts, sees every guess; a Begin that is broken off tests none.
- The keys hang on a transcript of both hellos: cities, versions, suites, certificates, SPAKE2
  messages and commitments. Who changes any of it on the way gets another key.
- With the code, somebody in the middle can hold an honest exchange with each side. Six words over
  all of it differ then, and the officers compare them. Each hello commits to the nonce and the
  bundle that its Finish opens, and so nobody can try bundle after bundle until the words agree.

Each side is a function of its secret and the messages: after a crash it goes on with the same
bytes. What the caller owes: a fresh seed for each invitation and each joining, and what lies in
`Party` kept with it; the limits of `ONBOARDING_*`; the recorded answer to a repeated Finish, and
no answer to another one. A joiner keeps the hello of the inviter before it sends its Finish, and
never finishes with a second one: its nonce is known then, and the words could be chosen.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from spake2 import SPAKE2_A, SPAKE2_B

from federation.checks import malformed
from federation.codec import envelope_from_bytes, envelope_to_bytes
from federation.envelope import Envelope, Verified
from federation.errors import WRONG_CODE, WRONG_ISSUER, HutongError
from federation.hello import (
    CONTEXT,
    KEY_BYTES,
    PROTOCOL_VERSION,
    SUITE_NUMBERS,
    Finish,
    Hello,
    Role,
    framed,
    mismatch,
    tagged_hash,
)
from federation.identifiers import CityCode
from federation.messages import TrustBundle
from federation.trust import fingerprint, open_first_bundle
from federation.words import Word, words_of

CODE_WORDS: Final = 3
CHECK_WORDS: Final = 6

# Right because each sealing key seals one message only: the key hangs on the transcript, which
# holds the commitment to that message.
_NONCE_OF_THE_ONLY_MESSAGE: Final = bytes(12)


@dataclass(frozen=True, slots=True)
class Secret:
    """The code that both officers know, and the randomness of one side. Its repr shows neither."""

    code: bytes = field(repr=False)
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is too short to be secret."""
        if len(self.code) != CODE_WORDS:
            raise malformed("code", f"a code is {CODE_WORDS} words")
        if len(self.seed) != KEY_BYTES:
            raise malformed("seed", f"a seed has {KEY_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class Party:
    """What a city brings: its certificate (DER) and its bundle, which must list it."""

    city: CityCode
    certificate: bytes
    bundle: Envelope
    suites: tuple[int, ...] = tuple(sorted(SUITE_NUMBERS.values()))


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The other city's bundle, and the six words that the officers compare before they approve."""

    bundle: Verified[TrustBundle]
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """What both sides derive from one exchange; never shown."""

    transcript: bytes
    shared: bytes

    def derive(self, use: bytes, *info: bytes, length: int = KEY_BYTES) -> bytes:
        return _derive(self.shared, length, use, self.transcript, *info)

    def confirmation(self, role: Role) -> bytes:
        return hmac.digest(self.derive(b"confirm", role.value), self.transcript, "sha256")

    def seal(self, role: Role, opening: bytes) -> bytes:
        return self._cipher(role).encrypt(_NONCE_OF_THE_ONLY_MESSAGE, opening, self.transcript)

    def unseal(self, role: Role, sealed: bytes) -> bytes:
        try:
            return self._cipher(role).decrypt(_NONCE_OF_THE_ONLY_MESSAGE, sealed, self.transcript)
        except InvalidTag as error:
            raise mismatch("sealed_bundle", "it was changed on its way") from error

    def _cipher(self, role: Role) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(self.derive(b"seal", role.value))


class _Side:
    """One side of one exchange; `heard` stands for what it had heard when it spoke."""

    __slots__ = ("_code", "_entropy", "hello", "opening", "own", "role")

    def __init__(self, role: Role, secret: Secret, own: Party, heard: bytes = b"") -> None:
        self.role, self.own, self._code = role, own, secret.code
        bundle = envelope_to_bytes(own.bundle)
        suites = bytes(str(own.suites), "ascii")
        said = tagged_hash(b"said", own.city.encode(), suites, own.certificate, bundle, heard)
        # The code is in it too: one scalar under two codes would tell both to who tries all pairs.
        about = (role.value, secret.code, said)
        self.opening = _derive(secret.seed, KEY_BYTES, b"nonce", *about) + bundle
        # 64 bytes for a scalar of 252 bits, as the library wants them: no bias is left.
        self._entropy = _derive(secret.seed, 2 * KEY_BYTES, b"scalar", *about)
        self.hello = Hello(
            own.city,
            PROTOCOL_VERSION,
            own.suites,
            own.certificate,
            self._spake(own.city, own.city).start(),
            _commitment(role, self.opening),
        )

    def check(self, theirs: Hello) -> None:
        """Refuse a hello with which no exchange is possible."""
        ours = self.hello
        if theirs.city == ours.city:
            raise mismatch("city", "the other side says that it is our own city")
        if theirs.pake[:1] != self.role.other.value or theirs.pake[1:] == ours.pake[1:]:
            raise mismatch("pake", "it is a message of our own side, sent back")
        if not set(theirs.suites) & set(ours.suites):
            raise mismatch("suites", "the two cities have none in common")

    def keys(self, theirs: Hello) -> _Keys:
        """The keys of this exchange; raises ONBOARDING_MISMATCH where none is possible."""
        self.check(theirs)
        ours = self.hello
        joiner, inviter = (ours, theirs) if self.role is Role.JOINER else (theirs, ours)
        spake = self._spake(joiner.city, inviter.city)
        spake.start()
        shared: bytes = spake.finish(theirs.pake)
        return _Keys(tagged_hash(b"transcript", joiner.digest(), inviter.digest()), shared)

    def finish(self, keys: _Keys) -> Finish:
        """Our confirmation and our sealed bundle."""
        return Finish(keys.confirmation(self.role), keys.seal(self.role, self.opening))

    def believe(self, keys: _Keys, theirs: Hello, finish: Finish, now: datetime) -> Exchanged:
        """Steps 3 to 7 of opening the other side's Finish."""
        # 3.
        opening = keys.unseal(self.role.other, finish.sealed_bundle)
        # 4.
        if not hmac.compare_digest(_commitment(self.role.other, opening), theirs.commitment):
            raise mismatch("sealed_bundle", "it is not what the hello committed to")
        # 5.
        envelope = envelope_from_bytes(opening[KEY_BYTES:])
        bundle = open_first_bundle(envelope, fingerprint(envelope), audience=self.own.city, now=now)
        # 6. and 7.
        _check_bundle(bundle.message, theirs)
        both = (self.opening, opening)
        joiner, inviter = both if self.role is Role.JOINER else both[::-1]
        check = keys.derive(b"words", tagged_hash(b"openings", joiner, inviter), length=CHECK_WORDS)
        return Exchanged(bundle, words_of(check))

    def _spake(self, joiner: CityCode, inviter: CityCode) -> Any:  # noqa: ANN401 - it has no types
        kind = SPAKE2_A if self.role is Role.JOINER else SPAKE2_B
        return kind(
            framed(CONTEXT, self._code),
            idA=framed(Role.JOINER.value, joiner.encode()),
            idB=framed(Role.INVITER.value, inviter.encode()),
            entropy_f=lambda size: self._entropy[:size],
        )


class Joining:
    """The side of the officer who was told a code."""

    __slots__ = ("_side",)

    def __init__(self, secret: Secret, own: Party) -> None:
        """Join with `secret`, whose seed is for this joining alone."""
        self._side = _Side(Role.JOINER, secret, own)

    def hello(self) -> Hello:
        """What to say in Begin."""
        return self._side.hello

    def finish(self, theirs: Hello, seen_certificate: bytes) -> Finish:
        """What to say in Finish to who said `theirs` on a connection with that certificate.

        Keep `theirs` first, and never call it with another one (see the module).

        Raises:
            HutongError: ONBOARDING_MISMATCH, as long as nothing was said.

        """
        return self._side.finish(self._keys(theirs, seen_certificate))

    def open(
        self, theirs: Hello, seen_certificate: bytes, answer: Finish, now: datetime
    ) -> Exchanged:
        """Believe what the inviter answered, if it knows the code.

        1. Its hello fits: the certificate is the one of the connection, another city and side,
           a common suite.
        2. Its confirmation is right.
        3. Its sealed bundle opens.
        4. That is what its hello committed to.
        5. It is a trust bundle that its own root signed.
        6. It is issued by the city of the hello, and lists the certificate of the hello.
        7. Its keys are of the suites of the hello.

        Raises:
            HutongError: with the reason of the first step that fails.

        """
        # 1.
        keys = self._keys(theirs, seen_certificate)
        # 2.
        if not hmac.compare_digest(answer.confirmation, keys.confirmation(Role.INVITER)):
            raise mismatch("confirmation", "who answers does not know the code; believe no one")
        return self._side.believe(keys, theirs, answer, now)

    def _keys(self, theirs: Hello, seen_certificate: bytes) -> _Keys:
        if theirs.tls_certificate != seen_certificate:
            raise mismatch("tls_certificate", "the connection shows another one")
        return self._side.keys(theirs)


class Inviting:
    """The side of the officer who made the code for `expected`."""

    __slots__ = ("_expected", "_own", "_secret")

    def __init__(self, secret: Secret, own: Party, expected: CityCode) -> None:
        """Invite with `secret`, whose seed is for this invitation alone."""
        self._secret, self._own, self._expected = secret, own, expected

    def hello(self, theirs: Hello) -> Hello:
        """What to answer to a Begin; the same to the same."""
        return self._side(theirs).hello

    def open(self, theirs: Hello, finish: Finish, now: datetime, *, tries_left: int) -> Exchanged:
        """Believe a Finish, by the steps of `Joining.open`.

        The hello is of the city that was invited. Where the confirmation is wrong, this was a
        try: the caller counted it, and says how many are left.

        Raises:
            HutongError: WRONG_CODE at step 2, else with the reason of the step that fails.

        """
        # 1.
        side = self._side(theirs)
        keys = side.keys(theirs)
        # 2.
        if not hmac.compare_digest(finish.confirmation, keys.confirmation(Role.JOINER)):
            raise HutongError(WRONG_CODE, tries_left=str(tries_left))
        return side.believe(keys, theirs, finish, now)

    def finish(self, theirs: Hello) -> Finish:
        """What to answer to a Finish that was opened, and to no other."""
        side = self._side(theirs)
        return side.finish(side.keys(theirs))

    def _side(self, theirs: Hello) -> _Side:
        if theirs.city != self._expected:
            raise mismatch("city", f"{self._expected} was invited, {theirs.city} says hello")
        # With the joiner's words in it, each Begin gets an answer that nobody could foresee.
        side = _Side(Role.INVITER, self._secret, self._own, theirs.digest())
        side.check(theirs)
        return side


def code_of(entropy: bytes) -> bytes:
    """The code in the first bytes of `entropy`, which must be random."""
    if len(entropy) < CODE_WORDS:
        raise malformed("entropy", f"give at least {CODE_WORDS} bytes")
    return entropy[:CODE_WORDS]


def _check_bundle(bundle: TrustBundle, theirs: Hello) -> None:
    """Steps 6 and 7 of opening a Finish."""
    actual = bundle.header.issuer
    if actual != theirs.city:
        raise HutongError(WRONG_ISSUER, actual=actual, expected=theirs.city)
    if theirs.tls_certificate not in bundle.tls_certificates:
        raise mismatch("tls_certificates", "the bundle does not list the one of the hello")
    keys = (*bundle.root_keys, *bundle.signing_keys)
    if not {SUITE_NUMBERS[key.suite] for key in keys} <= set(theirs.suites):
        raise mismatch("suites", "the bundle has keys of one that the hello does not name")


def _commitment(role: Role, opening: bytes) -> bytes:
    return tagged_hash(b"commitment", role.value, opening)


def _derive(key: bytes, length: int, use: bytes, *info: bytes) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=framed(CONTEXT, use, *info)).derive(key)
