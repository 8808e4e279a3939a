"""What about sources waits for somebody: shown on the desk, never with a word of an identity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.policy import Permission
from casefile.sources import roster, service
from casefile.sources.models import Source, SourceHandler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.sources.service import SourceView

TOLD_FOR = timedelta(days=14)
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Concern:
    """`kind` is shredded, last_handler_ends, no_handler or handler_waits; `name` says who it is about."""

    kind: str
    codename: str
    name: str
    url: str
    at: datetime


def of(session: Session, cases: Sequence[OpenCase], user_id: UUID, now: datetime) -> list[Concern]:
    """Return what a person should know of the sources they handle, and of those nobody can open."""
    by_id = {case.id: case for case in cases}
    rows = session.execute(
        select(Source.id, Source.case_id)
        .where(Source.case_id.in_(by_id))
        .where(
            Source.id.in_(select(SourceHandler.source_id).where(SourceHandler.user_id == user_id))
        )
    ).all()
    found: list[Concern] = []
    for case in cases:
        ids = [row.id for row in rows if row.case_id == case.id]
        if ids and case.can(Permission.SOURCE_READ):
            for source in service.get_many(session, case, ids, now):
                found += _of_one(source, user_id, now)
    return sorted(found, key=lambda concern: concern.at)


def _of_one(source: SourceView, user_id: UUID, now: datetime) -> Iterator[Concern]:
    def concern(kind: str, name: str, at: datetime) -> Concern:
        return Concern(kind, source.codename, name, source.url, at)

    if source.shredded_at is not None:
        if now - source.shredded_at <= TOLD_FOR:
            yield concern("shredded", source.shredded_by_name, source.shredded_at)
        return
    only = roster.only_one(source.handlers)
    if only is not None and only.until is not None and only.until - now <= SOON:
        yield concern("last_handler_ends", only.name, only.until)
    if not source.openable:
        yield concern("no_handler", "", source.changed_at)
    mine = next((one for one in source.handlers if one.user_id == user_id), None)
    if mine is not None and mine.able:
        for one in source.handlers:
            if one.state == "no_key":
                yield concern("handler_waits", one.name, source.changed_at)
