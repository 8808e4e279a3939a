from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, Word
from casefile.grants.columns import Amount, Code, Kept, Long, Reason, Title


class Application(Kept, Base):
    """What somebody asks for. The applicant has no account: a link, of which we keep a digest.

    `record` holds how to reach them, sealed under the grants key.
    """

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("capability_digest"),
        UniqueConstraint("call_id", "number"),
        Index("ix_application_call_state", "call_id", "state"),
    )

    call_id: Mapped[UUID] = mapped_column(ForeignKey("grant_call.id"))
    number: Mapped[int]
    codename: Mapped[str] = mapped_column(String(64))
    state: Mapped[Word]
    capability_digest: Mapped[bytes]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("call_invitation.id"))
    applicant: Mapped[Title]
    legal_form: Mapped[Word]
    kind: Mapped[Word]
    title: Mapped[Title]
    summary: Mapped[Long]
    requested: Mapped[Amount | None]
    currency: Mapped[Code]
    regions: Mapped[list[str]] = mapped_column(JSON)
    place: Mapped[Title]
    answers: Mapped[dict[str, str]] = mapped_column(JSON)
    form_version: Mapped[int]
    record: Mapped[bytes]
    revision: Mapped[int]
    submitted_at: Mapped[datetime | None]


class ApplicationRevision(Base):
    """What was submitted, as it was. Never changed: the receipt names its hash."""

    __tablename__ = "application_revision"
    __table_args__ = (UniqueConstraint("application_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"))
    number: Mapped[int]
    form_version: Mapped[int]
    submitted_at: Mapped[datetime]
    receipt: Mapped[str] = mapped_column(String(32), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, object]] = mapped_column(JSON)


class ApplicationPartner(Kept, Base):
    """An organisation that does part of the work."""

    __tablename__ = "application_partner"

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), index=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[Title]
    role: Mapped[Title]


class ApplicationAttachment(Kept, Base):
    """A confidential annex: the file is in the vault under this id; its key and name are in `record`."""

    __tablename__ = "application_attachment"

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), index=True)
    size: Mapped[int]
    record: Mapped[bytes]


class ApplicationMessage(Kept, Base):
    """A question to the applicant, or an answer."""

    __tablename__ = "application_message"

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), index=True)
    from_applicant: Mapped[bool]
    text: Mapped[Long]


class ConflictDeclaration(Kept, Base):
    """What a reviewer said about their interests before they could read the application.

    `outcome` is clear, conflict, or blocked where the program itself found the reason.
    """

    __tablename__ = "conflict_declaration"
    __table_args__ = (Index("ix_conflict_declaration_pair", "application_id", "user_id"),)

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    outcome: Mapped[Word]
    reason: Mapped[Reason]


class ApplicationReview(Kept, Base):
    """What a reviewer thinks of one revision."""

    __tablename__ = "application_review"
    __table_args__ = (
        UniqueConstraint("application_id", "reviewer_id"),
        Index("ix_application_review_reviewer", "reviewer_id", "state"),
    )

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("application_revision.id"))
    declaration_id: Mapped[UUID] = mapped_column(ForeignKey("conflict_declaration.id"))
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    state: Mapped[Word]
    recommendation: Mapped[Word]
    feedback: Mapped[Long]
    remarks: Mapped[Long]
    submitted_at: Mapped[datetime | None]


class ReviewScore(Base):
    """A score from 0 to 5 on one criterion; None where it does not apply."""

    __tablename__ = "review_score"

    review_id: Mapped[UUID] = mapped_column(ForeignKey("application_review.id"), primary_key=True)
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("call_criterion.id"), primary_key=True)
    score: Mapped[int | None]


class AwardDecision(Kept, Base):
    """What was decided on an application, at which rank, by whom and why."""

    __tablename__ = "award_decision"

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), index=True)
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("application_revision.id"))
    outcome: Mapped[Word]
    rank: Mapped[int]
    score: Mapped[Amount | None]
    amount: Mapped[Amount | None]
    currency: Mapped[Code]
    reason: Mapped[Reason]
    feedback: Mapped[Long]
    decided_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))


class DecisionMember(Base):
    """Who was there when an application was decided, and whether they stood aside."""

    __tablename__ = "decision_member"

    decision_id: Mapped[UUID] = mapped_column(ForeignKey("award_decision.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    recused: Mapped[bool]
