"""Submitting: what must be there, and the immutable revision with its receipt."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import select

from casefile import keys
from casefile.errors import InvalidError
from casefile.grants import calls, keeping, organisations, questions, sealed, telling_applicants
from casefile.grants.application_models import Application, ApplicationRevision
from casefile.grants.applying import attachments, changeable, draft_of, partners
from casefile.grants.money import Money
from casefile.grants.states import APPLICATION_MOVES, ApplicationState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.call_models import Call
    from casefile.uow import Resources, UnitOfWork

IS_NEWEST: Final = (ApplicationRevision.application_id == Application.id) & (
    ApplicationRevision.number == Application.revision
)


class SubmissionError(InvalidError):
    """Something is missing before this can be submitted; by field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("Not submitted yet. Mend what is marked; your draft is saved.")
        self.problems = problems


def content(session: Session, resources: Resources, row: Application) -> dict[str, Any]:
    """Return what would be submitted now, in the form whose hash stands on the receipt."""
    annexes = []
    for annex in attachments(session, row.id):
        record = sealed.open_record(resources, annex.id, annex.record)
        annexes.append({"id": str(annex.id), "size": annex.size, "sha256": record["sha256"]})
    money = Money.of(row.requested, row.currency)
    return {
        "application": str(row.id),
        "form_version": row.form_version,
        "applicant": row.applicant,
        "legal_form": row.legal_form,
        "kind": row.kind,
        "title": row.title,
        "summary": row.summary,
        "requested": str(money.amount) if money else None,
        "currency": row.currency,
        "regions": list(row.regions),
        "place": row.place,
        "answers": dict(row.answers),
        "partners": [[partner.name, partner.role] for partner in partners(session, row.id)],
        "annexes": annexes,
    }


def content_hash(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(questions.canonical(value)).hexdigest()


def submit(
    uow: UnitOfWork, application_id: UUID, base: int | None = None
) -> tuple[ApplicationRevision, bool]:
    """Submit the draft as it is: an immutable revision with a receipt.

    The same content again is the same revision (second value False): pressing twice submits once.
    """
    row, call = changeable(uow, application_id, base)
    problems = missing(uow.session, uow.resources, row, call)
    if problems:
        raise SubmissionError(problems)
    value = content(uow.session, uow.resources, row)
    digest = content_hash(value)
    last = latest_revision(uow.session, row.id)
    if last is not None and last.sha256 == digest and row.state != ApplicationState.MORE_INFO:
        return last, False
    row.revision += 1
    row.submitted_at = uow.now
    known = organisations.by_folded_names(uow.session, [row.applicant])
    row.organisation_id = known.get(organisations.folded(row.applicant))
    revision = ApplicationRevision(
        id=uuid4(),
        application_id=row.id,
        number=row.revision,
        form_version=row.form_version,
        submitted_at=uow.now,
        receipt=f"R-{keys.paper_code().upper()}",
        sha256=digest,
        content=value,
    )
    uow.session.add(revision)
    to = ApplicationState.SUBMITTED
    if row.state == ApplicationState.MORE_INFO:
        to = ApplicationState.IN_REVIEW
    keeping.move(uow, row, to, APPLICATION_MOVES, "application.submitted")
    telling_applicants.received(uow, row, call, revision)
    return revision, True


def latest_revision(session: Session, application_id: UUID) -> ApplicationRevision | None:
    return session.scalars(
        select(ApplicationRevision)
        .where(ApplicationRevision.application_id == application_id)
        .order_by(ApplicationRevision.number.desc())
        .limit(1)
    ).one_or_none()


def revisions(session: Session, application_id: UUID) -> Sequence[ApplicationRevision]:
    return session.scalars(
        select(ApplicationRevision)
        .where(ApplicationRevision.application_id == application_id)
        .order_by(ApplicationRevision.number.desc())
    ).all()


def revision(session: Session, application_id: UUID, number: int) -> ApplicationRevision | None:
    return session.scalars(
        select(ApplicationRevision).where(
            ApplicationRevision.application_id == application_id,
            ApplicationRevision.number == number,
        )
    ).one_or_none()


def missing(session: Session, resources: Resources, row: Application, call: Call) -> dict[str, str]:
    """Return what keeps an application from being submitted, by field."""
    draft = draft_of(session, resources, row)
    found = {
        name: "Fill this in."
        for name in ("applicant", "title", "summary")
        if not getattr(draft, name).strip()
    }
    if not draft.contact.get("email") and not draft.contact.get("phone"):
        found["email"] = "Say how to reach you: an e-mail address or a telephone number."
    if amount := _amount_problem(call, Money.of(row.requested, row.currency)):
        found["requested"] = amount
    if call.kinds and row.kind not in call.kinds:
        found["kind"] = "Choose one of the kinds this call is for."
    if call.regions and not set(row.regions) & set(call.regions):
        found["regions"] = "Choose at least one of the regions this call is for."
    if len(draft.partners) < call.partners_required:
        found["partners"] = f"This call asks for at least {call.partners_required} partners."
    asked = calls.form_of(session, call, row.form_version)
    found |= questions.problems(asked, row.answers)
    for question in questions.knocked_out(asked, row.answers):
        found.setdefault(question.key, "With this answer the call is not open to you.")
    return found


def _amount_problem(call: Call, money: Money | None) -> str:
    least, most = Money.of(call.minimum, call.currency), Money.of(call.maximum, call.currency)
    if money is None:
        return "Say how much you ask for."
    if money.amount <= 0:
        return "The amount is above nought."
    if least is not None and money < least:
        return f"This call gives at least {least.amount} {least.currency}."
    if most is not None and money > most:
        return f"This call gives at most {most.amount} {most.currency}."
    return ""


def requested(said: Mapping[str, Any]) -> Money | None:
    """Return what a revision asks for; None when it does not say."""
    text = said.get("requested")
    return Money.read(str(text), str(said["currency"])) if text is not None else None


def newest(session: Session, application_ids: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """Return what each of these says in the revision submitted last: what was saved since is nobody's."""
    rows = session.execute(
        select(ApplicationRevision.application_id, ApplicationRevision.content)
        .join(Application, IS_NEWEST)
        .where(Application.id.in_(application_ids))
    )
    return {row.application_id: row.content for row in rows}
