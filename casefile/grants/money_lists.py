"""Lists of budgets, expenditure and amendments: what a row shows and by what it sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from casefile.grants.award_models import Award
from casefile.grants.budget_models import Amendment, Budget, Expenditure
from casefile.grants.budget_states import AmendmentState, BudgetState, ExpenditureState
from casefile.grants.exports import Column
from casefile.grants.listing import Filters, Listing, words
from casefile.grants.models import ExchangeRate, FundingAgreement
from casefile.grants.money import Money, Rate

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ScalarSelect, Select
    from sqlalchemy.orm import Session

    from casefile.web import Person


def _budgets(
    _session: Session, _person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query = (
        select(Budget, Award.codename, FundingAgreement.title)
        .outerjoin(Award, Award.id == Budget.award_id)
        .outerjoin(FundingAgreement, FundingAgreement.id == Budget.agreement_id)
    )
    if filters.state:
        query = query.where(Budget.state == filters.state)
    if filters.text:
        query = query.where(words(filters.text, Award.codename, FundingAgreement.title))
    return query


def _budget(found: Any) -> dict[str, Any]:
    row = found.Budget
    return {
        "url": f"/grants/budgets/{row.id}",
        "title": found.codename or found.title,
        "number": row.number,
        "state": row.state,
        "total": Money(row.total, row.currency),
        "approved_at": row.approved_at,
    }


_direct, _inverse = aliased(ExchangeRate), aliased(ExchangeRate)


def _latest(base: Any, quote: Any) -> ScalarSelect[Any]:
    """Return the id of the latest rate of the day of an expenditure, in one direction."""
    inner = aliased(ExchangeRate)
    return (
        select(inner.id)
        .where(
            inner.base == base,
            inner.quote == quote,
            inner.valid_on <= Expenditure.spent_on,
            inner.superseded_at.is_(None),
            inner.voided_at.is_(None),
        )
        .order_by(inner.valid_on.desc(), inner.created_at.desc())
        .limit(1)
        .correlate(Expenditure, Award)
        .scalar_subquery()
    )


def _expenditures(
    _session: Session, _person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query = (
        select(Expenditure, Award.codename, Award.currency.label("into"), _direct, _inverse)
        .join(Award, Award.id == Expenditure.award_id)
        .outerjoin(
            _direct,
            _direct.id == _latest(Expenditure.currency, Award.currency),
        )
        .outerjoin(
            _inverse,
            _inverse.id == _latest(Award.currency, Expenditure.currency),
        )
    )
    if filters.parent is not None:
        query = query.where(Expenditure.award_id == filters.parent)
    if filters.state:
        query = query.where(Expenditure.state == filters.state)
    if filters.text:
        named = (Award.codename, Expenditure.title, Expenditure.reference)
        query = query.where(words(filters.text, *named))
    return query


def _expenditure(found: Any) -> dict[str, Any]:
    row = found.Expenditure
    money = Money(row.amount, row.currency)
    return {
        "url": f"/grants/expenditures/{row.id}",
        "title": row.title,
        "award": found.codename,
        "number": row.number,
        "spent_on": row.spent_on,
        "reference": row.reference,
        "amount": money,
        "worth": _worth(found, money),
        "state": row.state,
    }


def _worth(found: Any, money: Money) -> Money | None:
    """Convert by the later of the two rates; None when there is none."""
    if money.currency == found.into:
        return money
    direct, inverse = found[3], found[4]
    if direct is None and inverse is None:
        return None
    if inverse is None or (
        direct is not None
        and (direct.valid_on, direct.created_at) >= (inverse.valid_on, inverse.created_at)
    ):
        return Rate(money.currency, found.into, direct.value).convert(money)
    return Rate(money.currency, found.into, 1 / inverse.value).convert(money)


def _amendments(
    _session: Session, _person: Person, filters: Filters, _now: datetime
) -> Select[*tuple[Any, ...]]:
    query = select(Amendment, Award.codename).join(Award, Award.id == Amendment.award_id)
    if filters.parent is not None:
        query = query.where(Amendment.award_id == filters.parent)
    if filters.state:
        query = query.where(Amendment.state == filters.state)
    if filters.text:
        query = query.where(or_(words(filters.text, Award.codename, Amendment.reason)))
    return query


def _amendment(found: Any) -> dict[str, Any]:
    row = found.Amendment
    return {
        "url": f"/grants/amendments/{row.id}",
        "title": f"{found.codename} A{row.number}",
        "what": row.kind,
        "form": row.form,
        "state": row.state,
        "reason": row.reason,
        "created_at": row.created_at,
        "effective_at": row.effective_at,
    }


BUDGETS = Listing(
    "budgets",
    (
        Column("title", _l("Of"), "title"),
        Column("number", _l("Version"), "title"),
        Column("total", _l("Total"), "total"),
        Column("state", _l("State")),
        Column("approved_at", _l("Approved"), wide=True),
    ),
    _budgets,
    _budget,
    {
        "newest": (Budget.created_at.desc(), Budget.id),
        "title": (Award.codename, FundingAgreement.title, Budget.number),
        "total": (Budget.currency, Budget.total.desc()),
    },
    money=frozenset({"total"}),
    states=tuple(BudgetState),
)
EXPENDITURES = Listing(
    "expenditures",
    (
        Column("title", _l("What for")),
        Column("award", _l("Award"), "award"),
        Column("number", _l("Number"), page=False),
        Column("spent_on", _l("Day"), "day"),
        Column("reference", _l("Voucher number"), wide=True),
        Column("amount", _l("Amount"), "amount"),
        Column("worth", _l("In the award's currency"), wide=True),
        Column("state", _l("State")),
    ),
    _expenditures,
    _expenditure,
    {
        "day": (Expenditure.spent_on.desc(), Expenditure.number.desc(), Expenditure.id),
        "award": (Award.codename, Expenditure.number),
        "amount": (Expenditure.currency, Expenditure.amount.desc()),
    },
    money=frozenset({"amount", "worth"}),
    states=tuple(ExpenditureState),
)
AMENDMENTS = Listing(
    "amendments",
    (
        Column("title", _l("Amendment"), "title"),
        Column("what", _l("What changes")),
        Column("form", _l("Agreed by"), wide=True),
        Column("state", _l("State")),
        Column("reason", _l("Reason"), page=False),
        Column("created_at", _l("Proposed"), wide=True),
        Column("effective_at", _l("In effect since"), wide=True),
    ),
    _amendments,
    _amendment,
    {
        "newest": (Amendment.created_at.desc(), Amendment.id),
        "title": (Award.codename, Amendment.number),
    },
    states=tuple(AmendmentState),
)
ALL = {listing.name: listing for listing in (BUDGETS, EXPENDITURES, AMENDMENTS)}
