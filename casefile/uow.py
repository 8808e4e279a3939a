"""One change: who makes it, one commit, and what happens after it went well or badly."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from types import TracebackType
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.config import Settings
    from casefile.db import Database
    from casefile.index import Document, Index
    from casefile.jobs import Jobs
    from casefile.keys import Bundle
    from casefile.vault import Vault

log = logging.getLogger(__name__)


class SeatWatcher(Protocol):
    """Whoever keeps something for people on a case and must know when they go; may refuse."""

    def seat_goes(
        self, uow: UnitOfWork, case: Any, user_ids: Collection[UUID], *, ended: bool = False
    ) -> None: ...
    def role_changes(self, uow: UnitOfWork, case: Any, user_id: UUID, role: Any) -> None: ...
    def departs(
        self, uow: UnitOfWork, cases: Sequence[Any], user_id: UUID, until: datetime
    ) -> None: ...
    def begins_anew(self, uow: UnitOfWork, user_id: UUID) -> None: ...


@dataclass(slots=True)
class Resources:
    """What the process has opened: made once in `app.py`, handed on, never a global."""

    settings: Settings
    pepper: bytes = field(repr=False)
    database: Database
    vault: Vault
    index: Index
    jobs: Jobs
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    document_sources: list[Callable[..., Iterator[Document]]] = field(default_factory=list)
    """What search knows of: each feature's documents(session, case, since, until)."""
    text_followers: list[Callable[..., None]] = field(default_factory=list)
    """Told in the same change what a note or a piece of evidence says: (uow, case, kind, id, text)."""
    publication_followers: list[Callable[..., None]] = field(default_factory=list)
    """Told in the same change that a story of a case came out: (uow, case)."""
    seat_watchers: list[SeatWatcher] = field(default_factory=list)
    """Asked before people lose a seat or their keys."""
    glance_watchers: list[Callable[[Sequence[Any], str], object]] = field(default_factory=list)
    """Told of pages that show something of several cases at once, as search does: (cases, how)."""
    deadline_sources: list[Callable[..., Iterable[Any]]] = field(default_factory=list)
    """What calendars know of: each feature's deadlines(session, user, now)."""
    clock_work: list[Callable[[Resources], int]] = field(default_factory=list)
    """What is done once its time has come: each feature's work(resources), which says how much it did."""
    opened_keys: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    """Case keys already opened in a session: digest of its id → the keys, sealed to its cookie."""


class UnitOfWork:
    """A writer's turn. Leaving it without an error commits once; anything else undoes all."""

    def __init__(
        self, resources: Resources, actor_id: UUID | None, bundle: Bundle | None = None
    ) -> None:
        self.resources = resources
        self.actor_id = actor_id
        self.bundle = bundle
        self.now = resources.clock()
        self.session: Session
        self._after_commit: list[Callable[[], object]] = []
        self._after_rollback: list[Callable[[], object]] = []
        self._writing = resources.database.writing()

    def after_commit(self, act: Callable[[], object]) -> None:
        """Do this once the change is safe on disk; its failure cannot undo the change."""
        self._after_commit.append(act)

    def after_rollback(self, act: Callable[[], object]) -> None:
        """Do this when the change did not happen."""
        self._after_rollback.append(act)

    def __enter__(self) -> Self:
        try:
            self.session = self._writing.__enter__()
        except BaseException:
            self._run(self._after_rollback)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            try:
                self._writing.__exit__(kind, error, trace)
            finally:
                self._run(self._after_rollback)
            return
        try:
            try:
                self.session.commit()
            except BaseException as failed:
                self._writing.__exit__(type(failed), failed, failed.__traceback__)
                raise
            self._writing.__exit__(None, None, None)
        except BaseException:
            self._run(self._after_rollback)
            raise
        self._run(self._after_commit)

    @staticmethod
    def _run(acts: list[Callable[[], object]]) -> None:
        for act in acts:
            try:
                act()
            except Exception as error:  # noqa: BLE001
                log.warning("after_change_failed", extra={"error": type(error).__name__})
