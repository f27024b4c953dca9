"""Attestations of a batch as joined bytes: never other bytes than the codec's own."""

from dataclasses import replace
from datetime import datetime

from hypothesis import example, given
from hypothesis import strategies as st

from federation.codec import ATTESTATION
from federation.codec.templates import (
    AttestationTemplate,
    counting_fields,
    index_fields,
    leaf_hashes,
    varint,
)
from federation.envelope import pae
from federation.identifiers import uuid7, uuid7s
from federation.merkle_log import BatchTree, leaf_hash
from federation.messages import Attestation
from tests.federation.strategies import INSTANTS, attestations, name_sets


def joined(template: AttestationTemplate, said: Attestation) -> bytes:
    before, between = template.until(said.header.expires_at)
    parts = (
        before,
        said.header.statement_id.encode(),
        between,
        said.pseudonym,
        template.saying(said.claim, said.scenarios),
        *index_fields([said.status_index]),
        counting_fields(said.counting, said.use_commitment),
    )
    return b"".join(parts)


@given(like=attestations(), other=attestations(), scenarios=name_sets(1))
def test_a_template_gives_the_very_bytes_that_the_codec_gives(
    like: Attestation, other: Attestation, scenarios: tuple[str, ...]
) -> None:
    template = AttestationTemplate(like)
    ends = like.header.issued_at + (other.header.expires_at - other.header.issued_at)
    said = replace(
        like,
        header=replace(like.header, statement_id=other.header.statement_id, expires_at=ends),
        pseudonym=other.pseudonym,
        claim=other.claim,
        scenarios=scenarios,
        status_index=other.status_index,
        counting=other.counting,
        use_commitment=other.use_commitment,
    )
    assert joined(template, said) == ATTESTATION.encode(said)
    assert ATTESTATION.decode(joined(template, said)) == said


@given(indices=st.lists(st.integers(0, 2**64 - 1), max_size=20))
@example([0, 1, 127, 128, 2**14 - 1, 2**14, 2**14 + 1, 2**21 - 1, 2**21, 2**63, 2**64 - 1])
def test_indices_are_spelled_as_a_varint_and_none_is_spelled_out_that_is_zero(
    indices: list[int],
) -> None:
    found = index_fields(indices)
    assert found == [b"\x58" + varint(index) if index else b"" for index in indices]


@given(payloads=st.lists(st.binary(max_size=40), max_size=10))
def test_the_leaf_of_a_payload_is_of_its_pre_authentication_encoding(payloads: list[bytes]) -> None:
    kind = ATTESTATION.payload_type
    assert leaf_hashes(kind, payloads) == [leaf_hash(pae(kind, each)) for each in payloads]


@given(leaves=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_all_proofs_at_once_are_those_of_each(leaves: list[bytes]) -> None:
    tree = BatchTree(leaves)
    assert tree.proofs() == [tree.proof(i) for i in range(len(leaves))]


@given(now=INSTANTS, entropy=st.lists(st.binary(min_size=10, max_size=10), max_size=10))
def test_many_ids_at_once_are_those_of_each(now: datetime, entropy: list[bytes]) -> None:
    assert uuid7s(now, b"".join(entropy)) == [uuid7(now, each) for each in entropy]
