"""What the clock asks for: reminders whose time has come, and mails that wait."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.notices import outbox, service
from casefile.notices.models import Reminder
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from casefile.uow import Resources

log = logging.getLogger(__name__)
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Ticked:
    """What was done."""

    reminders: int
    sent: int
    failed: int
    abandoned: int
    waiting: int
    settled: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def tick(resources: Resources) -> Ticked:
    """Do what is due; done again at once, it does nothing more."""
    given = 0
    settled = sum(work(resources) for work in resources.clock_work)
    if _something_due(resources):
        with UnitOfWork(resources, None) as uow:
            given = service.make_due(uow)
    sent = outbox.send(resources)
    return Ticked(given, sent.sent, sent.failed, sent.abandoned, sent.waiting, settled)


def _something_due(resources: Resources) -> bool:
    with resources.database.reading() as session:
        due = select(Reminder.id).where(
            Reminder.sent_at.is_(None), Reminder.due_at <= resources.clock()
        )
        return session.scalar(due.limit(1)) is not None


def in_background(resources: Resources) -> None:
    """Do it beside the server, which has pages to answer meanwhile."""
    if _ONE_AT_A_TIME.acquire(blocking=False):
        threading.Thread(target=_quietly, args=(resources,), name="tick", daemon=True).start()


def _quietly(resources: Resources) -> None:
    try:
        done = tick(resources)
        if done.failed or done.abandoned:
            log.warning("mail_not_sent", extra={"failed": done.failed, "abandoned": done.abandoned})
    except Exception as error:  # noqa: BLE001
        log.warning("tick_failed", extra={"error": type(error).__name__})
    finally:
        _ONE_AT_A_TIME.release()
