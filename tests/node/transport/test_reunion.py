"""A server whose certificate nobody verified: what it may hear, and what it cannot bring about."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509

from federation import codec
from federation.envelope import Envelope, seal
from federation.errors import (
    BUNDLE_ROLLBACK,
    MISSING_SIGNATURE,
    NOT_CANONICAL,
    WRONG_ISSUER,
    HutongError,
)
from federation.identifiers import uuid7
from federation.keys import Signer
from federation.v1 import federation_service_pb2 as pb
from node.certificates import Identity, peer_identity
from node.errors import PEER_UNREACHABLE
from node.keys.current import fingerprint_of
from node.keys.files import read_signer
from node.model import Role
from node.ports import ScaleSwap
from node.v1 import operator_service_pb2 as operator_pb
from scripts.cities import free_ports
from tests.node.transport.house import (
    FRIEND,
    HERE,
    LIFE,
    OTHER,
    House,
    Loop,
    Stranger,
    call,
    eventually,
    now,
    opened,
    stranger,
    turned_away,
)

SERVICE = "/federation.v1.FederationService/"


@dataclass
class Fake:
    """Answers like the friend, at its address, with a certificate that nobody knows."""

    answer: bytes = b""
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def methods(self) -> set[str]:
        return {method for method, _ in self.heard}

    @contextlib.asynccontextmanager
    async def serving(self, own: Identity, port: int) -> AsyncIterator[None]:
        server: Any = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        fake = self

        class Everything(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in the stubs only
            def service(self, details: Any) -> Any:  # noqa: ANN401 - as the stubs have it
                async def behave(request: bytes, _context: object) -> bytes:
                    fake.heard.append((str(details.method).removeprefix(SERVICE), request))
                    return fake.answer

                return grpc.unary_unary_rpc_method_handler(behave)

        server.add_generic_rpc_handlers([Everything()])
        credentials = grpc.ssl_server_credentials([(own.key, own.certificate)])
        server.add_secure_port(f"127.0.0.1:{port}", credentials)
        await server.start()
        try:
            yield
        finally:
            await server.stop(None)


@dataclass(frozen=True, slots=True)
class Cut:
    """A house whose partner has moved away, and who stands there now."""

    house: House
    friend: Stranger
    fake: Fake

    def swap(self) -> HutongError:
        """What a swap with the partner comes to."""
        with pytest.raises(HutongError) as found:
            self.house.loop.run(self.house.cases.swapping.swap(FRIEND))
        return found.value

    def answer(self, *chain: Envelope) -> None:
        self.fake.answer = pb.ExchangeTrustBundlesResponse(
            trust_bundle=codec.envelope_to_wire(chain[-1]),
            earlier=[codec.envelope_to_wire(bundle) for bundle in chain[:-1]],
            known_sequence=1,
        ).SerializeToString()

    @property
    def known(self) -> Envelope:
        return self.house.store.registry.partners[FRIEND].envelope


@pytest.fixture
def cut(loop: Loop, tmp_path: Path) -> Iterator[Cut]:
    [port] = free_ports(1)
    with opened(loop, tmp_path / "here") as house:
        friend = stranger(tmp_path / "friend", FRIEND, f"127.0.0.1:{port}")
        house.trust(friend)
        fake = Fake()
        context = fake.serving(peer_identity(FRIEND, now=now(), life=LIFE), port)
        loop.run(context.__aenter__())
        try:
            yield Cut(house, friend, fake)
        finally:
            loop.run(_leave(context))


async def _leave(context: Any) -> None:  # noqa: ANN401 - a context manager of coroutines
    await context.__aexit__(None, None, None)


def another(friend: Stranger, sequence: int, *signed_by: Stranger, **changes: Any) -> Envelope:  # noqa: ANN401 - fields of a bundle
    """A bundle like the friend's, of that sequence, which these root keys signed."""
    bundle = codec.TRUST_BUNDLE.decode(friend.keys.bundle.payload)
    header = replace(bundle.header, issued_at=now() - timedelta(seconds=5))
    made = replace(bundle, sequence=sequence, header=header, **changes)
    return seal(codec.TRUST_BUNDLE, made, [root_of(each) for each in signed_by])


def root_of(city: Stranger) -> Signer:
    return read_signer(city.folder.root_key)


def test_who_stands_there_hears_the_public_bundle_and_nothing_else(cut: Cut) -> None:
    cut.answer(cut.known)
    error = cut.swap()
    # All that is said of the partnership goes on a line with a certificate that is known.
    assert error.reason == PEER_UNREACHABLE
    assert cut.fake.methods == {"ExchangeTrustBundles"}
    for _, request in cut.fake.heard:
        asked = pb.ExchangeTrustBundlesRequest.FromString(request)
        told = [codec.envelope_from_wire(e) for e in (asked.trust_bundle, *asked.earlier)]
        assert told == [cut.house.keys.bundle]


@pytest.mark.parametrize(
    "call",
    ["exchange_partnership", "exchange_scales", "propose_agreement", "request_attestation"],
)
def test_no_other_call_is_made_by_any_means(cut: Cut, call: str) -> None:
    peers: Any = cut.house.cases.swapping._peers
    partner = cut.house.store.registry.partners[FRIEND]
    said: Any = ScaleSwap() if call == "exchange_scales" else cut.house.keys.bundle
    with pytest.raises(HutongError) as found:
        cut.house.loop.run(getattr(peers, call)(partner, said))
    assert found.value.reason == PEER_UNREACHABLE
    assert cut.fake.heard == []


def test_garbage_from_who_stands_there_changes_nothing(cut: Cut) -> None:
    before = cut.known
    for answer in (b"", b"\xff" * 9, b"\x0a\x00", b"\x0a\x02\x0a\x00"):
        cut.fake.answer = answer
        assert cut.swap().reason.name in {"MALFORMED", "NOT_CANONICAL", "WRONG_TYPE"}
    assert cut.known == before


def test_an_old_bundle_rolls_nothing_back(cut: Cut) -> None:
    old = cut.known
    new = another(cut.friend, 3, cut.friend)
    cut.house.loop.run(cut.house.cases.swapping.receive_bundles(FRIEND, [new]))
    cut.answer(old)
    assert cut.swap().reason == BUNDLE_ROLLBACK
    assert cut.known == new


def test_a_bundle_of_the_same_number_forks_nothing(cut: Cut) -> None:
    before = cut.known
    cut.answer(another(cut.friend, 1, cut.friend, refresh_hint=timedelta(minutes=7)))
    assert cut.swap().reason == BUNDLE_ROLLBACK
    assert cut.known == before


def test_a_bundle_of_another_root_or_another_city_is_refused(cut: Cut, tmp_path: Path) -> None:
    before = cut.known
    liar, suzhou = stranger(tmp_path / "liar", FRIEND), stranger(tmp_path / "suzhou", OTHER)
    for answered, reason in (
        (another(liar, 9, liar), MISSING_SIGNATURE),
        (another(cut.friend, 9, liar), MISSING_SIGNATURE),
        (suzhou.keys.bundle, WRONG_ISSUER),
        (cut.house.keys.bundle, WRONG_ISSUER),
    ):
        cut.answer(answered)
        assert cut.swap().reason.name in {reason.name, MISSING_SIGNATURE.name}
        assert cut.known == before


def test_a_partner_that_only_has_a_new_certificate_is_found_again(
    cut: Cut, loop: Loop, tmp_path: Path
) -> None:
    """The same server with the friend's next bundle, that lists what it shows, is the friend."""
    shown = peer_identity(FRIEND, now=now(), life=LIFE)
    [port] = free_ports(1)
    house = cut.house
    friend = stranger(tmp_path / "moved", FRIEND, f"127.0.0.1:{port}")
    house.act(lambda tx: house.cases.partners.end(tx, FRIEND, "operator/default", "a test"))
    house.trust(friend)
    certificates = (friend.own.der(), shown.der())
    newer = another(friend, 2, friend, tls_certificates=tuple(sorted(certificates)))
    fake = Fake()

    async def path() -> None:
        async with fake.serving(shown, port):
            await house.cases.swapping.swap(FRIEND)

    cut.answer(newer)
    fake.answer = cut.fake.answer
    with pytest.raises(HutongError) as found:
        loop.run(path())
    # It is a fake still: what it says of the partnership is a bundle. But now it is heard.
    assert found.value.reason == NOT_CANONICAL
    assert cut.known == newer
    assert [method for method, _ in fake.heard] == ["ExchangeTrustBundles", "ExchangePartnership"]


def test_a_city_that_revoked_its_only_certificate_tells_partners_by_it_and_says_nothing_else(
    loop: Loop, tmp_path: Path
) -> None:
    with (
        opened(loop, tmp_path / "here") as here,
        opened(loop, tmp_path / "there", city=FRIEND) as there,
    ):
        here.trust(Stranger(FRIEND, there.keys, there.own, there.folder))
        there.trust(Stranger(HERE, here.keys, here.own, here.folder))
        loop.run(here.cases.swapping.swap(FRIEND))
        request = operator_pb.RevokeKeyRequest(
            request_id=uuid7(now(), bytes(10)),
            key=fingerprint_of(x509.load_pem_x509_certificate(here.own.certificate)),
            reason="a test",
        )
        with here.as_client(here.client(Role.OPERATOR, "on-duty")) as channel:
            call(channel, "/node.v1.OperatorService/RevokeKey", request.SerializeToString())
        newest = here.keys.bundle
        assert eventually(lambda: there.store.registry.partners[HERE].envelope == newest)
        known = there.store.registry.partners[HERE].bundle
        assert here.own.der() not in known.tls_certificates
        # It knows the new one now, and the revoked one opens nothing any more.
        loop.run(here.cases.swapping.swap(FRIEND))
        with there.as_partner(here.own) as channel:
            assert turned_away(channel)
