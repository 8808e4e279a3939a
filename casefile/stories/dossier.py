"""All that a lawyer needs about a story in one piece, without anybody's identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from casefile import audit
from casefile.evidence import service as evidence
from casefile.evidence.service import ONE_LOOK
from casefile.stories.supports import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.evidence.service import EvidenceView
    from casefile.stories.views import StoryView
    from casefile.uow import UnitOfWork

OPENED, EXPORTED = "story.dossier_opened", "story.exported"


@dataclass(frozen=True, slots=True)
class Dossier:
    """The evidence under a story with its custody, and which claims rest on each piece."""

    items: Sequence[EvidenceView]
    claims_on: dict[str, list[int]]


def gather(session: Session, case: OpenCase, story: StoryView) -> Dossier:
    """Return the custody of every file that claims of a story rest on."""
    resting: dict[str, list[int]] = {}
    for claim in story.claims:
        for one in claim.supports:
            if one.kind == EVIDENCE:
                resting.setdefault(one.thing_id, []).append(claim.number)
    for place in story.publications:
        if place.page_id:
            resting.setdefault(place.page_id, [])
    items = evidence.get_many(session, case, map(UUID, resting)) if resting else []
    shown = sorted(evidence.views(session, case, items), key=lambda item: item.number)
    return Dossier(shown, {name: sorted(set(claims)) for name, claims in resting.items()})


def words(story: StoryView, gathered: Dossier) -> Iterator[str]:
    """Give everything that people typed into what the dossier shows."""
    for text in story.texts:
        yield from (text.title, text.body)
    for claim in story.claims:
        yield from (claim.statement, claim.reasoning, *(one.passage for one in claim.supports))
    for item in gathered.items:
        yield from (item.name, item.shows, item.obtained_from, item.obtained_how, item.withdrawn)
    for reply in story.replies:
        yield from (reply.subject, reply.how, reply.asked, reply.answer, reply.used)
    for decision in story.decisions:
        yield decision.reason


def opened_lately(session: Session, story_id: UUID, person_id: UUID, now: datetime) -> bool:
    """Say whether this person's look at the dossier is on record for the last minutes already."""
    wanted = (
        select(audit.Entry.sequence)
        .where(
            audit.Entry.subject_id == story_id,
            audit.Entry.actor_id == person_id,
            audit.Entry.action == OPENED,
            audit.Entry.at.between(now - ONE_LOOK, now),
        )
        .limit(1)
    )
    return session.execute(wanted).first() is not None


def record(uow: UnitOfWork, case: OpenCase, story: StoryView, action: str, what: str = "") -> None:
    """Put on record that a story was taken out of the newsroom's pages, and in what form."""
    detail = {"label": story.title, **({"as": what} if what else {})}
    audit.record(uow, action, subject_id=story.id, case=case, detail=detail)
