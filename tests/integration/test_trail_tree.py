from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from casefile import audit
from casefile.audit import tree
from casefile.audit.merkle import (
    consistency_proof,
    continues,
    includes,
    inclusion_proof,
    leaf_hash,
    root,
)
from casefile.audit.models import Entry, TreeNode
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.uow import Resources


def naive_root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def leaves_of(session: Session) -> list[bytes]:
    return list(session.scalars(select(Entry.hash).order_by(Entry.sequence)))


def test_the_kept_tree_is_the_naive_one_after_every_entry(resources: Resources) -> None:
    for many in (1, 2, 1, 3, 5, 1, 8, 13, 1, 30):
        with UnitOfWork(resources, None) as uow:
            for _ in range(many):
                audit.record(uow, "test.added")
                uow.session.flush()
        with resources.database.reading() as session:
            leaves, hashes = leaves_of(session), tree.hashes_of(session)
            assert tree.size(session) == len(leaves)
            assert root(len(leaves), hashes) == naive_root(leaves)
    with resources.database.reading() as session:
        hashes, size = tree.hashes_of(session), len(leaves)
        for index in range(0, size, 7):
            path = inclusion_proof(index, size, hashes)
            assert includes(leaf_hash(leaves[index]), index, size, path, naive_root(leaves))
            proof = consistency_proof(index + 1, size, hashes)
            before = naive_root(leaves[: index + 1])
            assert continues(index + 1, size, before, naive_root(leaves), proof)


def test_an_entry_costs_one_row_of_the_tree_in_the_mean(resources: Resources) -> None:
    with UnitOfWork(resources, None) as uow:
        for _ in range(200):
            audit.record(uow, "test.added")
    with resources.database.reading() as session:
        size = tree.size(session)
        count = session.scalar(select(func.count()).select_from(TreeNode))

    assert count == sum(size >> level for level in range(1, size.bit_length()))
    assert count <= size


def test_a_change_that_is_undone_leaves_nothing_in_the_tree(resources: Resources) -> None:
    before = audit.examine(resources)

    def fail() -> None:
        with UnitOfWork(resources, None) as uow:
            for number in range(9, -1, -1):
                audit.record(uow, "test.added", detail={"share": 9 / number})

    with pytest.raises(ZeroDivisionError):
        fail()
    after = audit.examine(resources)

    assert (after.entries, after.root) == (before.entries, before.root)
    assert after.holds
