"""The shard of a case as a search sees it: up to date, built anew when damaged, asked by many threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from casefile.index.open_shards import OpenShards, RetiredError, StaleKeyError
from casefile.index.records import CatchUp
from casefile.index.sealed import DatabaseError, UnreadableError, is_damage
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
_TRIES = 3
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
        for attempt in range(_TRIES):
            opened = self._open.get(shard)
            if opened.state.change == shard.change:
                return opened
            wait = -1.0 if deadline is None else max(deadline - monotonic(), 0.0)
            if not opened.writing.acquire(timeout=wait):
                return opened
            try:
                if self._caught_up(opened, shard, deadline):
                    return opened
            except RetiredError:
                if attempt == _TRIES - 1:
                    raise
            except DatabaseError as error:
                if attempt == _TRIES - 1 or not is_damage(error):
                    raise
                self._open.discard(opened)
            finally:
                opened.writing.release()
        raise RetiredError

    def _caught_up(self, opened: OpenShard, shard: CaseShard, deadline: float | None) -> bool:
        """False if the shard knew more than the database, which must have been put back, and was
        thrown away. Where only the caller's number is old, there are documents after it.
        """
        lease = self._open.acquire(opened, shard)
        try:
            opened.state = read_state(lease.connection)
            if opened.state.change < shard.change:
                opened.state = catch_up(lease.connection, shard, deadline)
        finally:
            self._open.release(opened, lease)
        if opened.state.change <= shard.change:
            return True
        if next(iter(shard.documents(shard.change, _FOREVER)), None) is not None:
            return True
        self._open.discard(opened)
        return False

    def ask(self, member: Member, question: Callable[[Connection], Answer]) -> Answer:
        """Runs something on the shard; a shard found damaged is built anew and asked again."""
        for attempt in range(_TRIES):
            try:
                lease = self._open.acquire(member.opened, member.shard)
                try:
                    return question(lease.connection)
                finally:
                    self._open.release(member.opened, lease)
            except RetiredError:
                if attempt == _TRIES - 1:
                    raise
            except DatabaseError as error:
                if attempt == _TRIES - 1 or not is_damage(error):
                    raise
                self._open.discard(member.opened)
            member.opened = self.current(member.shard, monotonic() + REPAIR_SECONDS)
        raise RetiredError

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
