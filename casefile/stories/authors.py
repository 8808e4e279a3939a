"""Who wrote a story, and who is somebody else: people decide apart from what they wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from casefile.accounts import service as accounts
from casefile.errors import ForbiddenError
from casefile.stories import keeping, statements

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Whole

AUTHOR = (
    "You wrote part of this story, so somebody else has to decide this. That holds in every seat you "
    "have. If nobody else can, ask the lead to give another editor a seat on this case."
)
SAME_PERSON = (
    "Your account has the same name as somebody who wrote part of this story or vouched for it. One "
    "person decides once, whatever the account. If you are two people, an administrator can tell the "
    "names apart."
)


def authors_of(session: Session, whole: Whole) -> set[UUID]:
    """Return everybody who ever wrote a draft of a story or a claim of it."""
    found = {UUID(one) for one in whole.head.authors}
    found |= set(session.scalars(statements.WROTE, {"story_id": whole.id}))
    for part in whole.of("claim"):
        if part.record:
            found |= {UUID(one) for one in part.record.writers}
    return found


def wrote(session: Session, case: OpenCase, story_id: UUID, person: UUID) -> bool:
    """Say whether this person wrote part of a story, so that others decide about it."""
    return person in authors_of(session, keeping.load(session, case, story_id))


def check_apart(session: Session, whole: Whole, person: UUID, *others: UUID) -> None:
    """Raise ForbiddenError when this person wrote part of the story, by this or another account."""
    authors = authors_of(session, whole)
    if person in authors:
        raise ForbiddenError(AUTHOR)
    if is_among(session, person, {*authors, *others} - {person}):
        raise ForbiddenError(SAME_PERSON)


def is_among(session: Session, person: UUID, others: set[UUID]) -> bool:
    """Say whether this person is one of these, by this account or by one of the same name."""
    names = accounts.names(session, {person, *others})
    mine = _same(names.get(person, ""))
    return person in others or any(_same(names.get(one, "")) == mine for one in others)


def _same(name: str) -> str:
    return "".join(name.casefold().split())
