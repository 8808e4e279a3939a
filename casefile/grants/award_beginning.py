"""From an application that was awarded to its award: what the decision says, filled in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from casefile.errors import ConflictError, InvalidError
from casefile.grants import codenames, keeping
from casefile.grants.application_models import Application, AwardDecision
from casefile.grants.award_models import Award
from casefile.grants.call_models import Call
from casefile.grants.money import Money
from casefile.grants.states import ApplicationState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

NOT_AWARDED = "This application was not awarded, so there is nothing to make an award of."
MADE_ALREADY = "There is an award for this application already. Open that one."
USUAL_TIME: Final = timedelta(days=364)


def made_of(session: Session, application_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the awards made of these applications, by application."""
    rows = session.execute(
        select(Award.application_id, Award.id).where(Award.application_id.in_(application_ids))
    )
    return {row.application_id: row.id for row in rows}


def origin(session: Session, application_id: UUID) -> dict[str, Any]:
    """Return what ties an award to its application. ConflictError unless one can be made of it."""
    row = _awarded(session, application_id)
    return {
        "application_id": row.id,
        "call_id": row.call_id,
        "organisation_id": row.organisation_id,
    }


def _awarded(session: Session, application_id: UUID) -> Application:
    row = keeping.get(session, Application, application_id)
    if row.state != ApplicationState.AWARDED or row.voided_at is not None:
        raise ConflictError(NOT_AWARDED)
    if made_of(session, [row.id]):
        raise ConflictError(MADE_ALREADY)
    return row


def _decided(session: Session, row: Application) -> Money | None:
    decision = session.scalars(
        select(AwardDecision).where(
            AwardDecision.application_id == row.id, AwardDecision.voided_at.is_(None)
        )
    ).first()
    return Money.of(decision.amount, decision.currency) if decision else None


def free_codename(session: Session, wanted: str = "") -> str:
    """Return the codename that is wanted, unless an award has it or none is; then another."""
    taken = set(session.scalars(select(Award.codename)))
    return wanted if wanted and wanted not in taken else codenames.make_new(taken)


def filled_in(session: Session, application_id: UUID, today: date) -> dict[str, Any]:
    """Return the terms of the award as far as decision and call know them."""
    row = _awarded(session, application_id)
    call = keeping.get(session, Call, row.call_id)
    decided = _decided(session, row)
    return {
        "application": str(row.id),
        "programme_id": str(call.programme_id),
        "codename": free_codename(session, row.codename),
        "amount": decided.amount if decided else row.requested,
        "currency": call.currency,
        "starts_on": today,
        "ends_on": today + USUAL_TIME,
    }


def check(session: Session, values: Mapping[str, Any]) -> None:
    """Hold the terms of an award against the application and the decision it comes from."""
    if values.get("application_id") is None:
        return
    row = _awarded(session, values["application_id"])
    call = keeping.get(session, Call, row.call_id)
    if values.get("call_id") != call.id or values["programme_id"] != call.programme_id:
        msg = "The award belongs to the programme and the call of its application."
        raise InvalidError(msg)
    check_decided(session, row.id, Money(values["amount"], values["currency"]))


def check_decided(session: Session, application_id: UUID | None, amount: Money) -> None:
    """Raise InvalidError when an award is more than what was decided on its application."""
    if application_id is None:
        return
    decided = _decided(session, keeping.get(session, Application, application_id))
    if decided is not None and amount > decided:
        msg = f"The decision gives {decided.amount} {decided.currency}; an award is not more than that."
        raise InvalidError(msg)
