from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey, Word


class Item(Base):
    """A file someone put on record. Its content is in the vault under its id, sealed."""

    __tablename__ = "evidence_item"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index("ix_evidence_item_case_change", "case_id", "change_number"),
        Index("ix_evidence_item_case_fingerprint", "case_id", "fingerprint"),
        Index("ix_evidence_item_case_state", "case_id", "state"),
    )

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    added_at: Mapped[datetime]
    change_number: Mapped[int]
    generation: Mapped[int]
    version: Mapped[int]
    record: Mapped[bytes]
    key_generation: Mapped[int]
    file_key: Mapped[bytes]
    fingerprint: Mapped[bytes]
    state: Mapped[Word]
    state_reason: Mapped[str] = mapped_column(String(200), default="")
    leased_until: Mapped[datetime | None]
    pages: Mapped[int] = mapped_column(default=0)


class PageText(Base):
    """What can be read on one page of a file, sealed under a key made from the file's."""

    __tablename__ = "evidence_text"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("evidence_item.id"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class Citation(Base):
    """A note that cites a piece of evidence of its case."""

    __tablename__ = "citation"

    note_id: Mapped[UUID] = mapped_column(ForeignKey("note.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(
        ForeignKey("evidence_item.id"), primary_key=True, index=True
    )
