"""The tree over the entries as it is kept: one row per complete subtree, added with its last entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select

from casefile.audit.merkle import Growing, leaf_hash, node_hash
from casefile.audit.models import Entry, TreeNode
from casefile.db import table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.audit.merkle import Hashes

BATCH = 2000

_ENTRY, _NODE = table(Entry), table(TreeNode)
_LEAF = select(_ENTRY.c.hash).where(_ENTRY.c.sequence == bindparam("sequence"))
_LEAVES = (
    select(_ENTRY.c.sequence, _ENTRY.c.hash)
    .where(_ENTRY.c.sequence > bindparam("after"), _ENTRY.c.sequence <= bindparam("last"))
    .order_by(_ENTRY.c.sequence)
)
_ONE = select(_NODE.c.hash).where(
    _NODE.c.level == bindparam("level"), _NODE.c.position == bindparam("position")
)
# A subtree that stands there already was left by a trail that was cut: the entries are right.
_ADD = insert(_NODE).prefix_with("OR REPLACE", dialect="sqlite")
_SIZE = select(func.max(_ENTRY.c.sequence))


class MissingError(LookupError):
    """An entry that the tree needs is not there."""


def size(session: Session) -> int:
    """Return how many entries the trail says it has."""
    return session.scalar(_SIZE) or 0


def hashes_of(session: Session) -> Hashes:
    """Return what looks hashes up; a subtree that is gone is made again out of its entries."""

    def hash_of(level: int, position: int) -> bytes:
        if level == 0:
            leaf = session.execute(_LEAF, {"sequence": position + 1}).scalar()
            if leaf is None:
                raise MissingError(position + 1)
            return leaf_hash(leaf)
        kept = session.execute(_ONE, {"level": level, "position": position}).scalar()
        if kept is not None:
            return bytes(kept)
        return _made_again(session, level, position)

    return hash_of


def _made_again(session: Session, level: int, position: int) -> bytes:
    begin, made = position << level, Growing()
    for row in session.execute(
        _LEAVES, {"after": begin, "last": (position + 1) << level}
    ).yield_per(BATCH):
        if row.sequence != begin + made.size + 1:
            break
        made.add(leaf_hash(row.hash))
    if made.size != 1 << level:
        raise MissingError(begin + made.size + 1)
    return made.root


def append(session: Session, sequence: int, hash_: bytes, previous: bytes) -> None:
    """Keep the subtrees that this entry completes: one row for every entry, in the mean.

    Never stands in the way of an entry: where the trail has a hole, nothing is kept.
    """
    index = sequence - 1
    if not index & 1:
        return
    position, joined = index >> 1, node_hash(leaf_hash(previous), leaf_hash(hash_))
    rows: list[dict[str, Any]] = [{"level": 1, "position": position, "hash": joined}]
    hash_of, level = hashes_of(session), 1
    try:
        while position & 1:
            joined = node_hash(hash_of(level, position - 1), joined)
            level, position = level + 1, position >> 1
            rows.append({"level": level, "position": position, "hash": joined})
    except MissingError:
        pass
    session.execute(_ADD, rows)


def rebuild(session: Session) -> Growing:
    """Make every subtree again out of the entries.

    Raises MissingError where an entry is not there.
    """
    session.execute(delete(TreeNode))
    tree = Growing()
    while rows := session.execute(
        select(_ENTRY.c.sequence, _ENTRY.c.hash)
        .where(_ENTRY.c.sequence > tree.size)
        .order_by(_ENTRY.c.sequence)
        .limit(BATCH)
    ).all():
        done = []
        for row in rows:
            if row.sequence != tree.size + 1:
                raise MissingError(tree.size + 1)
            done += tree.add(leaf_hash(row.hash))
        if done:
            named = ("level", "position", "hash")
            session.execute(_ADD, [dict(zip(named, node, strict=True)) for node in done])
    return tree
