"""Applications as the programme sees them: only what was submitted, and only when it may be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import calls, interests, keeping, sealed, submitting, telling_applicants
from casefile.grants.application_models import (
    Application,
    ApplicationAttachment,
    ApplicationMessage,
    ApplicationReview,
    ApplicationRevision,
)
from casefile.grants.call_models import Call
from casefile.grants.models import Organisation
from casefile.grants.states import (
    APPLICATION_MOVES,
    ApplicationState,
    Blind,
    CallState,
    ReviewState,
)
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.money import Money
    from casefile.grants.questions import Question
    from casefile.uow import Resources, UnitOfWork
    from casefile.web import Person

STILL_SEALED = (
    "This call keeps applications closed until its deadline, to everybody. Come back after it."
)
DECLARE_FIRST = (
    "First say whether you have an interest in this application. Nothing of it is shown before."
)
STAFF_STATES = frozenset(
    {
        ApplicationState.ELIGIBLE,
        ApplicationState.INELIGIBLE,
        ApplicationState.IN_REVIEW,
        ApplicationState.RECOMMENDED,
        ApplicationState.NOT_RECOMMENDED,
    }
)
AFTER_REVIEW = frozenset({ApplicationState.RECOMMENDED, ApplicationState.NOT_RECOMMENDED})


@dataclass(frozen=True, slots=True)
class Opened:
    """An application as one person may read it. In a double-blind call reviewers see no names."""

    row: Application
    call: Call
    revision: ApplicationRevision
    questions: Sequence[Question]
    named: bool
    reviews_it: bool

    @property
    def says(self) -> dict[str, Any]:
        return self.revision.content

    @property
    def requested(self) -> Money | None:
        return submitting.requested(self.says)


def is_sealed(call: Call, now: datetime) -> bool:
    before = {CallState.DRAFT, CallState.PUBLISHED, CallState.OPEN}
    return call.sealed_until_close and calls.standing(call, now) in before


def read(session: Session, person: Person, application_id: UUID, now: datetime) -> Opened:
    """Open an application for somebody.

    Whoever reviews it has first declared their interests; whoever has one sees nothing of it.
    NotFoundError for drafts, and for people who neither review it nor read applications.
    """
    row = keeping.get(session, Application, application_id)
    revision = submitting.latest_revision(session, row.id)
    call = keeping.get(session, Call, row.call_id)
    reviews_it = calls.is_reviewer(session, call.id, person.id)
    if revision is None or not (reviews_it or person.may(Permission.APPLICATION_READ)):
        raise keeping.missing()
    if is_sealed(call, now):
        raise ForbiddenError(STILL_SEALED)
    if interests.stands_aside(session, row, person.id):
        raise ForbiddenError(interests.ASIDE)
    if reviews_it and interests.declaration(session, row.id, person.id) is None:
        raise ForbiddenError(DECLARE_FIRST)
    asked = calls.form_of(session, call, revision.form_version)
    named = call.blind != Blind.DOUBLE or not reviews_it
    return Opened(row, call, revision, asked, named, reviews_it)


def contact(resources: Resources, row: Application) -> dict[str, str]:
    """Return how to reach an applicant."""
    found: dict[str, str] = sealed.unseal(resources, "application", row.id, "record", row.record)
    return found


def move(
    uow: UnitOfWork, person: Person, application_id: UUID, base: int, to: ApplicationState, why: str
) -> None:
    """Say whether an application is eligible, goes into review, and how the review ends."""
    opened = read(uow.session, person, application_id, uow.now)
    row = keeping.held(uow, Application, application_id, base)
    if to not in STAFF_STATES:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    if opened.call.state in {CallState.DECIDED, CallState.ARCHIVED}:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    closed = calls.standing(opened.call, uow.now) in {CallState.CLOSED, CallState.UNDER_REVIEW}
    if to == ApplicationState.IN_REVIEW and not closed:
        msg = "The review begins when the call has closed."
        raise ConflictError(msg)
    if to in AFTER_REVIEW:
        _check_reviewed(uow, opened)
    keeping.move(uow, row, to, APPLICATION_MOVES, "application.moved", why)
    telling_applicants.moved(uow, row)


def _check_reviewed(uow: UnitOfWork, opened: Opened) -> None:
    """Enough reviews of what was submitted last must be in."""
    count = len(counted_reviews(uow.session, opened.row.id, opened.revision.id))
    if count < opened.call.reviews_wanted:
        msg = (
            f"{count} of {opened.call.reviews_wanted} reviews of the newest revision are in. Wait for the "
            "others, or ask one more person to review: the call's page has the list."
        )
        raise InvalidError(msg)


def counted_reviews(
    session: Session, application_id: UUID, revision_id: UUID
) -> Sequence[ApplicationReview]:
    """Return the reviews that count: sent in, of the revision submitted last, by nobody who works for it."""
    workers = interests.workers(session, [application_id])[application_id]
    found = session.scalars(
        select(ApplicationReview)
        .where(
            ApplicationReview.application_id == application_id,
            ApplicationReview.revision_id == revision_id,
            ApplicationReview.state == ReviewState.SUBMITTED,
            ApplicationReview.voided_at.is_(None),
        )
        .order_by(ApplicationReview.submitted_at, ApplicationReview.id)
    )
    return [row for row in found if row.reviewer_id not in workers]


def ask(uow: UnitOfWork, person: Person, application_id: UUID, base: int, text: str) -> None:
    """Ask the applicant something; the review waits for the answer."""
    opened = read(uow.session, person, application_id, uow.now)
    row = keeping.held(uow, Application, application_id, base)
    message = ApplicationMessage(application_id=row.id, from_applicant=False, text=text)
    keeping.add(uow, message, "question.asked")
    if opened.row.state == ApplicationState.IN_REVIEW:
        to = ApplicationState.MORE_INFO
        why = "A question to the applicant."
        keeping.move(uow, row, to, APPLICATION_MOVES, "application.moved", why)
    telling_applicants.waits(uow, row)


def go_on(uow: UnitOfWork, person: Person, application_id: UUID, base: int) -> None:
    """Go on with the review; the applicant has said enough."""
    read(uow.session, person, application_id, uow.now)
    row = keeping.held(uow, Application, application_id, base)
    keeping.move(uow, row, ApplicationState.IN_REVIEW, APPLICATION_MOVES, "application.moved")
    telling_applicants.moved(uow, row)


def name_organisation(
    uow: UnitOfWork, person: Person, application_id: UUID, base: int, organisation_id: UUID
) -> None:
    """Say which of the organisations we know an applicant is: interests are held against it."""
    read(uow.session, person, application_id, uow.now)
    row = keeping.held(uow, Application, application_id, base)
    keeping.get(uow.session, Organisation, organisation_id)
    row.organisation_id = organisation_id
    keeping.changed(uow, row, "application.identified")


def annex(
    resources: Resources, session: Session, person: Person, application_id: UUID, file_id: UUID
) -> tuple[str, Any]:
    """Open an annex of what was submitted; returns its name and a reader."""
    opened = read(session, person, application_id, resources.clock())
    known = {entry["id"] for entry in opened.says["annexes"]}
    row = keeping.get(session, ApplicationAttachment, file_id, application_id=application_id)
    if str(row.id) not in known or not opened.named:
        raise keeping.missing()
    record = sealed.open_record(resources, row.id, row.record)
    return record["name"], sealed.open_file(resources, application_id, row.id, record)
