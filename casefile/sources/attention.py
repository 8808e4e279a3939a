"""What about sources waits for somebody: shown on the desk, never with a word of an identity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select

from casefile.db import table
from casefile.policy import Permission
from casefile.sources import roster, service
from casefile.sources.models import Source, SourceHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.sources.roster import HandlerView

TOLD_FOR = timedelta(days=14)
SOON = timedelta(days=30)
MOST = 12
_SOURCE, _HANDLER = table(Source), table(SourceHandler)
_HANDLED = (
    select(_SOURCE.c.id, _SOURCE.c.case_id, _SOURCE.c.shredded_at, _SOURCE.c.changed_at)
    .join_from(_SOURCE, _HANDLER, _HANDLER.c.source_id == _SOURCE.c.id)
    .where(
        _HANDLER.c.user_id == bindparam("user_id"),
        or_(_SOURCE.c.shredded_at.is_(None), _SOURCE.c.shredded_at >= bindparam("since")),
    )
    .order_by(_SOURCE.c.id)
)


@dataclass(frozen=True, slots=True)
class Concern:
    """`kind` is shredded, last_handler_ends, no_handler or handler_waits; `name` says who it is about."""

    kind: str
    codename: str
    name: str
    url: str
    at: datetime


def of(
    session: Session,
    user_id: UUID,
    now: datetime,
    open_cases: Callable[[Sequence[UUID]], Sequence[OpenCase]],
) -> list[Concern]:
    """Return what a person should know of the sources they handle, in whatever case.

    Opening a case takes longer than anything here, so only those with a concern are opened.
    """
    rows = session.execute(_HANDLED, {"user_id": user_id, "since": now - TOLD_FOR}).all()
    handlers = roster.of_sources(session, [row.id for row in rows], now)
    found = [(row, said) for row in rows for said in _of_one(row, handlers[row.id], user_id, now)]
    found = sorted(found, key=lambda one: one[1][2])[:MOST]
    telling = {row.id: row.case_id for row, _said in found}
    views = {
        view.id: view
        for case in open_cases(list(set(telling.values())))
        if case.can(Permission.SOURCE_READ)
        for view in service.get_many(
            session, case, [id_ for id_, case_id in telling.items() if case_id == case.id], now
        )
    }
    return [
        Concern(kind, view.codename, name or view.shredded_by_name, view.url, at)
        for row, (kind, name, at) in found
        if (view := views.get(row.id)) is not None
    ]


def _of_one(
    source: Any, handlers: Sequence[HandlerView], user_id: UUID, now: datetime
) -> Iterator[tuple[str, str, datetime]]:
    mine = next((one for one in handlers if one.user_id == user_id), None)
    if mine is None or mine.state == "no_seat":
        return
    if source.shredded_at is not None:
        yield "shredded", "", source.shredded_at
        return
    only = roster.only_one(handlers)
    if only is not None and only.until is not None and only.until - now <= SOON:
        yield "last_handler_ends", only.name, only.until
    if not any(one.able for one in handlers):
        yield "no_handler", "", source.changed_at
    if mine.able:
        for one in handlers:
            if one.state == "no_key":
                yield "handler_waits", one.name, source.changed_at
