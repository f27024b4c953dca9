"""Which lines a run gets, and what is said where a wish cannot be met."""

import asyncio
import os
from pathlib import Path

import pytest

from scripts.harnessing import choosing
from scripts.harnessing.choosing import NoLinks, choose
from scripts.harnessing.links import Links, LinksError, Shape
from scripts.harnessing.namespaces import Namespaces
from scripts.harnessing.proxies import Proxies


def test_a_wish_that_takes_nothing_of_the_machine_is_met() -> None:
    for wish, kind in (("proxies", Proxies), ("none", NoLinks)):
        lines, why = choose(wish)
        assert isinstance(lines, kind)
        assert lines.name == wish
        assert "as was asked" in why.en
        assert "按指定" in why.zh


def test_links_that_there_are_not_are_told_with_those_there_are() -> None:
    with pytest.raises(LinksError, match="proxies, namespaces, none"):
        choose("cables")


def test_whoever_is_not_root_gets_proxies_and_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    lines, why = choose()
    assert isinstance(lines, Proxies)
    assert why.en.endswith("they take root.")
    assert "须以 root 运行" in why.zh
    with pytest.raises(LinksError, match="they take root"):
        choose("namespaces")


def test_a_machine_without_iproute_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LinksError, match="install iproute2"):
        choose("namespaces")


def test_a_machine_that_can_gets_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "lacking", lambda: None)
    for wish in ("", "namespaces"):
        lines, why = choose(wish)
        assert isinstance(lines, Namespaces)
        assert why.en.startswith("Lines are network namespaces, ")
        assert "网络命名空间" in why.zh


def test_plain_loopback_refuses_every_shape_with_what_to_choose() -> None:
    lines = NoLinks()

    async def go() -> None:
        await lines.open(["hangzhou", "nanjing"])
        await lines.peer_ports({"hangzhou": (1,)})
        await lines.shape("hangzhou", "nanjing", None)
        await lines.shape("hangzhou", "nanjing", Shape())
        for shape in (Shape(delay_ms=1), Shape(cut=True), Shape(kbit=8), Shape(loss_percent=1)):
            with pytest.raises(LinksError, match="--links proxies"):
                await lines.shape("hangzhou", "nanjing", shape)
        await lines.close()

    asyncio.run(go())


@pytest.mark.parametrize("kind", [Proxies, Namespaces])
def test_nothing_is_told_of_lines_that_are_not_open(kind: type[Proxies | Namespaces]) -> None:
    lines: Links = kind()
    for ask in (
        lambda: lines.host("hangzhou"),
        lambda: lines.environment("hangzhou"),
        lambda: lines.command("hangzhou", ["true"]),
    ):
        with pytest.raises(LinksError, match="open the lines first"):
            ask()
