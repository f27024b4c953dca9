"""A home city under load: a real node, and a host city's keys in our hand."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc

from federation import codec
from federation.envelope import seal
from federation.identifiers import CityCode, parse_code, uuid7
from federation.limits import REQUEST_LIFETIME
from federation.messages import AttestationRequest, Disclosure, Header
from federation.v1 import federation_service_pb2
from node import data
from node.certificates import peer_name
from node.clock import SystemEntropy
from node.keys import FileKeys, KeyFolder
from scripts.cities import Cities, City, agree, befriend

METHOD = "/federation.v1.FederationService/RequestAttestation"
IN_FLIGHT = 64
# One client stands for all: what each of many may take is not what is measured.
UNLIMITED = {"HUTONG_CLIENT_RATE": "0", "HUTONG_PARTNER_RATE": "0"}
SCENARIO = "library.deposit_free"


@dataclass(frozen=True, slots=True)
class Rig:
    """A running home city, and what the host city knows and holds."""

    home: City
    keys: FileKeys
    folder: KeyFolder
    host: CityCode
    agreement_id: str
    agreement_version: int
    residents: dict[str, str]
    pseudonyms: tuple[bytes, ...]

    def question(self, *, code: str = "", pseudonym: bytes | None = None) -> bytes:
        """The bytes of a RequestAttestation call, signed by the host."""
        now = datetime.now(UTC)
        header = Header(
            uuid7(now, SystemEntropy().token(10)),
            self.host,
            (CityCode(self.home.about.code),),
            now,
            now + REQUEST_LIFETIME,
        )
        asked = AttestationRequest(
            header=header,
            agreement_id=self.agreement_id,
            agreement_version=self.agreement_version,
            presentation_code=parse_code(code, where="code")[1] if code else None,
            pseudonym=pseudonym,
            scenarios=(SCENARIO,),
            disclosure=Disclosure.BAND,
        )
        envelope = seal(codec.ATTESTATION_REQUEST, asked, [self.keys])
        return federation_service_pb2.RequestAttestationRequest(
            request=codec.envelope_to_wire(envelope)
        ).SerializeToString()

    def questions(self, count: int) -> list[bytes]:
        """That many questions about residents known by pseudonym, in turn."""
        known = self.pseudonyms
        return [self.question(pseudonym=known[i % len(known)]) for i in range(count)]

    def channel(self) -> grpc.aio.Channel:
        """A connection to the home city's peer port, as the host."""
        credentials = grpc.ssl_channel_credentials(
            KeyFolder(self.home.directory).peer_certificate.read_bytes(),
            self.folder.peer_key.read_bytes(),
            self.folder.peer_certificate.read_bytes(),
        )
        name = peer_name(CityCode(self.home.about.code))
        return grpc.aio.secure_channel(
            f"127.0.0.1:{self.home.peer_port}",
            credentials,
            options=[("grpc.ssl_target_name_override", name)],
        )


@contextlib.contextmanager
def rig(
    directory: Path,
    environment: dict[str, str] | None = None,
    command: Sequence[str] = ("-m", "node.cli"),
) -> Iterator[Rig]:
    """A home city with an agreement; the host city has stopped, and we hold its keys."""
    with Cities(directory, ("410100", "330100")) as cities:
        home, host = cities["zhengzhou"], cities["hangzhou"]
        home.environment = UNLIMITED | (environment or {})
        home.command = command
        cities.start()
        for city in cities:
            city.load_rules()
        befriend(home, host)
        agreement_id = agree(host, home)
        host.stop()
        residents = {
            row.label: home.enrol(row.document_kind, row.document_number)
            for row in data.residents("zhengzhou")
        }
        home.load_records()
        folder = KeyFolder(host.directory)
        good = [found for label, found in residents.items() if "excellent" in label]
        host_code = CityCode(host.about.code)
        rigged = Rig(
            home,
            FileKeys(folder),
            folder,
            host_code,
            agreement_id,
            1,
            residents,
            _pseudonyms(home, good, host_code),
        )
        yield rigged


def _pseudonyms(home: City, residents: Sequence[str], host: CityCode) -> tuple[bytes, ...]:
    """What the host knows the residents by, after a first visit each."""
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    for resident in residents:
        home.consent(resident, host, [SCENARIO], ends)
    # The bench holds both cities in its hand: it reads what first visits would have told the host.
    with contextlib.closing(sqlite3.connect(home.directory / "hutong.sqlite")) as store:
        rows = store.execute(
            "SELECT DISTINCT pseudonym FROM consents WHERE resident_id <> ''"
        ).fetchall()
    return tuple(row[0] for row in rows)


def _uuid() -> str:
    return uuid7(datetime.now(UTC), SystemEntropy().token(10))


async def rate(
    channel: grpc.aio.Channel, method: str, requests: Sequence[bytes], *more: grpc.aio.Channel
) -> float:
    """Calls a second, with 64 in flight; every call must succeed.

    With `more` channels an equal part of them goes over each.
    """
    waiting = iter(requests)

    async def worker(call: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]") -> None:
        for request in waiting:
            await call(request, timeout=30)

    calls = [each.unary_unary(method, None, None) for each in (channel, *more)]
    began = time.perf_counter()
    await asyncio.gather(*(worker(calls[i % len(calls)]) for i in range(IN_FLIGHT)))
    return len(requests) / (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def open_channel(channel: grpc.aio.Channel) -> AsyncIterator[grpc.aio.Channel]:
    """The channel, connected; closed in the end."""
    await channel.channel_ready()
    try:
        yield channel
    finally:
        await channel.close(None)
