from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey


class Source(Base):
    """Somebody who tells a case something. Shredded, it stays as a tombstone under its codename.

    `record` is for everybody on the case; what only handlers may read lies in tables of its own
    under the source's key, whose line begins with what `origin` signs.
    """

    __tablename__ = "source"
    __table_args__ = (
        UniqueConstraint("case_id", "codename_digest"),
        Index("ix_source_case_change", "case_id", "change_number"),
    )

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    added_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    change_number: Mapped[int]
    codename_digest: Mapped[bytes]
    version: Mapped[int]
    generation: Mapped[int]
    record: Mapped[bytes]
    key_generation: Mapped[int]
    origin: Mapped[bytes]
    manifest: Mapped[bytes]
    manifest_version: Mapped[int]
    identity_version: Mapped[int]
    sealed_change: Mapped[int]
    shredded_at: Mapped[datetime | None]
    shredded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))


class SourceHandler(Base):
    """Somebody who may know who a source is. The list sealed under the source's key proves it."""

    __tablename__ = "source_handler"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("source.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    added_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    added_at: Mapped[datetime]


class SourceGrant(Base):
    """A source key of one generation, sealed to one handler and signed by who granted it."""

    __tablename__ = "source_grant"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("source.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    granter_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    sealed: Mapped[bytes]
    signature: Mapped[bytes]


class SourceIdentity(Base):
    """Who a source is, as it was written down at one time; sealed under the source's key."""

    __tablename__ = "source_identity"

    source_id: Mapped[UUID] = mapped_column(ForeignKey("source.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    generation: Mapped[int]
    record: Mapped[bytes]


class SourceContact(Base):
    """A meeting or call with a source, sealed under its key. A correction names what it corrects."""

    __tablename__ = "source_contact"

    id: Mapped[PrimaryKey]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("source.id"), index=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("source_contact.id"))
    generation: Mapped[int]
    record: Mapped[bytes]


class SourceAgreement(Base):
    """What was promised to a source, sealed under the case's key: whoever writes must know it."""

    __tablename__ = "source_agreement"

    id: Mapped[PrimaryKey]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("source.id"), index=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    supersedes_id: Mapped[UUID | None] = mapped_column(ForeignKey("source_agreement.id"))
    generation: Mapped[int]
    record: Mapped[bytes]


class SourceLink(Base):
    """A note or a piece of evidence that comes from a source or names it."""

    __tablename__ = "source_link"
    __table_args__ = (
        UniqueConstraint("source_id", "note_id", name="uq_source_link_note"),
        UniqueConstraint("source_id", "item_id", name="uq_source_link_item"),
    )

    id: Mapped[PrimaryKey]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("source.id"))
    note_id: Mapped[UUID | None] = mapped_column(ForeignKey("note.id"), index=True)
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey("evidence_item.id"), index=True)
    mentioned: Mapped[bool]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    generation: Mapped[int]
    record: Mapped[bytes]
