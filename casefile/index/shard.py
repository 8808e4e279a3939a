"""The shard of a case as a search sees it: up to date, built anew when damaged, asked by many threads."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from casefile.index.open_shards import OpenShards, RetiredError, StaleKeyError
from casefile.index.records import CatchUp
from casefile.index.sealed import DatabaseError, UnreadableError, is_damage, only_stops_writing
from casefile.index.writing import State, catch_up, read_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from uuid import UUID

    from casefile.index.open_shards import OpenShard
    from casefile.index.records import CaseShard
    from casefile.index.sealed import Connection
    from casefile.index.tree import Unit

Answer = TypeVar("Answer")

REPAIR_SECONDS = 2.0
_FOREVER = 2**62

# What a reader is never bothered with: the shard is left out and named on `Results.behind`.
CANNOT_BE_READ = (StaleKeyError, RetiredError, UnreadableError, DatabaseError, OSError)


@dataclass(eq=False, slots=True)
class Member:
    """A shard while one search goes over it."""

    shard: CaseShard
    opened: OpenShard
    terms: dict[Unit, Sequence[str]] = field(default_factory=dict)
    counts: tuple[int, ...] = ()
    promising: bool = True
    lost: bool = False

    @property
    def progress(self) -> CatchUp:
        done = 0 if self.lost else min(self.opened.state.change, self.shard.change)
        return CatchUp(done, self.shard.change)


class Shards:
    """All shards of one folder."""

    def __init__(self, folder: Path, memory_mb: int) -> None:
        self._open = OpenShards(folder, memory_mb)
        self._writing: defaultdict[UUID, Lock] = defaultdict(Lock)

    def close(self) -> None:
        self._open.close()

    def forget(self, case_id: UUID) -> None:
        self._open.forget(case_id)

    def path(self, case_id: UUID) -> Path:
        return self._open.path(case_id)

    def opened(self, shard: CaseShard) -> OpenShard:
        """The shard as it is, caught up or not."""
        return self._open.get(shard)

    def current(self, shard: CaseShard, deadline: float | None) -> OpenShard:
        """The shard caught up as far as the deadline allows; built anew if it is damaged."""
        for last in (False, False, True):
            opened = self._open.get(shard)
            if opened.state.change == shard.change:
                return opened
            wait = -1.0 if deadline is None else max(deadline - monotonic(), 0.0)
            writing = self._writing[shard.case_id]
            if not writing.acquire(timeout=wait):
                return opened
            try:
                opened, lease = self._open.lease(shard)
                try:
                    if self._caught_up(opened, lease.connection, shard, deadline) or last:
                        return opened
                finally:
                    self._open.release(opened, lease)
            except DatabaseError as error:
                if deadline is not None and only_stops_writing(error):
                    return opened
                if last or not is_damage(error):
                    raise
            finally:
                writing.release()
            self._open.discard(opened)
        raise UnreadableError

    def _caught_up(
        self, opened: OpenShard, connection: Connection, shard: CaseShard, deadline: float | None
    ) -> bool:
        """False if the shard knows more than the database: that must have been put back. Where only
        the caller's number is old, there are documents after it.
        """
        opened.state = read_state(connection)
        if opened.state.change < shard.change:
            opened.state = catch_up(connection, shard, deadline)
        if opened.state.change <= shard.change:
            return True
        return next(iter(shard.documents(shard.change, _FOREVER)), None) is not None

    def ask(self, member: Member, question: Callable[[Connection], Answer]) -> Answer:
        """Runs something on the shard; a shard found damaged is built anew and asked again."""
        for last in (False, True):
            try:
                lease = self._open.acquire(member.opened, member.shard)
            except RetiredError:
                member.opened, lease = self._open.lease(member.shard)
            opened = member.opened
            try:
                return question(lease.connection)
            except DatabaseError as error:
                if last or not is_damage(error):
                    raise
            finally:
                self._open.release(opened, lease)
            self._open.discard(opened)
            member.opened = self.current(member.shard, monotonic() + REPAIR_SECONDS)
        raise UnreadableError

    def try_to_ask(self, member: Member, question: Callable[[Connection], Answer]) -> Answer | None:
        """For searches: a shard that cannot be read now is lost to this search, not an error."""
        if member.lost:
            return None
        try:
            return self.ask(member, question)
        except CANNOT_BE_READ:
            member.lost = True
            return None

    def state_again(self, member: Member) -> State | None:
        """Another process has written: what the shard says of itself now."""
        state = self.try_to_ask(member, read_state)
        if state is not None:
            member.opened.state = state
        return state
