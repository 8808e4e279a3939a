from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey, Word


class Case(Base):
    """An investigation. What it is about is sealed; the codename was made by the program."""

    __tablename__ = "case"

    id: Mapped[PrimaryKey]
    codename: Mapped[str] = mapped_column(String(64), unique=True)
    status: Mapped[Word]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)
    change_number: Mapped[int] = mapped_column(default=0)
    note_count: Mapped[int] = mapped_column(default=0)
    evidence_count: Mapped[int] = mapped_column(default=0)
    note_last_number: Mapped[int] = mapped_column(default=0)
    evidence_last_number: Mapped[int] = mapped_column(default=0)
    record: Mapped[bytes]
    record_generation: Mapped[int]
    record_version: Mapped[int]
    manifest: Mapped[bytes]
    manifest_generation: Mapped[int]
    manifest_version: Mapped[int]


class CaseSeat(Base):
    """A person on a case. Gone means gone: history is in the audit trail."""

    __tablename__ = "seat"
    __table_args__ = (UniqueConstraint("case_id", "user_id"),)

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[Word]
    ends_at: Mapped[datetime | None]
    granted_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    granted_at: Mapped[datetime]
    travel_until: Mapped[datetime | None]
    travel_generation: Mapped[int | None]
    travel_record: Mapped[bytes | None]


class CaseGrant(Base):
    """A case key of one generation, sealed to one person and signed by who granted it."""

    __tablename__ = "case_grant"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    granter_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    sealed: Mapped[bytes]
    signature: Mapped[bytes]
    receipt: Mapped[bytes | None]
