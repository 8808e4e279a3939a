from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey


class Note(Base):
    """A note of a case. What it says is in its versions, every one of which is kept."""

    __tablename__ = "note"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index("ix_note_case_author", "case_id", "author_id"),
        Index("ix_note_case_change", "case_id", "change_number"),
        Index("ix_note_case_changed", "case_id", "deleted_at", "changed_at"),
    )

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int]
    change_number: Mapped[int]
    deleted_at: Mapped[datetime | None]


class NoteVersion(Base):
    """What a note said at one time: title, body and tags, sealed together."""

    __tablename__ = "note_version"

    note_id: Mapped[UUID] = mapped_column(ForeignKey("note.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    generation: Mapped[int]
    record: Mapped[bytes]
