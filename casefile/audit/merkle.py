"""The Merkle tree of RFC 6962, 2.1: hashes, proofs and their verification, without any storage."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Hashes = Callable[[int, int], bytes]
    """The hash over the complete subtree of 2**level leaves at this position of its level."""

EMPTY = sha256().digest()


def leaf_hash(content: bytes) -> bytes:
    return sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def subtrees(size: int) -> Iterator[tuple[int, int]]:
    """Yield (level, position) of the complete subtrees that make up a tree, from the left."""
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, (size >> level) - 1


class Growing:
    """A tree that takes leaf after leaf and holds one hash per level."""

    def __init__(self, size: int = 0, hashes: Hashes | None = None) -> None:
        self.size = size
        self._right = [hashes(*place) for place in subtrees(size)] if hashes else []

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Take the hash of the next leaf; return (level, position, hash) of what it completes."""
        index, level, done = self.size, 0, []
        while index >> level & 1:
            leaf = node_hash(self._right.pop(), leaf)
            level += 1
            done.append((level, index >> level, leaf))
        self._right.append(leaf)
        self.size += 1
        return done

    @property
    def root(self) -> bytes:
        if not self._right:
            return EMPTY
        joined = self._right[-1]
        for left in reversed(self._right[:-1]):
            joined = node_hash(left, joined)
        return joined


def root(size: int, hashes: Hashes) -> bytes:
    return Growing(size, hashes).root


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """Return the audit path of a leaf, from its sibling upwards (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        msg = "a proof of a leaf that is not in the tree"
        raise ValueError(msg)
    begin, end, path = 0, size, list[bytes]()
    while end - begin > 1:
        split = begin + _left(end - begin)
        if index < split:
            path.append(_span(split, end, hashes))
            end = split
        else:
            path.append(_span(begin, split, hashes))
            begin = split
    return path[::-1]


def consistency_proof(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """Prove that the tree of `new` leaves begins with that of `old` (RFC 6962, 2.1.2)."""
    if not 0 < old <= new:
        msg = "a proof between trees that cannot be compared"
        raise ValueError(msg)
    begin, end, whole, path = 0, new, True, list[bytes]()
    while old != end:
        split = begin + _left(end - begin)
        if old <= split:
            path.append(_span(split, end, hashes))
            end = split
        else:
            path.append(_span(begin, split, hashes))
            begin, whole = split, False
    if not whole:
        path.append(_span(begin, end, hashes))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Check an audit path (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, joined = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            joined = node_hash(sibling, joined)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            joined = node_hash(joined, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and joined == root


def continues(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Check a consistency proof (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _left(width: int) -> int:
    """Return the largest power of two below the width."""
    return 1 << ((width - 1).bit_length() - 1)


def _span(begin: int, end: int, hashes: Hashes) -> bytes:
    width = end - begin
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return hashes(level, begin >> level)
    split = begin + _left(width)
    return node_hash(_span(begin, split, hashes), _span(split, end, hashes))
