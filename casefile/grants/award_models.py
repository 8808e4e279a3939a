from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, Word
from casefile.grants.columns import Amount, Code, Kept, Long, Percent, Reason, Title


class Award(Kept, Base):
    """Money promised for a piece of work. Of the work it knows a codename, and nothing else."""

    __tablename__ = "award"
    __table_args__ = (
        Index("ix_award_programme_state", "programme_id", "state"),
        UniqueConstraint("codename"),
    )

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("grant_call.id"), index=True)
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("application.id"), unique=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    codename: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(64))
    contract_type: Mapped[Word]
    state: Mapped[Word]
    amount: Mapped[Amount]
    currency: Mapped[Code]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    conditions: Mapped[Long]
    exclusion: Mapped[Word]
    prepared_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    signed_on: Mapped[date | None]


class Milestone(Kept, Base):
    """What is due by a day, how it is shown, and the part of the award that it opens."""

    __tablename__ = "milestone"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        Index("ix_milestone_state_due", "state", "due_on"),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"))
    number: Mapped[int]
    title: Mapped[Title]
    due_on: Mapped[date]
    method: Mapped[Title]
    classes: Mapped[list[str]] = mapped_column(JSON)
    share: Mapped[Percent]
    tranche: Mapped[Amount]
    state: Mapped[Word]
    submitted_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[Reason]
    obstacle: Mapped[Word]
    waiver_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    waiver_reason: Mapped[Reason]


class Payment(Kept, Base):
    """Money on its way, under four eyes."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        Index("ix_payment_state", "state", "due_on"),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"))
    milestone_id: Mapped[UUID | None] = mapped_column(ForeignKey("milestone.id"), index=True)
    number: Mapped[int]
    amount: Mapped[Amount]
    currency: Mapped[Code]
    state: Mapped[Word]
    due_on: Mapped[date | None]
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    checked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    paid_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    paid_on: Mapped[date | None]
    reference: Mapped[str] = mapped_column(String(100))


class BankAccount(Kept, Base):
    """Where an award is paid to, sealed. Entered by one person and confirmed by another."""

    __tablename__ = "bank_account"
    __table_args__ = (UniqueConstraint("award_id"),)

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"))
    record: Mapped[bytes]
    record_version: Mapped[int]
    entered_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    confirmed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    confirmed_at: Mapped[datetime | None]
