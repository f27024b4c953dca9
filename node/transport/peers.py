"""Calls to partners: pinned mutual TLS, a deadline on each, a bound on how many are under way.

One partner's silence costs its own places only (rule 10): a call ends at its deadline, and where
too many wait already the next one is refused at once. Whoever asked this city lends its deadline: a
partner is given less than is left of it. One that failed again and again is left alone for a while.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self, TypeVar

import grpc
from google.protobuf.message import Message

from federation import codec
from federation.envelope import Envelope
from federation.errors import HutongError
from federation.identifiers import CityCode
from federation.limits import MESSAGE_BYTES
from federation.v1 import federation_service_pb2 as pb
from node import deadlines, limits, load_limits
from node.certificates import Identity
from node.clock import SystemEntropy
from node.errors import TRIAL_UNKNOWN
from node.ports import BundleSwap, CircuitView, Entropy, Identities, ScaleSwap
from node.registry import Partner
from node.transport import credentials, reunion
from node.transport.calls import TIME_HEADER
from node.transport.outgoing import Metadata, Watch, unwatched
from node.transport.peer_answers import (
    clock_of,
    envelope_in,
    first_answer,
    first_reached,
    parse,
    told,
    unreachable,
)
from node.transport.peer_trust import TrustCalls
from node.transport.places import Place, Places
from node.transport.trial_peers import TrialCalls

M = TypeVar("M", bound=Message)

_SERVICE: Final = "/federation.v1.FederationService/"
_TRIAL: Final = "/federation.v1.TrialService/"
# These are made by this city itself, one at a time with each partner, and have a back-off of their
# own (`node.services.turns`): they go out to a partner that others leave alone, and find it again.
_BY_ITSELF: Final = frozenset(
    {"ExchangeTrustBundles", "PushStatusLists", "AddCheckpoint", "ReleaseUse"}
)
_END: Final[object] = getattr(grpc.aio, "EOF")  # noqa: B009 - the stubs lack it
# What a channel raises that was let go while somebody waited to reach it.
_LET_GO: Final[type[Exception]] = getattr(grpc.aio, "UsageError")  # noqa: B009 - the same
OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # A partner that comes back is found again within half a second, not after gRPC's minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    # By its name a wait; it is the time that a connection has to come about, with its handshake.
    ("grpc.min_reconnect_backoff_ms", round(limits.PEER_CONNECTS.total_seconds() * 1000)),
    # A line that was cut without a word is noticed.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.enable_retries", 0),
    # A new channel is a new connection, also while one to the same address is open.
    ("grpc.use_local_subchannel_pool", 1),
    # An error's trailers, at their longest: three bytes a character, and base64.
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.absolute_max_metadata_size", 32 * 1024),
)


@dataclass(slots=True)
class _Line:
    """The connections to one partner, as its newest trust bundle and our certificate want them."""

    partner: Partner
    own: Identity
    channels: list[grpc.aio.Channel]


class GrpcPeers(TrustCalls, TrialCalls):
    """The partner cities' peer ports."""

    def __init__(
        self, keys: Identities, watch: Watch = unwatched, entropy: Entropy | None = None
    ) -> None:
        """Call with the certificate that is current at each call; `watch` is around each."""
        self._keys = keys
        self._watch = watch
        self._places = Places(entropy or SystemEntropy())
        self._lines: dict[str, _Line] = {}
        self._hanging_up: set[asyncio.Task[None]] = set()

    async def exchange_trust_bundles(
        self, partner: Partner, own: tuple[Envelope, ...], *, by_any_means: bool = False
    ) -> BundleSwap:
        """Give our bundles, the newest last, and get the partner's."""
        request = pb.ExchangeTrustBundlesRequest(
            trust_bundle=codec.envelope_to_wire(own[-1]),
            earlier=[codec.envelope_to_wire(bundle) for bundle in own[:-1]],
            known_sequence=partner.bundle.sequence,
        )
        times: list[str] = []

        def listen(trailing: Any) -> None:  # noqa: ANN401 - gRPC's metadata has no better type
            times.append(str(dict(trailing or ()).get(TIME_HEADER, "")))

        call = self._meet if by_any_means else self._call
        answer = await call(
            partner, "ExchangeTrustBundles", request, pb.ExchangeTrustBundlesResponse, listen
        )
        newest = envelope_in(partner, answer, "trust_bundle")
        earlier = tuple(codec.envelope_from_wire(bundle) for bundle in answer.earlier)
        return BundleSwap((*earlier, newest), answer.known_sequence, clock_of(times[0]))

    async def _meet(
        self,
        partner: Partner,
        method: str,
        request: Message,
        answer_type: type[M],
        listen: Callable[[Any], None],
    ) -> M:
        """Call a partner of which, and which of us, only an older certificate may be known."""
        data, path = request.SerializeToString(), _SERVICE + method

        async def attempt(channel: grpc.aio.Channel) -> M:
            seconds = deadlines.within(limits.PEER_DEADLINE.total_seconds())
            call = channel.unary_unary(path, None, None)(data, timeout=seconds)
            answer = await call
            listen(await call.trailing_metadata())
            return parse(partner, answer_type, answer)

        # What it would have said beside the bundles is not said on such a line.
        with self._watch(partner.city, path):
            try:
                return await self._met(partner, attempt)
            except grpc.aio.AioRpcError as error:
                raise told(partner, error) from error
            except TimeoutError as error:
                raise unreachable(partner, "no connection") from error

    async def _met(
        self, partner: Partner, attempt: Callable[[grpc.aio.Channel], Awaitable[M]]
    ) -> M:
        """The first answer by whatever certificates; raises TimeoutError where there is none."""
        # Also by what was revoked: where there was nothing older the partner knows nothing else,
        # and hears by it that it is revoked.
        identities = (*self._keys.peer_identities, *self._keys.revoked_identities)
        return await reunion.first_answer(partner, identities, OPTIONS, attempt)

    async def exchange_partnership(self, partner: Partner, own: Envelope) -> Envelope:
        """Say how we stand to the partner, and hear how it stands to us."""
        request = pb.ExchangePartnershipRequest(partnership=codec.envelope_to_wire(own))
        answer = await self._call(
            partner, "ExchangePartnership", request, pb.ExchangePartnershipResponse
        )
        return envelope_in(partner, answer, "partnership")

    async def exchange_scales(self, partner: Partner, own: ScaleSwap) -> ScaleSwap:
        """Give our scales in force, with their histograms, and get the partner's."""
        request = pb.ExchangeScalesRequest(
            scales=map(codec.envelope_to_wire, own.scales),
            histograms=map(codec.envelope_to_wire, own.histograms),
        )
        answer = await self._call(partner, "ExchangeScales", request, pb.ExchangeScalesResponse)
        return ScaleSwap(
            tuple(map(codec.envelope_from_wire, answer.scales)),
            tuple(map(codec.envelope_from_wire, answer.histograms)),
        )

    async def propose_agreement(self, partner: Partner, agreement: Envelope) -> None:
        """Bring an agreement that we signed."""
        request = pb.ProposeAgreementRequest(agreement=codec.envelope_to_wire(agreement))
        await self._call(partner, "ProposeAgreement", request, pb.ProposeAgreementResponse)

    async def countersign_agreement(self, partner: Partner, agreement: Envelope) -> None:
        """Bring back an agreement that both signed."""
        request = pb.CountersignAgreementRequest(agreement=codec.envelope_to_wire(agreement))
        await self._call(partner, "CountersignAgreement", request, pb.CountersignAgreementResponse)

    async def request_attestation(self, partner: Partner, request: Envelope) -> Envelope:
        """Ask for an attestation."""
        answer = await self._call(
            partner,
            "RequestAttestation",
            pb.RequestAttestationRequest(request=codec.envelope_to_wire(request)),
            pb.RequestAttestationResponse,
        )
        return envelope_in(partner, answer, "attestation")

    def circuit(self, city: CityCode) -> CircuitView | None:
        """How calls to a partner go; None where this process has made none. From any thread."""
        return self._places.circuit(city)

    async def __aenter__(self) -> Self:
        """Nothing is connected yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let every connection go."""
        lines, self._lines = self._lines, {}
        await asyncio.gather(*self._hanging_up, *(_hang_up(line) for line in lines.values()))

    async def _call(
        self,
        partner: Partner,
        method: str,
        request: Message,
        answer_type: type[M],
        listen: Callable[[Any], None] | None = None,
    ) -> M:
        path, deadline = _SERVICE + method, limits.PEER_DEADLINE
        return await self._reach(partner, path, request, answer_type, deadline, listen)

    async def _try(
        self,
        partner: Partner,
        method: str,
        request: Message,
        answer_type: type[M],
        deadline: timedelta,
    ) -> M:
        path = _TRIAL + method
        for _ in range(load_limits.TRIAL_DIALS):
            try:
                return await self._reach(partner, path, request, answer_type, deadline)
            except HutongError as error:
                if error.fields.get("peer_reason") != TRIAL_UNKNOWN.name:
                    raise
            # Of several processes behind one address a trial is known to one: a new connection may
            # lead to another than the last.
            self._drop(self._lines.pop(partner.city, None))
        return await self._reach(partner, path, request, answer_type, deadline)

    async def _reach(
        self,
        partner: Partner,
        path: str,
        request: Message,
        answer_type: type[M],
        deadline: timedelta,
        listen: Callable[[Any], None] | None = None,
    ) -> M:
        data = request.SerializeToString()
        loop = asyncio.get_running_loop()
        # One deadline for all endpoints: a partner that fails late at each gains no time by it.
        seconds = deadlines.within(deadline.total_seconds())
        if not seconds:
            raise unreachable(partner, "no time is left to ask it")
        ends = loop.time() + seconds

        async def once() -> M:
            async with self._place(partner, path) as (place, metadata):

                async def attempt(channel: grpc.aio.Channel) -> M:
                    call = channel.unary_unary(path, None, None)(
                        data, timeout=max(ends - loop.time(), 0), metadata=metadata
                    )
                    answer = await call
                    if listen is not None:
                        listen(await call.trailing_metadata())
                    return parse(partner, answer_type, answer)

                try:
                    return await first_answer(self._line(partner).channels, attempt)
                except grpc.aio.AioRpcError as error:
                    late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                    place.hurried = late and _hurried(seconds, deadline)
                    raise told(partner, error) from error
                except _LET_GO as error:
                    # The line moved, for other keys or addresses: the next call goes by those.
                    raise unreachable(partner, "no connection") from error

        for _ in range(load_limits.PEER_TRIES - 1):
            try:
                return await once()
            except HutongError as error:
                rest = self._places.rest(error)
                if rest is None or loop.time() + rest >= ends:
                    raise
            # It turned the call away unread, and said when to come again.
            await asyncio.sleep(rest)
        return await once()

    async def _answers(
        self,
        partner: Partner,
        method: str,
        requests: Message | AsyncIterator[Message],
        answer_type: type[M],
        patience: timedelta,
    ) -> AsyncGenerator[M, None]:
        """The answers of a stream to one request or to many; each comes within `patience`.

        The first endpoint that is reached is asked; once a call has begun, a cut is told.
        """
        path, seconds = _SERVICE + method, patience.total_seconds()
        async with self._place(partner, path) as (place, metadata):
            try:
                channel = await first_reached(self._line(partner).channels)
            except _LET_GO as error:
                raise unreachable(partner, "no connection") from error
            if channel is None:
                raise unreachable(partner, "no connection")
            call: Any
            if isinstance(requests, Message):
                one = requests.SerializeToString()
                call = channel.unary_stream(path, None, None)(one, metadata=metadata)
            else:
                many = (request.SerializeToString() async for request in requests)
                call = channel.stream_stream(path, None, None)(many, metadata=metadata)
            try:
                while True:
                    data = await asyncio.wait_for(call.read(), deadlines.within(seconds))
                    # Whatever it was: others need not wait until a long stream is over.
                    place.attempt.succeeded()
                    if data is _END:
                        return
                    yield parse(partner, answer_type, data)
            except grpc.aio.AioRpcError as error:
                raise told(partner, error) from error
            except TimeoutError as error:
                place.hurried = _hurried(deadlines.within(seconds), patience)
                raise unreachable(partner, "no answer in time") from error
            finally:
                call.cancel()

    @contextlib.asynccontextmanager
    async def _place(self, partner: Partner, path: str) -> AsyncIterator[tuple[Place, Metadata]]:
        """A place among the calls to a partner, and what the call of that path says beside it."""
        regardless = path.rpartition("/")[2] in _BY_ITSELF
        with self._watch(partner.city, path) as metadata:
            async with self._places.one(partner, regardless=regardless) as place:
                yield place, metadata

    def _line(self, partner: Partner) -> _Line:
        line, identity = self._lines.get(partner.city), self._keys.peer_identity
        if line and line.partner.bundle == partner.bundle and line.own == identity:
            return line
        made = _Line(partner, identity, self._channels(partner, identity))
        self._lines[partner.city] = made
        self._drop(line)
        return made

    def _drop(self, line: _Line | None) -> None:
        """Let a line go, if there is one: calls on it may go on, and nobody waits for them."""
        if line is not None:
            task = asyncio.create_task(_hang_up(line))
            self._hanging_up.add(task)
            task.add_done_callback(self._hanging_up.discard)

    def _channels(self, partner: Partner, identity: Identity) -> list[grpc.aio.Channel]:
        """A connection to each endpoint of a partner, to be made at the first call."""
        own = credentials.to_partner(identity, partner)
        options = (*OPTIONS, credentials.partner_name(partner.city))
        return [
            grpc.aio.secure_channel(str(endpoint), own, options=options)
            for endpoint in partner.bundle.endpoints
        ]


def _hurried(seconds: float, deadline: timedelta) -> bool:
    """Whether a partner had so little time that its silence says nothing of it."""
    return seconds < min(deadline, load_limits.CIRCUIT_PATIENCE).total_seconds()


async def _hang_up(line: _Line) -> None:
    for channel in line.channels:
        await channel.close(grace=limits.PEER_DEADLINE.total_seconds())
