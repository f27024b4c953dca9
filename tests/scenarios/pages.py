"""The pages of the manual, word for word: their commands, run by a shell on a machine."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.city import City
from tests.scenarios.stage import ROOT

_FENCED: Final = re.compile(r"(?ms)^```sh\n(.*?)^```$")
_SERVICE: Final = re.compile(r"systemctl (start|stop) hutong")
_SECONDS: Final = 110


@dataclass(frozen=True, slots=True)
class Ran:
    """What a block came to."""

    code: int
    out: str


@dataclass
class Operator:
    """Whoever types at a city's machine; `places` say what is where a page says something is."""

    city: City
    directory: Path
    places: Mapping[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    _said: list[str] = field(default_factory=list)

    def follow(self, block: str, *, code: int = 0) -> Ran:
        """Type a block, line for line; what is set stays set. It ends with that exit code."""
        for name, place in self.places.items():
            block = block.replace(name, place)
        ran, waiting = Ran(0, ""), list[str]()
        for line in block.splitlines():
            service = _SERVICE.match(line)
            if not service:
                waiting.append(line)
                continue
            ran = self._type(waiting)
            self._serve(service[1])
            waiting = []
        ran = self._type(waiting) if waiting else ran
        assert ran.code == code, f"{block}\n{ran.out}"
        return ran

    def _type(self, lines: list[str]) -> Ran:
        clean = {name: v for name, v in os.environ.items() if not name.startswith("HUTONG_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        found = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join([*self._said, *lines])],
            cwd=self.directory,
            env=clean | self.environment | {"PATH": path, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        self._said += [line for line in lines if line.startswith("export ")]
        return Ran(found.returncode, found.stdout)

    def _serve(self, word: str) -> None:
        if word == "stop":
            self.city.stop()
        else:
            self.city.start()
            self.city.wait()


def blocks(page: str, heading: str = "") -> list[str]:
    """The commands of a page of docs/operating, block for block; or of one of its sections."""
    text = (ROOT / "docs" / "operating" / page).read_text("utf-8")
    if heading:
        [section] = [part for part in re.split(r"(?m)^## ", text) if part.startswith(heading)]
        text = section
    found = _FENCED.findall(text)
    assert found, heading
    return found
