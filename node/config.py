"""The settings of a node: one TOML file, and the environment over it.

A key that no setting has is refused with the nearest one that exists: a misspelt setting never
passes for its default.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from federation.errors import HutongError
from federation.identifiers import CityCode, city_code
from federation.limits import TEXT_CHARACTERS
from node import load_limits
from node.errors import NOT_INITIALISED, SETTING_INVALID, SETTING_UNKNOWN

SETTINGS_FILE: Final = "hutong.toml"
PREFIX: Final = "HUTONG_"
_LAST_PORT: Final = 65535
_PORT: Final = re.compile(r"[0-9]{1,5}")
_OTHERS: Final = 0o077

# Of the same prefix, but for the command line and the tests.
_NOT_SETTINGS: Final = frozenset(
    {"SETTINGS", "LANG", "OPERATOR", "ADDRESS", "CERTIFICATE", "KEY", "CA", "LONG"}
)

# Secrets, which are no settings: nothing prints them, and no file of settings holds them.
PASSPHRASE: Final = "HUTONG_KEY_PASSPHRASE"  # noqa: S105 - the name of one
PIN: Final = "HUTONG_PKCS11_PIN"
_SECRETS: Final = frozenset(name.removeprefix(PREFIX) for name in (PASSPHRASE, PIN))


# Paths of files that lie beside the settings, unless they are absolute.
_BESIDE: Final = frozenset({"key_passphrase_file", "pkcs11_pin_file"})


def _city(value: str) -> CityCode:
    try:
        return city_code(value)
    except HutongError as error:
        raise ValueError(error.text("en")) from error


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # The name of a folder of the database, or one too long for a file, is an OSError.
        raise ValueError(
            "it is no time zone of the IANA database, such as Asia/Shanghai"
        ) from error
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not _PORT.fullmatch(port) or int(port) > _LAST_PORT:
        raise ValueError("write HOST:PORT, such as 127.0.0.1:7443")
    return value


def _contact(value: str) -> str:
    if len(value) > TEXT_CHARACTERS or not value.isprintable():
        raise ValueError(f"write one line of at most {TEXT_CHARACTERS} characters")
    return value.strip()


def _address_or_none(value: str) -> str:
    return _address(value) if value else value


def _collector(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    try:
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname and parts.port)
    except ValueError:
        whole = False
    if not whole or parts.path or parts.query or "@" in parts.netloc:
        raise ValueError("write http://HOST:PORT, such as http://127.0.0.1:4317; https:// for TLS")
    return value


Address = Annotated[str, AfterValidator(_address)]


class Settings(BaseModel):
    """What an operator decides about one node. Relative paths are below the file's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    city: Annotated[str, AfterValidator(_city)]
    """The GB/T 2260 code of the city."""
    data_dir: Path = Path()
    """Where keys, certificates and the SQLite file are."""
    store: str = "sqlite:///hutong.sqlite"
    """sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/DATABASE.

    With postgresql+serializable:// writers do not wait for each other; those that meet run again.
    """
    peer_listen: Address = "0.0.0.0:7443"
    """Where partner cities call."""
    local_listen: Address = "127.0.0.1:7444"
    """Where residents' apps, venues, departments and operators call."""
    onboarding_listen: Address = "0.0.0.0:7445"
    """Where a city that was invited joins; open only while an invitation is."""
    metrics_listen: Annotated[str, AfterValidator(_address_or_none)] = ""
    """Where Prometheus reads metrics, without TLS; nowhere unless it is set."""
    traces_endpoint: Annotated[str, AfterValidator(_collector)] = ""
    """Where a collector takes traces by OTLP over gRPC, such as http://127.0.0.1:4317.

    Nowhere unless it is set.
    """
    traces_ratio: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.01
    """The part of the calls that is traced: 0.01 is one in a hundred; partners cannot raise it."""
    partner_rate: Annotated[int, Field(ge=0)] = load_limits.PARTNER_RATE
    """Calls a second that each partner may make of this process; 0: no limit."""
    partner_at_once: Annotated[int, Field(ge=1)] = load_limits.PARTNER_AT_ONCE
    """Calls of each partner that run at once in this process."""
    client_rate: Annotated[int, Field(ge=0)] = load_limits.CLIENT_RATE
    """Calls a second that each client may make of this process, operators aside; 0: no limit."""
    client_at_once: Annotated[int, Field(ge=1)] = load_limits.CLIENT_AT_ONCE
    """Calls of each client, operators aside, that run at once in this process."""
    contact: Annotated[str, AfterValidator(_contact)] = ""
    """How residents reach whoever answers for personal data here (PIPL, article 17)."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """The city's own, in which its days begin."""
    key_passphrase_file: Path | None = None
    """A file with the passphrase of the private keys; or HUTONG_KEY_PASSPHRASE holds it."""
    pkcs11_module: Path | None = None
    """The library of a PKCS #11 token: signing keys are made and used in it."""
    pkcs11_token: str = ""
    """The token's label."""
    pkcs11_pin_file: Path | None = None
    """A file with the token's PIN; or HUTONG_PKCS11_PIN holds it."""
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info")
    """What is logged at least."""

    @property
    def code(self) -> CityCode:
        """The city."""
        return CityCode(self.city)

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def store_url(self) -> str:
        """The store's URL, with a SQLite file's path made absolute."""
        head = "sqlite:///"
        if not self.store.startswith(head):
            return self.store
        return head + str((self.data_dir / self.store[len(head) :]).resolve())


def read_settings(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in the file at `path`, overridden by HUTONG_... of the environment.

    Raises:
        HutongError: NOT_INITIALISED, SETTING_UNKNOWN or SETTING_INVALID.
    """
    values = _from_file(path)
    _refuse_unknown(values, where=str(path))
    over = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX) and key.removeprefix(PREFIX) not in _NOT_SETTINGS | _SECRETS
    }
    _refuse_unknown(over, where="environment", prefix=PREFIX)
    merged = values | over
    merged.setdefault("data_dir", ".")

    def wrong(key: str, problem: str) -> HutongError:
        where = "environment" if key in over else str(path)
        return HutongError(SETTING_INVALID, where=where, key=key, problem=problem)

    for key in ("data_dir", *_BESIDE.intersection(merged)):
        try:
            merged[key] = (path.parent / str(merged[key])).resolve()
        except (ValueError, OSError) as error:
            raise wrong(key, "it is no path") from error
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise wrong(key, first["msg"].removeprefix("Value error, ")) from error


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise HutongError(NOT_INITIALISED, path=str(path)) from error
    except (OSError, ValueError, RecursionError) as error:
        # Besides what is no TOML: numbers too long to be read, and brackets too deep.
        raise HutongError(
            SETTING_INVALID, where=str(path), key="(whole file)", problem=str(error)
        ) from error


def _refuse_unknown(values: Mapping[str, object], *, where: str, prefix: str = "") -> None:
    known = list(Settings.model_fields)
    for key in values:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            shown = [prefix + (name.upper() if prefix else name) for name in (key, nearest)]
            raise HutongError(SETTING_UNKNOWN, where=where, key=shown[0], nearest=shown[1])


def secret(
    name: str, file: Path | None, environment: Mapping[str, str] = os.environ
) -> bytes | None:
    """A passphrase or a PIN: of the environment, or the first line of a file; None where none is.

    Raises:
        HutongError: SETTING_INVALID, where the file cannot be read, is open to others, or empty.

    """
    if value := environment.get(name):
        return value.encode()
    if file is None:
        return None
    problem = "it is empty"
    try:
        if file.stat().st_mode & _OTHERS:
            problem = "others may read it; give it mode 0600"
        elif (lines := file.read_bytes().splitlines()) and lines[0]:
            return lines[0]
    except OSError as error:
        problem = error.strerror or "it cannot be read"
    raise HutongError(SETTING_INVALID, where="settings", key=str(file), problem=problem)
