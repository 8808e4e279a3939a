"""From a claim to the page and the words it rests on, from evidence to the claims that rest on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from casefile.accounts import service as accounts
from casefile.errors import CasefileError, NotFoundError
from casefile.evidence import extraction
from casefile.evidence import service as evidence
from casefile.stories import keeping, service, statements
from casefile.stories.supports import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.stories.parts import Part
    from casefile.stories.service import StoryRow
    from casefile.stories.views import ClaimView

LONGEST_SHOWN = 60_000
NOT_EVIDENCE = "This claim rests on no evidence at that place any more."


@dataclass(frozen=True, slots=True)
class PassageView:
    """A page of a file: the words before the passage, the passage as it stands there, and after."""

    item: EvidenceView
    number: int
    wanted: str
    before: str
    found: str
    after: str

    @property
    def text_was_read(self) -> bool:
        return bool(self.before or self.found or self.after)


@dataclass(frozen=True, slots=True)
class Event:
    """One version of a claim: who did what to it and when."""

    version: int
    what: str
    actor_name: str
    at: datetime
    statement: str
    verdict: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class RestingView:
    """A claim that rests on a piece of evidence."""

    number: int
    statement: str
    url: str
    verdict: str
    page: int | None
    passage: str
    story: StoryRow


def open_passage(session: Session, case: OpenCase, claim: ClaimView, index: int) -> PassageView:
    """Open the page that a support of a claim names and find its words there.

    Raises NotFoundError when the claim rests on no evidence at that place.
    """
    if index >= len(claim.supports) or claim.supports[index].kind != EVIDENCE:
        raise NotFoundError(NOT_EVIDENCE)
    support = claim.supports[index]
    items = evidence.get_many(session, case, [UUID(support.thing_id)])
    if not items:
        raise NotFoundError(NOT_EVIDENCE)
    shown = evidence.views(session, case, items)[0]
    number, text = support.page or 1, ""
    if support.page or shown.pages <= 1:
        try:
            text = extraction.page_of(session, case, items[0], number)
        except CasefileError:
            text = ""
    before, found, after = place(text[:LONGEST_SHOWN], support.passage)
    return PassageView(shown, number, support.passage, before, found, after)


def place(text: str, passage: str) -> tuple[str, str, str]:
    """Cut a text around a passage, whatever white space and case it is written in there."""
    words = passage.split()
    if not words:
        return text, "", ""
    found = re.search(r"\s+".join(map(re.escape, words)), text, re.IGNORECASE)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :]


def events(session: Session, history: Sequence[Part]) -> list[Event]:
    """Return what happened to a claim, newest first."""
    names = accounts.names(session, {part.author_id for part in history})
    return [
        Event(
            part.version,
            part.record.event,
            names.get(part.author_id, ""),
            part.at,
            part.record.statement,
            part.record.verdict,
            part.record.reasoning,
        )
        for part in history
        if part.record
    ]


def resting_on(session: Session, case: OpenCase, item_id: UUID) -> list[RestingView]:
    """Return the claims that rest on a piece of evidence, with page and passage."""
    asked = {"case_id": case.id, "item_id": item_id}
    parts = [keeping.open_part(case, row) for row in session.execute(statements.RESTING_ON, asked)]
    stories = service.get_many(session, case, [part.story_id for part in parts])
    by_id = {story.id: story for story in stories}
    return [
        RestingView(
            part.number,
            part.record.statement,
            f"{by_id[part.story_id].url}/claims/{part.id}",
            part.record.verdict,
            support.page,
            support.passage,
            by_id[part.story_id],
        )
        for part in parts
        if part.record and part.story_id in by_id
        for support in part.record.supports
        if support.kind == EVIDENCE and support.id == str(item_id)
    ]
