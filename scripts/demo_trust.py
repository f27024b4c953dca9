"""Trust in time: a withdrawal, receipts, a renewal, a timeline; a part of the demo."""

import base64
import contextlib
import io
import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.cli import exits, main
from node.model import Role
from scripts import nodejs
from scripts.city import City, new_id

Answer = dict[str, Any]

_ROOT: Final = Path(__file__).resolve().parent.parent
_VERIFIER: Final = _ROOT / "scripts" / "verify_receipt.mjs"
_GIVE_UP_SECONDS: Final = 10
RECOGNISED: Final = "RECOGNITION_OUTCOME_RECOGNISED"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a venue saw after a withdrawal, and how long after the resident had asked for it."""

    milliseconds: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Verified:
    """One receipt: its file, and what our code and that of the second language said of it.

    `tampered` is what the second language said of a forged one; `lines` is how long it is.
    """

    file: Path
    cosigned_by: list[str]
    ours: Answer
    theirs: list[str]
    tampered: list[str]
    lines: int


def hutong(city: City, *arguments: str, code: int = 0) -> Answer:
    """What a command says to a machine; raises where it does not end with that exit code."""
    shown = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(shown):
        ended = main(["--settings", str(city.settings), "--json", *arguments])
    shown.seek(0)
    said = shown.read()
    if ended == exits.INTERRUPTED:
        raise KeyboardInterrupt
    if ended != code:
        raise RuntimeError(f"hutong {' '.join(arguments)}: {said}")
    answer: Answer = json.loads(said)
    return answer


def withdraw_and_watch(home: City, resident: str, host: City, visitor_pass: str) -> Withdrawn:
    """Withdraw every consent for that host, and look at its counter until it has taken effect."""
    if _by_pass(host, visitor_pass)["outcome"] != RECOGNISED:
        raise RuntimeError("the visitor was not recognised before")
    consents = home.resident("ListConsents", resident_id=resident)["consents"]
    ours = [c for c in consents if c["host_city"] == host.about.code and "withdrawn_at" not in c]
    began = time.monotonic()
    for consent in ours:
        home.resident(
            "WithdrawConsent",
            request_id=new_id(),
            resident_id=resident,
            consent_id=consent["consent_id"],
        )
    while True:
        outcome = _by_pass(host, visitor_pass)["outcome"]
        passed = time.monotonic() - began
        if outcome != RECOGNISED or passed > _GIVE_UP_SECONDS:
            return Withdrawn(1000 * passed, outcome)


def _by_pass(host: City, visitor_pass: str) -> Answer:
    request = {"request_id": new_id(), "visitor_pass": visitor_pass}
    return host.venue("library", "CheckEligibility", **request)


def history(home: City, resident: str) -> list[Answer]:
    """What the home city shows a resident, the newest first."""
    client = home.client(Role.RESIDENT)
    request = {"resident_id": resident, "page_size": 200}
    entries: list[Answer] = client.call("HistoryService/ListHistory", request)["entries"]
    return entries


def take_receipts(home: City, resident: str, host: City, directory: Path) -> list[Verified]:
    """Take receipts of an attestation and of a consent; both are verified in two languages."""
    entries = [e for e in history(home, resident) if e["city"] == host.about.code]
    wanted = (
        ("attestation", "HISTORY_KIND_ATTESTED", "GetAttestationReceipt", "attestation_id"),
        ("consent", "HISTORY_KIND_CONSENT_GIVEN", "GetConsentReceipt", "consent_id"),
    )
    directory.mkdir(parents=True, exist_ok=True)
    found = []
    for name, kind, method, key in wanted:
        subject = next(e["subject_id"] for e in entries if e["kind"] == kind)
        answer = home.client(Role.RESIDENT).call(
            f"HistoryService/{method}", {"resident_id": resident, key: subject}
        )
        file = directory / f"{name}.json"
        file.write_bytes(base64.b64decode(answer["receipt"]))
        found.append(_verified(home, file, answer["cosigned_by"]))
    return found


def _verified(home: City, file: Path, cosigned_by: list[str]) -> Verified:
    receipt = json.loads(file.read_text("utf-8"))
    forged = file.with_name(f"forged-{file.name}")
    # As if it had been said an hour before.
    receipt["log"]["at_micros"] -= 3_600_000_000
    forged.write_text(json.dumps(receipt), "utf-8")
    return Verified(
        file,
        cosigned_by,
        hutong(home, "receipt", "verify", str(file)),
        by_nodejs(file),
        by_nodejs(forged, passes=False),
        len(_VERIFIER.read_text("utf-8").splitlines()),
    )


def by_nodejs(file: Path, *, passes: bool = True) -> list[str]:
    """What a few lines of JavaScript say of a receipt, without our code."""
    node = nodejs.find()
    if node is None:
        raise RuntimeError("there is no Node.js: run scripts/setup --demo")
    done = subprocess.run([node, _VERIFIER, file], check=False, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip().splitlines()
    if (done.returncode == 0) != passes:
        raise RuntimeError("\n".join(said))
    return said


def timeline(home: City, resident: str, visits: Sequence[tuple[City, str]]) -> list[Answer]:
    """What the resident's own app puts together from its city and the hosts, the newest first."""
    shown = [f"--visit={visitor_pass}@{host.settings}" for host, visitor_pass in visits]
    entries: list[Answer] = hutong(home, "resident", "timeline", resident, *shown)["entries"]
    return entries


def renew(host: City) -> Answer:
    """Renew all that a host recognises; the sums."""
    return hutong(host, "renewal", "run", "--all")
