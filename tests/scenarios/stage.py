"""Real cities for scenarios: their stores opened from outside, a partner's keys in our hand."""

import contextlib
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import grpc
import sqlalchemy as sa

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import HutongError
from federation.identifiers import CityCode, parse_code, uuid7
from federation.keys import Signer
from federation.limits import REQUEST_LIFETIME
from federation.messages import AttestationRequest, Disclosure, Header
from federation.v1 import federation_service_pb2 as pb
from node import data
from node.certificates import peer_name
from node.clock import SystemEntropy
from node.config import read_settings
from node.keys import FileKeys, KeyFolder
from node.transport import status
from scripts.cities import Answer, Cities, City, agree, befriend, free_ports, new_id

ROOT: Final = Path(__file__).resolve().parents[2]
ASK: Final = "/federation.v1.FederationService/RequestAttestation"
EXCHANGE: Final = "/federation.v1.FederationService/ExchangeTrustBundles"
SCENARIO: Final = "library.deposit_free"
ENDS: Final = (datetime.now(UTC) + timedelta(days=30)).isoformat()
_SECONDS: Final = 30


@contextlib.contextmanager
def settled(
    directory: Path,
    codes: Sequence[str] = (),
    stores: dict[str, str] | None = None,
    freshness_seconds: int | None = None,
) -> Iterator[Cities]:
    """Cities with their rules in force, partners of each other, with agreements."""
    with Cities(directory, codes) as cities:
        cities.start(stores)
        for city in cities:
            city.load_rules()
        cities.connect(freshness_seconds)
        yield cities


def enrolled(city: City) -> dict[str, str]:
    """The shipped residents with their records: ids by label."""
    found = {
        row.label: city.enrol(row.document_kind, row.document_number)
        for row in data.residents(city.about.pinyin)
    }
    city.load_records()
    return found


def of_standing(residents: dict[str, str], word: str) -> list[str]:
    """The residents whose label says so."""
    return [found for label, found in residents.items() if word in label]


@contextlib.contextmanager
def store_of(city: City) -> Iterator[sa.Connection]:
    """The city's store, from outside."""
    url = read_settings(city.settings).store_url
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def count(city: City, sql: str, **values: object) -> int:
    """The one number that a query gives."""
    with store_of(city) as store:
        return int(store.execute(sa.text(sql), values).scalar_one())


def digest(code: str) -> bytes:
    """What the store knows a code by."""
    return hashlib.sha256(parse_code(code, where="code")[1]).digest()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold: another process may need a moment."""
    until = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def lines(city: City) -> list[dict[str, Any]]:
    """The lines of the node's log that are JSON."""
    found = []
    for line in city.log.read_text("utf-8").splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return [line for line in found if isinstance(line, dict)]


def check(city: City, shown: str, *, request_id: str = "", venue: str = "library") -> Answer:
    """What a venue is told of a presentation code."""
    return city.venue(
        venue, "CheckEligibility", request_id=request_id or new_id(), presentation_code=shown
    )


def visit(home: City, host: City, resident: str, *scenarios: str) -> str:
    """A new code of the resident for that host."""
    consent = home.consent(resident, host.about.code, scenarios or [SCENARIO], ENDS)
    return home.code(resident, consent)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer, as it came over the wire: everything that a host can look at."""

    code: grpc.StatusCode
    text: str
    body: bytes
    initial: tuple[Any, ...]
    trailing: tuple[Any, ...]

    @property
    def error(self) -> HutongError | None:
        return status.from_metadata(self.trailing)

    @property
    def reason(self) -> str:
        return self.error.reason.name if self.error else self.code.name


@dataclass(frozen=True, slots=True)
class Hand:
    """A host city whose process has stopped, and whose keys are in our hand."""

    home: City
    keys: FileKeys
    folder: KeyFolder
    city: CityCode
    agreement_id: str

    def question(
        self,
        code: str,
        *,
        statement_id: str = "",
        age: timedelta = timedelta(0),
        life: timedelta = REQUEST_LIFETIME,
        issuer: str = "",
        audience: str = "",
        signer: Signer | None = None,
        scenarios: tuple[str, ...] = (SCENARIO,),
    ) -> bytes:
        """The bytes of a RequestAttestation call."""
        made = datetime.now(UTC) - age
        header = Header(
            statement_id or uuid7(made, SystemEntropy().token(10)),
            CityCode(issuer or self.city),
            (CityCode(audience or self.home.about.code),),
            made,
            made + life,
        )
        asked = AttestationRequest(
            header=header,
            agreement_id=self.agreement_id,
            agreement_version=1,
            presentation_code=parse_code(code, where="code")[1],
            pseudonym=None,
            scenarios=scenarios,
            disclosure=Disclosure.BAND,
        )
        return wrapped(seal(codec.ATTESTATION_REQUEST, asked, [signer or self.keys]))

    @contextlib.contextmanager
    def channel(self, port: int = 0) -> Iterator[grpc.Channel]:
        """A connection to the home city's peer port, or to what stands before it."""
        credentials = grpc.ssl_channel_credentials(
            KeyFolder(self.home.directory).peer_certificate.read_bytes(),
            self.folder.peer_key.read_bytes(),
            self.folder.peer_certificate.read_bytes(),
        )
        name = peer_name(CityCode(self.home.about.code))
        options = (
            ("grpc.ssl_target_name_override", name),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 200),
        )
        address = f"127.0.0.1:{port or self.home.peer_port}"
        with grpc.secure_channel(address, credentials, options=options) as made:
            yield made

    def ask(self, channel: grpc.Channel, body: bytes, method: str = ASK) -> Said:
        """What the home city says."""
        return said(channel, method, body)


def said(channel: grpc.Channel, method: str, body: bytes) -> Said:
    """One call, and all of its answer."""
    call: Any = channel.unary_unary(method, None, None)
    try:
        answer, ended = call.with_call(body, timeout=_SECONDS, wait_for_ready=True)
    except grpc.RpcError as error:
        answer, ended = b"", error
    return Said(
        ended.code(),
        str(ended.details()),
        answer,
        tuple(map(tuple, ended.initial_metadata() or ())),
        tuple(map(tuple, ended.trailing_metadata() or ())),
    )


def wrapped(envelope: Envelope) -> bytes:
    """An envelope as a RequestAttestation call."""
    wire = codec.envelope_to_wire(envelope)
    return pb.RequestAttestationRequest(request=wire).SerializeToString()


@contextlib.contextmanager
def hand(directory: Path, store: str | None = None) -> Iterator[tuple[Hand, dict[str, str]]]:
    """Zhengzhou runs; Hangzhou has stopped, and we hold its keys."""
    with Cities(directory, ("410100", "330100")) as cities:
        home, host = cities["zhengzhou"], cities["hangzhou"]
        cities.start({"zhengzhou": store} if store else None)
        for city in cities:
            city.load_rules()
        befriend(home, host)
        agreement_id = agree(host, home)
        host.stop()
        folder = KeyFolder(host.directory)
        held = Hand(home, FileKeys(folder), folder, CityCode(host.about.code), agreement_id)
        yield held, enrolled(home)


class Line:
    """A wire between a client and a port, that can fall silent: what is sent back gets lost."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open = list[socket.socket]()
        self.muted = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    near.close()
                    continue
                self._open += [near, far]
                for one, other, back in ((near, far, False), (far, near, True)):
                    args = (one, other, back)
                    threading.Thread(target=self._carry, args=args, daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, back: bool) -> None:
        with contextlib.suppress(OSError):
            while carried := one.recv(65536):
                if not (back and self.muted.is_set()):
                    other.sendall(carried)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Cut every connection."""
        for each in self._open:
            each.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()


def open_files(process: "subprocess.Popen[bytes] | None") -> int:
    """The open file descriptors of a node's process."""
    assert process is not None
    return len(os.listdir(f"/proc/{process.pid}/fd"))  # noqa: PTH208 - as a shell would


def beside(city: City, directory: Path) -> City:
    """Another process of the same city: the same keys, and ports of its own."""
    directory.mkdir()
    peer, local, onboarding = free_ports(3)
    made = replace(
        city,
        directory=directory,
        peer_port=peer,
        local_port=local,
        onboarding_port=onboarding,
        process=None,
        clients={},
    )
    text = city.settings.read_text("utf-8")
    text = re.sub(r"(?m)^data_dir = .*$", f'data_dir = "{city.directory}"', text)
    ports = {city.peer_port: peer, city.local_port: local, city.onboarding_port: onboarding}
    for old, new in ports.items():
        text = text.replace(f":{old}", f":{new}")
    made.settings.write_text(text, "utf-8")
    return made


@contextlib.contextmanager
def two_processes(database: str, directory: Path) -> Iterator[tuple[City, City]]:
    """A city over a database, served by two processes that share its keys."""
    with Cities(directory, ("410100",)) as cities:
        one = cities["zhengzhou"]
        cities.start({"zhengzhou": database})
        other = beside(one, directory / "beside")
        other.start()
        other.wait()
        try:
            yield one, other
        finally:
            other.stop()
