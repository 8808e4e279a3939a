"""What waits for a person in calls, applications and agreements."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from casefile.grants import lists, reviewing
from casefile.grants.application_models import Application
from casefile.grants.award_overview import Waiting
from casefile.grants.call_models import Call
from casefile.grants.interests import CLEAR
from casefile.grants.models import FundingAgreement
from casefile.grants.states import AgreementState, ApplicationState, CallState, ReviewState
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.grants.award_queue import Queue
    from casefile.web import Person

SOON = timedelta(days=7)
TO_DECIDE = (ApplicationState.RECOMMENDED, ApplicationState.NOT_RECOMMENDED)


def waiting(session: Session, person: Person, now: datetime, found: Queue) -> None:
    """Add what this person can do something about."""
    found.mine += _reviews(session, person)
    if person.may(Permission.APPLICATION_CHECK):
        found.mine += _to_check(session, now)
    if person.may(Permission.CALL_EDIT):
        found.soon += _closing(session, now)
    if person.may(Permission.AWARD_DECIDE):
        found.mine += _to_decide(session)
        found.mine += _to_sign(session, person)


def _reviews(session: Session, person: Person) -> Iterator[Waiting]:
    if not person.may(Permission.REVIEW_WRITE):
        return
    for task in reviewing.tasks(session, person.id):
        if task.state == ReviewState.SUBMITTED or task.declared not in {"", CLEAR}:
            continue
        text = _(
            "Review %(codename)s of the call %(call)s",
            codename=task.application.codename,
            call=task.call.code,
        )
        at = task.application.submitted_at or task.application.created_at
        yield Waiting(
            "review", text, f"/grants/applications/{task.application.id}/review", at.date()
        )


def _to_check(session: Session, now: datetime) -> Iterator[Waiting]:
    rows = session.execute(
        select(Call, func.count(Application.id), func.min(Application.submitted_at))
        .join(Application, Application.call_id == Call.id)
        .where(Application.state == ApplicationState.SUBMITTED, Application.voided_at.is_(None))
        .group_by(Call.id)
    )
    for call, count, since in rows:
        if call.sealed_until_close and call.closes_at and now < call.closes_at:
            continue
        text = ngettext(
            "%(num)s application of %(call)s wants looking at",
            "%(num)s applications of %(call)s want looking at",
            count,
            call=call.code,
        )
        yield Waiting("check", text, f"/grants/calls/{call.id}/applications", (since or now).date())


def _closing(session: Session, now: datetime) -> Iterator[Waiting]:
    rows = session.scalars(
        select(Call).where(
            Call.state.in_([CallState.PUBLISHED, CallState.OPEN]),
            Call.closes_at > now,
            Call.closes_at < now + SOON,
            Call.voided_at.is_(None),
        )
    )
    for call in rows:
        text = _("The call %(title)s closes soon", title=lists.title(call))
        yield Waiting("deadline", text, f"/grants/calls/{call.id}", (call.closes_at or now).date())


def _to_decide(session: Session) -> Iterator[Waiting]:
    rows = session.execute(
        select(Call, func.count(Application.id), func.min(Application.changed_at))
        .join(Application, Application.call_id == Call.id)
        .where(
            Application.state.in_(TO_DECIDE),
            Application.voided_at.is_(None),
            Call.state == CallState.UNDER_REVIEW,
        )
        .group_by(Call.id)
    )
    for call, count, since in rows:
        text = ngettext(
            "%(num)s application of %(call)s wants a decision",
            "%(num)s applications of %(call)s want a decision",
            count,
            call=call.code,
        )
        yield Waiting("decision", text, f"/grants/calls/{call.id}/decision", since.date())


def _to_sign(session: Session, person: Person) -> Iterator[Waiting]:
    rows = session.scalars(
        select(FundingAgreement).where(
            FundingAgreement.state == AgreementState.DRAFT,
            FundingAgreement.voided_at.is_(None),
            FundingAgreement.created_by_id != person.id,
        )
    )
    for row in rows:
        text = _("The agreement %(title)s wants signing", title=row.title)
        yield Waiting("agreement", text, f"/grants/agreements/{row.id}", row.created_at.date())
