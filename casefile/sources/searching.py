"""Search over identities: a shard for each source, sealed with its key, for its handlers alone.

What is found is named by codename and never quoted: whoever wants to read it asks for it, and that
stands in the trail. So does the match itself, because it tells who somebody is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from casefile.errors import CasefileError, DamagedError
from casefile.index import CaseShard, Document, parse
from casefile.index.tree import units
from casefile.policy import Permission
from casefile.sources import identities, looks, opening, service, statements
from casefile.sources.models import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.index import Query
    from casefile.sources.opening import Holder, OpenSource
    from casefile.sources.service import SourceView
    from casefile.uow import Resources

LABEL = "index"
MOST = 50
KIND = "source"


class Held(NamedTuple):
    """A source whose identity somebody can open."""

    case: OpenCase
    source: Source
    opened: OpenSource


class Matches(NamedTuple):
    """Sources whose identity fits, and whether one could not be asked because it was tampered with."""

    found: Sequence[tuple[OpenCase, SourceView]]
    damaged: bool


def held(
    session: Session, holder: Holder, mine: Sequence[OpenCase]
) -> Iterator[Held | DamagedError]:
    """Yield the sources somebody handles in these cases, opened; or why one stays closed."""
    by_id = {case.id: case for case in mine if case.can(Permission.SOURCE_HANDLE)}
    asked = {"case_ids": list(by_id), "user_id": holder.user_id}
    ids = [row.id for row in session.execute(statements.HELD_IN, asked)] if by_id else []
    for source_id in ids:
        source = session.get_one(Source, source_id)
        case = by_id[source.case_id]
        try:
            opened = opening.open_source(session, case, holder, source, listed=True)
        except DamagedError as error:
            yield error
        except CasefileError:
            continue
        else:
            yield Held(case, source, opened)


def shard(resources: Resources, one: Held) -> CaseShard:
    """Return the shard of a source; its documents are read when it has to catch up."""

    def documents(since: int, until: int) -> Iterator[Document]:
        if not since < one.source.sealed_change <= until:
            return
        with resources.database.reading() as session:
            told = identities.latest(session, one.source, one.opened)
            log = identities.contacts(session, one.source, one.opened)
        said = [
            part
            for entry in log
            for part in (entry.contact.how, entry.contact.where, entry.contact.summary)
        ]
        parts = (told.name, told.contacts, told.circumstances, *said)
        yield Document(
            id=one.source.id,
            kind=KIND,
            title=told.name,
            text="\n".join(part for part in parts if part),
            author_id=one.source.added_by_id,
            author="",
            created_at=one.source.added_at,
            tags=(),
            change=one.source.sealed_change,
        )

    return CaseShard(
        case_id=one.source.id,
        codename=one.case.codename,
        keys=[
            (generation, one.opened.keys[generation].derive(LABEL))
            for generation in sorted(one.opened.keys, reverse=True)
        ],
        change=one.source.sealed_change,
        documents=documents,
    )


def search(
    resources: Resources,
    session: Session,
    holder: Holder,
    mine: Sequence[OpenCase],
    query: Query,
    *,
    timezone: ZoneInfo,
) -> Matches:
    """Find the sources of these cases whose identity fits, among those this person handles."""
    now = resources.clock()
    if query.kind not in {None, KIND} or not _asks_for_words(query, now.astimezone(timezone)):
        return Matches((), damaged=False)
    wanted = [case for case in mine if query.case_id in {None, case.id}]
    seen = list(held(session, holder, wanted))
    usable = {one.source.id: one for one in seen if isinstance(one, Held)}
    damaged = len(usable) < len(seen)
    if not usable:
        return Matches((), damaged)
    results = resources.index.search(
        [shard(resources, one) for one in usable.values()],
        replace(query, case_id=None, kind=None),
        size=MOST,
        now=now,
        timezone=timezone,
    )
    hits = [usable[hit.id] for hit in results.hits if hit.id in usable]
    views = _views(session, hits, now)
    found = [(one.case, views[one.source.id]) for one in hits]
    try:
        looks.note_matches(
            resources, holder, [(case, view.id, view.codename) for case, view in found]
        )
    except CasefileError:
        return Matches((), damaged)  # nothing is told that the trail does not know of
    return Matches(found, damaged)


def _asks_for_words(query: Query, now: datetime) -> bool:
    """Filters alone would list every source and say nothing about who it is."""
    return any(True for _unit in units(parse(query, now.date()).tree))


def _views(session: Session, hits: Iterable[Held], now: datetime) -> Mapping[UUID, SourceView]:
    by_case: dict[UUID, tuple[OpenCase, list[UUID]]] = {}
    for one in hits:
        by_case.setdefault(one.case.id, (one.case, []))[1].append(one.source.id)
    return {
        view.id: view
        for case, ids in by_case.values()
        for view in service.get_many(session, case, ids, now)
    }
