"""Conflicts of interest: declared before the text opens, and found where the program can see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from casefile.errors import ConflictError, ForbiddenError
from casefile.grants import calls, keeping, organisations, submitting
from casefile.grants.application_models import (
    Application,
    ApplicationPartner,
    ApplicationReview,
    ConflictDeclaration,
)
from casefile.grants.models import Affiliation, Organisation
from casefile.grants.states import ReviewState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

CLEAR, CONFLICT, BLOCKED = "clear", "conflict", "blocked"
ASIDE = (
    "You stand aside here: you declared an interest, or you work for the applicant or a partner of theirs. "
    "Somebody else reviews and decides this application."
)
BLOCKED_REASON = "Works for the applicant or for one of its partners."


def declaration(
    session: Session, application_id: UUID, user_id: UUID
) -> ConflictDeclaration | None:
    """Return what this person last declared on this application."""
    return session.scalars(
        select(ConflictDeclaration)
        .where(
            ConflictDeclaration.application_id == application_id,
            ConflictDeclaration.user_id == user_id,
            ConflictDeclaration.voided_at.is_(None),
        )
        .order_by(ConflictDeclaration.created_at.desc())
        .limit(1)
    ).one_or_none()


def works_for(session: Session, row: Application, user_id: UUID) -> bool:
    """Say whether somebody works for the applicant or a partner, by row or by name."""
    return user_id in workers(session, [row.id])[row.id]


def workers(session: Session, application_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Return, for each application, who works for the applicant or a partner: as submitted, by row or name.

    What was changed in a draft since is not looked at, so that nobody can hide a partner there.
    """
    at: dict[UUID | str | None, set[UUID]] = {}
    for user_id, organisation_id, name in session.execute(
        select(Affiliation.user_id, Organisation.id, Organisation.folded_name)
        .join(Organisation, Organisation.id == Affiliation.organisation_id)
        .where(Affiliation.voided_at.is_(None))
    ):
        at.setdefault(organisation_id, set()).add(user_id)
        at.setdefault(name, set()).add(user_id)
    found: dict[UUID, frozenset[UUID]] = dict.fromkeys(application_ids, frozenset())
    if not at:
        return found
    said = submitting.newest(session, application_ids)
    known = _organisations(session, said)
    for row_id, content in said.items():
        names = [content["applicant"], *(name for name, _role in content["partners"])]
        keys = {organisations.folded(str(name)) for name in names} | known[row_id]
        found[row_id] = frozenset().union(*(at.get(key, ()) for key in keys))
    return found


def _organisations(
    session: Session, said: Mapping[UUID, Mapping[str, Any]]
) -> dict[UUID, set[UUID | None]]:
    """Return the organisations known to stand behind what was submitted."""
    found: dict[UUID, set[UUID | None]] = {row_id: set() for row_id in said}
    for row_id, organisation_id in session.execute(
        select(Application.id, Application.organisation_id).where(Application.id.in_(said))
    ):
        found[row_id].add(organisation_id)
    for row_id, organisation_id, name in session.execute(
        select(
            ApplicationPartner.application_id,
            ApplicationPartner.organisation_id,
            ApplicationPartner.name,
        ).where(
            ApplicationPartner.application_id.in_(said),
            ApplicationPartner.organisation_id.is_not(None),
        )
    ):
        if name in [partner for partner, _role in said[row_id]["partners"]]:
            found[row_id].add(organisation_id)
    return found


def stands_aside(session: Session, row: Application, user_id: UUID) -> bool:
    """Say whether somebody may neither read nor judge an application."""
    return user_id in recused(session, [row], [user_id])[row.id]


def recused(
    session: Session, rows: Iterable[Application], users: Iterable[UUID]
) -> Mapping[UUID, frozenset[UUID]]:
    """Return, for each application, which of these people stand aside. Three questions for all."""
    asked, people = list(rows), set(users)
    at_work = workers(session, [row.id for row in asked])
    found = {row_id: set(who) & people for row_id, who in at_work.items()}
    said = session.execute(
        select(
            ConflictDeclaration.application_id,
            ConflictDeclaration.user_id,
            ConflictDeclaration.outcome,
        )
        .where(
            ConflictDeclaration.application_id.in_([row.id for row in asked]),
            ConflictDeclaration.user_id.in_(people),
            ConflictDeclaration.voided_at.is_(None),
        )
        .order_by(ConflictDeclaration.created_at)
    )
    last = {(one.application_id, one.user_id): one.outcome for one in said}
    for (row_id, user_id), outcome in last.items():
        if outcome != CLEAR:
            found[row_id].add(user_id)
    return {row_id: frozenset(aside) for row_id, aside in found.items()}


def has_affiliation(session: Session, user_id: UUID) -> bool:
    found = select(Affiliation.id).where(
        or_(Affiliation.user_id == user_id), Affiliation.voided_at.is_(None)
    )
    return session.scalar(found.limit(1)) is not None


def declare(uow: UnitOfWork, application_id: UUID, *, conflict: bool, reason: str) -> str:
    """Take down what a reviewer says, before the text opens; returns the outcome.

    Somebody who works for the applicant is blocked, whatever they say. Nobody takes a conflict back.
    """
    assert uow.actor_id is not None  # noqa: S101 - reviewers are signed in
    row = keeping.held(uow, Application, application_id)
    if not row.revision or not calls.is_reviewer(uow.session, row.call_id, uow.actor_id):
        raise keeping.missing()
    before = declaration(uow.session, row.id, uow.actor_id)
    if before is not None and before.outcome != CLEAR:
        raise ForbiddenError(ASIDE)
    if before is not None and not conflict:
        msg = "You have declared already that you have no interest here. Go on to the review."
        raise ConflictError(msg)
    outcome = CONFLICT if conflict else CLEAR
    if works_for(uow.session, row, uow.actor_id):
        outcome, reason = BLOCKED, BLOCKED_REASON
    said = ConflictDeclaration(
        application_id=row.id,
        user_id=uow.actor_id,
        outcome=outcome,
        reason=keeping.checked_reason(reason, wanted=outcome == CONFLICT),
    )
    keeping.add(uow, said, "interest.declared")
    if outcome != CLEAR:
        _put_aside(uow, row.id)
    return outcome


def _put_aside(uow: UnitOfWork, application_id: UUID) -> None:
    """A review by somebody who turns out to have an interest counts no more; it stays on record."""
    review = uow.session.scalars(
        select(ApplicationReview).where(
            ApplicationReview.application_id == application_id,
            ApplicationReview.reviewer_id == uow.actor_id,
        )
    ).one_or_none()
    if review is not None:
        keeping.write_event(uow, review, "state", review.state, ReviewState.RECUSED)
        review.state = ReviewState.RECUSED
        keeping.changed(uow, review, "review.recused")
