"""One real city on this machine: its folder, its process, and clients of each role."""

import base64
import contextlib
import hashlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from federation.identifiers import CityCode
from node import bootstrap, data
from node.errors import HutongError
from node.files import load_requests, open_records
from node.model import Role
from scripts import towns

PID: Final = "node.pid"
START_SECONDS: Final = 30
STOP_SECONDS: Final = 15
_CALL_SECONDS: Final = 20.0
_PART: Final = 128 * 1024

Answer = dict[str, Any]


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@dataclass
class City:
    """One city: its folder, its ports, its process, and a client of each role."""

    about: data.City
    directory: Path
    peer_port: int
    local_port: int
    onboarding_port: int
    host: str = "127.0.0.1"
    """Where all three ports are."""
    environment: dict[str, str] = field(default_factory=dict)
    command: Sequence[str] = ("-m", "node.cli")
    process: subprocess.Popen[bytes] | None = None
    clients: dict[tuple[Role, str], bootstrap.LocalClient] = field(default_factory=dict)
    # Two threads that want one client make its certificate once.
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.directory / "hutong.toml"

    @property
    def log(self) -> Path:
        """What the node's process wrote."""
        return self.directory / "node.log"

    def init(self, store: str | None = None) -> None:
        """Make the node's keys and settings."""
        bootstrap.init_node(
            self.directory,
            city=CityCode(self.about.code),
            name_zh=self.about.name_zh,
            name_en=self.about.name_en,
            peer_address=f"{self.host}:{self.peer_port}",
            local_address=f"{self.host}:{self.local_port}",
            onboarding_port=self.onboarding_port,
            contact=f"12345, privacy@{self.about.pinyin}.example",
        )
        if store:
            text = self.settings.read_text("utf-8")
            changed = re.sub(r"(?m)^store = .*$", f'store = "{store}"', text)
            self.settings.write_text(changed, "utf-8")

    def start(self) -> None:
        """Start the process; `wait` tells when it serves."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command, "serve", "--settings", str(self.settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment or None,
                # Ctrl-C is for whoever started the cities; they are stopped in order.
                start_new_session=True,
            )
        self._pid.write_text(str(self.process.pid), "ascii")

    @property
    def _pid(self) -> Path:
        return self.directory / PID

    def wait(self) -> None:
        """Wait until the node answers; raises what it said where it ended instead."""
        give_up = time.monotonic() + START_SECONDS
        while True:
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > give_up:
                said = self.log.read_text("utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"{self.about.name_en} did not start:\n{said}")
            with contextlib.suppress(HutongError), socket.socket() as probe:
                if probe.connect_ex((self.host, self.local_port)) == 0:
                    self.operator("GetDescriptor")
                    return
            time.sleep(0.05)

    def stop(self) -> int:
        """Ask the process to end, and see that it does; its exit code."""
        self.forget_clients()
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def kill(self) -> None:
        """End the process with SIGKILL, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def forget_clients(self) -> None:
        """Close every client's connection."""
        for client in self.clients.values():
            client.close()
        self.clients.clear()

    def client(self, role: Role, name: str = "default") -> bootstrap.LocalClient:
        """A client of that role and name; its certificate is made where there is none."""
        with self._making:
            if (role, name) not in self.clients:
                files = bootstrap.default_client(self.settings, role)
                if name != "default":
                    files = bootstrap.issue_client(
                        self.settings, role=role, name=name, directory=self.directory / "clients"
                    )
                self.clients[role, name] = bootstrap.local_client(
                    address=f"{self.host}:{self.local_port}",
                    certificate=files.certificate,
                    key=files.key,
                    ca=files.ca,
                    timeout_seconds=_CALL_SECONDS,
                )
            return self.clients[role, name]

    def operator(self, method: str, /, who: str = "default", **request: object) -> Answer:
        """Call a method of OperatorService as the operator of that name."""
        return self.client(Role.OPERATOR, who).call(f"OperatorService/{method}", request)

    def partner(self, other: "City") -> Answer:
        """What this city knows of another."""
        answer: Answer = self.operator("GetPartner", city=other.about.code)["partner"]
        return answer

    def resident(self, method: str, **request: object) -> Answer:
        """Call a method of ResidentService."""
        return self.client(Role.RESIDENT).call(f"ResidentService/{method}", request)

    def venue(self, name: str, method: str, **request: object) -> Answer:
        """Call a method of VenueService as the venue of that name."""
        return self.client(Role.VENUE, name).call(f"VenueService/{method}", request)

    def department(self, name: str, method: str, **request: object) -> Answer:
        """Call a method of DepartmentService as the department of that name."""
        return self.client(Role.DEPARTMENT, name).call(f"DepartmentService/{method}", request)

    def load_rules(self) -> None:
        """Put its scale, incentives and indicators in force."""
        for method, name in (("LoadScale", "scale.toml"), ("LoadIncentives", "incentives.toml")):
            content = towns.rules(self.about, name)
            self.operator(method, request_id=new_id(), file_name=name, content=b64(content))
        name = "indicators.toml"
        content, request_id = towns.rules(self.about, name), new_id()
        first: Answer = {"file_name": name, "sha256": hashlib.sha256(content).digest()}
        parts: list[Answer] = [
            {"content": content[i : i + _PART]} for i in range(0, len(content), _PART)
        ]
        upload = self.client(Role.OPERATOR).upload
        upload(
            "OversightService/LoadIndicators",
            ({"request_id": request_id, **part} for part in (first, *parts)),
        )

    def enrol(self, kind: str, number: str) -> str:
        """Enrol a resident; the id."""
        answer = self.resident(
            "EnrolResident",
            request_id=new_id(),
            document_kind=f"DOCUMENT_KIND_{kind}",
            document_number=number,
        )
        return str(answer["resident_id"])

    def load_records(self, department: str = "credit-office") -> int:
        """Load the shipped records; how many were taken."""
        client = self.client(Role.DEPARTMENT, department)
        with open_records(str(data.path(f"records/{self.about.pinyin}.csv"))) as file:
            requests = load_requests(file.load_id(department), file.name, file.rows(), file.count)
            load = client.upload("DepartmentService/LoadRecords", requests)["load"]
        if int(load["quarantined_count"]):
            waiting = client.call("DepartmentService/ListQuarantinedRows", {})["rows"]
            raise RuntimeError(f"{file.name}: {waiting[0]}")
        return int(load["accepted_count"])

    def consent(
        self, resident_id: str, host: str, scenarios: Sequence[str], expires_at: str
    ) -> str:
        """Give a consent at BAND; its id."""
        answer = self.resident(
            "GiveConsent",
            request_id=new_id(),
            resident_id=resident_id,
            host_city=host,
            scenarios=list(scenarios),
            disclosure="DISCLOSURE_LEVEL_BAND",
            expires_at=expires_at,
        )
        return str(answer["consent"]["consent_id"])

    def code(self, resident_id: str, consent_id: str) -> str:
        """Make a presentation code; its text."""
        answer = self.resident(
            "CreatePresentationCode",
            request_id=new_id(),
            resident_id=resident_id,
            consent_id=consent_id,
        )
        return str(answer["presentation_code"])


def new_id() -> str:
    """A request id."""
    return str(uuid.uuid4())


def b64(content: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(content).decode()
