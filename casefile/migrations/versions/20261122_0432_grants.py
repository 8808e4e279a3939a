"""Programmes, organisations, funding agreements, rates, calls."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0432"
down_revision = "20261122_0230"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _kept(table: str) -> list[sa.schema.SchemaItem]:
    """Who made a row, which version it is, and why it no longer counts."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.Column("voided_by_id", sa.Uuid(), nullable=True),
        sa.Column("voided_reason", sa.String(length=2000), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], ["user.id"], name=op.f(f"fk_{table}_{name}_user"))
            for name in ("created_by_id", "voided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _has(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _to(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}_{other}"))


def upgrade() -> None:
    _create_first()
    _create_second()


def _create_first() -> None:
    op.create_table(
        "applicant_limit",
        _has("key", sa.LargeBinary()),
        _has("window_at", MOMENT),
        _has("tries", sa.Integer()),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_applicant_limit")),
    )
    op.create_table(
        "exchange_rate",
        _has("base", sa.String(length=3)),
        _has("quote", sa.String(length=3)),
        _has("value", sa.Numeric(14, 8)),
        _has("valid_on", sa.Date()),
        _has("source", sa.String(length=300)),
        sa.Column("superseded_at", MOMENT),
        sa.Column("superseded_by_id", sa.Uuid()),
        *_kept("exchange_rate"),
        _to("exchange_rate", "superseded_by_id", "exchange_rate"),
    )
    op.create_index(
        "ix_exchange_rate_pair", "exchange_rate", ["base", "quote", "valid_on"], unique=False
    )
    op.create_table(
        "grants_event",
        _has("id", sa.Uuid()),
        _has("subject_kind", sa.String(length=32)),
        _has("subject_id", sa.Uuid()),
        _has("number", sa.Integer()),
        _has("what", sa.String(length=32)),
        _has("before", sa.String(length=64)),
        _has("after", sa.String(length=64)),
        _has("at", MOMENT),
        sa.Column("actor_id", sa.Uuid()),
        _has("reason", sa.String(length=2000)),
        _to("grants_event", "actor_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants_event")),
        sa.UniqueConstraint("subject_id", "number", name=op.f("uq_grants_event_subject_id")),
    )
    op.create_index(
        "ix_grants_event_subject",
        "grants_event",
        ["subject_kind", "subject_id", "number"],
        unique=False,
    )
    op.create_table(
        "organisation",
        _has("name", sa.String(length=300)),
        _has("folded_name", sa.String(length=300)),
        _has("legal_form", sa.String(length=32)),
        _has("kind", sa.String(length=32)),
        _has("region", sa.String(length=300)),
        _has("iati_identifier", sa.String(length=100)),
        *_kept("organisation"),
    )
    op.create_index(
        op.f("ix_organisation_folded_name"), "organisation", ["folded_name"], unique=False
    )
    op.create_table(
        "programme",
        _has("code", sa.String(length=32)),
        _has("title_ky", sa.String(length=300)),
        _has("title_ru", sa.String(length=300)),
        _has("title_en", sa.String(length=300)),
        _has("summary_ky", sa.String()),
        _has("summary_ru", sa.String()),
        _has("summary_en", sa.String()),
        _has("iati_identifier", sa.String(length=100)),
        _has("status", sa.String(length=32)),
        sa.Column("starts_on", sa.Date()),
        _has("starts_precision", sa.String(length=8)),
        sa.Column("ends_on", sa.Date()),
        _has("ends_precision", sa.String(length=8)),
        sa.Column("currency", sa.String(length=3)),
        *_kept("programme"),
        sa.UniqueConstraint("code", name=op.f("uq_programme_code")),
    )
    op.create_table(
        "affiliation",
        _has("user_id", sa.Uuid()),
        _has("organisation_id", sa.Uuid()),
        *_kept("affiliation"),
        _to("affiliation", "organisation_id", "organisation"),
        _to("affiliation", "user_id", "user"),
    )
    op.create_index(
        op.f("ix_affiliation_organisation_id"), "affiliation", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_affiliation_user_id"), "affiliation", ["user_id"], unique=False)
    op.create_table(
        "funding_agreement",
        _has("programme_id", sa.Uuid()),
        sa.Column("donor_id", sa.Uuid()),
        _has("state", sa.String(length=32)),
        _has("reference", sa.String(length=100)),
        _has("title", sa.String(length=300)),
        sa.Column("amount", sa.Numeric(14, 2)),
        _has("currency", sa.String(length=3)),
        sa.Column("signed_on", sa.Date()),
        sa.Column("starts_on", sa.Date()),
        _has("starts_precision", sa.String(length=8)),
        sa.Column("ends_on", sa.Date()),
        _has("ends_precision", sa.String(length=8)),
        sa.Column("report_every_months", sa.Integer()),
        sa.Column("interim_report_days", sa.Integer()),
        sa.Column("final_report_months", sa.Integer()),
        sa.Column("heading_flexibility", sa.Numeric(5, 2)),
        sa.Column("prefinancing_previous", sa.Numeric(5, 2)),
        sa.Column("prefinancing_earlier", sa.Numeric(5, 2)),
        sa.Column("prefinancing_most", sa.Numeric(5, 2)),
        _has("rate_method", sa.String(length=32)),
        *_kept("funding_agreement"),
        _to("funding_agreement", "donor_id", "organisation"),
        _to("funding_agreement", "programme_id", "programme"),
    )
    op.create_index(
        op.f("ix_funding_agreement_donor_id"), "funding_agreement", ["donor_id"], unique=False
    )
    op.create_index(
        op.f("ix_funding_agreement_programme_id"),
        "funding_agreement",
        ["programme_id"],
        unique=False,
    )
    op.create_table(
        "programme_component",
        _has("programme_id", sa.Uuid()),
        _has("position", sa.Integer()),
        _has("name", sa.String(length=300)),
        _has("kind", sa.String(length=32)),
        _has("audience", sa.String(length=300)),
        _has("recurrence", sa.String(length=32)),
        sa.Column("since", sa.Integer()),
        *_kept("programme_component"),
        _to("programme_component", "programme_id", "programme"),
    )
    op.create_index(
        "ix_programme_component_order",
        "programme_component",
        ["programme_id", "position"],
        unique=False,
    )
    op.create_table(
        "programme_organisation",
        _has("programme_id", sa.Uuid()),
        _has("organisation_id", sa.Uuid()),
        _has("role", sa.String(length=32)),
        *_kept("programme_organisation"),
        _to("programme_organisation", "organisation_id", "organisation"),
        _to("programme_organisation", "programme_id", "programme"),
    )
    op.create_index(
        op.f("ix_programme_organisation_organisation_id"),
        "programme_organisation",
        ["organisation_id"],
        unique=False,
    )
    op.create_index(
        "ix_programme_organisation_role",
        "programme_organisation",
        ["programme_id", "role"],
        unique=False,
    )


def _create_second() -> None:
    op.create_table(
        "programme_sector",
        _has("programme_id", sa.Uuid()),
        _has("code", sa.String(length=10)),
        _has("percent", sa.Numeric(5, 2)),
        _to("programme_sector", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("programme_id", "code", name=op.f("pk_programme_sector")),
    )
    op.create_table(
        "component_edition",
        _has("component_id", sa.Uuid()),
        _has("year", sa.Integer()),
        _has("title", sa.String(length=300)),
        _has("state", sa.String(length=32)),
        sa.Column("starts_on", sa.Date()),
        _has("starts_precision", sa.String(length=8)),
        _has("note", sa.String(length=2000)),
        *_kept("component_edition"),
        _to("component_edition", "component_id", "programme_component"),
    )
    op.create_index(
        op.f("ix_component_edition_component_id"),
        "component_edition",
        ["component_id"],
        unique=False,
    )
    op.create_table(
        "grant_call",
        _has("programme_id", sa.Uuid()),
        sa.Column("agreement_id", sa.Uuid()),
        _has("code", sa.String(length=32)),
        _has("state", sa.String(length=32)),
        _has("title_ky", sa.String(length=300)),
        _has("title_ru", sa.String(length=300)),
        _has("title_en", sa.String(length=300)),
        _has("summary_ky", sa.Text()),
        _has("summary_ru", sa.Text()),
        _has("summary_en", sa.Text()),
        sa.Column("opens_at", MOMENT),
        sa.Column("closes_at", MOMENT),
        _has("zone", sa.String(length=64)),
        _has("currency", sa.String(length=3)),
        sa.Column("envelope", sa.Numeric(14, 2)),
        sa.Column("minimum", sa.Numeric(14, 2)),
        sa.Column("maximum", sa.Numeric(14, 2)),
        _has("kinds", sa.JSON()),
        _has("regions", sa.JSON()),
        _has("partners_required", sa.Integer()),
        _has("entry", sa.String(length=32)),
        _has("blind", sa.String(length=32)),
        _has("sealed_until_close", sa.Boolean()),
        _has("reviews_wanted", sa.Integer()),
        _has("quorum", sa.Integer()),
        _has("reviewers_may_decide", sa.Boolean()),
        _has("form_version", sa.Integer()),
        sa.Column("frozen_at", MOMENT),
        *_kept("grant_call"),
        _to("grant_call", "agreement_id", "funding_agreement"),
        _to("grant_call", "programme_id", "programme"),
        sa.UniqueConstraint("code", name=op.f("uq_grant_call_code")),
    )
    op.create_index(
        op.f("ix_grant_call_programme_id"), "grant_call", ["programme_id"], unique=False
    )
    op.create_index(
        "ix_grant_call_state_closes", "grant_call", ["state", "closes_at"], unique=False
    )
    op.create_table(
        "call_criterion",
        _has("call_id", sa.Uuid()),
        _has("position", sa.Integer()),
        _has("title", sa.String(length=300)),
        _has("guidance", sa.Text()),
        _has("weight", sa.Integer()),
        *_kept("call_criterion"),
        _to("call_criterion", "call_id", "grant_call"),
    )
    op.create_index(op.f("ix_call_criterion_call_id"), "call_criterion", ["call_id"], unique=False)
    op.create_table(
        "call_form",
        _has("call_id", sa.Uuid()),
        _has("version", sa.Integer()),
        _has("questions", sa.JSON()),
        _has("sha256", sa.String(length=64)),
        _has("created_at", MOMENT),
        sa.Column("created_by_id", sa.Uuid()),
        _to("call_form", "call_id", "grant_call"),
        _to("call_form", "created_by_id", "user"),
        sa.PrimaryKeyConstraint("call_id", "version", name=op.f("pk_call_form")),
    )
    op.create_table(
        "call_invitation",
        _has("call_id", sa.Uuid()),
        _has("name", sa.String(length=120)),
        _has("token_digest", sa.LargeBinary()),
        _has("expires_at", MOMENT),
        sa.Column("used_at", MOMENT),
        *_kept("call_invitation"),
        _to("call_invitation", "call_id", "grant_call"),
        sa.UniqueConstraint("token_digest", name=op.f("uq_call_invitation_token_digest")),
    )
    op.create_index(
        op.f("ix_call_invitation_call_id"), "call_invitation", ["call_id"], unique=False
    )
    op.create_table(
        "call_reviewer",
        _has("call_id", sa.Uuid()),
        _has("user_id", sa.Uuid()),
        *_kept("call_reviewer"),
        _to("call_reviewer", "call_id", "grant_call"),
        _to("call_reviewer", "user_id", "user"),
    )
    op.create_index("ix_call_reviewer_pair", "call_reviewer", ["call_id", "user_id"], unique=False)
    op.create_index(op.f("ix_call_reviewer_user_id"), "call_reviewer", ["user_id"], unique=False)
    op.create_table(
        "application",
        _has("call_id", sa.Uuid()),
        _has("number", sa.Integer()),
        _has("codename", sa.String(length=64)),
        _has("state", sa.String(length=32)),
        _has("capability_digest", sa.LargeBinary()),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("invitation_id", sa.Uuid()),
        _has("applicant", sa.String(length=300)),
        _has("legal_form", sa.String(length=32)),
        _has("kind", sa.String(length=32)),
        _has("title", sa.String(length=300)),
        _has("summary", sa.Text()),
        sa.Column("requested", sa.Numeric(14, 2)),
        _has("currency", sa.String(length=3)),
        _has("regions", sa.JSON()),
        _has("place", sa.String(length=300)),
        _has("answers", sa.JSON()),
        _has("form_version", sa.Integer()),
        _has("record", sa.LargeBinary()),
        _has("revision", sa.Integer()),
        sa.Column("submitted_at", MOMENT),
        *_kept("application"),
        _to("application", "call_id", "grant_call"),
        _to("application", "invitation_id", "call_invitation"),
        _to("application", "organisation_id", "organisation"),
        sa.UniqueConstraint("call_id", "number", name=op.f("uq_application_call_id")),
        sa.UniqueConstraint("capability_digest", name=op.f("uq_application_capability_digest")),
    )
    op.create_index("ix_application_call_state", "application", ["call_id", "state"], unique=False)
    op.create_index(
        op.f("ix_application_organisation_id"), "application", ["organisation_id"], unique=False
    )
    op.create_table(
        "application_attachment",
        _has("application_id", sa.Uuid()),
        _has("size", sa.Integer()),
        _has("record", sa.LargeBinary()),
        *_kept("application_attachment"),
        _to("application_attachment", "application_id", "application"),
    )
    op.create_index(
        op.f("ix_application_attachment_application_id"),
        "application_attachment",
        ["application_id"],
        unique=False,
    )


def downgrade() -> None:
    for name in (
        "application_attachment",
        "application",
        "call_reviewer",
        "call_invitation",
        "call_form",
        "call_criterion",
        "grant_call",
        "component_edition",
        "programme_sector",
        "programme_organisation",
        "programme_component",
        "funding_agreement",
        "affiliation",
        "programme",
        "organisation",
        "grants_event",
        "exchange_rate",
        "applicant_limit",
    ):
        op.drop_table(name)
