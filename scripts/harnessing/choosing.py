"""Which lines a run gets: namespaces where the machine lets them be shaped, else proxies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scripts.harnessing import namespaces
from scripts.harnessing.links import WITHOUT_PROXY, Links, LinksError, Shape
from scripts.harnessing.namespaces import Namespaces
from scripts.harnessing.proxies import Proxies

NAMES: Final = ("proxies", "namespaces", "none")

_TOOLS: Final = ("ip", "tc")
_TRIED: Final = ("trial-1", "trial-2")
_SECONDS: Final = 10
_SHAPE: Final = Shape(delay_ms=1, jitter_ms=0.5, kbit=100_000, loss_percent=0.1)
# It gives up by itself, whatever becomes of whoever started it.
_LISTEN: Final = f"""
import socket
with socket.create_server(("", 0)) as server:
    server.settimeout({_SECONDS})
    print(server.getsockname()[1], flush=True)
    server.accept()[0].sendall(b"!")
"""
_DIAL: Final = f"""
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), {_SECONDS}) as line:
    sys.exit(line.recv(1) != b"!")
"""


@dataclass(frozen=True, slots=True)
class Why:
    """Why it is so, or is not, in both languages."""

    zh: str
    en: str


_ASKED: Final = Why("按指定使用网络命名空间。", "Lines are network namespaces, as was asked.")
_TRIED_HERE: Final = Why(
    "已在本机试用网络命名空间：线路可以塑形。",
    "Lines are network namespaces, tried on this machine: they can be shaped.",
)


class NoLinks:
    """Plain loopback: nothing between the cities that could be shaped."""

    @property
    def name(self) -> str:
        """What they are called."""
        return "none"

    def host(self, city: str) -> str:
        """The address of loopback, for every city."""
        del city
        return "127.0.0.1"

    def environment(self, city: str) -> dict[str, str]:
        """No proxy."""
        del city
        return dict(WITHOUT_PROXY)

    def command(self, city: str, words: Sequence[str]) -> list[str]:
        """The command as it is."""
        del city
        return list(words)

    async def open(self, cities: Sequence[str]) -> None:
        """Nothing is to be made."""

    async def peer_ports(self, ports: Mapping[str, Sequence[int]]) -> None:
        """Nobody has to know."""

    async def shape(self, city: str, other: str, shape: Shape | None) -> None:
        """Nothing is free of every shape; raises LinksError for any other."""
        if shape is not None and shape != Shape():
            raise LinksError(
                f"the line from {city} to {other} cannot be shaped: this run was brought up"
                " without lines of its own; bring it up with `--links proxies`"
            )

    async def close(self) -> None:
        """Nothing is to be taken away."""


def choose(wish: str = "", *, seed: int = 0) -> tuple[Links, Why]:
    """The lines of a new run, not open yet, and a sentence that says why these.

    `wish` is one of NAMES, or nothing: then namespaces are tried for real, and what a killed run
    left of them is taken away. `seed` decides on the jitter and the losses of proxies. Raises
    LinksError where what was wished for does not work here, with what is missing.
    """
    if wish == "none":
        return NoLinks(), Why(
            "按指定直接使用本机回环：不能制造线路故障。",
            "Cities speak over plain loopback, as was asked: no line can be shaped.",
        )
    if wish == "proxies":
        return Proxies(seed), Why("按指定使用代理。", "Lines are proxies, as was asked.")
    if wish not in {"", "namespaces"}:
        raise LinksError(f"there are no links {wish!r}; there are: {', '.join(NAMES)}")
    missing = lacking()
    if missing is None:
        return Namespaces(), _ASKED if wish else _TRIED_HERE
    if wish:
        raise LinksError(
            f"lines cannot be network namespaces here: {missing.en}. Choose `--links proxies`,"
            " which takes nothing of the machine"
        )
    return Proxies(seed), Why(
        f"使用代理，因为本机不能使用网络命名空间：{missing.zh}。",
        f"Lines are proxies, as network namespaces do not work here: {missing.en}.",
    )


def lacking() -> Why | None:
    """What this machine lacks for namespaces that can be shaped; None where they work."""
    if os.geteuid() != 0:
        return Why("须以 root 运行", "they take root")
    for tool in _TOOLS:
        if shutil.which(tool) is None:
            return Why(
                f"没有 `{tool}`（请安装 iproute2）", f"there is no `{tool}` (install iproute2)"
            )
    try:
        namespaces.sweep()
        _try()
    except LinksError as error:
        # As the machine itself says it.
        return Why(str(error), str(error))
    return None


def _try() -> None:
    """Pass a byte between two throw-away namespaces over a line that is shaped."""
    tried = Namespaces()
    one, other = _TRIED
    tried.open_now(_TRIED)
    try:
        with subprocess.Popen(
            tried.command(other, [sys.executable, "-c", _LISTEN]),
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as listener:
            try:
                port = (listener.stdout.readline() if listener.stdout else "").strip()
                tried.dialled_at(other, (int(port or 0),))
                tried.shape_now(one, other, _SHAPE)
                words = [sys.executable, "-c", _DIAL, tried.host(other), port]
                dialled = subprocess.run(
                    tried.command(one, words),
                    check=False,
                    capture_output=True,
                    timeout=2 * _SECONDS,
                )
            finally:
                listener.kill()
        if dialled.returncode:
            raise LinksError("two namespaces on one bridge do not reach each other (a firewall?)")
    finally:
        tried.close_now()
