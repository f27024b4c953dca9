import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog

from federation.identifiers import CityCode
from node import data
from node.cli import main
from node.logbook import LogKind
from tests.node.catalogue import made_catalogue
from tests.node.transport.house import House, Loop, Stranger, opened

HOME, HOST = CityCode("410100"), CityCode("330100")


@dataclass(frozen=True)
class Ran:
    """What one command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was printed
        return json.loads(self.out)


Run = Callable[..., Ran]


@dataclass
class Towns:
    """Two cities that are partners, and the command line of the first."""

    home: House
    host: House
    command: Run

    def run(self, *arguments: object) -> Ran:
        return self.command("--settings", self.home.directory / "hutong.toml", *arguments)

    def grow(self, count: int, house: House | None = None) -> None:
        house = house or self.home
        here = house.cases.here

        def write(tx: object) -> None:
            for _ in range(count):
                here.trace(tx, LogKind.ADMINISTRATIVE, b"an act", here.now())  # type: ignore[arg-type]

        house.act(write)


class Stdin(io.TextIOWrapper):
    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `hutong` in this process, in an empty folder, in English."""
    for name in list(os.environ):
        if name.startswith(("HUTONG_", "LC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", Stdin(stdin))
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return command


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node in this process, with a scale, incentives and indicators in force."""
    loop, before = Loop(), structlog.get_config()
    # The node's log would stand between what the command prints.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with opened(loop, tmp_path_factory.mktemp("house") / "here") as found:
        desk = found.cases.catalogue
        for name, load in (("scale", desk.load_scale), ("incentives", desk.load_incentives)):
            content = data.path(f"zhengzhou/{name}.toml").read_bytes()
            found.act(partial(load, file_name="a file", content=content))
        found.act(lambda tx: tx.administration.put_indicators(made_catalogue()))
        yield found
    structlog.configure(**before)
    loop.close()


@pytest.fixture
def node_folder(run: Run, tmp_path: Path) -> Path:
    """A node that was made and does not run; nobody listens on its port."""
    ran = run(
        "init", "--city", "zhengzhou", "--peer-address", "127.0.0.1:1",
        "--local-address", "127.0.0.1:2", tmp_path / "zz",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return tmp_path / "zz"


@pytest.fixture
def towns(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Towns]:
    loop, before = Loop(), structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with (
        opened(loop, tmp_path / "home", city=HOME) as home,
        opened(loop, tmp_path / "host", city=HOST) as host,
    ):
        home.trust(Stranger(HOST, host.keys, host.own, host.folder))
        host.trust(Stranger(HOME, home.keys, home.own, home.folder))
        monkeypatch.setenv("HUTONG_STORE", f"sqlite:///{home.directory / 'store.sqlite'}")
        yield Towns(home, host, run)
        for house in (home, host):
            loop.run(house.cases.witnessing.close())
    structlog.configure(**before)
    loop.close()
