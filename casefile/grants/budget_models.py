from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, Word
from casefile.grants.columns import Amount, Code, Kept, Reason, Title
from casefile.grants.money import Exact

QUANTITY_PLACES = 3
Quantity = Annotated[Decimal, mapped_column(Exact(12, QUANTITY_PLACES))]


class Budget(Kept, Base):
    """One version of the budget of an award or of a funding agreement: what the money is meant for."""

    __tablename__ = "budget"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        UniqueConstraint("agreement_id", "number"),
    )

    award_id: Mapped[UUID | None] = mapped_column(ForeignKey("award.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("funding_agreement.id"))
    number: Mapped[int]
    state: Mapped[Word]
    currency: Mapped[Code]
    total: Mapped[Amount]
    years: Mapped[int]
    notified: Mapped[bool]
    prepared_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]


class BudgetHeading(Kept, Base):
    """A heading of one version. `thread_id` is the same for the same heading of every version."""

    __tablename__ = "budget_heading"
    __table_args__ = (Index("ix_budget_heading_order", "budget_id", "position"),)

    budget_id: Mapped[UUID] = mapped_column(ForeignKey("budget.id"))
    thread_id: Mapped[UUID] = mapped_column(index=True)
    position: Mapped[int]
    title: Mapped[Title]


class BudgetLine(Kept, Base):
    """A quantity of something and what one of it costs; the amount is their product, half up."""

    __tablename__ = "budget_line"

    heading_id: Mapped[UUID] = mapped_column(ForeignKey("budget_heading.id"), index=True)
    position: Mapped[int]
    title: Mapped[Title]
    unit: Mapped[Word]
    quantity: Mapped[Quantity]
    unit_cost: Mapped[Amount]
    amount: Mapped[Amount]


class Expenditure(Kept, Base):
    """Money spent of an award, in the currency it was spent in. Of whom it went to nothing is kept."""

    __tablename__ = "expenditure"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        Index("ix_expenditure_state_spent", "state", "spent_on"),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"))
    thread_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[int]
    state: Mapped[Word]
    spent_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(100))
    title: Mapped[Title]
    amount: Mapped[Amount]
    currency: Mapped[Code]
    recorded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    checked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    judged_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[Reason]


class Amendment(Kept, Base):
    """A change of what was signed: what stood before, what stands after, and who agreed."""

    __tablename__ = "amendment"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        Index("ix_amendment_state", "state", "changed_at"),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"))
    budget_id: Mapped[UUID | None] = mapped_column(ForeignKey("budget.id"))
    number: Mapped[int]
    kind: Mapped[Word]
    form: Mapped[Word]
    state: Mapped[Word]
    reason: Mapped[Reason]
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    proposed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    our_signer_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    our_signed_at: Mapped[datetime | None]
    their_signer_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    their_signed_at: Mapped[datetime | None]
    effective_at: Mapped[datetime | None]
