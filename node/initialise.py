"""What `hutong init` and `hutong client issue` make: keys, certificates, the first trust bundle."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import codec
from federation.envelope import Envelope, envelope_to_json, seal
from federation.errors import HutongError
from federation.identifiers import CityCode, uuid7
from federation.keys import Ed25519Signer
from federation.limits import CLOCK_SKEW, TEXT_CHARACTERS, TRUST_BUNDLE_LIFETIME
from federation.messages import Endpoint, Header, TrustBundle
from node import limits
from node.certificates import (
    Identity,
    authority,
    client_identity,
    ends_at,
    local_server_identity,
    peer_identity,
)
from node.clock import SystemClock, SystemEntropy
from node.config import PASSPHRASE, PIN, SETTINGS_FILE, read_settings, secret
from node.errors import ALREADY_INITIALISED, FIELD_INVALID
from node.keys import KeyFolder
from node.keys.files import (
    DOCUMENT_KEY_BYTES,
    document_key_content,
    is_encrypted,
    private_pem,
    read_certificate,
    read_key,
    replace_whole,
    unusable,
    write_identity,
    write_private,
)
from node.keys.opening import key_access
from node.model import Caller, Finding, Role, Severity
from node.services.findings import Remedy, expiry, restore

_LAST_PORT: Final = 65535
_DEFAULT_CLIENT: Final = "default"
_ADDRESS: Final = re.compile(
    r"(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>[0-9]{1,5})"
)
_SETTINGS: Final = """\
# The settings of one node. Each may be overridden by the environment: HUTONG_LOG_LEVEL and so on.
# 本节点的设置;均可用环境变量覆盖,例如 HUTONG_LOG_LEVEL。

city = "{city}"

# A SQLite file below data_dir, or postgresql://USER:PASSWORD@HOST/DATABASE.
store = "sqlite:///hutong.sqlite"
data_dir = "."

# Where partner cities call, and where this city's own clients do.
peer_listen = "{peer_listen}"
local_listen = "{local_listen}"

# Where a city that was invited joins; open only while an invitation is.
onboarding_listen = "{onboarding_listen}"

# Where Prometheus reads metrics: without TLS, so let only this machine reach it.
# metrics_listen = "127.0.0.1:9464"

# Where a collector takes traces by OTLP over gRPC, and the part of the calls that is traced.
# traces_endpoint = "http://127.0.0.1:4317"
# traces_ratio = 0.01

# How residents reach whoever answers for personal data here: every consent names it, and partners
# learn it with the trust bundle (PIPL, article 17). 个人信息处理者的联系方式，写入每份授权凭据。
contact = {contact}

# The city's days begin in this zone.
time_zone = "Asia/Shanghai"

# debug, info, warning or error
log_level = "info"
"""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a trust bundle says of a city in words."""

    name_zh: str
    name_en: str
    contact: str

    def __post_init__(self) -> None:
        """Refuse a contact that the settings could not hold."""
        if not self.contact.isprintable() or len(self.contact) > TEXT_CHARACTERS:
            problem = f"write one line of at most {TEXT_CHARACTERS} characters"
            raise HutongError(FIELD_INVALID, field="contact", problem=problem)


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """The files of one local client, all PEM."""

    certificate: Path
    key: Path
    ca: Path


def init_node(  # noqa: PLR0913 - each is an option of the command
    directory: Path,
    *,
    city: CityCode,
    name_zh: str,
    name_en: str,
    peer_address: str,
    local_address: str,
    onboarding_port: int | None = None,
    passphrase: bytes | None = None,
    contact: str = "",
) -> Path:
    """Make a node's keys, certificates, first trust bundle and settings; the settings' path.

    `peer_address` is HOST:PORT as partners dial it; the node listens on that port of every
    address, unless the host is a loopback address. Keys are never overwritten. Under `passphrase`
    they are encrypted; where it is kept is the operator's choice, and the settings must say it.
    """
    folder = KeyFolder(directory)
    settings = directory / SETTINGS_FILE
    if folder.root.exists() or settings.exists():
        raise HutongError(ALREADY_INITIALISED, path=str(directory))
    endpoint = _endpoint(peer_address, "peer_address")
    local = _endpoint(local_address, "local_address")
    now = SystemClock().now()
    said = _Said(name_zh, name_en, contact.strip())
    bundle = _make_keys(folder, city, said, (endpoint, local), now, passphrase)
    folder.bundles.mkdir()
    replace_whole(folder.bundle_of(1), envelope_to_json(bundle).encode())
    listen = endpoint.host if endpoint.host in {"127.0.0.1", "::1"} else "0.0.0.0"  # noqa: S104 - partners call from elsewhere
    settings.write_text(
        _SETTINGS.format(
            city=city,
            peer_listen=Endpoint(listen, endpoint.port),
            local_listen=local,
            # What a string of JSON may hold, one of TOML may.
            contact=json.dumps(said.contact, ensure_ascii=False),
            onboarding_listen=Endpoint(listen, onboarding_port or _beside(endpoint)),
        ),
        "utf-8",
    )
    ca = Identity(
        read_certificate(folder.ca_certificate), private_pem(read_key(folder.ca_key, passphrase))
    )
    for role in Role:
        # An auditor is nobody of the city's: one is let in when one comes.
        if role is not Role.AUDITOR:
            _issue(city, ca, Caller(role, _DEFAULT_CLIENT), folder.clients)
    return settings


def issue_client(settings_path: Path, *, role: Role, name: str, directory: Path) -> ClientFiles:
    """Make a local client's certificate, or a new one for a client that has one."""
    settings = read_settings(settings_path)
    folder = KeyFolder(settings.data_dir)
    ca_key = read_key(folder.ca_key, secret(PASSPHRASE, settings.key_passphrase_file))
    ca = Identity(read_certificate(folder.ca_certificate), private_pem(ca_key))
    return _issue(settings.code, ca, Caller(role, name), directory)


def _issue(city: CityCode, ca: Identity, caller: Caller, directory: Path) -> ClientFiles:
    now = SystemClock().now()
    made = client_identity(city, ca, caller, now=now, life=limits.CLIENT_LIFETIME)
    files = _client_files(directory, caller.role, caller.name)
    files.key.unlink(missing_ok=True)
    write_private(files.key, made.key)
    files.certificate.write_bytes(made.certificate)
    files.ca.write_bytes(ca.certificate)
    return files


def default_client(settings_path: Path, role: Role) -> ClientFiles:
    """The client of a role that `init_node` made, for use on the node's own machine."""
    settings = read_settings(settings_path)
    return _client_files(KeyFolder(settings.data_dir).clients, role, _DEFAULT_CLIENT)


def examine_files(settings_path: Path) -> tuple[Finding, ...]:
    """What `doctor` can see while the node is not running."""
    try:
        settings = read_settings(settings_path)
        if settings.pkcs11_module and secret(PIN, settings.pkcs11_pin_file) is None:
            # The node has it; whoever looks may not.
            return (_LOCKED,)
        access = key_access(settings)
        if access.passphrase is None and is_encrypted(access.folder.document_key):
            return (_LOCKED,)
        keys = access.ring(SystemClock())
        keys.probe(SystemClock())
        local_ends = ends_at(keys.local_identity.certificate)
        peer_ends = ends_at(keys.peer_identity.certificate)
    except HutongError as error:
        return (_finding(error),)
    except OSError as error:
        return (_finding(unusable(Path(error.filename or "?"), error.strerror or "?")),)
    now = SystemClock().now()
    return (
        Finding("settings", Severity.OK, "可读。", "They can be read."),
        Finding("signing-key", Severity.OK, "可用。", "It can be used."),
        expiry("local-certificate", local_ends, now, _RENEWED),
        expiry("tls-certificate", peer_ends, now),
    )


_LOCKED: Final = Finding(
    "files",
    Severity.WARNING,
    "密钥受口令或 PIN 保护，此处没有给出，无法检查。",
    "The keys are under a passphrase or a PIN that is not known here: they were not examined.",
    "请设置 HUTONG_KEY_PASSPHRASE 或 HUTONG_PKCS11_PIN 后重试。",
    "Set HUTONG_KEY_PASSPHRASE or HUTONG_PKCS11_PIN, and look again.",
    "read -rs HUTONG_KEY_PASSPHRASE && export HUTONG_KEY_PASSPHRASE",
)
_RENEWED: Final[Remedy] = (
    "节点运行时自行更新：请启动节点；若已在运行，原因见其日志。",
    "A node that runs renews it by itself: start it; if it runs, its log says why it did not.",
    "systemctl restart hutong",
)


def _finding(error: HutongError) -> Finding:
    return Finding("files", Severity.ERROR, error.text("zh"), error.text("en"), *restore(error))


def _make_keys(
    folder: KeyFolder,
    city: CityCode,
    said: "_Said",
    endpoints: tuple[Endpoint, Endpoint],
    now: datetime,
    passphrase: bytes | None,
) -> Envelope:
    endpoint, local = endpoints
    root, signing = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    peer_made = peer_identity(city, now=now, life=limits.PEER_CERTIFICATE_LIFETIME)
    ca = authority(city, now=now, life=limits.LOCAL_CA_LIFETIME)
    hosts = ("127.0.0.1", "::1", local.host)
    server = local_server_identity(city, ca, hosts, now=now, life=limits.TLS_LIFETIME)
    # Nothing is written before all of it could be made: what is there is never overwritten.
    bundle = _first_bundle(city, said, endpoint, peer_made, (root, signing), now)
    write_private(folder.root_key, private_pem(root, passphrase))
    write_private(folder.signing_key, private_pem(signing, passphrase))
    document_key = SystemEntropy().token(DOCUMENT_KEY_BYTES)
    write_private(folder.document_key, document_key_content(document_key, passphrase))
    for identity, certificate in (
        (peer_made, folder.peer_certificate),
        (ca, folder.ca_certificate),
        (server, folder.local_certificate),
    ):
        write_identity(certificate.with_suffix(".pem"), identity, passphrase)
    return bundle


def _first_bundle(
    city: CityCode,
    said: "_Said",
    endpoint: Endpoint,
    peer_made: Identity,
    keys: tuple[Ed25519PrivateKey, Ed25519PrivateKey],
    now: datetime,
) -> Envelope:
    root_signer, signer = (Ed25519Signer.from_seed(key.private_bytes_raw()) for key in keys)
    # A partner's clock may be behind ours: keys count from a little before.
    since = now - CLOCK_SKEW
    header = Header(
        uuid7(now, SystemEntropy().token(10)), city, (), now, now + TRUST_BUNDLE_LIFETIME
    )
    bundle = TrustBundle(
        header=header,
        sequence=1,
        name_zh=said.name_zh,
        name_en=said.name_en,
        root_keys=(
            root_signer.described(not_before=since, not_after=now + limits.ROOT_KEY_LIFETIME),
        ),
        root_threshold=1,
        signing_keys=(
            signer.described(not_before=since, not_after=now + limits.SIGNING_KEY_LIFETIME),
        ),
        tls_certificates=(peer_made.der(),),
        endpoints=(endpoint,),
        refresh_hint=limits.BUNDLE_REFRESH,
        contact=said.contact,
    )
    return seal(codec.TRUST_BUNDLE, bundle, [root_signer])


def _beside(endpoint: Endpoint) -> int:
    """The onboarding port where none is given: two above the peer port, with the local between."""
    port = endpoint.port + 2
    return port if port <= _LAST_PORT else endpoint.port - 2


def _client_files(directory: Path, role: Role, name: str) -> ClientFiles:
    stem = f"{role.value}-{name}"
    return ClientFiles(*(directory / f"{stem}.{end}" for end in ("crt", "key", "ca")))


def _endpoint(address: str, field: str) -> Endpoint:
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise HutongError(
            FIELD_INVALID, field=field, problem="write HOST:PORT, such as 127.0.0.1:7443"
        )
    return Endpoint(found["host"].strip("[]"), int(found["port"]))
