from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, Name, Word
from casefile.grants.columns import Amount, Code, Kept, Long, Title


class Call(Kept, Base):
    """An invitation to apply, with its form and its criteria. Both are frozen once it opens."""

    __tablename__ = "grant_call"
    __table_args__ = (Index("ix_grant_call_state_closes", "state", "closes_at"),)

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), index=True)
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("funding_agreement.id"))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    state: Mapped[Word]
    title_ky: Mapped[Title]
    title_ru: Mapped[Title]
    title_en: Mapped[Title]
    summary_ky: Mapped[Long]
    summary_ru: Mapped[Long]
    summary_en: Mapped[Long]
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    zone: Mapped[str] = mapped_column(String(64))
    currency: Mapped[Code]
    envelope: Mapped[Amount | None]
    minimum: Mapped[Amount | None]
    maximum: Mapped[Amount | None]
    kinds: Mapped[list[str]] = mapped_column(JSON)
    regions: Mapped[list[str]] = mapped_column(JSON)
    regions_declared: Mapped[int | None]
    partners_required: Mapped[int]
    entry: Mapped[Word]
    blind: Mapped[Word]
    sealed_until_close: Mapped[bool]
    reviews_wanted: Mapped[int]
    quorum: Mapped[int]
    reviewers_may_decide: Mapped[bool]
    form_version: Mapped[int]
    frozen_at: Mapped[datetime | None]


class CallForm(Base):
    """One version of the questions of a call, as a list. Each save before the call opens adds one."""

    __tablename__ = "call_form"

    call_id: Mapped[UUID] = mapped_column(ForeignKey("grant_call.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    questions: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))


class Criterion(Kept, Base):
    """What reviewers score from 0 to 5; the weights of a call add up to 100."""

    __tablename__ = "call_criterion"

    call_id: Mapped[UUID] = mapped_column(ForeignKey("grant_call.id"), index=True)
    position: Mapped[int]
    title: Mapped[Title]
    guidance: Mapped[Long]
    weight: Mapped[int]


class CallReviewer(Kept, Base):
    """A person asked to review the applications of a call."""

    __tablename__ = "call_reviewer"
    __table_args__ = (Index("ix_call_reviewer_pair", "call_id", "user_id"),)

    call_id: Mapped[UUID] = mapped_column(ForeignKey("grant_call.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)


class CallInvitation(Kept, Base):
    """A link that lets one applicant begin one application. Only its digest is kept."""

    __tablename__ = "call_invitation"
    __table_args__ = (UniqueConstraint("token_digest"),)

    call_id: Mapped[UUID] = mapped_column(ForeignKey("grant_call.id"), index=True)
    name: Mapped[Name]
    token_digest: Mapped[bytes]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApplicantLimit(Base):
    """Tries of one address or one link, so that neither can be worn out; no address in clear."""

    __tablename__ = "applicant_limit"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    window_at: Mapped[datetime]
    tries: Mapped[int]
