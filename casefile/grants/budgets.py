"""Budgets: versions of headings and lines that add up, prepared by one person, approved by another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select

from casefile.errors import ConflictError, InvalidError
from casefile.grants import keeping
from casefile.grants.award_models import Award
from casefile.grants.award_states import AwardState
from casefile.grants.budget_models import Budget, BudgetHeading, BudgetLine, Expenditure
from casefile.grants.budget_states import BUDGET_MOVES, SPENT, BudgetState
from casefile.grants.columns import TITLE_LENGTH
from casefile.grants.models import FundingAgreement
from casefile.grants.money import MOST, Money, half_up
from casefile.grants.separation import keep_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

Owner = Award | FundingAgreement
MOST_LINES: Final = 500
MOST_YEARS: Final = 10
UNIT_LENGTH: Final = 32
BEFORE_SIGNED: Final = frozenset(
    {AwardState.DRAFT, AwardState.INTERNAL_APPROVAL, AwardState.OFFERED}
)
NOT_A_DRAFT = "This version of the budget is approved, so it stays. Make a new version from it."
BY_AMENDMENT = (
    "The award is signed and has a budget, so a new version takes effect by an amendment. Propose one "
    "with this version."
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is written down: under which heading, what, how many of which unit, at what cost."""

    heading: str
    title: str
    quantity: Decimal
    unit: str
    unit_cost: Decimal

    @property
    def amount(self) -> Decimal:
        return half_up(self.quantity * self.unit_cost)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading of a version with its lines and their sum."""

    row: BudgetHeading
    lines: Sequence[BudgetLine]
    total: Money


def added_up(lines: Sequence[Line], currency: str) -> Money:
    """Add up lines, each rounded half up. InvalidError names the line that cannot be."""
    if not 1 <= len(lines) <= MOST_LINES:
        msg = f"A budget has between 1 and {MOST_LINES} lines."
        raise InvalidError(msg)
    whole = Money(Decimal(), currency)
    for number, line in enumerate(lines, start=1):
        if not line.heading or not line.title:
            msg = f"Line {number}: say under which heading it stands and what it is."
            raise InvalidError(msg)
        if max(len(line.heading), len(line.title)) > TITLE_LENGTH or len(line.unit) > UNIT_LENGTH:
            msg = (
                f"Line {number}: shorten heading and text to {TITLE_LENGTH} characters, the unit to "
                f"{UNIT_LENGTH}."
            )
            raise InvalidError(msg)
        if line.quantity <= 0 or line.unit_cost < 0:
            msg = f"Line {number}: the quantity is above nought and the cost not below it."
            raise InvalidError(msg)
        if line.amount > MOST:
            msg = f"Line {number}: the amount is too large."
            raise InvalidError(msg)
        whole += Money(line.amount, currency)
    if not whole:
        msg = "The budget comes to nought. Give at least one line an amount."
        raise InvalidError(msg)
    return whole


def prepare(
    uow: UnitOfWork,
    owner: Owner,
    lines: Sequence[Line],
    *,
    stated: Decimal | None = None,
    years: int = 1,
) -> Budget:
    """Write a new version of a budget down, as a draft. Headings of the same name go on."""
    whole = _checked(owner, lines, stated, years)
    last = uow.session.scalar(select(func.max(Budget.number)).where(_of(owner)))
    row = Budget(
        id=uuid4(),
        award_id=owner.id if isinstance(owner, Award) else None,
        agreement_id=owner.id if isinstance(owner, FundingAgreement) else None,
        number=(last or 0) + 1,
        state=BudgetState.DRAFT.value,
        currency=owner.currency,
        total=whole.amount,
        years=years,
        notified=False,
        prepared_by_id=uow.actor_id,
    )
    keeping.add(uow, row, "budget.prepared")
    keeping.write_event(uow, row, "state", "", BudgetState.DRAFT.value)
    _put(uow, row, owner, lines)
    return row


def save(
    uow: UnitOfWork,
    budget_id: UUID,
    base: int,
    lines: Sequence[Line],
    *,
    stated: Decimal | None = None,
    years: int = 1,
) -> None:
    """Change a draft: all its lines at once, so that they always add up."""
    row = keeping.held(uow, Budget, budget_id, base)
    if row.state != BudgetState.DRAFT:
        raise ConflictError(NOT_A_DRAFT)
    owner = _owner_held(uow, row)
    row.total, row.years = _checked(owner, lines, stated, years).amount, years
    row.prepared_by_id, row.currency = uow.actor_id, owner.currency
    for part in parts(uow.session, row):
        for line in part.lines:
            uow.session.delete(line)
    uow.session.flush()
    for heading in headings(uow.session, row.id):
        uow.session.delete(heading)
    uow.session.flush()
    _put(uow, row, owner, lines)
    keeping.write_terms(uow, row)
    keeping.changed(uow, row, "budget.changed")


def _checked(owner: Owner, lines: Sequence[Line], stated: Decimal | None, years: int) -> Money:
    whole = added_up(lines, owner.currency)
    if stated is not None and stated != whole.amount:
        msg = (
            f"The lines add up to {whole.amount} {whole.currency}, and the total stated is {stated}. "
            "Mend one of the two; nothing was saved."
        )
        raise InvalidError(msg)
    if not 1 <= years <= MOST_YEARS:
        msg = f"A budget runs for between 1 and {MOST_YEARS} years."
        raise InvalidError(msg)
    if isinstance(owner, Award):
        check_room(whole, owner)
    return whole


def check_room(whole: Money, award: Award) -> None:
    amount = Money(award.amount, award.currency)
    if whole > amount:
        msg = (
            f"The budget comes to {whole.amount} {whole.currency}, more than the award of "
            f"{amount.amount}. Lower it, or propose an amendment of the amount first."
        )
        raise InvalidError(msg)


def _put(uow: UnitOfWork, row: Budget, owner: Owner, lines: Sequence[Line]) -> None:
    stamp = {"version": 1, "created_at": uow.now, "created_by_id": uow.actor_id}
    known = _threads(uow.session, owner)
    found: dict[str, BudgetHeading] = {}
    for position, line in enumerate(lines, start=1):
        key = line.heading.casefold()
        if key not in found:
            found[key] = BudgetHeading(
                id=uuid4(),
                budget_id=row.id,
                thread_id=known.get(key) or uuid4(),
                position=len(found) + 1,
                title=line.heading,
                changed_at=uow.now,
                **stamp,
            )
            uow.session.add(found[key])
            uow.session.flush()
        uow.session.add(
            BudgetLine(
                id=uuid4(),
                heading_id=found[key].id,
                position=position,
                title=line.title,
                unit=line.unit,
                quantity=line.quantity,
                unit_cost=line.unit_cost,
                amount=line.amount,
                changed_at=uow.now,
                **stamp,
            )
        )
    uow.session.flush()


def _threads(session: Session, owner: Owner) -> dict[str, UUID]:
    """Return the headings there ever were, by name; the latest name of each counts."""
    rows = session.execute(
        select(BudgetHeading.title, BudgetHeading.thread_id)
        .join(Budget, Budget.id == BudgetHeading.budget_id)
        .where(_of(owner))
        .order_by(Budget.number)
    )
    return {row.title.casefold(): row.thread_id for row in rows}


def _of(owner: Owner) -> ColumnElement[bool]:
    column = Budget.award_id if isinstance(owner, Award) else Budget.agreement_id
    return column == owner.id


def owner_of(session: Session, row: Budget) -> Owner:
    if row.award_id is not None:
        return keeping.get(session, Award, row.award_id)
    assert row.agreement_id is not None  # noqa: S101 - one of the two
    return keeping.get(session, FundingAgreement, row.agreement_id)


def _owner_held(uow: UnitOfWork, row: Budget) -> Owner:
    """Return whose budget this is, to change it. ConflictError where that was voided."""
    owner = owner_of(uow.session, row)
    if owner.voided_at is not None:
        raise ConflictError(keeping.VOIDED)
    return owner


def versions(session: Session, owner: Owner) -> Sequence[Budget]:
    """Return all versions, latest first."""
    return session.scalars(select(Budget).where(_of(owner)).order_by(Budget.number.desc())).all()


def current(session: Session, owner: Owner) -> Budget | None:
    """Return the version in force."""
    query = select(Budget).where(_of(owner), Budget.state == BudgetState.APPROVED)
    return session.scalars(query).one_or_none()


def headings(session: Session, budget_id: UUID) -> Sequence[BudgetHeading]:
    return session.scalars(
        select(BudgetHeading)
        .where(BudgetHeading.budget_id == budget_id)
        .order_by(BudgetHeading.position)
    ).all()


def parts(session: Session, row: Budget) -> list[Part]:
    """Return a version by its headings: two queries."""
    own = headings(session, row.id)
    lines: dict[UUID, list[BudgetLine]] = defaultdict(list)
    for line in session.scalars(
        select(BudgetLine)
        .where(BudgetLine.heading_id.in_([one.id for one in own]))
        .order_by(BudgetLine.position)
    ):
        lines[line.heading_id].append(line)
    nought = Money(Decimal(), row.currency)
    return [
        Part(
            one,
            lines[one.id],
            sum((Money(line.amount, row.currency) for line in lines[one.id]), nought),
        )
        for one in own
    ]


def written(session: Session, row: Budget) -> list[Line]:
    """Return the lines of a version the way they were written down."""
    return [
        Line(part.row.title, line.title, line.quantity, line.unit, line.unit_cost)
        for part in parts(session, row)
        for line in part.lines
    ]


def check_sum(session: Session, row: Budget) -> None:
    """Raise ConflictError unless the lines are exactly the total of their version."""
    whole = sum((part.total.amount for part in parts(session, row)), Decimal())
    if whole != row.total:
        msg = (
            f"The lines add up to {whole} {row.currency}, the version says {row.total}. "
            "Save it again before anything else."
        )
        raise ConflictError(msg)


def approve(uow: UnitOfWork, budget_id: UUID, base: int) -> None:
    """Let a version be the budget. Whoever prepared it may not; once an award is signed it is amended."""
    row = keeping.held(uow, Budget, budget_id, base)
    keep_apart(
        uow.actor_id,
        {row.prepared_by_id, *keeping.hands(uow.session, row)},
        "You prepared this version, so somebody else approves it. If nobody else may, an administrator "
        "can make a second person director.",
    )
    owner = _owner_held(uow, row)
    if isinstance(owner, Award):
        begun = owner.state not in BEFORE_SIGNED
        if begun and current(uow.session, owner) is not None:
            raise ConflictError(BY_AMENDMENT)
        if owner.state in {AwardState.CLOSED, AwardState.DECLINED, AwardState.TERMINATED}:
            raise ConflictError(keeping.CANNOT_FOLLOW)
    put_in_force(uow, row, owner, uow.actor_id)


def put_in_force(
    uow: UnitOfWork, row: Budget, owner: Owner, approver_id: UUID | None, *, notified: bool = False
) -> None:
    """Let a draft take the place of the version before it."""
    if row.state != BudgetState.DRAFT:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    check_sum(uow.session, row)
    if row.currency != owner.currency:
        msg = f"The budget is in {row.currency} and this is in {owner.currency} now. Make a new version."
        raise ConflictError(msg)
    if isinstance(owner, Award):
        check_room(Money(row.total, row.currency), owner)
        _check_spent(uow.session, row, owner)
    before = current(uow.session, owner)
    if before is not None:
        keeping.move(uow, before, BudgetState.SUPERSEDED, BUDGET_MOVES, "budget.superseded")
    row.approved_by_id, row.approved_at, row.notified = approver_id, uow.now, notified
    keeping.move(uow, row, BudgetState.APPROVED, BUDGET_MOVES, "budget.approved")


def _check_spent(session: Session, row: Budget, award: Award) -> None:
    """Money was spent under some headings already: these stay."""
    used = session.scalars(
        select(Expenditure.thread_id)
        .where(Expenditure.award_id == award.id, Expenditure.state.in_(SPENT))
        .distinct()
    ).all()
    gone = set(used) - {one.thread_id for one in headings(session, row.id)}
    if gone:
        names = session.scalars(
            select(BudgetHeading.title)
            .where(BudgetHeading.thread_id.in_(gone))
            .order_by(BudgetHeading.created_at.desc())
            .limit(1)
        ).all()
        msg = f"Money was spent under “{names[0]}”, so this heading stays in the budget."
        raise ConflictError(msg)


def baseline(session: Session, award: Award) -> Budget | None:
    """Return the last version that both sides agreed to: what moves are measured against."""
    return session.scalars(
        select(Budget)
        .where(
            Budget.award_id == award.id,
            Budget.notified.is_(False),
            or_(Budget.state == BudgetState.APPROVED, Budget.state == BudgetState.SUPERSEDED),
        )
        .order_by(Budget.approved_at.desc(), Budget.number.desc())
        .limit(1)
    ).first()
