"""The shards that are open in this process: found by case, bounded in memory, never lent to whoever
comes with another key.
"""

from __future__ import annotations

import resource
from collections import OrderedDict
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from hmac import compare_digest
from threading import Condition, Lock
from typing import TYPE_CHECKING

from casefile.index import sealed
from casefile.index.sealed import DatabaseError, UnreadableError
from casefile.index.writing import State, read_state

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from casefile.index.records import CaseShard
    from casefile.index.sealed import Connection

# What SQLite holds for a connection besides its pages, and the least it can work with.
_OVERHEAD_KIB, _LEAST_KIB, _MOST_KIB = 130, 96, 4_096
_CONNECTIONS_PER_SHARD = 3
_LOCKS = 64
# A connection has three files open, and the rest of the process wants some too.
_FILES_OF_FOUR = 4


class StaleKeyError(Exception):
    """The shard is open here under a newer generation than the caller holds."""


class RetiredError(Exception):
    """The shard was closed or thrown away in between: get it anew."""


@dataclass(eq=False, slots=True)
class Lease:
    """A connection lent to one thread at a time."""

    connection: Connection
    cache_kib: int


@dataclass(eq=False, slots=True)
class OpenShard:
    case_id: UUID
    path: str
    generation: int
    fingerprint: bytes
    identity: tuple[int, int] | None
    state: State
    idle: list[Lease] = field(default_factory=list)
    connections: int = 1
    retired: bool = False


class OpenShards:
    def __init__(self, folder: Path, memory_mb: int) -> None:
        self.folder = folder
        self._memory_kib = memory_mb * 1024
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = max(
            8, min(self._memory_kib // (_OVERHEAD_KIB + _LEAST_KIB), files // _FILES_OF_FOUR)
        )
        self._open: OrderedDict[UUID, OpenShard] = OrderedDict()
        self._changed = Condition()
        self._waiting = 0
        self._connections = 0
        self._cache_kib = _MOST_KIB
        self._locks = [Lock() for _ in range(_LOCKS)]

    def path(self, case_id: UUID) -> Path:
        return self.folder / f"{case_id}.db"

    def get(self, shard: CaseShard) -> OpenShard:
        """The open shard of a case, opened now if need be."""
        found = self._ours(shard.case_id, sealed.fingerprint(shard.keys[0][1]))
        if found is None:
            found, lease = self.lease(shard)
            self.release(found, lease)
        return found

    def lease(self, shard: CaseShard) -> tuple[OpenShard, Lease]:
        """The open shard and a connection for this thread alone, opened with the newest key, else
        re-keyed from an older one, else on an empty file. Give the connection back with `release`.
        """
        generation, key = shard.keys[0]
        fingerprint = sealed.fingerprint(key)
        for locked in (False, True):
            with self._locks[hash(shard.case_id) % _LOCKS] if locked else nullcontext():
                found = self._ours(shard.case_id, fingerprint)
                if found is not None:
                    with suppress(RetiredError):
                        return found, self.acquire(found, shard)
                if locked:
                    return self._opened(shard, generation, fingerprint)
        raise RetiredError

    def _ours(self, case_id: UUID, fingerprint: bytes) -> OpenShard | None:
        """Not if it was opened with another key, nor if the file has been replaced since."""
        with self._changed:
            found = self._open.get(case_id)
            if found is None:
                return None
            self._open.move_to_end(case_id)
        if not compare_digest(found.fingerprint, fingerprint):
            return None
        return found if found.identity == sealed.identity(found.path) else None

    def _opened(
        self, shard: CaseShard, generation: int, fingerprint: bytes
    ) -> tuple[OpenShard, Lease]:
        path = self.path(shard.case_id)
        with self._changed:
            other = self._open.get(shard.case_id)
        if other is not None:
            if other.generation > generation and other.identity == sealed.identity(path):
                raise StaleKeyError
            self.retire(other)
        cache_kib = self._grown(1)
        try:
            connection, state = self._read(shard, cache_kib)
        except BaseException:
            self._grown(-1)
            raise
        opened = OpenShard(
            shard.case_id, str(path), generation, fingerprint, sealed.identity(path), state
        )
        with self._changed:
            self._open[shard.case_id] = opened
        self._evict()
        return opened, Lease(connection, cache_kib)

    def _read(self, shard: CaseShard, cache_kib: int) -> tuple[Connection, State]:
        path = self.path(shard.case_id)
        for last in (False, True):
            try:
                connection = sealed.open_sealed(
                    path, shard.case_id.bytes, shard.keys, cache_kib=cache_kib
                )
                try:
                    return connection, read_state(connection)
                except BaseException:
                    connection.close()
                    raise
            except UnreadableError:
                if last:
                    raise
            except DatabaseError as error:
                if last or not sealed.is_damage(error):
                    raise
            sealed.discard(path)
        raise UnreadableError

    def acquire(self, opened: OpenShard, shard: CaseShard) -> Lease:
        """A connection of a shard that was open a moment ago."""
        with self._changed:
            while not opened.idle and opened.connections >= _CONNECTIONS_PER_SHARD:
                self._waiting += 1
                self._changed.wait()
                self._waiting -= 1
            if opened.retired:
                raise RetiredError
            if opened.idle:
                return opened.idle.pop()
            opened.connections += 1
        cache_kib = self._grown(1)
        try:
            path = self.path(opened.case_id)
            key = shard.keys[0][1]
            lease = Lease(sealed.connect(path, key, cache_kib=cache_kib, new=False), cache_kib)
        except FileNotFoundError as error:
            self._gone(opened)
            raise RetiredError from error
        except BaseException:
            self._gone(opened)
            raise
        self._evict()
        return lease

    def release(self, opened: OpenShard, lease: Lease) -> None:
        if lease.cache_kib != self._cache_kib:
            self._resize(lease)
        with self._changed:
            if not opened.retired:
                opened.idle.append(lease)
                if self._waiting:
                    self._changed.notify_all()
                return
        lease.connection.close()
        self._gone(opened)

    def _gone(self, opened: OpenShard) -> None:
        with self._changed:
            opened.connections -= 1
            self._changed.notify_all()
        self._grown(-1)

    def retire(self, opened: OpenShard) -> None:
        """Nobody gets a connection of it any more; those lent out close when they come back."""
        with self._changed:
            if self._open.get(opened.case_id) is opened:
                del self._open[opened.case_id]
            opened.retired = True
            idle, opened.idle = opened.idle, []
            opened.connections -= len(idle)
            self._changed.notify_all()
        for lease in idle:
            lease.connection.close()
        self._grown(-len(idle))

    def discard(self, opened: OpenShard) -> None:
        """Throws a damaged file away, unless another has taken its place already."""
        with self._locks[hash(opened.case_id) % _LOCKS]:
            self.retire(opened)
            path = self.path(opened.case_id)
            if sealed.identity(path) == opened.identity:
                sealed.discard(path)

    def forget(self, case_id: UUID) -> None:
        with self._locks[hash(case_id) % _LOCKS]:
            with self._changed:
                opened = self._open.get(case_id)
            if opened is not None:
                self.retire(opened)
            sealed.discard(self.path(case_id))

    def close(self) -> None:
        with self._changed:
            everything = list(self._open.values())
        for opened in everything:
            self.retire(opened)

    def _grown(self, by: int) -> int:
        """Shares the memory out anew when the number of connections has changed much."""
        with self._changed:
            self._connections += by
            share = self._memory_kib // max(self._connections, 8) - _OVERHEAD_KIB
            # Steps, so that one connection more does not resize all the others.
            step = min(max(_LEAST_KIB, 1 << max(share, 1).bit_length() - 1), _MOST_KIB)
            if step * 3 // 2 <= share:
                step = step * 3 // 2
            if step == self._cache_kib:
                return step
            self._cache_kib = step
            idle = [(opened, opened.idle) for opened in self._open.values() if opened.idle]
            for opened, _ in idle:
                opened.idle = []
        for opened, leases in idle:
            for lease in leases:
                self._resize(lease)
                self.release(opened, lease)
        return step

    def _resize(self, lease: Lease) -> None:
        lease.cache_kib = self._cache_kib
        with suppress(DatabaseError):
            lease.connection.execute(f"PRAGMA cache_size = -{lease.cache_kib}")

    def _evict(self) -> None:
        """Closes what has not been used for longest, as far as nobody is using it."""
        while True:
            with self._changed:
                if self._connections <= self._most:
                    return
                oldest = next((o for o in self._open.values() if o.idle), None)
                newest = next(reversed(self._open.values()), None)
                if oldest is None or oldest is newest:
                    return
                lease = oldest.idle.pop()
                oldest.connections -= 1
                if oldest.connections == 0:
                    oldest.retired = True
                    del self._open[oldest.case_id]
            lease.connection.close()
            self._grown(-1)
