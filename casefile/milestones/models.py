from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey, Word


class AwardLink(Base):
    """Which award pays for a case. Written by an editor of the case, sealed so that none is planted."""

    __tablename__ = "award_link"
    __table_args__ = (Index("ix_award_link_case", "case_id", "ended_at"),)

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"), index=True)
    generation: Mapped[int]
    record: Mapped[bytes]
    linked_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    linked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MilestoneDraft(Base):
    """What the newsroom is about to release, sealed with its case until then."""

    __tablename__ = "milestone_draft"
    __table_args__ = (UniqueConstraint("milestone_id", "case_id"),)

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    milestone_id: Mapped[UUID] = mapped_column(ForeignKey("milestone.id"))
    version: Mapped[int]
    generation: Mapped[int]
    record: Mapped[bytes]
    changed_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    changed_at: Mapped[datetime]


class MilestoneSubmission(Base):
    """What crossed to the grant side: the only object that does. Its content never changes.

    The editor's signature over it shows a change made in the database.
    """

    __tablename__ = "milestone_submission"
    __table_args__ = (UniqueConstraint("milestone_id", "version"),)

    id: Mapped[PrimaryKey]
    milestone_id: Mapped[UUID] = mapped_column(ForeignKey("milestone.id"))
    version: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes]
    attester_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    released_at: Mapped[datetime]
    state: Mapped[Word]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(2000))


class MilestoneSecret(Base):
    """What stays with the case: the nonce, what was committed to, who was paid."""

    __tablename__ = "milestone_secret"

    submission_id: Mapped[UUID] = mapped_column(
        ForeignKey("milestone_submission.id"), primary_key=True
    )
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    generation: Mapped[int]
    record: Mapped[bytes]


class MilestoneOpening(Base):
    """What makes a commitment checkable, given out by an editor after publication."""

    __tablename__ = "milestone_opening"

    submission_id: Mapped[UUID] = mapped_column(
        ForeignKey("milestone_submission.id"), primary_key=True
    )
    nonce: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64))
    length: Mapped[int]
    opened_at: Mapped[datetime]


class Verification(Base):
    """An independent person asked to look: their declaration, then their verdict."""

    __tablename__ = "milestone_verification"
    __table_args__ = (Index("ix_milestone_verification_person", "verifier_id", "verdict_at"),)

    id: Mapped[PrimaryKey]
    milestone_id: Mapped[UUID] = mapped_column(ForeignKey("milestone.id"), index=True)
    verifier_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    declared_at: Mapped[datetime | None]
    declaration: Mapped[str] = mapped_column(String(300))
    conflict: Mapped[bool] = mapped_column(default=False)
    verdict: Mapped[Word]
    note: Mapped[str] = mapped_column(String(300))
    verdict_at: Mapped[datetime | None]
    signature: Mapped[bytes | None]


class MilestoneFile(Base):
    """A file made for the funder. Sealed with the case until the release, for the grants from then on."""

    __tablename__ = "milestone_file"

    id: Mapped[PrimaryKey]
    milestone_id: Mapped[UUID] = mapped_column(ForeignKey("milestone.id"), index=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("case.id"), index=True)
    generation: Mapped[int | None]
    record: Mapped[bytes]
    made_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
