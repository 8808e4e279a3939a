from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Row, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base


class Entry(Base):
    """Something was done or refused. Who, when and to which id; what it was about is sealed."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_case_sequence", "case_id", "sequence"),
        Index("ix_audit_entry_subject_sequence", "subject_id", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    action: Mapped[str] = mapped_column(String(64))
    case_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    generation: Mapped[int | None]
    detail: Mapped[bytes | None]
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]


EntryRow = Entry | Row[*tuple[Any, ...]]


class TreeNode(Base):
    """The hash over a complete subtree of 2**level entries, so that roots and proofs are quick.

    All of it follows from the entries; leaves are not kept again.
    """

    __tablename__ = "audit_node"
    __table_args__ = ({"sqlite_with_rowid": False},)

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class Checkpoint(Base):
    """The newsroom's signature over the tree of the first `size` entries."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]


class Stamp(Base):
    """An authority's word on when a checkpoint existed: asked for, and there once `answer` is."""

    __tablename__ = "audit_stamp"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16), index=True)
    asked_at: Mapped[datetime]
    tries: Mapped[int]
    tried_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200))
    stamped_at: Mapped[datetime | None]
    answer: Mapped[bytes | None]


class Memory(Base):
    """What a person last saw of the trail, sealed with their keys, and whether it failed to fit."""

    __tablename__ = "audit_memory"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    sealed: Mapped[bytes]
    alarm: Mapped[str] = mapped_column(String(16))
