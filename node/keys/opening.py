"""Opens a city's keys as its settings say: from files, under a passphrase, or in a token."""

from dataclasses import dataclass, field

from node.config import PASSPHRASE, PIN, Settings, secret
from node.keys.folder import KeyFolder
from node.keys.ring import FileKeys
from node.keys.token import Token
from node.keys.workshop import Workshop
from node.ports import Clock


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """How a city's private keys are reached."""

    folder: KeyFolder
    passphrase: bytes | None = field(default=None, repr=False)
    token: Token | None = None

    def ring(self, clock: Clock) -> FileKeys:
        """The keys that a node signs with."""
        return FileKeys(self.folder, passphrase=self.passphrase, token=self.token, clock=clock)

    def workshop(self, settings: Settings, clock: Clock) -> Workshop:
        """Where new ones are made."""
        return Workshop(
            settings.code,
            self.folder,
            clock,
            passphrase=self.passphrase,
            token=self.token,
            contact=settings.contact,
        )


def key_access(settings: Settings) -> KeyAccess:
    """How the private keys are reached, as the settings and the environment say.

    Raises:
        HutongError: SETTING_INVALID, KEY_UNUSABLE.

    """
    return KeyAccess(
        KeyFolder(settings.data_dir),
        secret(PASSPHRASE, settings.key_passphrase_file),
        open_token(settings),
    )


def open_token(settings: Settings) -> Token | None:
    """The token of the settings; None where they name none."""
    if settings.pkcs11_module is None:
        return None
    # Loaded only where it is configured: the library is an optional one.
    from node.keys.pkcs11 import Pkcs11Token  # noqa: PLC0415

    pin = secret(PIN, settings.pkcs11_pin_file)
    return Pkcs11Token(settings.pkcs11_module, settings.pkcs11_token, pin)
