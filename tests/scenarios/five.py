"""Five cities of the harness, and whoever types pages of the manual at their machines."""

import contextlib
import itertools
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from node.model import Role
from scripts import towns
from scripts.city import City, b64, new_id
from scripts.harnessing import records
from scripts.harnessing.people import EXPORTABLE
from scripts.harnessing.wishes import Wish
from tests.harness.keeper_stage import Run, brought_up
from tests.scenarios.pages import Terminal, sat_at
from tests.scenarios.stage import ROOT, check, eventually, visit

RECOGNISED = "RECOGNITION_OUTCOME_RECOGNISED"
UNREACHABLE = "RECOGNITION_OUTCOME_HOME_UNREACHABLE"
NAMES = ("zhengzhou", "nanjing", "hangzhou", "wuhan", "suzhou")
ON_POSTGRESQL = "suzhou"


@dataclass
class Five:
    """Partners of each other, over SQLite and PostgreSQL; a machine of each, with a terminal."""

    run: Run
    folder: Path
    terminals: dict[str, Terminal] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)
    """Who is no partner of anybody any more."""

    def __getitem__(self, pinyin: str) -> City:
        return self.run.city(pinyin)

    def others(self, pinyin: str) -> list[City]:
        return [self[name] for name in NAMES if name != pinyin]

    def terminal(self, pinyin: str) -> Terminal:
        """A shell on a city's machine: it has the city's folders, and `systemctl`."""
        place = self.folder / pinyin
        backups = place / "backups"
        backups.mkdir(parents=True, exist_ok=True)
        return Terminal(
            place,
            self[pinyin].about.name_en,
            {
                "/var/lib/hutong": str(self[pinyin].directory),
                "/var/backups/hutong": str(backups),
                "/etc/hutong": str(place),
                "/opt/hutong-TAG/.venv/bin/": "",
                f"var/{pinyin}.log": str(self.run.folder.machine(pinyin) / "node-0.log"),
            },
            {"HUTONG_SETTINGS": str(self[pinyin].settings), "HUTONG_LANG": "en"},
            services(self.run, pinyin),
        )

    def residents(self, pinyin: str) -> list[str]:
        """Those who are above the line that cities recognise."""
        code = self[pinyin].about.code
        enrolled = records.read(self.run.folder.residents, records.Enrolled)
        return [e.resident_id for e in enrolled if (e.city, e.standing) == (code, EXPORTABLE)]

    def travel(self, *without: str) -> None:
        """A resident of each city is recognised in each other one; but of these, who are away."""
        there = [name for name in NAMES if name not in self.apart | set(without)]
        for name in there:
            # A city that was put back may have been given another process, or other keys.
            self[name].forget_clients()
        for home, host in itertools.permutations(there, 2):
            assert eventually(partial(self._is_recognised, home, host)), (home, host)

    def _is_recognised(self, home: str, host: str) -> bool:
        code = visit(self[home], self[host], self.residents(home)[0])
        outcome = check(self[host], code)["outcome"]
        # A line to a city that was started again may not be back yet; nobody is refused.
        assert outcome in (RECOGNISED, UNREACHABLE), (home, host, outcome)
        return bool(outcome == RECOGNISED)

    def stop(self, pinyin: str) -> None:
        self.run.ask("stop_city", city=pinyin)

    def start(self, pinyin: str) -> None:
        self.run.ask("start_city", city=pinyin)


def services(run: Run, pinyin: str) -> str:
    """The `systemctl` of a city's machine: `scripts/harness start` and `stop`."""
    words = [sys.executable, "-m", "scripts.harnessing"]
    options = ["--city", pinyin, "--dir", str(run.folder.root)]
    typed = f'{shlex.join(words)} "$1" {shlex.join(options)}'
    return f'systemctl() {{ [ "$2" = hutong ] && (cd {shlex.quote(str(ROOT))} && {typed}); }}'


@contextlib.contextmanager
def five_cities(folder: Path) -> Iterator[Five]:
    """The five of the harness, with a backup of each to come; nothing of it is left."""
    wish = Wish(5, {ON_POSTGRESQL: "postgresql"}, {}, residents=6, log_level="info")
    with brought_up(wish) as run:
        made = Five(run, folder)
        with sat_at(*map(made.terminal, NAMES)) as terminals:
            made.terminals = {name: terminals[made[name].about.name_en] for name in NAMES}
            yield made


def witnessed(city: City) -> set[str]:
    """Who has cosigned the newest checkpoint, after all were asked."""
    client = city.client(Role.OPERATOR)
    client.call("LogService/ExchangeCheckpoints", {})
    cosigned = client.call("LogService/GetLog", {}).get("cosigned", {})
    return set(cosigned.get("cosigned_by", ()))


def believed(city: City, partner: City) -> bool:
    """Whether a partner believes the city's newest trust bundle."""
    newest = city.operator("GetKeys")["key_set"]["bundle_sequence"]
    known: bool = partner.partner(city)["bundle_sequence"] == newest
    return known


def key_of(city: City, use: str) -> str:
    """The id of the key that is in use."""
    keys = city.operator("GetKeys")["key_set"]["keys"]
    wanted = (f"KEY_USE_{use}", "KEY_STATE_CURRENT")
    return next(str(key["key"]) for key in keys if (key["use"], key["state"]) == wanted)


def in_force(city: City, partner: City) -> tuple[str, int]:
    """The id and the version of the agreement with a partner that counts in this city."""
    known = city.operator("ListAgreements")["agreements"]
    wanted = (partner.about.code, "AGREEMENT_STATE_ACTIVE")
    [found] = [a for a in known if (a["partner_city"], a["state"]) == wanted]
    return str(found["agreement_id"]), int(found["version"])


def amend(one: City, other: City) -> None:
    """The next version of their agreement, proposed by one of them and signed by the other."""
    agreement_id, version = in_force(one, other)
    known: dict[str, Any] = {"agreement_id": agreement_id, "request_id": new_id()}
    file = {
        "file_name": "agreement.toml",
        "content": b64(towns.agreement(one.about, other.about).encode()),
    }
    one.operator("AmendAgreement", version=version, **known, **file)
    other.operator("SignAgreement", version=version + 1, **known)
