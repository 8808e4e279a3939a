"""Background work. A worker's queue is a doorbell: it carries ids and keys sealed to this worker."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

from huey import SqliteHuey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped

from casefile import keys
from casefile.db import Base, PrimaryKey
from casefile.errors import CasefileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from huey.api import TaskWrapper

    from casefile.db import Database

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 20
ALIVE = timedelta(seconds=75)
POLL_SECONDS = 0.25


class Worker(Base):
    """A live worker and the public half of the key it made for this life."""

    __tablename__ = "worker"

    id: Mapped[PrimaryKey]
    public: Mapped[bytes]
    seen_at: Mapped[datetime]


class Handler(Protocol):
    """What a kind of work does with the ids and the opened key."""

    def __call__(self, ids: dict[str, UUID], key: bytes) -> None: ...


class _QuietConsumer(Consumer):
    """Huey's consumer as threads inside the server, which keeps its own signal handlers."""

    def _set_signal_handlers(self) -> None:
        """Leave the signals to the server."""


class Jobs:
    """The queue, and the worker when this process is one."""

    def __init__(
        self, path: Path, secret: bytes, database: Database, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._clock = clock
        self._path = path
        self._secret = secret
        self._handlers: dict[str, Handler] = {}
        self._bells: dict[UUID, TaskWrapper] = {}
        self._chores: list[Callable[[], object]] = []
        self._bundle: keys.Bundle | None = None
        self._worker_id: UUID | None = None
        self._consumer: _QuietConsumer | None = None
        self._stopped = threading.Event()
        self._heart: threading.Thread | None = None

    def register(self, name: str, handler: Handler) -> None:
        """Say what is to be done for work of this name."""
        self._handlers[name] = handler

    def now_and_then(self, act: Callable[[], object]) -> None:
        """Say what a worker does at each heartbeat; it must not take long."""
        self._chores.append(act)

    def _bell(self, worker_id: UUID) -> TaskWrapper:
        """Return what puts work into the queue of one worker. In a common queue another would take
        it out, and could not open it.
        """
        bell = self._bells.get(worker_id)
        if bell is None:
            queue = SqliteHuey(
                f"worker {worker_id}",
                filename=str(self._path),
                cache_mb=1,
                serializer=SignedSerializer(secret=self._secret.hex()),
                results=False,
                fsync=False,
            )
            bell = self._bells[worker_id] = queue.task(name="work")(self._work)
        return bell

    def offer(self, name: str, ids: dict[str, UUID], key: bytes) -> bool:
        """Ring for a live worker; False when there is none, and then the row stays pending."""
        now = self._clock()
        with self._database.reading() as session:
            worker = session.execute(
                select(Worker.id, Worker.public)
                .where(Worker.seen_at > now - ALIVE, Worker.seen_at < now + ALIVE)
                .order_by(Worker.seen_at.desc())
                .limit(1)
            ).first()
        if worker is None:
            return False
        public = keys.PublicKeys.from_bytes(worker.public)
        sealed = public.seal(key, _context(worker.id, name, ids))
        given = {label: str(value) for label, value in ids.items()}
        self._bell(worker.id)(name, given, sealed)
        return True

    def _work(self, name: str, given: dict[str, str], sealed: bytes) -> None:
        handler = self._handlers.get(name)
        if handler is None or self._bundle is None or self._worker_id is None:
            return
        ids = {label: UUID(value) for label, value in given.items()}
        try:
            key = self._bundle.open(sealed, _context(self._worker_id, name, ids))
            handler(ids, key)
        except CasefileError as error:
            log.warning("work_refused", extra={"work": name, "error": type(error).__name__})
        except Exception as error:  # noqa: BLE001
            log.error("work_failed", extra={"work": name, "error": type(error).__name__})  # noqa: TRY400

    def start(self) -> None:
        """Become a worker: make a key for this life, show its public half, take work."""
        bundle, worker_id = keys.Bundle.create(None), uuid4()
        now = self._clock()
        with self._database.writing() as session:
            gone = session.scalars(
                delete(Worker)
                .where((Worker.seen_at < now - ALIVE) | (Worker.seen_at > now + ALIVE))
                .returning(Worker.id)
            ).all()
            session.add(Worker(id=worker_id, public=bundle.public.to_bytes(), seen_at=now))
            session.commit()
        for other in gone:
            queue = self._bell(other).huey
            queue.flush()
            queue.storage.close()
            del self._bells[other]
        self._bundle, self._worker_id = bundle, worker_id
        self._consumer = _QuietConsumer(
            self._bell(worker_id).huey,
            workers=1,
            periodic=False,
            initial_delay=0.05,
            max_delay=POLL_SECONDS,
            check_worker_health=False,
        )
        self._consumer.start()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def _beat(self) -> None:
        while not self._stopped.wait(HEARTBEAT_SECONDS):
            try:
                self._show()
                for act in self._chores:
                    act()
            except Exception as error:  # noqa: BLE001
                log.warning("heartbeat_missed", extra={"error": type(error).__name__})

    def _show(self) -> None:
        """Say that this worker lives; its row may be gone when it was silent for long, as asleep."""
        if self._bundle is None or self._worker_id is None:
            return
        now = self._clock()
        with self._database.writing() as session:
            session.merge(
                Worker(id=self._worker_id, public=self._bundle.public.to_bytes(), seen_at=now)
            )
            session.commit()

    def stop(self) -> None:
        """Finish the piece in hand and stop taking work."""
        self._stopped.set()
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
            self._consumer = None
        if self._worker_id is not None:
            with self._database.writing() as session:
                session.execute(delete(Worker).where(Worker.id == self._worker_id))
                session.commit()
            self._bell(self._worker_id).huey.flush()
            self._worker_id = None
        for bell in self._bells.values():
            bell.huey.storage.close()


def _context(worker_id: UUID, name: str, ids: dict[str, Any]) -> bytes:
    return "\0".join(
        ["casefile work 1", str(worker_id), name, *(f"{k}={ids[k]}" for k in sorted(ids))]
    ).encode()
