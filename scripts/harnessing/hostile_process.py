"""`python -m scripts.harnessing.hostile_process WORDS`: a city that turned against its partners.

It has the city's true keys and certificate, so that nothing but what it says gives it away. WORDS
is JSON. "flood" asks a partner for attestations of nobody, each question well signed, and heeds no
answer; "garbage" listens where the city would, and answers every call with random bytes. It prints
"ready", and how much it did when it is told to end.
"""

import asyncio
import json
import random
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import grpc
import uvloop

from federation import codec
from federation.envelope import seal
from federation.identifiers import CityCode, uuid7
from federation.limits import REQUEST_LIFETIME
from federation.messages import AttestationRequest, Disclosure, Header
from federation.v1 import federation_service_pb2 as pb
from node.certificates import peer_name, pinned
from node.keys import FileKeys, KeyFolder
from node.keys.bundles import read_published

ASK: Final = "/federation.v1.FederationService/RequestAttestation"
_UNANSWERED_MOST: Final = 2000
_CALL_SECONDS: Final = 10
_BEAT_SECONDS: Final = 0.01
_GARBAGE_MOST: Final = 4096
_CODE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Flooding:
    """What a flood needs to know."""

    own: str
    """The folder of the city that floods, its code, the partner's folder, code and address."""
    city: str
    other_folder: str
    other: str
    address: str
    agreement_id: str
    agreement_version: int
    scenario: str
    rate: float


@dataclass
class Flood:
    """Questions, as many a second as it is told, as far as this process can make them."""

    words: Flooding
    keys: FileKeys = field(init=False)
    asked: int = 0
    unanswered: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """With the city's own keys."""
        self.keys = FileKeys(KeyFolder(Path(self.words.own)))

    def question(self) -> bytes:
        """One question: in order in every respect, and about nobody."""
        now, city = datetime.now(UTC), CityCode(self.words.city)
        header = Header(
            uuid7(now, secrets.token_bytes(10)),
            city,
            (CityCode(self.words.other),),
            now,
            now + REQUEST_LIFETIME,
        )
        asked = AttestationRequest(
            header=header,
            agreement_id=self.words.agreement_id,
            agreement_version=self.words.agreement_version,
            presentation_code=secrets.token_bytes(_CODE_BYTES),
            pseudonym=None,
            scenarios=(self.words.scenario,),
            disclosure=Disclosure.BAND,
        )
        wire = codec.envelope_to_wire(seal(codec.ATTESTATION_REQUEST, asked, [self.keys]))
        return pb.RequestAttestationRequest(request=wire).SerializeToString()

    def channel(self) -> grpc.aio.Channel:
        """A connection to the partner."""
        own = self.keys.peer_identity
        city = CityCode(self.words.other)
        bundle = read_published(KeyFolder(Path(self.words.other_folder)))[-1].bundle
        pins = b"".join(filter(None, (pinned(der, city) for der in bundle.tls_certificates)))
        credentials = grpc.ssl_channel_credentials(pins, own.key, own.certificate)
        name = peer_name(city)
        options = (("grpc.ssl_target_name_override", name), ("grpc.enable_retries", 0))
        return grpc.aio.secure_channel(self.words.address, credentials, options=options)

    async def run(self) -> None:
        """Ask until it is told to end: by the clock, whatever comes back."""
        async with self.channel() as channel:
            call = channel.unary_unary(ASK, None, None)
            began = time.monotonic()
            while True:
                due = int((time.monotonic() - began) * self.words.rate)
                for _ in range(min(due - self.asked, _UNANSWERED_MOST - len(self.unanswered))):
                    task = asyncio.create_task(self._ask(call))
                    self.unanswered.add(task)
                    task.add_done_callback(self.unanswered.discard)
                    self.asked += 1
                await asyncio.sleep(_BEAT_SECONDS)

    async def _ask(self, call: Any) -> None:  # noqa: ANN401 - grpc's own
        try:
            await call(self.question(), timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError:
            return


class Garbage(grpc.GenericRpcHandler):  # type: ignore[type-arg] # only the stub takes them
    """Answers every call of every service with random bytes."""

    def __init__(self) -> None:
        """It has answered nothing yet."""
        self.answered = 0
        self._server: grpc.aio.Server | None = None

    def service(self, _details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        """For whatever is called."""
        return grpc.stream_stream_rpc_method_handler(self._answer)

    async def _answer(
        self, _requests: AsyncIterator[bytes], _context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[bytes]:
        self.answered += 1
        yield secrets.token_bytes(random.randrange(_GARBAGE_MOST))  # noqa: S311 - only a length

    async def serve(self, own: Path, addresses: list[str]) -> None:
        """Serve at these addresses with the city's own certificate."""
        identity = FileKeys(KeyFolder(own)).peer_identity
        server = grpc.aio.server()
        server.add_generic_rpc_handlers([self])
        credentials = grpc.ssl_server_credentials([(identity.key, identity.certificate)])
        for address in addresses:
            server.add_secure_port(address, credentials)
        await server.start()
        # It ends with the last that knows of it.
        self._server = server


async def main(words: dict[str, Any]) -> None:
    """Do harm until SIGTERM."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    kind = words.pop("kind")
    if kind == "flood":
        flood = Flood(Flooding(**words))
        running = asyncio.create_task(flood.run())
        _say("ready")
        ended = asyncio.create_task(told.wait())
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        running.cancel()
        _say(f"{flood.asked} questions were asked")
        return
    garbage = Garbage()
    await garbage.serve(Path(words["own"]), words["addresses"])
    _say("ready")
    await told.wait()
    _say(f"{garbage.answered} calls were answered with random bytes")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
