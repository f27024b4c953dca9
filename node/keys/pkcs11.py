"""Private keys in a PKCS #11 token: made there, used there, never seen outside it.

A token that was away is opened again at the next use. Only what a person can act on is told of an
error, and never the PIN.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from federation.errors import HutongError
from federation.keys import PublicKey, Suite, key_id
from node.errors import TOKEN_UNUSABLE
from node.keys.token import MadeSigner

try:
    import pkcs11
    from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
    from pkcs11.types import SignMixin
    from pkcs11.util.ec import encode_named_curve_parameters
except ImportError as error:
    raise HutongError(
        TOKEN_UNUSABLE,
        token="",
        problem="the Python package python-pkcs11 is not installed; install hutong[pkcs11]",
    ) from error

T = TypeVar("T")

_ED25519_OID: Final = "1.3.101.112"
_RAW: Final = 32
_HEAD: Final = 16


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A signer whose key is in a token."""

    key_id: str
    public_key: bytes
    label: str
    token: "Pkcs11Token"

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature over `message`."""
        return self.token.sign(self.label, message)


class Pkcs11Token:
    """A token, by its library and its label."""

    def __init__(self, module: Path, label: str, pin: bytes | None) -> None:
        """Open it once, so that what is wrong is told at the start.

        Raises:
            HutongError: TOKEN_UNUSABLE.

        """
        self._module = module
        self._label = label
        self._pin = pin
        # A session does one thing at a time.
        self._lock = threading.Lock()
        self._session: pkcs11.Session | None = None
        self._keys: dict[str, SignMixin] = {}
        self._do(lambda _: None)

    def make(self, stem: str) -> MadeSigner:
        """Make a key that cannot leave the token."""

        def generate(session: pkcs11.Session) -> TokenSigner:
            curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(_ED25519_OID)}
            parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
            public, private = parameters.generate_keypair(
                mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
                store=True,
                label=f"hutong-{stem}-new",
                private_template={Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True},
            )
            raw = bytes(public[Attribute.EC_POINT])[-_RAW:]
            identifier = key_id(Suite.ED25519, raw)
            label = _label(stem, identifier)
            for key in (public, private):
                key[Attribute.LABEL] = label
            return TokenSigner(identifier, raw, label, self)

        return self._do(generate)

    def signer(self, stem: str, public: PublicKey) -> TokenSigner | None:
        """The signer of that key; None where the token does not hold it."""
        label = _label(stem, public.key_id)

        def find(session: pkcs11.Session) -> TokenSigner | None:
            if _private(session, label) is None:
                return None
            return TokenSigner(public.key_id, public.public_key, label, self)

        return self._do(find)

    def forget(self, stem: str, public: PublicKey) -> None:
        """Destroy a key; one that is not there is no error."""
        label = _label(stem, public.key_id)

        def destroy(session: pkcs11.Session) -> None:
            self._keys.pop(label, None)
            for found in list(session.get_objects({Attribute.LABEL: label})):
                found.destroy()

        self._do(destroy)

    def sign(self, label: str, message: bytes) -> bytes:
        """Sign with the private key of that label."""

        def sign(session: pkcs11.Session) -> bytes:
            key = self._keys.get(label) or _private(session, label)
            if key is None:
                raise self._unusable("it does not hold the key " + label)
            self._keys[label] = key
            return key.sign(message, mechanism=Mechanism.EDDSA)

        return self._do(sign)

    def _do(self, act: Callable[["pkcs11.Session"], T]) -> T:
        """Do something in the session; once more in a new one, where the old one is broken."""
        with self._lock:
            fresh = self._session is None
            try:
                return act(self._session or self._open())
            except pkcs11.PKCS11Error as error:
                self._close()
                if fresh:
                    raise self._unusable(_problem(error)) from error
            try:
                return act(self._open())
            except pkcs11.PKCS11Error as error:
                self._close()
                raise self._unusable(_problem(error)) from error

    def _open(self) -> "pkcs11.Session":
        if self._pin is None:
            raise self._unusable("no PIN was given: pkcs11_pin_file, or HUTONG_PKCS11_PIN")
        token = self._find()
        try:
            self._session = token.open(rw=True, user_pin=self._pin.decode())
        except pkcs11.UserAlreadyLoggedIn:
            # Another session of this process is: the token lets all of them in.
            self._session = token.open(rw=True)
        return self._session

    def _find(self) -> "pkcs11.Token":
        library = pkcs11.lib(str(self._module))
        try:
            return library.get_token(token_label=self._label)
        except pkcs11.NoSuchToken:
            # Some libraries see only tokens that were there when they began.
            library.reinitialize()
            return library.get_token(token_label=self._label)

    def _close(self) -> None:
        session, self._session = self._session, None
        self._keys.clear()
        if session is not None:
            try:
                session.close()
            except pkcs11.PKCS11Error:
                # It is gone with its token.
                return

    def _unusable(self, problem: str) -> HutongError:
        return HutongError(TOKEN_UNUSABLE, token=self._label, problem=problem)

    def __repr__(self) -> str:
        """The token's label; never the PIN."""
        return f"Pkcs11Token({self._label!r})"


def _label(stem: str, identifier: str) -> str:
    return f"hutong-{stem}-{identifier[:_HEAD]}"


def _private(session: "pkcs11.Session", label: str) -> SignMixin | None:
    wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}
    found = [key for key in session.get_objects(wanted) if isinstance(key, SignMixin)]
    return found[0] if found else None


_PROBLEMS: Final = {
    "PinIncorrect": "the PIN is wrong",
    "PinLenRange": "the PIN is wrong",
    "PinLocked": "the PIN is locked after too many wrong ones",
    "NoSuchToken": "no token of this label is there",
    "TokenNotPresent": "the token is away",
    "TokenNotRecognised": "the token is away",
    "DeviceRemoved": "the token is away",
}


def _problem(error: "pkcs11.PKCS11Error") -> str:
    name = type(error).__name__
    return _PROBLEMS.get(name, f"its library says {name}")
