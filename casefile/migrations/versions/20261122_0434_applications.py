"""Applications, their revisions, reviews and decisions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0434"
down_revision = "20261122_0432"
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
    op.create_table(
        "application_message",
        _has("application_id", sa.Uuid()),
        _has("from_applicant", sa.Boolean()),
        _has("text", sa.Text()),
        *_kept("application_message"),
        _to("application_message", "application_id", "application"),
    )
    op.create_index(
        op.f("ix_application_message_application_id"),
        "application_message",
        ["application_id"],
        unique=False,
    )
    op.create_table(
        "application_partner",
        _has("application_id", sa.Uuid()),
        sa.Column("organisation_id", sa.Uuid()),
        _has("name", sa.String(length=300)),
        _has("role", sa.String(length=300)),
        *_kept("application_partner"),
        _to("application_partner", "application_id", "application"),
        _to("application_partner", "organisation_id", "organisation"),
    )
    op.create_index(
        op.f("ix_application_partner_application_id"),
        "application_partner",
        ["application_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_application_partner_organisation_id"),
        "application_partner",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "application_revision",
        _has("id", sa.Uuid()),
        _has("application_id", sa.Uuid()),
        _has("number", sa.Integer()),
        _has("form_version", sa.Integer()),
        _has("submitted_at", MOMENT),
        _has("receipt", sa.String(length=32)),
        _has("sha256", sa.String(length=64)),
        _has("content", sa.JSON()),
        _to("application_revision", "application_id", "application"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_revision")),
        sa.UniqueConstraint(
            "application_id", "number", name=op.f("uq_application_revision_application_id")
        ),
        sa.UniqueConstraint("receipt", name=op.f("uq_application_revision_receipt")),
    )
    op.create_table(
        "conflict_declaration",
        _has("application_id", sa.Uuid()),
        _has("user_id", sa.Uuid()),
        _has("outcome", sa.String(length=32)),
        _has("reason", sa.String(length=2000)),
        *_kept("conflict_declaration"),
        _to("conflict_declaration", "application_id", "application"),
        _to("conflict_declaration", "user_id", "user"),
    )
    op.create_index(
        "ix_conflict_declaration_pair",
        "conflict_declaration",
        ["application_id", "user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_conflict_declaration_user_id"), "conflict_declaration", ["user_id"], unique=False
    )
    op.create_table(
        "application_review",
        _has("application_id", sa.Uuid()),
        _has("revision_id", sa.Uuid()),
        _has("declaration_id", sa.Uuid()),
        _has("reviewer_id", sa.Uuid()),
        _has("state", sa.String(length=32)),
        _has("recommendation", sa.String(length=32)),
        _has("feedback", sa.Text()),
        _has("remarks", sa.Text()),
        sa.Column("submitted_at", MOMENT),
        *_kept("application_review"),
        _to("application_review", "application_id", "application"),
        _to("application_review", "declaration_id", "conflict_declaration"),
        _to("application_review", "reviewer_id", "user"),
        _to("application_review", "revision_id", "application_revision"),
        sa.UniqueConstraint(
            "application_id", "reviewer_id", name=op.f("uq_application_review_application_id")
        ),
    )
    op.create_index(
        "ix_application_review_reviewer",
        "application_review",
        ["reviewer_id", "state"],
        unique=False,
    )
    op.create_table(
        "award_decision",
        _has("application_id", sa.Uuid()),
        _has("revision_id", sa.Uuid()),
        _has("outcome", sa.String(length=32)),
        _has("rank", sa.Integer()),
        sa.Column("score", sa.Numeric(14, 2)),
        sa.Column("amount", sa.Numeric(14, 2)),
        _has("currency", sa.String(length=3)),
        _has("reason", sa.String(length=2000)),
        _has("feedback", sa.Text()),
        _has("decided_by_id", sa.Uuid()),
        *_kept("award_decision"),
        _to("award_decision", "application_id", "application"),
        _to("award_decision", "decided_by_id", "user"),
        _to("award_decision", "revision_id", "application_revision"),
    )
    op.create_index(
        op.f("ix_award_decision_application_id"), "award_decision", ["application_id"], unique=False
    )
    op.create_table(
        "decision_member",
        _has("decision_id", sa.Uuid()),
        _has("user_id", sa.Uuid()),
        _has("recused", sa.Boolean()),
        _to("decision_member", "decision_id", "award_decision"),
        _to("decision_member", "user_id", "user"),
        sa.PrimaryKeyConstraint("decision_id", "user_id", name=op.f("pk_decision_member")),
    )
    op.create_table(
        "review_score",
        _has("review_id", sa.Uuid()),
        _has("criterion_id", sa.Uuid()),
        sa.Column("score", sa.Integer()),
        _to("review_score", "criterion_id", "call_criterion"),
        _to("review_score", "review_id", "application_review"),
        sa.PrimaryKeyConstraint("review_id", "criterion_id", name=op.f("pk_review_score")),
    )


def downgrade() -> None:
    for name in (
        "review_score",
        "decision_member",
        "award_decision",
        "application_review",
        "conflict_declaration",
        "application_revision",
        "application_partner",
        "application_message",
    ):
        op.drop_table(name)
