from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey, Word
from casefile.grants.columns import Amount, Code, Dated, Kept, Percent, RateValue, Reason, Title


class Programme(Kept, Base):
    """What money is given for over years. Text that the public sees has three languages."""

    __tablename__ = "programme"

    code: Mapped[str] = mapped_column(String(32), unique=True)
    title_ky: Mapped[Title]
    title_ru: Mapped[Title]
    title_en: Mapped[Title]
    summary_ky: Mapped[str]
    summary_ru: Mapped[str]
    summary_en: Mapped[str]
    iati_identifier: Mapped[str] = mapped_column(String(100))
    status: Mapped[Word]
    starts_on: Mapped[date | None]
    starts_precision: Mapped[Dated]
    ends_on: Mapped[date | None]
    ends_precision: Mapped[Dated]
    currency: Mapped[Code | None]


class ProgrammeSector(Base):
    """A sector of OECD DAC and its share; the shares of a programme add up to 100."""

    __tablename__ = "programme_sector"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    percent: Mapped[Percent]


class Component(Kept, Base):
    """A part of a programme that happens again: a course each year, a forum, a round of grants."""

    __tablename__ = "programme_component"
    __table_args__ = (Index("ix_programme_component_order", "programme_id", "position"),)

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    position: Mapped[int]
    name: Mapped[Title]
    kind: Mapped[Word]
    audience: Mapped[Title]
    recurrence: Mapped[Word]
    since: Mapped[int | None]


class Edition(Kept, Base):
    """One time that a component took place, or was to."""

    __tablename__ = "component_edition"

    component_id: Mapped[UUID] = mapped_column(ForeignKey("programme_component.id"), index=True)
    year: Mapped[int]
    title: Mapped[Title]
    state: Mapped[Word]
    starts_on: Mapped[date | None]
    starts_precision: Mapped[Dated]
    note: Mapped[Reason]


class Organisation(Kept, Base):
    """A donor, a newsroom, an applicant, a partner. What it is in a programme says its role there."""

    __tablename__ = "organisation"

    name: Mapped[Title]
    folded_name: Mapped[str] = mapped_column(String(300), index=True)
    legal_form: Mapped[Word]
    kind: Mapped[Word]
    region: Mapped[Title]
    iati_identifier: Mapped[str] = mapped_column(String(100))


class ProgrammeOrganisation(Kept, Base):
    """An organisation in one of its roles in a programme."""

    __tablename__ = "programme_organisation"
    __table_args__ = (Index("ix_programme_organisation_role", "programme_id", "role"),)

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[Word]


class Affiliation(Kept, Base):
    """A person with an account who works for an organisation: they may not judge what it asks for."""

    __tablename__ = "affiliation"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)


class FundingAgreement(Kept, Base):
    """What a donor has promised, and the rules that come with it."""

    __tablename__ = "funding_agreement"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), index=True)
    donor_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    state: Mapped[Word]
    reference: Mapped[str] = mapped_column(String(100))
    title: Mapped[Title]
    amount: Mapped[Amount | None]
    currency: Mapped[Code]
    signed_on: Mapped[date | None]
    starts_on: Mapped[date | None]
    starts_precision: Mapped[Dated]
    ends_on: Mapped[date | None]
    ends_precision: Mapped[Dated]
    report_every_months: Mapped[int | None]
    interim_report_days: Mapped[int | None]
    final_report_months: Mapped[int | None]
    heading_flexibility: Mapped[Percent | None]
    prefinancing_previous: Mapped[Percent | None]
    prefinancing_earlier: Mapped[Percent | None]
    prefinancing_most: Mapped[Percent | None]
    rate_method: Mapped[Word]


class ExchangeRate(Kept, Base):
    """What one unit of `base` was worth in `quote` on a day. A correction supersedes, it never overwrites."""

    __tablename__ = "exchange_rate"
    __table_args__ = (Index("ix_exchange_rate_pair", "base", "quote", "valid_on"),)

    base: Mapped[Code]
    quote: Mapped[Code]
    value: Mapped[RateValue]
    valid_on: Mapped[date]
    source: Mapped[Title]
    superseded_at: Mapped[datetime | None]
    superseded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("exchange_rate.id"))


class GrantsEvent(Base):
    """A change of state or of a deadline: of what, from what to what, who, when and why.

    `subject_kind` is the name of the table. The actor is unknown where an applicant acted.
    """

    __tablename__ = "grants_event"
    __table_args__ = (
        Index("ix_grants_event_subject", "subject_kind", "subject_id", "number"),
        UniqueConstraint("subject_id", "number"),
    )

    id: Mapped[PrimaryKey]
    subject_kind: Mapped[Word]
    subject_id: Mapped[UUID]
    number: Mapped[int]
    what: Mapped[Word]
    before: Mapped[str] = mapped_column(String(64))
    after: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[Reason]
