"""What applicants do: begin, save, attach, submit, answer, withdraw. Their link is all they have."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import select

from casefile import audit
from casefile.errors import ConflictError, InvalidError, NotFoundError
from casefile.grants import calls, keeping, organisations, sealed
from casefile.grants.application_models import (
    Application,
    ApplicationAttachment,
    ApplicationMessage,
    ApplicationPartner,
)
from casefile.grants.call_models import Call
from casefile.grants.dates import local_in
from casefile.grants.states import APPLICATION_MOVES, ApplicationState, CallState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import Resources, UnitOfWork
    from casefile.vault import SealedUpload

LINK_BYTES = 32
MOST_FILES = 20
APPLICATION_LINK, INVITATION_LINK = "application-link", "call-invitation"
OPEN_TO_CHANGES = frozenset({ApplicationState.DRAFT, ApplicationState.SUBMITTED})
WITHDRAWABLE = frozenset(
    state
    for state, following in APPLICATION_MOVES.items()
    if ApplicationState.WITHDRAWN in following
)
NO_LINK = (
    "This link leads nowhere: it was mistyped, or the invitation was used, ended or withdrawn."
)
NOT_NOW = "This application can no longer be changed. What you submitted stays as it is."
WITHDRAWN = "This application was withdrawn, and stays so. While the call is open you can begin another one."


@dataclass(frozen=True, slots=True)
class Draft:
    """What an applicant has typed so far."""

    applicant: str = ""
    legal_form: str = ""
    kind: str = ""
    title: str = ""
    summary: str = ""
    requested: Decimal | None = None
    regions: Sequence[str] = ()
    place: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    partners: Sequence[tuple[str, str]] = ()
    contact: Mapping[str, str] = field(default_factory=dict)


def closed_message(call: Call) -> str:
    """Say when a call closed, on the clocks of its zone."""
    assert call.closes_at is not None  # noqa: S101 - what has closed had a deadline
    when = local_in(call.closes_at, call.zone)
    return (
        f"The call closed on {when:%Y-%m-%d at %H:%M} ({call.zone}, UTC{when:%z}). Nothing was submitted or "
        "changed. Your draft is kept; ask the programme whether there will be another call."
    )


def by_link(session: Session, resources: Resources, token: str) -> Application:
    """Return the application behind a link. NotFoundError for any other text."""
    digest = sealed.link_digest(resources, APPLICATION_LINK, token)
    row = session.scalars(
        select(Application).where(Application.capability_digest == digest)
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_LINK)
    return row


def draft_of(session: Session, resources: Resources, row: Application) -> Draft:
    """Return what an applicant has typed so far, their contact opened."""
    contact = sealed.unseal(resources, "application", row.id, "record", row.record)
    return Draft(
        applicant=row.applicant,
        legal_form=row.legal_form,
        kind=row.kind,
        title=row.title,
        summary=row.summary,
        requested=row.requested,
        regions=row.regions,
        place=row.place,
        answers=row.answers,
        partners=[(partner.name, partner.role) for partner in partners(session, row.id)],
        contact=contact,
    )


def partners(session: Session, application_id: UUID) -> Sequence[ApplicationPartner]:
    return session.scalars(
        select(ApplicationPartner)
        .where(
            ApplicationPartner.application_id == application_id,
            ApplicationPartner.voided_at.is_(None),
        )
        .order_by(ApplicationPartner.created_at, ApplicationPartner.name)
    ).all()


def attachments(session: Session, application_id: UUID) -> Sequence[ApplicationAttachment]:
    return session.scalars(
        select(ApplicationAttachment)
        .where(
            ApplicationAttachment.application_id == application_id,
            ApplicationAttachment.voided_at.is_(None),
        )
        .order_by(ApplicationAttachment.created_at, ApplicationAttachment.id)
    ).all()


def changeable(
    uow: UnitOfWork, application_id: UUID, base: int | None = None
) -> tuple[Application, Call]:
    """Return an application that its applicant may change now, and its call.

    Before the deadline, or while somebody waits for an answer of theirs.
    """
    row = keeping.held(uow, Application, application_id, base)
    call = keeping.held(uow, Call, row.call_id)
    calls.settle(uow, call)
    if row.state == ApplicationState.WITHDRAWN:
        raise ConflictError(WITHDRAWN)
    if row.state == ApplicationState.MORE_INFO:
        return row, call
    if row.state not in OPEN_TO_CHANGES:
        raise ConflictError(NOT_NOW)
    if calls.standing(call, uow.now) != CallState.OPEN:
        raise ConflictError(closed_message(call))
    return row, call


def save(uow: UnitOfWork, application_id: UUID, base: int, draft: Draft) -> None:
    """Save a draft. What was submitted before stays submitted as it was."""
    row, _call = changeable(uow, application_id, base)
    for name in ("applicant", "legal_form", "kind", "title", "summary", "requested", "place"):
        setattr(row, name, getattr(draft, name))
    row.regions, row.answers = list(draft.regions), dict(draft.answers)
    contact = dict(draft.contact)
    row.record = sealed.seal(uow.resources, "application", row.id, "record", contact)
    _put_partners(uow, row, draft.partners)
    keeping.changed(uow, row, "application.saved")


def _put_partners(uow: UnitOfWork, row: Application, given: Sequence[tuple[str, str]]) -> None:
    old = partners(uow.session, row.id)
    if [(partner.name, partner.role) for partner in old] == list(given):
        return
    for partner in old:
        partner.voided_at, partner.voided_reason = uow.now, "The applicant changed the partners."
    known = organisations.by_folded_names(uow.session, [name for name, _role in given])
    for at, (name, role) in enumerate(given):
        uow.session.add(
            ApplicationPartner(
                id=uuid4(),
                application_id=row.id,
                organisation_id=known.get(organisations.folded(name)),
                name=name,
                role=role,
                created_at=uow.now + timedelta(microseconds=at),
                changed_at=uow.now,
            )
        )
    uow.session.flush()


def attach(
    uow: UnitOfWork, application_id: UUID, files: Sequence[tuple[str, SealedUpload]]
) -> None:
    """Keep files as confidential annexes, sealed in the vault under the application's id."""
    row, _call = changeable(uow, application_id)
    if len(attachments(uow.session, row.id)) + len(files) > MOST_FILES:
        msg = f"At most {MOST_FILES} files. Nothing was added: remove one first, or put several into one."
        raise InvalidError(msg)
    for name, upload in files:
        annex = ApplicationAttachment(
            id=upload.file_id,
            application_id=row.id,
            size=upload.size,
            record=sealed.file_record(uow.resources, upload, name),
        )
        keeping.add(uow, annex, "annex.added")


def detach(uow: UnitOfWork, application_id: UUID, file_id: UUID) -> None:
    """Take a file out of the draft. Revisions that were submitted with it keep it."""
    row, _call = changeable(uow, application_id)
    annex = keeping.held(uow, ApplicationAttachment, file_id, application_id=row.id)
    keeping.void(uow, annex, "annex.voided", "Taken out by the applicant.")


def answer(uow: UnitOfWork, application_id: UUID, text: str) -> None:
    """Answer a question of the programme."""
    row = keeping.held(uow, Application, application_id)
    if row.state == ApplicationState.WITHDRAWN:
        raise ConflictError(WITHDRAWN)
    if not row.revision:
        raise ConflictError(NOT_NOW)
    message = ApplicationMessage(application_id=row.id, from_applicant=True, text=text)
    keeping.add(uow, message, "answer.given")


def withdraw(uow: UnitOfWork, application_id: UUID, reason: str) -> None:
    """Withdraw before the decision. What was submitted stays on record and is judged no more."""
    row = keeping.held(uow, Application, application_id)
    if row.state == ApplicationState.WITHDRAWN:
        raise ConflictError(WITHDRAWN)
    if row.state not in WITHDRAWABLE:
        msg = "This application is decided, so it cannot be withdrawn. Write to the programme instead."
        raise ConflictError(msg)
    to = ApplicationState.WITHDRAWN
    keeping.move(uow, row, to, APPLICATION_MOVES, "application.withdrawn", reason)


def note_look(uow: UnitOfWork, annex_id: UUID) -> None:
    """Leave an entry that somebody of ours has fetched an annex."""
    audit.record(uow, "annex.read", subject_id=annex_id)


def messages(session: Session, application_id: UUID) -> Sequence[ApplicationMessage]:
    return session.scalars(
        select(ApplicationMessage)
        .where(ApplicationMessage.application_id == application_id)
        .order_by(ApplicationMessage.created_at)
    ).all()


def may_change(row: Application, call: Call, now: datetime) -> bool:
    """Say whether the applicant may change the draft now: what `changeable` allows."""
    if row.voided_at is not None or call.voided_at is not None:
        return False
    if row.state == ApplicationState.MORE_INFO:
        return True
    return row.state in OPEN_TO_CHANGES and calls.standing(call, now) == CallState.OPEN


def annex_names(
    session: Session, resources: Resources, application_id: UUID
) -> list[tuple[UUID, str, int]]:
    """Return id, name and size of the files of a draft."""
    return [
        (row.id, sealed.open_record(resources, row.id, row.record)["name"], row.size)
        for row in attachments(session, application_id)
    ]


def file_label(name: str) -> str:
    """Return a file's name as it is shown: no folder, nothing invisible, at most 255 letters."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in last)
    return " ".join(shown.split())[:255] or "unnamed"
