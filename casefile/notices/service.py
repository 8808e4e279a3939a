"""Notices: that something waits for somebody, never what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, func, insert, or_, select, update

from casefile import audit
from casefile.accounts import escrow
from casefile.accounts.models import User
from casefile.accounts.service import roles_of
from casefile.errors import NotFoundError
from casefile.notices import outbox
from casefile.notices.models import Notice, Reminder
from casefile.policy import Permission, roles_may

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

LONGEST_LABEL = 120
PLACES: Final = {
    "/grants/": Permission.GRANTS_VISIT,
    **dict.fromkeys(
        (f"/grants/{name}/" for name in ("amendments", "awards", "milestones", "payments")),
        Permission.AWARD_READ,
    ),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """What a notice is about: a codename and a number such as "amber-heron M3", and its page."""

    label: str
    path: str
    case_id: UUID | None = None
    """Given for what only people on a case may hear of: it goes with their seat."""

    def __post_init__(self) -> None:
        if len(self.label) > LONGEST_LABEL or not self.path.startswith("/"):
            msg = "a notice names a codename and a page of ours"
            raise ValueError(msg)


def tell(
    uow: UnitOfWork,
    person_ids: Iterable[UUID],
    kind: str,
    thing: Thing,
    *,
    to_me_too: bool = False,
) -> list[UUID]:
    """Tell these people, except whoever does it, that something waits; return who was told.

    Somebody who has not read the same notice yet hears nothing twice.
    """
    wanted = set(person_ids) - (set() if to_me_too else {uow.actor_id})
    told = _active(uow, wanted, thing.path) - _told_already(uow, wanted, kind, thing)
    if not told:
        return []
    uow.session.execute(
        insert(Notice),
        [
            {
                "id": uuid4(),
                "user_id": person_id,
                "kind": kind,
                "label": thing.label,
                "path": thing.path,
                "case_id": thing.case_id,
                "created_at": uow.now,
                "read_at": None,
            }
            for person_id in sorted(told)
        ],
    )
    uow.session.execute(
        update(User).where(User.id.in_(told)).values(unread_notices=User.unread_notices + 1)
    )
    outbox.write(uow, told)
    return sorted(told)


def _active(uow: UnitOfWork, person_ids: set[UUID], path: str) -> set[UUID]:
    """Return who of these has an open account and a role that includes what the notice is about."""
    if not person_ids:
        return set()
    rows = uow.session.execute(
        select(User.id, User.roles).where(
            User.id.in_(person_ids),
            User.disabled_at.is_(None),
            User.username != escrow.USERNAME,
            User.ends_at.is_(None) | (User.ends_at > uow.now),
        )
    )
    return {row.id for row in rows if not path.startswith(tuple(_closed(row.roles)))}


def _closed(roles: str) -> list[str]:
    """Return where these roles do not reach: what was told of it goes with the role."""
    held = roles_of(roles)
    return [place for place, wanted in PLACES.items() if not roles_may(held, wanted)]


def _told_already(uow: UnitOfWork, person_ids: set[UUID], kind: str, thing: Thing) -> set[UUID]:
    return set(
        uow.session.scalars(
            select(Notice.user_id).where(
                Notice.user_id.in_(person_ids),
                Notice.kind == kind,
                Notice.path == thing.path,
                Notice.label == thing.label,
                Notice.read_at.is_(None),
            )
        )
    )


def remind(uow: UnitOfWork, person_id: UUID, kind: str, thing: Thing, due_at: datetime) -> None:
    """Have somebody told at a later time. Asked for again, it is still told once."""
    there = uow.session.scalar(
        select(Reminder.id).where(
            Reminder.path == thing.path,
            Reminder.user_id == person_id,
            Reminder.kind == kind,
            Reminder.label == thing.label,
            Reminder.due_at == due_at,
        )
    )
    if there is not None:
        return
    uow.session.execute(
        insert(Reminder),
        {
            "id": uuid4(),
            "user_id": person_id,
            "kind": kind,
            "label": thing.label,
            "path": thing.path,
            "case_id": thing.case_id,
            "due_at": due_at,
            "made_at": uow.now,
            "sent_at": None,
        },
    )


def forget_reminders(uow: UnitOfWork, path: str, label: str, *kinds: str) -> None:
    """Take back what has not been told yet, because it came about or was called off."""
    uow.session.execute(
        delete(Reminder).where(
            Reminder.path == path,
            Reminder.label == label,
            Reminder.kind.in_(kinds),
            Reminder.sent_at.is_(None),
        )
    )


def forget_case(uow: UnitOfWork, case_id: UUID, person_ids: Iterable[UUID]) -> None:
    """Take every notice of a case from people whose seat is gone."""
    gone = set(person_ids)
    for model in (Notice, Reminder):
        uow.session.execute(delete(model).where(model.case_id == case_id, model.user_id.in_(gone)))
    _count_again(uow, gone)


def _count_again(uow: UnitOfWork, person_ids: Iterable[UUID]) -> None:
    unread = (
        select(func.count())
        .select_from(Notice)
        .where(Notice.user_id == User.id, Notice.read_at.is_(None))
        .scalar_subquery()
    )
    uow.session.execute(
        update(User).where(User.id.in_(set(person_ids))).values(unread_notices=unread)
    )


def make_due(uow: UnitOfWork) -> int:
    """Give every reminder whose time has come, and return how many there were."""
    due = uow.session.scalars(
        select(Reminder)
        .where(Reminder.sent_at.is_(None), Reminder.due_at <= uow.now)
        .order_by(Reminder.due_at)
    ).all()
    for reminder in due:
        tell(
            uow,
            [reminder.user_id],
            reminder.kind,
            Thing(reminder.label, reminder.path, reminder.case_id),
        )
        reminder.sent_at = uow.now
    if due:
        audit.record(uow, "reminders.given", detail={"count": len(due)})
    return len(due)


def _visible(session: Session, user_id: UUID, case_ids: Sequence[UUID]) -> ColumnElement[bool]:
    closed = _closed(session.scalar(select(User.roles).where(User.id == user_id)) or "")
    return and_(
        or_(Notice.case_id.is_(None), Notice.case_id.in_(case_ids)),
        *(Notice.path.not_like(f"{place}%") for place in closed),
    )


def listed(
    session: Session,
    user_id: UUID,
    case_ids: Sequence[UUID],
    *,
    unread: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> Sequence[Notice]:
    """Return somebody's notices, newest first; of cases only those they have a seat on."""
    wanted = select(Notice).where(Notice.user_id == user_id, _visible(session, user_id, case_ids))
    if unread:
        wanted = wanted.where(Notice.read_at.is_(None))
    wanted = wanted.order_by(Notice.created_at.desc(), Notice.id).offset(offset).limit(limit)
    return session.scalars(wanted).all()


def counts(session: Session, user_id: UUID, case_ids: Sequence[UUID]) -> tuple[int, int]:
    """Return how many notices somebody has, and how many of them are unread."""
    row = session.execute(
        select(func.count(), func.count().filter(Notice.read_at.is_(None)))
        .select_from(Notice)
        .where(Notice.user_id == user_id, _visible(session, user_id, case_ids))
    ).one()
    return row[0], row[1]


def read(uow: UnitOfWork, notice_id: UUID) -> str:
    """Mark one of my notices as read and return the page it is about."""
    notice = uow.session.scalar(
        select(Notice).where(Notice.id == notice_id, Notice.user_id == uow.actor_id)
    )
    if notice is None or uow.actor_id is None:
        msg = "There is no such notice."
        raise NotFoundError(msg)
    if notice.read_at is None:
        notice.read_at = uow.now
        uow.session.flush()
        _count_again(uow, [uow.actor_id])
        audit.record(uow, "notice.read", subject_id=notice.id)
    return notice.path


def read_all(uow: UnitOfWork) -> int:
    """Mark all my notices as read and return how many were not."""
    if uow.actor_id is None:
        return 0
    found = uow.session.scalars(
        update(Notice)
        .where(Notice.user_id == uow.actor_id, Notice.read_at.is_(None))
        .values(read_at=uow.now)
        .returning(Notice.id)
    ).all()
    _count_again(uow, [uow.actor_id])
    if found:
        audit.record(uow, "notices.read", detail={"count": len(found)})
    return len(found)
