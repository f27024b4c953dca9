"""Merkle proofs against known figures, against the RFC's own recursion, and against forgers."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import BAD_PROOF, HutongError
from federation.merkle_log import (
    EMPTY_ROOT,
    BatchTree,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    merkle_root,
    node_hash,
    root_of,
    split_hashes,
)
from tests.federation.rfc6962 import Naive, data, hashes, nodes_of

# The leaves and roots that implementations of Certificate Transparency test with: the root of all
# eight is that of transparency-dev/merkle, testdata/*/happy-path.json; the four hashes below are
# of its rfc6962 hasher.
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
EMPTY_LEAF = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
LEAF_L123456 = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
NODE_N123_N456 = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"

SIZES = range(1, 20)
EVERY_PLACE = [(index, size) for size in SIZES for index in range(size)]
EVERY_PAIR = [(first, second) for second in SIZES for first in range(1, second)]


def refused(act: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(HutongError) as caught:
        act(*arguments)
    assert caught.value.reason is BAD_PROOF


def test_roots_are_the_known_ones_of_every_size() -> None:
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]
    assert [merkle_root(leaves[:size]).hex() for size in range(9)] == ROOTS


def test_leaves_and_nodes_are_told_apart_as_known() -> None:
    assert leaf_hash(b"").hex() == EMPTY_LEAF
    assert leaf_hash(b"L123456").hex() == LEAF_L123456
    assert node_hash(b"N123", b"N456").hex() == NODE_N123_N456
    # A node's content as a leaf has another hash: no leaf passes for a subtree.
    assert leaf_hash(b"N123N456") != node_hash(b"N123", b"N456")


@given(st.integers(0, 200))
def test_every_way_to_a_root_gives_the_root_of_the_rfc(size: int) -> None:
    expected = Naive.root(data(size))
    assert merkle_root(hashes(size)) == expected
    assert root_of(size, nodes_of(size)) == expected
    if size:
        assert BatchTree(hashes(size)).root == expected


@given(st.integers(1, 130).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_every_way_to_an_inclusion_proof_gives_that_of_the_rfc(place: tuple[int, int]) -> None:
    index, size = place
    expected = tuple(Naive.path(index, data(size)))
    tree = BatchTree(hashes(size))
    assert inclusion_proof(index, size, nodes_of(size)) == expected
    assert split_hashes(tree.proof(index), most=64) == expected
    assert tree.proofs()[index] == tree.proof(index)
    check_inclusion(hashes(size)[index], index, size, expected, tree.root)


@given(st.integers(1, 130).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_every_consistency_proof_is_that_of_the_rfc_and_holds(sizes: tuple[int, int]) -> None:
    first, second = sizes
    proof = consistency_proof(first, second, nodes_of(second))
    assert proof == tuple(Naive.proof(first, data(second)))
    roots = Naive.root(data(first)), Naive.root(data(second))
    check_consistency(first, second, proof, *roots)


@given(st.lists(st.integers(0, 40), max_size=12))
def test_an_edge_that_is_taken_up_again_goes_on_as_if_it_had_never_been_left(
    steps: list[int],
) -> None:
    leaves, whole = hashes(sum(steps)), Frontier()
    tiles, edge, at = list[tuple[int, int, bytes]](), Frontier(), 0
    for step in steps:
        edge = Frontier(edge.size, edge.peaks)
        for leaf in leaves[at : at + step]:
            edge.append(leaf)
            whole.append(leaf)
        tiles += edge.tiles
        at += step
    assert (edge.size, edge.root(), edge.peaks) == (whole.size, whole.root(), whole.peaks)
    assert tiles == whole.tiles


def test_the_tiles_are_the_complete_subtrees_of_256_to_the_n_leaves() -> None:
    size = 256 * 256 + 256
    leaves = [hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(size)]
    edge = Frontier()
    for leaf in leaves:
        edge.append(leaf)
    small = [(1, n, merkle_root(leaves[256 * n : 256 * (n + 1)])) for n in range(257)]
    large = (2, 0, merkle_root(leaves[: 256 * 256]))
    assert edge.tiles == [*small[:256], large, small[256]]


@pytest.mark.parametrize(
    ("size", "peaks"),
    [(-1, ()), (0, (bytes(32),)), (1, ()), (3, (bytes(32),)), (2, (bytes(32),) * 2), (1, (b"",))],
)
def test_an_edge_that_fits_no_tree_is_refused(size: int, peaks: tuple[bytes, ...]) -> None:
    refused(Frontier, size, peaks)


def test_a_batch_of_nothing_is_refused() -> None:
    refused(BatchTree, [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 5), (-1, 5), (9, 5)])
def test_no_proof_is_made_of_a_leaf_outside_the_tree(index: int, size: int) -> None:
    refused(inclusion_proof, index, size, nodes_of(size))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_proof_is_made_from_nothing_or_backwards(first: int, second: int) -> None:
    refused(consistency_proof, first, second, nodes_of(5))


class TestInclusion:
    """Attacks on `check_inclusion`."""

    def test_nothing_is_in_a_tree_of_size_zero(self) -> None:
        for root in (EMPTY_ROOT, leaf_hash(b""), bytes(32)):
            refused(check_inclusion, root, 0, 0, (), root)

    @pytest.mark.parametrize("index", [-1, 7, 8, 2**63])
    def test_a_place_outside_the_tree_is_no_place(self, index: int) -> None:
        proof = inclusion_proof(6, 7, nodes_of(7))
        refused(check_inclusion, hashes(7)[6], index, 7, proof, merkle_root(hashes(7)))

    def test_a_leaf_alone_is_at_place_zero_only(self) -> None:
        (leaf,) = hashes(1)
        for index in (-1, 1, 2):
            refused(check_inclusion, leaf, index, 1, (), leaf)

    def test_a_proof_does_not_climb_above_the_top_of_its_tree(self) -> None:
        # The right half of four, told as a tree of two: the way on to the root is left over.
        one, two, three, four = hashes(4)
        root = node_hash(node_hash(one, two), node_hash(three, four))
        refused(check_inclusion, three, 0, 2, (four, node_hash(one, two)), root)
        refused(check_inclusion, four, 0, 1, (three, node_hash(one, two)), root)

    @pytest.mark.parametrize("damaged", [b"", bytes(31), bytes(33), bytes(64)])
    def test_a_hash_of_another_length_is_no_hash(self, damaged: bytes) -> None:
        leaf, root = hashes(2)[0], merkle_root(hashes(2))
        other = hashes(2)[1]
        refused(check_inclusion, leaf, 0, 2, (damaged,), root)
        refused(check_inclusion, damaged, 0, 2, (other,), root)
        refused(check_inclusion, leaf, 0, 2, (other,), damaged)

    def test_two_hashes_in_one_are_not_two(self) -> None:
        # A preimage that moves the border between the leaf and its sibling.
        left, right = hashes(2)
        root = node_hash(left, right)
        refused(check_inclusion, left[:16], 0, 2, (left[16:] + right,), root)

    @pytest.mark.parametrize(("index", "size"), EVERY_PLACE)
    def test_every_damaged_proof_is_refused(self, index: int, size: int) -> None:
        leaves = hashes(size)
        leaf, root = leaves[index], merkle_root(leaves)
        proof = inclusion_proof(index, size, nodes_of(size))
        for bad in damaged_proofs(proof):
            refused(check_inclusion, leaf, index, size, bad, root)

    @pytest.mark.parametrize(("index", "size"), EVERY_PLACE)
    def test_a_proof_of_another_place_is_refused(self, index: int, size: int) -> None:
        leaves = hashes(size)
        root, proof = merkle_root(leaves), inclusion_proof(index, size, nodes_of(size))
        for other in set(range(size)) - {index}:
            refused(check_inclusion, leaves[index], other, size, proof, root)
            refused(check_inclusion, leaves[other], index, size, proof, root)

    def test_an_inner_node_does_not_pass_for_a_leaf(self) -> None:
        leaves = hashes(4)
        root, inner = merkle_root(leaves), node_hash(leaves[0], leaves[1])
        refused(check_inclusion, inner, 0, 4, (node_hash(leaves[2], leaves[3]),), root)

    def test_a_leaf_alone_is_the_root_without_a_proof(self) -> None:
        (leaf,) = hashes(1)
        check_inclusion(leaf, 0, 1, (), leaf)
        refused(check_inclusion, leaf, 0, 1, (leaf,), leaf)
        refused(check_inclusion, leaf, 0, 1, (), bytes(32))

    @given(st.integers(2**33, 2**62), st.integers(0, 2**62))
    def test_places_beyond_32_bits_are_proven_as_the_others(self, size: int, index: int) -> None:
        # A log that says the same thing again and again: all its subtrees of a size are alike.
        index %= size
        alike = [leaf_hash(b"x")]
        for _ in range(64):
            alike.append(node_hash(alike[-1], alike[-1]))

        def node(level: int, _index: int) -> bytes:
            return alike[level]

        root, proof = root_of(size, node), inclusion_proof(index, size, node)
        check_inclusion(leaf_hash(b"x"), index, size, proof, root)
        assert len(proof) <= size.bit_length()
        refused(check_inclusion, leaf_hash(b"y"), index, size, proof, root)


class TestConsistency:
    """Attacks on `check_consistency`."""

    @pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (0, 7), (-1, 7), (7, 6)])
    def test_nothing_follows_from_nothing_nor_backwards(self, first: int, second: int) -> None:
        for root in (EMPTY_ROOT, merkle_root(hashes(7))):
            refused(check_consistency, first, second, (), root, root)

    def test_one_size_has_one_root(self) -> None:
        root = merkle_root(hashes(7))
        check_consistency(7, 7, (), root, root)
        refused(check_consistency, 7, 7, (), root, merkle_root(hashes(6)))

    def test_equal_sizes_need_no_proof_and_take_none(self) -> None:
        root = merkle_root(hashes(8))
        for proof in ((root,), (bytes(32),), (root, root)):
            refused(check_consistency, 8, 8, proof, root, root)

    @pytest.mark.parametrize(("first", "second"), EVERY_PAIR)
    def test_every_damaged_proof_is_refused(self, first: int, second: int) -> None:
        roots = merkle_root(hashes(first)), merkle_root(hashes(second))
        proof = consistency_proof(first, second, nodes_of(second))
        for bad in damaged_proofs(proof):
            refused(check_consistency, first, second, bad, *roots)

    @pytest.mark.parametrize(("first", "second"), EVERY_PAIR)
    def test_another_history_does_not_pass_for_the_same(self, first: int, second: int) -> None:
        roots = merkle_root(hashes(first)), merkle_root(hashes(second))
        proof = consistency_proof(first, second, nodes_of(second))
        for changed in range(first):
            forged = [*hashes(second)]
            forged[changed] = leaf_hash(b"as if it had never been said")
            tree = nodes_over(forged)
            theirs = consistency_proof(first, second, tree)
            new = merkle_root(forged)
            for offered in (proof, theirs):
                refused(check_consistency, first, second, offered, roots[0], new)

    @pytest.mark.parametrize("damaged", [b"", bytes(31), bytes(33)])
    def test_a_hash_of_another_length_is_no_hash(self, damaged: bytes) -> None:
        proof = consistency_proof(3, 7, nodes_of(7))
        roots = merkle_root(hashes(3)), merkle_root(hashes(7))
        refused(check_consistency, 3, 7, (damaged, *proof[1:]), *roots)
        refused(check_consistency, 3, 7, proof, damaged, roots[1])
        refused(check_consistency, 3, 7, proof, roots[0], damaged)
        refused(check_consistency, 3, 3, (), damaged, damaged)

    def test_a_truncated_log_does_not_extend_the_longer_one(self) -> None:
        shorter, longer = merkle_root(hashes(9)), merkle_root(hashes(12))
        proof = consistency_proof(9, 12, nodes_of(12))
        refused(check_consistency, 12, 9, proof, longer, shorter)
        refused(check_consistency, 9, 12, proof, longer, shorter)

    def test_a_proof_of_other_sizes_is_refused(self) -> None:
        for (first, second), (other, another) in pairwise(EVERY_PAIR):
            proof = consistency_proof(other, another, nodes_of(another))
            roots = merkle_root(hashes(first)), merkle_root(hashes(second))
            refused(check_consistency, first, second, proof, *roots)


def nodes_over(leaves: Sequence[bytes]) -> Callable[[int, int], bytes]:
    return lambda level, index: merkle_root(leaves[index << level : (index + 1) << level])


def damaged_proofs(proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """A proof without each of its hashes, with each changed, with one more anywhere, reversed."""
    made = [tuple(p for i, p in enumerate(proof) if i != gone) for gone in range(len(proof))]
    for at, hash_ in enumerate(proof):
        bit = bytes([hash_[0] ^ 1]) + hash_[1:]
        made.append((*proof[:at], bit, *proof[at + 1 :]))
    for at in range(len(proof) + 1):
        made += [(*proof[:at], more, *proof[at:]) for more in (bytes(32), *proof[:1])]
    return [each for each in [*made, proof[::-1], (), (bytes(32),)] if each != proof]


def test_a_row_of_hashes_is_split_as_it_was_joined() -> None:
    row = [bytes([n]) * 32 for n in range(5)]
    assert split_hashes(b"".join(row), most=5) == tuple(row)
    assert split_hashes(b"", most=5) == ()


@pytest.mark.parametrize("size", [1, 31, 33, 32 * 6, 32 * 5 + 1])
def test_a_row_with_half_a_hash_or_too_many_is_refused(size: int) -> None:
    refused(partial(split_hashes, most=5), bytes(size))


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.lists(st.binary(min_size=30, max_size=33), max_size=8),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
)
def test_garbage_proves_nothing(
    one: int, other: int, proof: list[bytes], first: bytes, second: bytes
) -> None:
    refused(check_inclusion, leaf_hash(first), one, other, proof, second)
    if one != other or first != second or proof:
        refused(check_consistency, one, other, proof, first, second)
