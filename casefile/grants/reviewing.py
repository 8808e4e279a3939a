"""Reviews: each alone with the text first; what others think is shown once the own is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from casefile.accounts.models import User
from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import applications, calls, interests, keeping, scoring
from casefile.grants.application_models import (
    Application,
    ApplicationReview,
    ConflictDeclaration,
    ReviewScore,
)
from casefile.grants.call_models import Call, CallReviewer
from casefile.grants.states import ApplicationState, Blind, ReviewState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.applications import Opened
    from casefile.uow import UnitOfWork
    from casefile.web import Person

RECOMMENDATIONS = ("fund", "fund_with_changes", "do_not_fund")
REVIEWABLE = frozenset({ApplicationState.IN_REVIEW, ApplicationState.MORE_INFO})
NOT_YET = (
    "This application is not in review now, so no review can be changed. What is in stays as it is."
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a reviewer has filled in."""

    scores: Mapping[UUID, int | None]
    feedback: str
    remarks: str
    recommendation: str


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review with its scores and, where the call lets it be seen, its author."""

    row: ApplicationReview
    scores: Mapping[UUID, int | None]
    result: Fraction | None
    author: str
    outdated: bool


@dataclass(frozen=True, slots=True)
class Task:
    """An application that waits for somebody's review."""

    application: Application
    call: Call
    declared: str
    state: str


def own(session: Session, application_id: UUID, user_id: UUID) -> ApplicationReview | None:
    return session.scalars(
        select(ApplicationReview).where(
            ApplicationReview.application_id == application_id,
            ApplicationReview.reviewer_id == user_id,
        )
    ).one_or_none()


def scores_of(session: Session, review_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, int | None]]:
    found: dict[UUID, dict[UUID, int | None]] = {review_id: {} for review_id in review_ids}
    rows = session.scalars(select(ReviewScore).where(ReviewScore.review_id.in_(review_ids)))
    for row in rows:
        found[row.review_id][row.criterion_id] = row.score
    return found


def save(
    uow: UnitOfWork, person: Person, application_id: UUID, base: int, given: Given, *, send: bool
) -> None:
    """Save a review as a draft, or send it in. It is of the revision submitted last.

    Raises ForbiddenError unless the reviewer has declared that they have no interest.
    """
    opened = applications.read(uow.session, person, application_id, uow.now)
    if not opened.reviews_it:
        raise keeping.missing()
    if opened.row.state not in REVIEWABLE:
        raise ConflictError(NOT_YET)
    criteria = {row.id: row.weight for row in calls.criteria(uow.session, opened.call.id)}
    scores = {key: given.scores[key] for key in criteria if key in given.scores}
    if send:
        _check_complete(given, scores, criteria)
    row = _held(uow, opened, base)
    before = row.state
    row.revision_id = opened.revision.id
    row.feedback, row.remarks = given.feedback, given.remarks
    row.recommendation = given.recommendation
    row.state = ReviewState.SUBMITTED if send else ReviewState.DRAFT
    row.submitted_at = uow.now if send else None
    uow.session.execute(delete(ReviewScore).where(ReviewScore.review_id == row.id))
    for criterion_id, score in scores.items():
        uow.session.add(ReviewScore(review_id=row.id, criterion_id=criterion_id, score=score))
    if before != row.state:
        keeping.write_event(uow, row, "state", before, row.state)
    keeping.changed(uow, row, "review.submitted" if send else "review.saved")


def _held(uow: UnitOfWork, opened: Opened, base: int) -> ApplicationReview:
    assert uow.actor_id is not None  # noqa: S101 - reviewers are signed in
    there = own(uow.session, opened.row.id, uow.actor_id)
    if there is not None:
        row = keeping.held(uow, ApplicationReview, there.id, base)
        if row.state == ReviewState.RECUSED:
            raise ForbiddenError(interests.ASIDE)
        if row.state == ReviewState.SUBMITTED and row.revision_id == opened.revision.id:
            msg = "Your review is in. It stays as it is, so that nobody is swayed by the others."
            raise ConflictError(msg)
        return row
    said = interests.declaration(uow.session, opened.row.id, uow.actor_id)
    if said is None or said.outcome != interests.CLEAR:
        raise ForbiddenError(applications.DECLARE_FIRST)
    row = ApplicationReview(
        application_id=opened.row.id,
        revision_id=opened.revision.id,
        declaration_id=said.id,
        reviewer_id=uow.actor_id,
        state=ReviewState.DECLARED,
        recommendation="",
        feedback="",
        remarks="",
    )
    return keeping.add(uow, row, "review.begun")


def _check_complete(
    given: Given, scores: Mapping[UUID, int | None], criteria: Mapping[UUID, int]
) -> None:
    if set(scores) != set(criteria):
        msg = "Score every criterion from 0 to 5, or say that it does not apply."
        raise InvalidError(msg)
    if any(score is not None and not 0 <= score <= scoring.MOST for score in scores.values()):
        msg = "Scores go from 0 to 5."
        raise InvalidError(msg)
    if scoring.weighted(scores, criteria) is None:
        msg = "At least one criterion must apply."
        raise InvalidError(msg)
    if given.recommendation not in RECOMMENDATIONS:
        msg = "Say what you recommend."
        raise InvalidError(msg)
    if not given.feedback.strip():
        msg = "Write a sentence to the applicant: they see it without your name."
        raise InvalidError(msg)


def seen(session: Session, person: Person, opened: Opened) -> list[ReviewView]:
    """Return the reviews somebody may see: to reviewers only once their own is in."""
    mine = own(session, opened.row.id, person.id)
    if opened.reviews_it and (mine is None or mine.state != ReviewState.SUBMITTED):
        return []
    rows = session.execute(
        select(ApplicationReview, User.name)
        .join(User, User.id == ApplicationReview.reviewer_id)
        .where(
            ApplicationReview.application_id == opened.row.id,
            ApplicationReview.state == ReviewState.SUBMITTED,
            ApplicationReview.voided_at.is_(None),
        )
        .order_by(ApplicationReview.submitted_at)
    ).all()
    weights = {row.id: row.weight for row in calls.criteria(session, opened.call.id)}
    scores = scores_of(session, [row.ApplicationReview.id for row in rows])
    nameless = opened.reviews_it and opened.call.blind != Blind.NONE
    return [
        ReviewView(
            row=review,
            scores=scores[review.id],
            result=scoring.weighted(scores[review.id], weights),
            author="" if nameless and review.reviewer_id != person.id else name,
            outdated=review.revision_id != opened.revision.id,
        )
        for review, name in rows
    ]


def still_hidden(session: Session, call: Call, user_id: UUID) -> frozenset[UUID]:
    """Return the applications whose scores a reviewer does not see yet: their own review is not in."""
    if not calls.is_reviewer(session, call.id, user_id):
        return frozenset()
    mine = select(ApplicationReview.application_id).where(
        ApplicationReview.reviewer_id == user_id, ApplicationReview.state == ReviewState.SUBMITTED
    )
    return frozenset(
        session.scalars(
            select(Application.id).where(
                Application.call_id == call.id,
                Application.state.in_(REVIEWABLE),
                Application.id.not_in(mine),
            )
        )
    )


def tasks(session: Session, user_id: UUID) -> list[Task]:
    """Return what waits for somebody's review, the application that waits longest first."""
    rows = session.execute(
        select(Application, Call, ApplicationReview.state)
        .join(Call, Call.id == Application.call_id)
        .join(
            CallReviewer,
            (CallReviewer.call_id == Call.id)
            & (CallReviewer.user_id == user_id)
            & CallReviewer.voided_at.is_(None),
        )
        .outerjoin(
            ApplicationReview,
            (ApplicationReview.application_id == Application.id)
            & (ApplicationReview.reviewer_id == user_id),
        )
        .where(Application.state.in_(REVIEWABLE), Application.voided_at.is_(None))
        .order_by(Application.submitted_at)
    ).all()
    said = {
        row.application_id: row.outcome
        for row in session.execute(
            select(ConflictDeclaration.application_id, ConflictDeclaration.outcome)
            .where(ConflictDeclaration.user_id == user_id, ConflictDeclaration.voided_at.is_(None))
            .order_by(ConflictDeclaration.created_at)
        )
    }
    return [Task(app, call, said.get(app.id, ""), state or "") for app, call, state in rows]


def feedback(session: Session, row: Application) -> list[str]:
    """Return what reviewers wrote to the applicant, without names and in no telling order."""
    found = session.scalars(
        select(ApplicationReview.feedback).where(
            ApplicationReview.application_id == row.id,
            ApplicationReview.state == ReviewState.SUBMITTED,
            ApplicationReview.voided_at.is_(None),
        )
    )
    return sorted(text for text in found if text.strip())
