"""A city rewrites its history and is caught: two throw-away nodes, a part of the demo."""

import base64
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from node import data
from node.model import Role
from scripts import forging
from scripts.cities import Cities, City, befriend
from scripts.demo_trust import hutong

Answer = dict[str, Any]

_REFUSED: Final = 3
_ENTRY: Final = 2


@dataclass(frozen=True, slots=True)
class Caught:
    """What came of a forgery: in a copy, by the log's own check; then before a partner.

    `copy` and `evidence` are what `hutong log verify` said of them, `milliseconds` how long after
    the partner was shown the history it had suspended the city: `state`.
    """

    entry: int
    of: int
    copy: Answer
    milliseconds: float
    state: str
    evidence: Answer


def forge_and_be_caught(directory: Path) -> Caught:
    """Rewrite one entry of a throw-away Zhengzhou, first in a copy, then before its partner."""
    with Cities(directory, ("410100", "330100")) as cities:
        cities.start()
        forger, partner = cities["zhengzhou"], cities["hangzhou"]
        for city in cities:
            city.load_rules()
        befriend(forger, partner)
        _live(forger)
        _show(forger)
        forger.stop()
        copied = _copy(forger, directory / "copy")
        forging.rewrite(copied, _ENTRY)
        said = hutong(copied, "log", "verify", code=_REFUSED)
        # Now before the partner, and every checkpoint signed anew: the node itself sees nothing.
        forging.rewrite(forger, _ENTRY)
        forging.sign_again(forger)
        forger.start()
        forger.wait()
        began = time.monotonic()
        _show(forger)
        passed = time.monotonic() - began
        file = directory / "evidence.json"
        file.write_bytes(_evidence(partner, forger))
        return Caught(
            _ENTRY,
            forging.size(copied),
            said,
            1000 * passed,
            str(partner.partner(forger)["state"]),
            hutong(partner, "log", "verify", str(file)),
        )


def _live(home: City) -> None:
    """Something happens that is worth rewriting."""
    row = data.residents(home.about.pinyin)[0]
    resident = home.enrol(row.document_kind, row.document_number)
    ends = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    home.consent(resident, home.about.code, ["library.deposit_free"], ends)


def _show(city: City) -> None:
    """Make a checkpoint, and bring it to the partner."""
    city.client(Role.OPERATOR).call("LogService/ExchangeCheckpoints", {})


def _copy(city: City, directory: Path) -> City:
    shutil.copytree(city.directory, directory)
    return City(city.about, directory, 0, 0, 0)


def _evidence(city: City, forger: City) -> bytes:
    asked = {"city": forger.about.code}
    answer = city.client(Role.OPERATOR).call("LogService/GetForkEvidence", asked)
    return base64.b64decode(answer["evidence"])
