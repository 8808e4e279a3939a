"""What the stories of a case know that a release can use: where they came out, whom they asked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from casefile.milestones.content import LANGUAGES, Entered
from casefile.stories import authors, keeping
from casefile.stories import service as stories
from casefile.stories.rules import OUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Whole

MOST_STORIES = 50
ALL_STORIES = 100_000


def _wholes(session: Session, case: OpenCase) -> Iterator[Whole]:
    rows, _total = stories.listed(session, case, limit=MOST_STORIES)
    for row in rows:
        yield keeping.load(session, case, row.id)


def writers(session: Session, case: OpenCase) -> set[UUID]:
    """Return who wrote a story of this case, or a claim in one."""
    rows, _total = stories.listed(session, case, limit=ALL_STORIES)
    return set().union(
        *(authors.authors_of(session, keeping.load(session, case, row.id)) for row in rows)
    )


def is_out(session: Session, case: OpenCase) -> bool:
    """Say whether a story of this case came out: then a commitment can be opened."""
    rows, _total = stories.listed(session, case, limit=MOST_STORIES)
    return any(row.state in OUT for row in rows)


def artefact(session: Session, case: OpenCase) -> Entered:
    """Return E0 as the newest publication on record fills it in; empty when nothing came out."""
    found = [
        (datetime.fromisoformat(part.record.at), part.record)
        for whole in _wholes(session, case)
        if whole.state in OUT
        for part in whole.of("publication")
        if part.record
    ]
    if not found:
        return Entered()
    at, told = max(found, key=lambda one: one[0])
    return Entered(
        url=told.url,
        outlet=told.outlet,
        published_on=at.astimezone(ZoneInfo(told.zone)).date(),
        language=told.language if told.language in LANGUAGES else "",
        page_sha256=told.page_sha256,
    )


def requests(session: Session, case: OpenCase) -> tuple[int, int]:
    """Count whom the stories asked for a reply, and who answered."""
    replies = [
        part.record
        for whole in _wholes(session, case)
        for part in whole.of("reply")
        if part.record and part.record.sent_at
    ]
    return len(replies), sum(bool(one.answered_at) for one in replies)
