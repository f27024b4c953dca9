"""The log on the peer port: bounded, for partners only, and nothing of anybody in it."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from federation.checkpoint import (
    Checkpoint,
    check_cosignature,
    open_checkpoint,
    origin_of,
    sign_checkpoint,
)
from federation.limits import LEAF_HASHES, PROOF_HASHES
from federation.merkle_log import check_consistency, check_inclusion, leaf_hash, merkle_root
from federation.v1 import federation_service_pb2 as pb
from node.registry import PartnerState
from node.services.cosigning import current_public
from tests.node.transport.conftest import Street
from tests.node.transport.house import (
    FRIEND,
    OTHER,
    House,
    Loop,
    Stranger,
    call,
    failure,
    opened,
    stranger,
)

SERVICE = "/federation.v1.FederationService"


@pytest.fixture
def channel(street: Street) -> Iterator[grpc.Channel]:
    with street.house.as_partner(street.friend.own) as found:
        yield found


def size_of(house: House) -> int:
    return house.loop.run(house.store.read(lambda tx: tx.log.size()))


def note(city: Stranger, size: int, root: bytes) -> bytes:
    head = Checkpoint(origin_of(city.code), size, root)
    return sign_checkpoint(head, city.keys, current_public(city.keys))


def bring(
    channel: grpc.Channel, shown: bytes, old: int = 0, *proof: bytes
) -> pb.AddCheckpointResponse:
    request = pb.AddCheckpointRequest(old_size=old, proof=proof, checkpoint=shown)
    body = call(channel, f"{SERVICE}/AddCheckpoint", request.SerializeToString())
    return pb.AddCheckpointResponse.FromString(body)


def test_a_partner_checks_the_whole_log_by_what_it_may_ask(
    street: Street, channel: grpc.Channel
) -> None:
    house = street.house
    house.loop.run(house.cases.witnessing.checkpoint())
    shown = pb.GetCheckpointResponse.FromString(call(channel, f"{SERVICE}/GetCheckpoint"))
    head = open_checkpoint(shown.checkpoint, house.cases.here.city, house.keys.signing_keys, None)
    listed = pb.ListLeafHashesResponse.FromString(
        call(
            channel,
            f"{SERVICE}/ListLeafHashes",
            pb.ListLeafHashesRequest(first=0, count=LEAF_HASHES).SerializeToString(),
        )
    )
    leaves = [listed.hashes[i : i + 32] for i in range(0, len(listed.hashes), 32)][: head.size]
    assert merkle_root(leaves) == head.root
    asked = pb.GetInclusionProofRequest(leaf_index=1, tree_size=head.size)
    proof = pb.GetInclusionProofResponse.FromString(
        call(channel, f"{SERVICE}/GetInclusionProof", asked.SerializeToString())
    )
    check_inclusion(proof.leaf_hash, 1, head.size, proof.hashes, head.root)
    between = pb.GetConsistencyProofRequest(first_size=1, second_size=head.size)
    steps = pb.GetConsistencyProofResponse.FromString(
        call(channel, f"{SERVICE}/GetConsistencyProof", between.SerializeToString())
    )
    check_consistency(1, head.size, steps.hashes, leaves[0], head.root)


@pytest.mark.parametrize(
    ("method", "request_", "reason"),
    [
        ("ListLeafHashes", pb.ListLeafHashesRequest(first=0, count=0), "FIELD_INVALID"),
        ("ListLeafHashes", pb.ListLeafHashesRequest(count=LEAF_HASHES + 1), "FIELD_INVALID"),
        ("GetInclusionProof", pb.GetInclusionProofRequest(), "BAD_PROOF"),
        ("GetInclusionProof", pb.GetInclusionProofRequest(tree_size=2**64 - 1), "UNKNOWN"),
        (
            "GetInclusionProof",
            pb.GetInclusionProofRequest(leaf_index=2**63, tree_size=1),
            "BAD_PROOF",
        ),
        ("GetConsistencyProof", pb.GetConsistencyProofRequest(second_size=1), "BAD_PROOF"),
        (
            "GetConsistencyProof",
            pb.GetConsistencyProofRequest(first_size=1, second_size=2**63),
            "UNKNOWN",
        ),
        ("AddCheckpoint", pb.AddCheckpointRequest(), "BAD_NOTE"),
        (
            "AddCheckpoint",
            pb.AddCheckpointRequest(proof=[b"\x00" * 32] * (PROOF_HASHES + 1)),
            "TOO_LARGE",
        ),
        ("AddCheckpoint", pb.AddCheckpointRequest(proof=[b"short"]), "MALFORMED"),
    ],
)
def test_what_no_log_has_is_refused_in_the_callers_words(
    channel: grpc.Channel, method: str, request_: object, reason: str
) -> None:
    body = request_.SerializeToString()  # type: ignore[attr-defined]
    assert failure(channel, f"{SERVICE}/{method}", body).reason == reason


def test_hashes_beyond_the_end_are_none(channel: grpc.Channel) -> None:
    for first in (10_000, 2**63, 2**64 - 1):
        asked = pb.ListLeafHashesRequest(first=first, count=5)
        found = call(channel, f"{SERVICE}/ListLeafHashes", asked.SerializeToString())
        assert pb.ListLeafHashesResponse.FromString(found).hashes == b""


def test_a_partner_is_cosigned_told_what_is_known_and_suspended_for_a_fork(
    loop: Loop, tmp_path: Path
) -> None:
    with opened(loop, tmp_path / "here") as house:
        friend = stranger(tmp_path / "friend", FRIEND)
        house.trust(friend)
        leaf = leaf_hash(b"an entry")
        with house.as_partner(friend.own) as channel:
            shown = note(friend, 1, leaf)
            said = bring(channel, shown)
            ours = house.keys.signing_keys
            check_cosignature(shown, said.cosignature, house.cases.here.city, ours)
            # The same again, and with a size that it does not know.
            assert bring(channel, shown).cosignature == said.cosignature
            later = note(friend, 2, b"\x05" * 32)
            assert bring(channel, later, 7).known_checkpoint == shown
            request = pb.AddCheckpointRequest(old_size=1, proof=[b"\x01" * 32], checkpoint=later)
            forked = failure(channel, f"{SERVICE}/AddCheckpoint", request.SerializeToString())
            assert forked.reason == "LOG_FORKED"
            # From the next call on it is served nothing.
            assert failure(channel, f"{SERVICE}/GetCheckpoint").reason == "NOT_A_PARTNER"
        assert house.store.registry.partners[FRIEND].state is PartnerState.SUSPENDED
        assert OTHER not in house.store.registry.partners


def test_whoever_compares_gets_what_was_cosigned_of_the_city_that_it_names(
    loop: Loop, tmp_path: Path
) -> None:
    with opened(loop, tmp_path / "here") as house:
        friend = stranger(tmp_path / "friend", FRIEND)
        house.trust(friend)
        house.loop.run(house.cases.witnessing.checkpoint())
        with house.as_partner(friend.own) as channel:

            def of(city: str) -> bytes:
                asked = pb.GetCheckpointRequest(city=city).SerializeToString()
                body = call(channel, f"{SERVICE}/GetCheckpoint", asked)
                return pb.GetCheckpointResponse.FromString(body).checkpoint

            assert of(FRIEND) == b""
            shown = note(friend, 1, leaf_hash(b"an entry"))
            said = bring(channel, shown).cosignature
            assert of(FRIEND) == shown + said
            assert of(OTHER) == b""
            assert of(house.cases.here.city) == of("") != b""
            wrong = pb.GetCheckpointRequest(city="zhengzhou").SerializeToString()
            assert failure(channel, f"{SERVICE}/GetCheckpoint", wrong).reason == "MALFORMED"
