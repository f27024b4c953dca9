"""The machine that a node runs on, as `doctor` sees it: its disk, and the files of the node on it.

Nothing is read but sizes, owners, modes and certificates: no secret, and nothing of anybody.
"""

import pwd
import shlex
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from node.certificates import ends_at
from node.clock import SystemClock
from node.config import Settings
from node.keys import KeyFolder
from node.limits import DISK_ERROR, DISK_WARNING
from node.model import Finding, Severity
from node.services.findings import Remedy, expiry

_OTHERS: Final = 0o077
_GIB: Final = 1024**3
_SQLITE: Final = "sqlite:///"


def examine_machine(settings: Settings) -> tuple[Finding, ...]:
    """Everything that is found of the machine, whether the node runs or not."""
    try:
        return (
            disk(settings),
            *_private_files(settings),
            *_owners(settings),
            *_clients(settings, SystemClock().now()),
        )
    except OSError as error:
        return (_out_of_reach(settings, error),)


def disk(settings: Settings) -> Finding:
    """How much is free where the node writes; of two disks the fuller one."""
    folders = {settings.data_dir, *(path.parent for path in _sqlite_files(settings)[:1])}
    try:
        free, folder = min((shutil.disk_usage(path).free, path) for path in folders)
    except OSError as error:
        return _out_of_reach(settings, error)
    zh, en = f"{folder} 尚余 {free / _GIB:.1f} GiB", f"{free / _GIB:.1f} GiB are free at {folder}"
    if free >= DISK_WARNING:
        return Finding("disk", Severity.OK, f"{zh}。", f"{en}.")
    severity = Severity.ERROR if free < DISK_ERROR else Severity.WARNING
    remedy: Remedy = (
        "请腾出空间：写满后节点不再服务。",
        "Make room: a node whose disk is full serves nobody.",
        f"du -xhd1 {shlex.quote(str(folder))}",
    )
    return Finding("disk", severity, f"{zh}。", f"{en}.", *remedy)


def _private_files(settings: Settings) -> Iterator[Finding]:
    """Secrets that others than their owner may read or change."""
    folder = KeyFolder(settings.data_dir)
    secrets: list[Path | None] = [*folder.root.glob("*.pem"), *folder.root.glob("*.key")]
    secrets += [*folder.clients.glob("*.key"), settings.key_passphrase_file]
    secrets += [settings.pkcs11_pin_file]
    open_to_others = [
        path for path in secrets if path and path.exists() and path.stat().st_mode & _OTHERS
    ]
    if not open_to_others:
        yield Finding(
            "key-files", Severity.OK, "只有属主可读。", "Nobody but their owner may read them."
        )
        return
    names = _names(open_to_others)
    yield Finding(
        "key-files",
        Severity.ERROR,
        f"他人可读写：{names}。",
        f"Others may read or change {names}.",
        "请收回权限；若他人可能已读过，请再运行 `hutong keys rotate`。",
        "Take that away; where somebody may have read them, run `hutong keys rotate` after that.",
        f"chmod 600 {_paths(open_to_others)}",
    )


def _owners(settings: Settings) -> Iterator[Finding]:
    """Files that the node's user does not own: a command that was run as root leaves such."""
    folder, owner = KeyFolder(settings.data_dir), settings.data_dir.stat().st_uid
    places = (folder.root, folder.bundles, folder.drafts, settings.data_dir / "log")
    files = [path for place in places if place.is_dir() for path in place.iterdir()]
    files += [path for path in _sqlite_files(settings) if path.exists()]
    foreign = [path for path in files if path.stat().st_uid != owner]
    if foreign:
        where = shlex.quote(str(settings.data_dir))
        yield Finding(
            "owners",
            Severity.ERROR,
            f"不属于节点用户：{_names(foreign)}。",
            f"The node's user does not own {_names(foreign)}.",
            "请以 root 归还属主；hutong 命令请以节点用户运行。",
            "Give them back, as root; run commands of hutong as the node's user.",
            f"chown -R --reference={where} {where}",
        )


def _clients(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The clients' certificates that lie here: a venue whose one has ended is shut out."""
    ends: list[datetime] = []
    for path in sorted(KeyFolder(settings.data_dir).clients.glob("*.crt")):
        role, _, name = path.stem.partition("-")
        remedy: Remedy = (
            "请签发新证书，并交给该客户端。",
            "Make a new one, and give it to that client.",
            f"hutong client issue --role {role} --name {shlex.quote(name)}",
        )
        subject = f"client {role}/{name}"
        try:
            found = expiry(subject, ends_at(path.read_bytes()), now, remedy)
        except ValueError:
            said = (f"{path} 不是证书。", f"{path} is no certificate.")
            yield Finding(subject, Severity.ERROR, *said, *remedy)
            continue
        ends.append(ends_at(path.read_bytes()))
        if found.severity is not Severity.OK:
            yield found
    if ends:
        first = min(ends).date().isoformat()
        yield Finding(
            "clients",
            Severity.OK,
            f"此处有 {len(ends)} 张客户端证书，最早的有效期至 {first}。",
            f"{len(ends)} certificates of clients lie here; the first ends on {first}.",
        )


def _sqlite_files(settings: Settings) -> list[Path]:
    """The files of a SQLite store; none of another one."""
    if not settings.store_url.startswith(_SQLITE):
        return []
    file = settings.store_url.removeprefix(_SQLITE)
    return [Path(file + end) for end in ("", "-wal", "-shm", "-turn")]


def _out_of_reach(settings: Settings, error: OSError) -> Finding:
    detail = f"{error.filename}: {error.strerror}"
    user = _owner(settings.data_dir)
    return Finding(
        "data",
        Severity.ERROR,
        detail,
        detail,
        f"请以节点用户 {user} 运行。",
        f"Run it as the node's user, {user}.",
        f"runuser -u {user} -- hutong doctor",
    )


def _owner(folder: Path) -> str:
    try:
        return pwd.getpwuid(folder.stat().st_uid).pw_name
    except (OSError, KeyError):
        return "hutong"


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _paths(paths: Iterable[Path]) -> str:
    return " ".join(shlex.quote(str(path)) for path in paths)
