"""One box over all of it: what was asked, looked up in the shards of one's own cases only."""

from __future__ import annotations

import functools
import time
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from casefile.cases import indexing
from casefile.cases import service as cases
from casefile.errors import CasefileError
from casefile.evidence import extraction
from casefile.evidence import service as evidence
from casefile.index import Hit, Query, highlight, snippet
from casefile.notes import service as notes
from casefile.search.found import Found, ResultView
from casefile.search.identities import with_identities
from casefile.sources import service as sources
from casefile.stories import documents as stories
from casefile.stories import service as story_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.index import Document, Parsed, Results
    from casefile.uow import Resources
    from casefile.web import Visit

    Watch = Callable[[Sequence[OpenCase]], object]

PAGE = 20
KINDS = ("note", "evidence", "source", "story", "claim")
LONGEST_WORDS = 100
SCAN_SECONDS = 2.0
SCAN_MOST = 50


def _unwatched(_cases: Sequence[OpenCase]) -> None:
    """Nobody has to hear of this search."""


def read_query(asked: Mapping[str, str]) -> tuple[Query, dict[str, str]]:
    """Make a query of the form's fields; what makes no sense is left out, never refused.

    Returns the query and the filters that took part, as text for links.
    """
    kept: dict[str, str] = {}
    case_id, author_id = _uuid(asked, "case", kept), _uuid(asked, "author", kept)
    after, before = _day(asked, "after", kept), _day(asked, "before", kept)
    kind = asked.get("kind", "")
    if kind in KINDS:
        kept["kind"] = kind
    words = {}
    for name in ("language", "tag"):
        if asked.get(name):
            words[name] = kept[name] = asked[name][:LONGEST_WORDS]
    query = Query(
        text=asked.get("q", ""),
        kind=kept.get("kind"),
        case_id=case_id,
        author_id=author_id,
        after=after,
        before=before,
        language=words.get("language"),
        tag=words.get("tag"),
    )
    return query, kept


def _uuid(asked: Mapping[str, str], name: str, kept: dict[str, str]) -> UUID | None:
    try:
        value = UUID(asked.get(name, ""))
    except ValueError:
        return None
    kept[name] = str(value)
    return value


def _day(asked: Mapping[str, str], name: str, kept: dict[str, str]) -> date | None:
    try:
        value = date.fromisoformat(asked.get(name, ""))
    except ValueError:
        return None
    kept[name] = value.isoformat()
    return value


def search(
    resources: Resources,
    session: Session,
    opened: Visit,
    query: Query,
    *,
    page: int,
    timezone: ZoneInfo,
    watch: Watch = _unwatched,
) -> Found:
    """Look in every case of whoever asks, and nowhere else; `watch` is told in which."""
    now = resources.clock()
    mine = cases.all_mine(session, opened, now)
    watch([case for case in mine if query.case_id in {None, case.id}])
    extraction.offer_waiting(resources, session, mine)
    look = functools.partial(
        resources.index.search,
        [indexing.shard(resources, case) for case in mine],
        query,
        size=PAGE,
        now=now,
        timezone=timezone,
    )
    results: Results = look(page=page)
    if results.total and results.page > results.pages:
        results = look(page=results.pages)
    by_id = {case.id: case for case in mine}
    hits = list(results.hits)
    if results.behind and results.page == 1:
        hits += _scan(resources, [by_id[case_id] for case_id in results.behind], query, results)
    found = Found(
        results=_show(session, by_id, hits, results.parsed, now),
        total=results.total + len(hits) - len(results.hits),
        page=results.page,
        facets=results.facets,
        suggestion=results.suggestion,
        notices=results.notices,
    )
    return with_identities(resources, session, opened, mine, query, found, timezone=timezone)


def _scan(
    resources: Resources, behind: Sequence[OpenCase], query: Query, results: Results
) -> list[Hit]:
    """Read through what a shard does not hold yet, for as long as a reader will wait."""
    deadline = time.monotonic() + SCAN_SECONDS
    known = {(hit.case_id, hit.id) for hit in results.hits}
    found: dict[tuple[UUID, UUID], Hit] = {}
    for case in behind:
        done = results.behind[case.id].done
        for document in indexing.shard(resources, case).documents(done, case.change_number):
            place = (case.id, document.id)
            if document.deleted or place in known or place in found or not _fits(document, query):
                continue
            text = f"{document.title}\n{document.text}"
            if any(piece.marked for piece in highlight(results.parsed, text)):
                found[place] = Hit(
                    case_id=case.id,
                    id=document.id,
                    kind=document.kind,
                    page=document.page,
                    title="",
                    author_id=document.author_id,
                    author=document.author,
                    created_at=document.created_at,
                    score=0.0,
                )
            if len(found) >= SCAN_MOST or time.monotonic() > deadline:
                return list(found.values())
    return list(found.values())


def _fits(document: Document, query: Query) -> bool:
    return query.kind in {None, document.kind} and query.author_id in {None, document.author_id}


def _show(
    session: Session,
    mine: Mapping[UUID, OpenCase],
    hits: Sequence[Hit],
    parsed: Parsed,
    now: datetime,
) -> list[ResultView]:
    wanted: dict[tuple[UUID, str], list[Hit]] = {}
    for hit in hits:
        wanted.setdefault((hit.case_id, hit.kind), []).append(hit)
    found: dict[tuple[UUID, UUID], ResultView] = {}
    for (case_id, kind), group in wanted.items():
        case = mine[case_id]
        if kind == "source":
            views = _sources(session, case, group, parsed, now)
        else:
            views = SHOWN.get(kind, _evidence)(session, case, group, parsed)
        found |= {(case_id, view.id): view for view in views}
    return [found[hit.case_id, hit.id] for hit in hits if (hit.case_id, hit.id) in found]


def _sources(
    session: Session, case: OpenCase, hits: Sequence[Hit], parsed: Parsed, now: datetime
) -> Iterable[ResultView]:
    for source in sources.get_many(session, case, [hit.id for hit in hits], now):
        about = source.about
        said = (about.reliability, about.motive, about.quotable)
        yield ResultView(
            kind="source",
            id=source.id,
            case_id=case.id,
            codename=case.codename,
            title=source.codename,
            author=source.added_by_name,
            created_at=source.added_at,
            url=source.url,
            page=0,
            fragments=snippet("\n".join(part for part in said if part), parsed),
        )


def _notes(
    session: Session, case: OpenCase, hits: Sequence[Hit], parsed: Parsed
) -> Iterable[ResultView]:
    for note in notes.get_many(session, case, [hit.id for hit in hits]):
        yield ResultView(
            kind="note",
            id=note.id,
            case_id=case.id,
            codename=case.codename,
            title=note.title,
            author=note.author_name,
            created_at=note.created_at,
            url=note.url,
            page=0,
            fragments=snippet(notes.plain(note.body), parsed),
        )


def _evidence(
    session: Session, case: OpenCase, hits: Sequence[Hit], parsed: Parsed
) -> Iterable[ResultView]:
    pages = {hit.id: hit.page for hit in hits}
    items = evidence.get_many(session, case, pages)
    for item, shown in zip(items, evidence.views(session, case, items), strict=True):
        page = pages[item.id]
        text = extraction.record_text(shown)
        if page:
            try:
                text = extraction.page_of(session, case, item, page)
            except CasefileError:
                text = ""
        yield ResultView(
            kind="evidence",
            id=item.id,
            case_id=case.id,
            codename=case.codename,
            title=shown.name,
            author=shown.added_by_name,
            created_at=item.added_at,
            url=shown.url,
            page=page,
            fragments=snippet(text, parsed),
        )


def _stories(
    session: Session, case: OpenCase, hits: Sequence[Hit], parsed: Parsed
) -> Iterable[ResultView]:
    pages = {hit.id: hit.page for hit in hits}
    for story in story_service.get_many(session, case, list(pages)):
        yield ResultView(
            kind="story",
            id=story.id,
            case_id=case.id,
            codename=case.codename,
            title=story.title,
            author=story.author_name,
            created_at=story.created_at,
            url=story.url,
            page=0,
            fragments=snippet(
                notes.plain(stories.story_text(session, case, story.id, pages[story.id])), parsed
            ),
        )


def _claims(
    session: Session, case: OpenCase, hits: Sequence[Hit], parsed: Parsed
) -> Iterable[ResultView]:
    by_id = {hit.id: hit for hit in hits}
    for part, story in stories.found_claims(session, case, by_id):
        yield ResultView(
            kind="claim",
            id=part.id,
            case_id=case.id,
            codename=case.codename,
            title=part.record.statement,
            author=by_id[part.id].author,
            created_at=part.at,
            url=f"{story.url}/claims/{part.id}",
            page=0,
            fragments=snippet(stories.claim_text(part), parsed),
        )


SHOWN = {"note": _notes, "evidence": _evidence, "story": _stories, "claim": _claims}


def complete(
    resources: Resources,
    session: Session,
    opened: Visit,
    prefix: str,
    watch: Watch = _unwatched,
) -> list[str]:
    """Suggest how a word may go on, from the words of one's own cases; `watch` is told of which."""
    mine = cases.all_mine(session, opened, resources.clock())
    watch(mine)
    return resources.index.complete([indexing.shard(resources, case) for case in mine], prefix)
