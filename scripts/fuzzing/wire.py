"""Bytes from the line: requests, partners' answers and errors, hellos, certificates."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from google.protobuf.message_factory import GetMessageClass
from google.rpc import code_pb2, error_details_pb2, status_pb2

from federation import codec, limits
from federation.codec import onboarding
from federation.errors import MALFORMED, HutongError
from federation.identifiers import CityCode
from federation.merkle_log import split_hashes
from federation.v1 import (
    envelope_pb2,
    federation_service_pb2,
    onboarding_pb2,
    trial_service_pb2,
)
from node.certificates import ends_at, peer_identity, pem_to_der, pinned, validity
from node.errors import FILE_INVALID
from node.registry import Partner
from node.transport import status
from node.transport.calls import _parse
from node.transport.fields import instant, page_of
from node.transport.peer_answers import envelope_in, parse
from node.transport.peer_trust import _result
from node.transport.trial_wire import step_from_peer
from scripts.fuzzing.oracle import Feed, Target, both_forms, canonical, promise, taken
from scripts.fuzzing.statements import vectors
from tests.federation.make import ZHENGZHOU, bundle, sealed_bundle
from tests.federation.onboard import inviter, joiner, party
from tests.node.transport.methods import LOCAL, PEER, SOME_ID, Method

_NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
_METHODS: Final[tuple[Method, ...]] = (*LOCAL, *PEER)
_TRIALS: Final = trial_service_pb2.DESCRIPTOR.services_by_name["TrialService"]
_SERVICE: Final = federation_service_pb2.DESCRIPTOR.services_by_name["FederationService"]
_ANSWERS: Final = tuple(
    GetMessageClass(method.output_type) for method in (*_SERVICE.methods, *_TRIALS.methods)
)
_DETAILS: Final = "grpc-status-details-bin"


def _request(data: bytes) -> None:
    """A request of any method: parsed and asked for each of its times, or refused."""
    feed = Feed(data)
    method = _METHODS[feed.number(1) % len(_METHODS)]
    for form in both_forms(method.request, feed.rest()):
        request = taken(lambda form=form: _parse(method.request, form, method.wire.name))  # type: ignore[misc]
        if request is None:
            continue
        again = request.SerializeToString(deterministic=True)
        promise(canonical(method.request, form) == again, "nothing is left out of what is read")
        taken(lambda request=request: page_of(request))  # type: ignore[misc]
        for field in request.DESCRIPTOR.fields:
            of = field.message_type.full_name if field.message_type else ""
            if of == "google.protobuf.Timestamp" and not field.is_repeated:
                taken(lambda r=request, n=field.name: instant(r, n))  # type: ignore[misc]


@cache
def _partner() -> Partner:
    envelope = sealed_bundle(bundle(ZHENGZHOU))
    return Partner(ZHENGZHOU, bundle(ZHENGZHOU), envelope, _NOW)


def _answer(data: bytes) -> None:
    """What a partner answers, as far as the transport reads it."""
    feed = Feed(data)
    answer_type = _ANSWERS[feed.number(1) % len(_ANSWERS)]
    for form in both_forms(answer_type, feed.rest()):
        answer: Any = taken(lambda form=form: parse(_partner(), answer_type, form))  # type: ignore[misc]
        if answer is not None:
            for read in _parts(answer):
                taken(read)


def _parts(answer: Any) -> Iterator[Any]:  # noqa: ANN401 - any answer
    for field in answer.DESCRIPTOR.fields:
        found = getattr(answer, field.name)
        of = field.message_type.full_name if field.message_type else ""
        if of == "federation.v1.Envelope":
            for each in found if field.is_repeated else ():
                yield lambda each=each: codec.envelope_from_wire(each)
            if not field.is_repeated:
                yield lambda name=field.name: envelope_in(_partner(), answer, name)
        elif field.name == "hashes":
            joined = found if isinstance(found, bytes) else b"".join(found)
            yield lambda joined=joined: split_hashes(joined, most=limits.PROOF_HASHES)
        elif field.name == "results":
            for each in found:
                yield lambda each=each: _result(_partner(), each)
        elif field.name == "steps":
            for each in found:
                yield lambda each=each: step_from_peer(each)


def _error(data: bytes) -> None:
    """What a partner says went wrong can be logged, shown, and told on."""
    trailers = ((_DETAILS, data), ("another", "x"))
    found = taken(lambda: status.from_metadata(trailers))
    if found is None:
        return
    for language in ("zh", "en"):
        told = found.text(language)
        promise(told.isprintable() and told.encode(), "another city steers no terminal")
    promise(status.code_of(found).name == found.reason.status.value, "it has a code")
    again = status.from_metadata(status.to_metadata(found))
    promise(again is not None and again.reason.name == found.reason.name, "it can be told on")


_HELLOS: Final = (
    onboarding_pb2.BeginRequest,
    onboarding_pb2.BeginResponse,
    onboarding_pb2.FinishRequest,
    onboarding_pb2.FinishResponse,
)


def _hello(data: bytes) -> None:
    """What a stranger says at the open door, before anything of it is believed."""
    feed = Feed(data)
    kind: Any = _HELLOS[feed.number(1) % len(_HELLOS)]
    rest = feed.rest()
    made = canonical(kind, rest)
    if made is None:
        return
    wire = kind.FromString(made)
    if kind is onboarding_pb2.FinishRequest:
        both = taken(lambda: onboarding.finish_from_request(wire))
        hello = both[0] if both else None
        if both is not None:
            again = onboarding.finish_from_request(onboarding.finish_to_request(*both))
            promise(again == both, "a finish is itself after a round")
    elif kind is onboarding_pb2.FinishResponse:
        said = taken(lambda: onboarding.finish_from_response(wire))
        if said is not None:
            again_said = onboarding.finish_from_response(onboarding.finish_to_response(said))
            promise(again_said == said, "a finish is itself after a round")
        return
    else:
        hello = taken(lambda: onboarding.begin_from_wire(wire))
    if hello is not None:
        wired = onboarding.hello_to_wire(hello)
        promise(onboarding.hello_from_wire(wired) == hello, "a hello is itself after a round")
        promise(len(hello.digest()) == _DIGEST, "all that it says is digested")


_DIGEST: Final = 32
_BOTH: Final = 2
_CITY: Final = CityCode("410100")


def _certificate(data: bytes) -> None:
    """A certificate of a partner's bundle stands for that city, whole, or for nobody."""
    pem = pinned(data, _CITY)
    if pem is None:
        return
    promise(pem_to_der(pem) == data, "it is pinned as it came")
    begins, ends = validity(pem)
    promise(ends == ends_at(pem) and begins.tzinfo is not None, "it has its days")
    for instant_ in (begins, ends):
        codec.instant_to_wire(instant_)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem.decode("ascii") + _own())
    promise(context.cert_store_stats()["x509"] == _BOTH, "TLS takes it, and its neighbour")


@cache
def _own() -> str:
    made = peer_identity(CityCode("330100"), now=_NOW, life=timedelta(days=3650))
    return made.certificate.decode("ascii")


def _certificates() -> list[bytes]:
    lives = (timedelta(days=365), timedelta(days=60 * 365))
    return [peer_identity(_CITY, now=_NOW, life=life).der() for life in lives]


def _requests() -> list[bytes]:
    found = list[bytes]()
    for place, method in enumerate(_METHODS):
        request: Any = method.request()
        for field in request.DESCRIPTOR.fields:
            if field.name.endswith("_id") and not field.is_repeated:
                setattr(request, field.name, SOME_ID)
            elif field.message_type is not None and not field.is_repeated:
                getattr(request, field.name).SetInParent()
        found.append(bytes([place]) + request.SerializeToString(deterministic=True))
    return found


def _answers() -> list[bytes]:
    found = list[bytes]()
    some = [*vectors("attestation")[:2], *vectors("partnership")[:1]]
    for place, answer_type in enumerate(_ANSWERS):
        answer: Any = answer_type()
        for field in answer.DESCRIPTOR.fields:
            of = field.message_type.full_name if field.message_type else ""
            if of == "federation.v1.Envelope" and not field.is_repeated:
                envelope = envelope_pb2.Envelope.FromString(some[place % len(some)])
                getattr(answer, field.name).CopyFrom(envelope)
            elif field.name == "hashes" and field.is_repeated:
                answer.hashes.append(bytes(32))
        found.append(bytes([place]) + answer.SerializeToString(deterministic=True))
    return found


def _errors() -> list[bytes]:
    known = (
        HutongError(MALFORMED, where="x", problem="y"),
        HutongError(FILE_INVALID, file="f", where="line 1", problem="p"),
    )
    found = [status.to_metadata(error)[0][1] for error in known]
    foreign = status_pb2.Status(code=code_pb2.NOT_FOUND, message="a {reason} of tomorrow")
    info = error_details_pb2.ErrorInfo(reason="OF_TOMORROW", domain="hutong", metadata={"a": "b"})
    foreign.details.add().Pack(info)
    return [*found, foreign.SerializeToString(deterministic=True)]


def _door() -> list[bytes]:
    hello = joiner(own=party(CityCode("330100"))).hello()
    answer = inviter().hello(hello)
    finish = joiner().finish(answer, answer.tls_certificate)
    messages = (
        onboarding_pb2.BeginRequest(hello=onboarding.hello_to_wire(hello)),
        onboarding_pb2.BeginResponse(hello=onboarding.hello_to_wire(answer)),
        onboarding.finish_to_request(hello, finish),
        onboarding.finish_to_response(finish),
    )
    return [bytes([n]) + m.SerializeToString(deterministic=True) for n, m in enumerate(messages)]


def targets() -> list[Target]:
    """One for each kind of bytes."""
    return [
        Target("request", "a request of any method of both ports", _request, _requests, 2048),
        Target("peer-answer", "an answer of a partner's node", _answer, _answers, 2048),
        Target("peer-error", "an error of a partner's node", _error, _errors, 2048),
        Target("hello", "what is said at the onboarding port", _hello, _door, 2048),
        Target("certificate", "a certificate of a partner", _certificate, _certificates, 2048),
    ]
