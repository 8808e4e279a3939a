"""Lists of awards, milestones and payments: what a row shows and by what it sorts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from casefile.grants.award_models import Award, Milestone, Payment
from casefile.grants.award_overview import paid_cents
from casefile.grants.award_states import AwardState, MilestoneState, PaymentState
from casefile.grants.exports import Column
from casefile.grants.listing import Filters, Listing, words
from casefile.grants.models import Programme
from casefile.grants.money import Money
from casefile.grants.programmes import seen_by

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from casefile.web import Person

AWARD_NAMES = {
    "internal_approval": _l("Waits for approval"),
    "offered": _l("Offered"),
    "declined": _l("Declined"),
}
MILESTONE_NAMES = {
    "due": _l("Open"),
    "accepted": _l("Accepted"),
    "returned": _l("Returned"),
    "waived": _l("Waived"),
    "not_achievable": _l("Not achievable"),
    "cancelled": _l("Cancelled"),
}
PAYMENT_NAMES = {
    "scheduled": _l("Scheduled"),
    "requested": _l("Requested"),
    "paid": _l("Paid"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
}


def _seen(
    query: Select[*tuple[Any, ...]], session: Session, person: Person, filters: Filters
) -> Select[*tuple[Any, ...]]:
    """Narrow to awards that count, of the programmes this person may see."""
    query = query.where(Award.voided_at.is_(None))
    seen = seen_by(person, session)
    if seen is not None:
        query = query.where(Award.programme_id.in_(seen))
    return query if filters.parent is None else query.where(Award.programme_id == filters.parent)


def _awards(
    session: Session, person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(
        Award, Programme.code, paid_cents().label("paid")
    ).join(Programme, Programme.id == Award.programme_id)
    query = _seen(query, session, person, filters)
    if filters.state:
        query = query.where(Award.state == filters.state)
    return query.where(words(filters.text, Award.codename, Award.reference))


def _award(found: Any) -> dict[str, Any]:
    row = found.Award
    return {
        "url": f"/grants/awards/{row.id}",
        "name": row.codename,
        "reference": row.reference,
        "programme": found.code,
        "state": row.state,
        "amount": Money(row.amount, row.currency),
        "paid": Money(Decimal(found.paid) / 100, row.currency),
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }


def _milestones(
    session: Session, person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(Milestone, Award.codename, Award.currency).join(
        Award, Award.id == Milestone.award_id
    )
    query = _seen(query, session, person, filters)
    if filters.state:
        query = query.where(Milestone.state == filters.state)
    return query.where(words(filters.text, Award.codename, Milestone.title))


def _milestone(found: Any) -> dict[str, Any]:
    row = found.Milestone
    return {
        "url": f"/grants/milestones/{row.id}",
        "name": f"{found.codename} M{row.number}",
        "award": found.codename,
        "number": row.number,
        "what": row.title,
        "due_on": row.due_on,
        "state": row.state,
        "share": row.share,
        "tranche": Money(row.tranche, found.currency),
        "decided_at": row.decided_at,
    }


def _payments(
    session: Session, person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(Payment, Award.codename).join(
        Award, Award.id == Payment.award_id
    )
    query = _seen(query, session, person, filters)
    if filters.state:
        query = query.where(Payment.state == filters.state)
    return query.where(words(filters.text, Award.codename, Payment.reference))


def _payment(found: Any) -> dict[str, Any]:
    row = found.Payment
    return {
        "url": f"/grants/payments/{row.id}",
        "name": f"{found.codename} P{row.number}",
        "award": found.codename,
        "number": row.number,
        "amount": Money(row.amount, row.currency),
        "state": row.state,
        "due_on": row.due_on,
        "paid_on": row.paid_on,
        "reference": row.reference,
    }


AWARDS = Listing(
    "awards",
    (
        Column("name", _l("Award"), "codename"),
        Column("reference", _l("Contract"), wide=True),
        Column("programme", _l("Programme"), wide=True),
        Column("state", _l("State"), "state"),
        Column("amount", _l("Amount"), "amount"),
        Column("paid", _l("Paid"), wide=True),
        Column("starts_on", _l("First day"), page=False),
        Column("ends_on", _l("Last day"), "ends", wide=True),
    ),
    _awards,
    _award,
    {
        "codename": (Award.codename, Award.id),
        "state": (Award.state, Award.codename),
        "amount": (Award.currency, Award.amount.desc(), Award.codename),
        "ends": (Award.ends_on, Award.codename),
    },
    money=frozenset({"amount", "paid"}),
    states=tuple(AwardState),
    names=AWARD_NAMES,
)
MILESTONES = Listing(
    "milestones",
    (
        Column("name", _l("Milestone"), "award"),
        Column("award", _l("Award"), page=False),
        Column("number", _l("Number"), page=False),
        Column("what", _l("What"), wide=True),
        Column("due_on", _l("Due"), "due"),
        Column("state", _l("State"), "state"),
        Column("share", _l("Percent"), page=False),
        Column("tranche", _l("Tranche"), "tranche", wide=True),
        Column("decided_at", _l("Decided"), page=False),
    ),
    _milestones,
    _milestone,
    {
        "due": (Milestone.due_on, Award.codename, Milestone.number),
        "award": (Award.codename, Milestone.number),
        "state": (Milestone.state, Milestone.due_on, Milestone.id),
        "tranche": (Award.currency, Milestone.tranche.desc(), Milestone.id),
    },
    money=frozenset({"tranche"}),
    states=tuple(MilestoneState),
    names=MILESTONE_NAMES,
)
PAYMENTS = Listing(
    "payments",
    (
        Column("name", _l("Payment"), "award"),
        Column("award", _l("Award"), page=False),
        Column("number", _l("Number"), page=False),
        Column("amount", _l("Amount"), "amount"),
        Column("state", _l("State"), "state"),
        Column("due_on", _l("Due"), "due", wide=True),
        Column("paid_on", _l("Paid on"), wide=True),
        Column("reference", _l("Reference"), wide=True),
    ),
    _payments,
    _payment,
    {
        "due": (Payment.due_on.is_(None), Payment.due_on, Award.codename, Payment.number),
        "award": (Award.codename, Payment.number),
        "amount": (Payment.currency, Payment.amount.desc(), Payment.id),
        "state": (Payment.state, Award.codename, Payment.number),
    },
    money=frozenset({"amount"}),
    states=tuple(PaymentState),
    names=PAYMENT_NAMES,
)
ALL = {listing.name: listing for listing in (AWARDS, MILESTONES, PAYMENTS)}
