"""Lines made of network namespaces: the commands as text, and for real where the machine lets us.

Where it does not, each test holds instead that it is refused with what is missing.
"""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from scripts.harnessing import choosing
from scripts.harnessing import namespace_commands as commands
from scripts.harnessing.links import LinksError, Shape
from scripts.harnessing.namespace_commands import Way
from scripts.harnessing.namespaces import Namespaces
from scripts.harnessing.proxies import Proxies

ROOT = Path(__file__).resolve().parents[2]
A, B, C = "hangzhou", "nanjing", "suzhou"
PORT = 7001
LISTEN = f"""
import socket
with socket.create_server(("", {PORT})) as server:
    print("ready", flush=True)
    while True:
        line, _ = server.accept()
        line.sendall(b"!" * 1000)
        line.close()
"""
DIAL = f"""
import socket, sys
with socket.create_connection((sys.argv[1], {PORT}), float(sys.argv[2])) as line:
    while line.recv(4096): pass
"""


def _words(made: Iterator[commands.Command]) -> list[str]:
    return [" ".join(words) for words in made]


def test_opening_gives_each_city_a_namespace_and_a_place_on_the_bridge() -> None:
    assert _words(commands.opening([A])) == [
        "ip link add ht-br type bridge",
        "ip addr add 10.77.0.1/16 dev ht-br",
        "ip link set ht-br up",
        "ip netns add hutong-hangzhou",
        "ip link add ht-1 type veth peer name ht0 netns hutong-hangzhou",
        "ip link set ht-1 master ht-br up",
        "ip -n hutong-hangzhou addr add 10.77.1.1/16 dev ht0",
        "ip -n hutong-hangzhou link set lo up",
        "ip -n hutong-hangzhou link set ht0 up",
        "tc -n hutong-hangzhou qdisc add dev ht0 root handle 1: htb",
    ]


def test_a_shape_is_of_what_is_said_to_one_city_at_its_ports() -> None:
    asks = Way(A, to=2, is_answer=False, ports=(7001, 7002))
    tc = "tc -n hutong-hangzhou"
    match = "u32 match ip dst 10.77.2.1/32 match ip protocol 6 0xff match ip dport"
    late = "netem limit 100000 delay 200000us 50000us loss 0.5%"
    queue = "htb rate 800.000kbit quantum 60000"
    assert _words(asks.shaping(Shape(delay_ms=200, jitter_ms=50, kbit=800, loss_percent=0.5))) == [
        f"{tc} class add dev ht0 parent 1: classid 1:4 {queue}",
        f"{tc} qdisc add dev ht0 parent 1:4 handle 14: {late}",
        f"{tc} filter add dev ht0 parent 1: protocol ip prio 4 {match} 7001 0xffff flowid 1:4",
        f"{tc} filter add dev ht0 parent 1: protocol ip prio 4 {match} 7002 0xffff flowid 1:4",
    ]
    assert _words(asks.freeing()) == [
        f"{tc} filter del dev ht0 parent 1: protocol ip prio 4",
        f"{tc} class del dev ht0 parent 1: classid 1:4",
    ]


def test_what_is_answered_is_found_by_the_port_it_comes_from() -> None:
    answers = Way(B, to=1, is_answer=True, ports=(7001,))
    found = _words(answers.shaping(Shape(kbit=8)))
    assert found[-1] == (
        "tc -n hutong-nanjing filter add dev ht0 parent 1: protocol ip prio 3 u32"
        " match ip dst 10.77.1.1/32 match ip protocol 6 0xff match ip sport 7001 0xffff flowid 1:3"
    )


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (Shape(cut=True), "limit 100000 loss 100%"),
        (Shape(cut=True, loss_percent=3, delay_ms=1), "limit 100000 delay 1000us 0us loss 100%"),
        (Shape(loss_percent=12.5), "limit 100000 loss 12.5%"),
        (Shape(jitter_ms=0.5), "limit 100000 delay 0us 500us"),
        (Shape(kbit=100), ""),
        (Shape(), ""),
    ],
)
def test_netem_is_told_of_delay_loss_and_cut(shape: Shape, words: str) -> None:
    assert " ".join(commands.netem(shape)) == words


def test_no_class_of_a_city_is_that_of_another() -> None:
    ways = [
        Way(A, to=number, is_answer=answer, ports=(1,))
        for number in range(1, commands.MOST + 1)
        for answer in (False, True)
    ]
    names = [words for way in ways for words in _words(way.freeing())]
    assert len(set(names)) == len(names)


def test_only_what_is_ours_is_taken_away() -> None:
    namespaces = "hutong-nanjing (id: 1)\nhutong-wuhan\nhutongs\nother\n\n"
    links = (
        "1: lo: <LOOPBACK,UP> mtu 65536\n"
        "7: ht-br: <BROADCAST> mtu 1500\n"
        "9: ht-12@if2: <BROADCAST> mtu 1500\n"
        "10: ht-backup@if2: <BROADCAST> mtu 1500\n"
        "11: ht-1x: <BROADCAST> mtu 1500\n"
        "12: wlht-1: <BROADCAST> mtu 1500\n"
    )
    assert commands.our_namespaces(namespaces) == ["hutong-nanjing", "hutong-wuhan"]
    assert commands.our_links(links) == ["ht-br", "ht-12"]
    assert _words(commands.closing(["hutong-wuhan"], ["ht-br"])) == [
        "ip link del ht-br",
        "ip netns del hutong-wuhan",
    ]


def test_addresses_that_the_machine_has_already_are_found() -> None:
    listed = (
        "1: lo    inet 127.0.0.1/8 scope host lo\\ valid_lft forever\n"
        "4: vpn0    inet 10.77.200.9 peer 10.77.200.1/32 scope global vpn0\\ valid_lft forever\n"
        "5: ht-br    inet 10.77.0.1/16 scope global ht-br\\ valid_lft forever\n"
        "6: eth0    inet 10.78.0.1/24 scope global eth0\\ valid_lft forever\n"
    )
    assert commands.taken(listed) == ["10.77.200.9 on vpn0"]


@contextlib.contextmanager
def _opened(cities: Sequence[str] = (A, B, C)) -> Iterator[Namespaces | None]:
    """Namespaces that are open; None where the machine lets nobody have them, and says why."""
    lines = Namespaces()
    while True:
        try:
            lines.open_now(cities)
        except LinksError as error:
            # Somebody else tries at this moment whether they work.
            if "another run" in str(error):
                continue
            assert os.geteuid() != 0 or "ip" in str(error)  # noqa: PT017 - it is not always raised
            yield None
            return
        break
    try:
        yield lines
    finally:
        lines.close_now()


@contextlib.contextmanager
def _listening(lines: Namespaces, city: str) -> Iterator[int]:
    """A process of a city that answers whoever dials; its id."""
    words = lines.command(city, [sys.executable, "-c", LISTEN])
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process.pid
        finally:
            process.kill()


def _dials(lines: Namespaces, city: str, other: str, seconds: float = 60) -> bool:
    words = [sys.executable, "-c", DIAL, lines.host(other), str(seconds)]
    done = subprocess.run(lines.command(city, words), check=False, capture_output=True)
    return done.returncode == 0


def _sent(city: str, number: str) -> int | None:
    """How many bytes passed that class of a city; None where it has none."""
    words = ["tc", "-s", "-n", commands.namespace(city), "class", "show", "dev", "ht0"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = re.search(rf"class htb {number} .*?Sent (\d+) bytes", said, re.DOTALL)
    return int(found[1]) if found else None


def _left() -> list[str]:
    links = subprocess.run(["ip", "-o", "link"], check=True, capture_output=True, text=True).stdout
    names = subprocess.run(["ip", "netns"], check=True, capture_output=True, text=True).stdout
    return commands.our_links(links) + commands.our_namespaces(names)


@pytest.mark.all
def test_cities_reach_each_other_and_the_machine_reaches_them() -> None:
    with _opened() as lines:
        if lines is None:
            return
        with _listening(lines, B):
            assert _dials(lines, A, B)
            with socket.create_connection((lines.host(B), PORT), 60) as line:
                assert line.recv(1) == b"!"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((lines.host(A), PORT), 60)


@pytest.mark.all
def test_only_what_a_city_dials_to_another_passes_the_queue_of_that_line() -> None:
    with _opened() as lines:
        if lines is None:
            return
        for city in (A, B):
            lines.dialled_at(city, (PORT,))
        with _listening(lines, A), _listening(lines, B):
            lines.shape_now(A, B, Shape(kbit=80_000))
            assert _dials(lines, B, A)
            assert _dials(lines, C, B)
            assert (_sent(A, "1:4"), _sent(B, "1:3")) == (0, 0)
            assert _dials(lines, A, B)
            asked, answered = _sent(A, "1:4"), _sent(B, "1:3")
            assert asked
            assert answered
            assert answered > 1000
            lines.shape_now(A, B, Shape(kbit=90_000))
            assert (_sent(A, "1:4"), _sent(B, "1:3")) == (0, 0)
            lines.shape_now(A, B, None)
            assert (_sent(A, "1:4"), _sent(B, "1:3")) == (None, None)
            assert _dials(lines, A, B)


@pytest.mark.all
def test_a_cut_line_is_silent_and_heals_or_the_kernel_that_cannot_is_told() -> None:
    with _opened() as lines:
        if lines is None:
            return
        lines.dialled_at(B, (PORT,))
        with _listening(lines, B):
            try:
                lines.shape_now(A, B, Shape(cut=True))
            except LinksError as error:
                # Nothing half-made is left, and what can be done without netem still can.
                assert "sch_netem" in str(error)  # noqa: PT017 - it is not always raised
                assert (_sent(A, "1:4"), _sent(B, "1:3")) == (None, None)
                lines.shape_now(A, B, Shape(kbit=80_000))
            else:
                assert not _dials(lines, A, B, seconds=0.5)
                assert _dials(lines, C, B)
                lines.shape_now(A, B, None)
            assert _dials(lines, A, B)


@pytest.mark.all
def test_closing_leaves_nothing_neither_links_nor_processes() -> None:
    with _opened() as lines:
        if lines is None:
            return
        with _listening(lines, B) as pid:
            process = os.pidfd_open(pid)
            lines.close_now()
            ready, _, _ = select.select([process], [], [], 60)
            os.close(process)
            assert ready
        lines.close_now()
        with pytest.raises(LinksError, match="open the lines first"):
            lines.host(A)


@pytest.mark.all
def test_what_a_killed_run_left_is_taken_away_by_the_next_and_not_before_it_is_dead() -> None:
    with _opened() as lines:
        if lines is None:
            return
    script = (
        "import subprocess, sys, time\n"
        "from scripts.harnessing.links import LinksError\n"
        "from scripts.harnessing.namespaces import Namespaces\n"
        "lines = Namespaces()\n"
        "while True:\n"
        "    try:\n"
        "        lines.open_now(['wuhan', 'zhengzhou'])\n"
        "        break\n"
        "    except LinksError:\n"
        "        time.sleep(0.05)\n"
        "left = subprocess.Popen(lines.command('wuhan', ['sleep', '600']))\n"
        "print(left.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    words = [sys.executable, "-c", script]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        left = os.pidfd_open(int(run.stdout.readline()))
        try:
            with pytest.raises(LinksError, match="another run"):
                Namespaces().open_now([A])
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
    with _opened([A]) as lines:
        assert lines is not None
        assert set(_left()) == {"ht-br", "ht-1", "hutong-hangzhou"}
        ready, _, _ = select.select([left], [], [], 60)
        os.close(left)
        assert ready


@pytest.mark.all
def test_what_is_shaped_must_be_known_first() -> None:
    with _opened() as lines:
        if lines is None:
            return
        with pytest.raises(LinksError, match="peer_ports"):
            lines.shape_now(A, B, Shape(kbit=8))
        with pytest.raises(LinksError, match=f"{A}, {B}, {C}"):
            lines.shape_now(A, "atlantis", Shape(kbit=8))


@pytest.mark.all
def test_the_machine_is_tried_and_what_is_chosen_is_what_works() -> None:
    lines, why = choosing.choose()
    if isinstance(lines, Namespaces):
        assert why.en.startswith("Lines are network namespaces, tried")
    else:
        assert isinstance(lines, Proxies)
        assert re.match(
            r"Lines are proxies, as network namespaces do not work here: \S.+\.$", why.en
        )
        with pytest.raises(LinksError, match="Choose `--links proxies`"):
            choosing.choose("namespaces")
