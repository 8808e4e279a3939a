"""Voiding what was written down by mistake: nothing goes, and nothing that money hangs on is voided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from casefile.errors import ConflictError, ForbiddenError
from casefile.grants import applications, keeping, telling_applicants
from casefile.grants.application_models import Application
from casefile.grants.award_models import Award
from casefile.grants.budget_models import Budget
from casefile.grants.budget_states import BudgetState
from casefile.grants.call_models import Call
from casefile.grants.models import FundingAgreement, Programme
from casefile.grants.states import AgreementState, ApplicationState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from casefile.uow import UnitOfWork
    from casefile.web import Person

NAMED: Final = 5
SIGNED = "This agreement is signed. Terminate it with a reason; it stays among the others."
DECIDED = (
    "This application is decided, and the decision stays on record. What was written down by mistake is "
    "voided before the decision."
)
DECISIONS: Final = frozenset(
    {ApplicationState.AWARDED, ApplicationState.RESERVE, ApplicationState.REJECTED}
)


def programme(uow: UnitOfWork, programme_id: UUID, base: int, reason: str) -> None:
    """Void a programme that nothing belongs to. ConflictError naming what does."""
    row = keeping.held(uow, Programme, programme_id, base)
    _refuse_while(
        _named(uow.session, FundingAgreement.title, FundingAgreement.programme_id, row.id)
        + _named(uow.session, Call.code, Call.programme_id, row.id)
        + _named(uow.session, Award.codename, Award.programme_id, row.id)
    )
    keeping.void(uow, row, "programme.voided", reason)


def agreement(uow: UnitOfWork, agreement_id: UUID, base: int, reason: str) -> None:
    """Void the draft of an agreement. What is signed is terminated, not voided."""
    row = keeping.held(uow, FundingAgreement, agreement_id, base)
    if row.state != AgreementState.DRAFT:
        raise ForbiddenError(SIGNED)
    approved = uow.session.scalar(
        select(func.count())
        .select_from(Budget)
        .where(
            Budget.agreement_id == row.id,
            Budget.state != BudgetState.DRAFT,
            Budget.voided_at.is_(None),
        )
    )
    _refuse_while(
        [
            *_named(uow.session, Call.code, Call.agreement_id, row.id),
            *(["its approved budget"] if approved else []),
        ]
    )
    keeping.void(uow, row, "agreement.voided", reason)


def call(uow: UnitOfWork, call_id: UUID, base: int, reason: str) -> None:
    """Void a call that nobody has submitted anything to. Drafts stay readable to their applicants."""
    row = keeping.held(uow, Call, call_id, base)
    sent = uow.session.scalar(
        select(func.count())
        .select_from(Application)
        .where(
            Application.call_id == row.id,
            Application.revision > 0,
            Application.state != ApplicationState.WITHDRAWN,
            Application.voided_at.is_(None),
        )
    )
    _refuse_while(
        _named(uow.session, Award.codename, Award.call_id, row.id)
        + ([f"applications that were submitted: {sent}"] if sent else [])
    )
    keeping.void(uow, row, "call.voided", reason)


def application(
    uow: UnitOfWork, person: Person, application_id: UUID, base: int, reason: str
) -> None:
    """Void an application that is not decided, such as one that was sent in twice."""
    applications.read(uow.session, person, application_id, uow.now)
    row = keeping.held(uow, Application, application_id, base)
    _refuse_while(_named(uow.session, Award.codename, Award.application_id, row.id))
    if row.state in DECISIONS:
        raise ConflictError(DECIDED)
    keeping.void(uow, row, "application.voided", reason)
    telling_applicants.waits(uow, row)


def _named(
    session: Session,
    name: InstrumentedAttribute[str],
    belongs: InstrumentedAttribute[Any],
    row_id: UUID,
) -> list[str]:
    model: Any = name.class_
    return list(
        session.scalars(
            select(name).where(belongs == row_id, model.voided_at.is_(None)).order_by(name)
        )
    )


def _refuse_while(found: Sequence[str]) -> None:
    if not found:
        return
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    msg = (
        f"This cannot be voided: it is what these rest on: {', '.join(found[:NAMED])}{more}. Void what was "
        "written down by mistake first. What money was promised or paid for is never voided."
    )
    raise ConflictError(msg)
