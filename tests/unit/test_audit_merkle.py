from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.audit.merkle import (
    EMPTY,
    Growing,
    consistency_proof,
    continues,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    subtrees,
)

# The tree that the tests of Certificate Transparency grow, and its roots from one leaf to eight.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962, 2.1 writes it down."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = naive_root(leaves[:split]), naive_root(leaves[split:])
    return sha256(b"\1" + left + right).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH as RFC 6962, 2.1.1 writes it down."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_proof(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF as RFC 6962, 2.1.2 writes it down."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*naive_proof(old, leaves[:split], whole=whole), naive_root(leaves[split:])]
    return [*naive_proof(old - split, leaves[split:], whole=False), naive_root(leaves[:split])]


class Kept:
    """A tree with every complete subtree kept, as the database keeps them."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._nodes = {(0, index): leaf_hash(leaf) for index, leaf in enumerate(leaves)}
        growing = Growing()
        for index in range(len(leaves)):
            for level, position, hashed in growing.add(self._nodes[0, index]):
                self._nodes[level, position] = hashed
        self.root = growing.root

    def __call__(self, level: int, position: int) -> bytes:
        return self._nodes[level, position]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    kept = Kept(LEAVES[:size])

    assert kept.root.hex() == ROOTS[size - 1]
    assert root(size, kept).hex() == ROOTS[size - 1]
    assert naive_root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Growing().root == root(0, Kept([])) == EMPTY
    assert list(subtrees(0)) == []


def test_known_audit_paths_and_consistency_proofs() -> None:
    kept = Kept(LEAVES)

    assert [hashed.hex() for hashed in inclusion_proof(0, 8, kept)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [hashed.hex() for hashed in consistency_proof(6, 8, kept)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


SIZES = st.integers(min_value=1, max_value=200)


@given(SIZES, st.data())
def test_every_proof_is_the_one_of_the_standard_and_verifies(
    size: int, data: st.DataObject
) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    old = data.draw(st.integers(min_value=1, max_value=size))
    kept, before = Kept(leaves), naive_root(leaves[:old])

    path = inclusion_proof(index, size, kept)
    proof = consistency_proof(old, size, kept)

    assert kept.root == root(size, kept) == naive_root(leaves)
    assert root(old, kept) == before
    assert path == naive_path(index, leaves)
    assert proof == naive_proof(old, leaves)
    assert includes(leaf_hash(leaves[index]), index, size, path, kept.root)
    assert continues(old, size, before, kept.root, proof)


@given(SIZES, st.data())
def test_a_proof_with_anything_changed_does_not_verify(size: int, data: st.DataObject) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    kept, leaf = Kept(leaves), leaf_hash(leaves[index])
    path = inclusion_proof(index, size, kept)
    wrong = bytes(32)

    assert not includes(wrong, index, size, path, kept.root)
    assert not includes(leaf, index, size, path, wrong)
    assert not includes(leaf, index, size, [*path, wrong], kept.root)
    assert not includes(leaf, size, size, path, kept.root)
    assert not includes(leaf, -1, size, path, kept.root)
    for place in range(len(path)):
        assert not includes(
            leaf, index, size, [*path[:place], wrong, *path[place + 1 :]], kept.root
        )
        assert not includes(leaf, index, size, path[:place] + path[place + 1 :], kept.root)


@given(st.integers(min_value=2, max_value=200), st.data())
def test_a_tree_that_is_no_continuation_does_not_verify(size: int, data: st.DataObject) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    old = data.draw(st.integers(min_value=1, max_value=size - 1))
    changed = data.draw(st.integers(min_value=0, max_value=old - 1))
    forked = [*leaves[:changed], b"changed", *leaves[changed + 1 :]]
    before = naive_root(leaves[:old])
    kept, fork = Kept(leaves), Kept(forked)
    proof = consistency_proof(old, size, kept)

    assert not continues(old, size, before, fork.root, consistency_proof(old, size, fork))
    assert not continues(old, size, before, fork.root, proof)
    assert not continues(old, size, before, kept.root, [*proof, bytes(32)])
    assert not continues(old, size, before, kept.root, proof[:-1])
    assert not continues(size, old, kept.root, before, proof)
    assert not continues(0, size, EMPTY, kept.root, [])
    assert continues(size, size, kept.root, kept.root, [])
    assert not continues(size, size, before, kept.root, [])


@given(st.integers(min_value=0, max_value=120), st.integers(min_value=0, max_value=80))
def test_a_tree_goes_on_growing_from_where_it_was_kept(size: int, more: int) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size + more)]
    growing = Growing(size, Kept(leaves[:size]))
    for leaf in leaves[size:]:
        growing.add(leaf_hash(leaf))

    assert growing.size == size + more
    assert growing.root == naive_root(leaves)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_what_is_not_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in the tree"):
        inclusion_proof(index, size, Kept(LEAVES))


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_there_is_no_proof_between_trees_that_cannot_be_compared(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        consistency_proof(old, new, Kept(LEAVES))


def test_leaves_and_nodes_are_told_apart() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")

    assert leaf_hash(left + right) != node_hash(left, right)
