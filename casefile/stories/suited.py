"""Who can be given what to do about a story: a seat that allows it, and nobody's own work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from casefile.cases import mentions
from casefile.errors import InvalidError
from casefile.policy import Permission, seat_may
from casefile.stories import authors
from casefile.stories.records import CLAIM, DROPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.cases.mentions import Member
    from casefile.stories.parts import Part, Whole
    from casefile.uow import UnitOfWork

WRITE, CHECK, CLEAR = "write", "check", "clear"
# What is to be done about a story, or about one claim of it, and what the seat must allow for it.
TASKS: Final = {
    WRITE: Permission.STORY_EDIT,
    CHECK: Permission.STORY_CHECK,
    CLEAR: Permission.STORY_CLEAR,
    CLAIM: Permission.STORY_CHECK,
}
MOST_AT_ONCE = 200
SHOWN = 10
NOT_ON_CASE = "Choose somebody who is on this case. Whoever is not gets a seat from its lead first."
WHICH_CLAIMS = "Say which claims, by their numbers: 3, 5-8."


def claims(whole: Whole, numbers: Sequence[int]) -> list[Part]:
    """Return the claims with these numbers; InvalidError where one is not there to be checked."""
    if not numbers:
        raise InvalidError(WHICH_CLAIMS)
    if len(numbers) > MOST_AT_ONCE:
        msg = f"Assign at most {MOST_AT_ONCE} claims at once."
        raise InvalidError(msg)
    known = {part.number: part for part in whole.of(CLAIM) if part.record}
    for number in numbers:
        if number not in known:
            msg = f"This story has no claim C-{number}."
            raise InvalidError(msg)
        if known[number].record.verdict == DROPPED:
            msg = f"Claim C-{number} was dropped, so there is nothing to check."
            raise InvalidError(msg)
    return [known[number] for number in dict.fromkeys(numbers)]


def person(
    uow: UnitOfWork,
    case: OpenCase,
    whole: Whole,
    task: str,
    parts: Sequence[Part | None],
    person_id: UUID,
) -> Member:
    """Return who is meant; InvalidError for somebody who may not do this, or wrote what it is about."""
    people = mentions.members(uow.session, case, uow.now).values()
    member = next((one for one in people if one.id == person_id), None)
    if member is None:
        raise InvalidError(NOT_ON_CASE)
    if not seat_may(member.role, TASKS[task]):
        msg = f"The seat of {member.name} on this case does not include this. Choose somebody else."
        raise InvalidError(msg)
    if task == CLEAR and authors.is_among(
        uow.session, member.id, authors.authors_of(uow.session, whole)
    ):
        msg = f"{member.name} wrote part of this story, so somebody else has to read it as its lawyer."
        raise InvalidError(msg)
    if task in {CHECK, CLAIM}:
        about = parts if task == CLAIM else whole.of(CLAIM)
        _check_apart(
            uow.session, member, [part for part in about if part], whole_story=task == CHECK
        )
    return member


def _check_apart(
    session: Session, member: Member, parts: Sequence[Part], *, whole_story: bool
) -> None:
    own = [
        f"C-{part.number}"
        for part in own_among(session, member.id, parts)
        if part.record.verdict != DROPPED
    ]
    if not own:
        return
    shown = ", ".join(own[:SHOWN]) + (" …" if len(own) > SHOWN else "")
    msg = f"{member.name} wrote {shown} or the words marked with it, so somebody else has to check it."
    if whole_story:
        msg += " Assign them the other claims by number, or choose somebody else for all."
    raise InvalidError(msg)


def own_among(session: Session, person_id: UUID, parts: Iterable[Part]) -> list[Part]:
    """Return the claims this person wrote, by this account or by another of the same name."""
    written = {part.key: _writers(part) for part in parts if part.record}
    if not authors.is_among(session, person_id, set().union(*written.values())):
        return []
    return [
        part
        for part in parts
        if part.key in written and authors.is_among(session, person_id, written[part.key])
    ]


def _writers(part: Part) -> set[UUID]:
    return {UUID(one) for one in part.record.writers}
