from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey, Word


class Notice(Base):
    """Something waits for somebody: of what kind and where, never what it says."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_user_created", "user_id", "created_at"),
        Index("ix_notice_user_read", "user_id", "read_at"),
        Index("ix_notice_case", "case_id", "user_id"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class Reminder(Base):
    """A notice for later. Whoever looks first after `due_at` gives it, so a missed timer loses none."""

    __tablename__ = "reminder"
    __table_args__ = (
        Index("ix_reminder_due", "sent_at", "due_at"),
        Index("ix_reminder_path", "path", "user_id"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[UUID | None]
    due_at: Mapped[datetime]
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class MailAddress(Base):
    """Where somebody wants to hear that something waits, sealed under the newsroom's key."""

    __tablename__ = "mail_address"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    sealed: Mapped[bytes]
    changed_at: Mapped[datetime]


class OutgoingMail(Base):
    """A mail that says only that something waits: pending, sent, withdrawn or abandoned.

    To somebody without an account it is a `letter` about a thing of ours, sealed until it has ended.
    """

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        Index("ix_outgoing_mail_next", "state", "next_try_at"),
        Index("ix_outgoing_mail_user", "user_id", "state"),
        Index("ix_outgoing_mail_about", "about_id", "state"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    about_id: Mapped[UUID | None]
    letter: Mapped[bytes | None]
    state: Mapped[Word]
    created_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200), default="")


class CalendarFeed(Base):
    """The address of somebody's calendar; without the token the row opens nothing."""

    __tablename__ = "calendar_feed"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    made_at: Mapped[datetime]
