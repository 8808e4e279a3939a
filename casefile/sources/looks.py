"""Who looked at an identity, and when: for the other handlers, out of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from casefile import audit
from casefile.accounts import service as accounts
from casefile.db import table
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.sources.opening import Holder
    from casefile.uow import Resources

OPENED, MATCHED = "source.identity_opened", "source.identity_matched"
NEWS_LASTS = timedelta(days=14)
ONE_LOOK = timedelta(minutes=10)
_ENTRY = table(audit.Entry)
_LOOKS = (
    select(_ENTRY.c.at, _ENTRY.c.actor_id, _ENTRY.c.action)
    .where(
        _ENTRY.c.subject_id == bindparam("source_id"),
        _ENTRY.c.action.in_((OPENED, MATCHED)),
    )
    .order_by(_ENTRY.c.sequence.desc())
)
_PAGE = _LOOKS.limit(bindparam("limit"))
_COUNT = select(func.count()).select_from(_LOOKS.order_by(None).subquery())


@dataclass(frozen=True, slots=True)
class Look:
    at: datetime
    user_id: UUID
    name: str
    by_search: bool


@dataclass(frozen=True, slots=True)
class Looks:
    """The last looks, how many there were, and those of others that a handler has not seen yet."""

    latest: Sequence[Look]
    total: int
    news: Sequence[Look]


def of(session: Session, source_id: UUID, me: UUID, now: datetime, limit: int) -> Looks:
    rows = session.execute(_PAGE, {"source_id": source_id, "limit": limit}).all()
    names = accounts.names(session, {row.actor_id for row in rows})
    latest = [
        Look(row.at, row.actor_id, names.get(row.actor_id, ""), row.action == MATCHED)
        for row in rows
    ]
    # In the order of the trail: a clock set back hides no look. A search of mine shows me nothing.
    since_mine = takewhile(lambda look: look.user_id != me or look.by_search, latest)
    news = [one for one in since_mine if one.user_id != me and one.at > now - NEWS_LASTS]
    return Looks(latest, session.scalar(_COUNT, {"source_id": source_id}) or 0, news)


def note_matches(
    resources: Resources, holder: Holder, found: Iterable[tuple[OpenCase, UUID, str]]
) -> None:
    """Write down that something a handler typed fits these identities: that tells who they are.

    Once in a while is enough; (case, source id, codename) each.
    """
    now = resources.clock()
    with resources.database.reading() as session:
        fresh = [one for one in found if not _matched_lately(session, one[1], holder.user_id, now)]
    if not fresh:
        return
    with UnitOfWork(resources, holder.user_id, holder.bundle) as uow:
        for case, source_id, codename in fresh:
            audit.record(uow, MATCHED, subject_id=source_id, case=case, detail={"label": codename})


def _matched_lately(session: Session, source_id: UUID, user_id: UUID, now: datetime) -> bool:
    lately = _ENTRY.c.at.between(
        now - ONE_LOOK, now
    )  # of a clock set back, the future is not lately
    wanted = _LOOKS.where(_ENTRY.c.actor_id == user_id, lately).limit(1)
    return session.execute(wanted, {"source_id": source_id}).first() is not None
