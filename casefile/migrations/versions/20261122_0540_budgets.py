"""Budgets, expenditures and amendments."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0540"
down_revision = "20261122_0437"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budget",
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.Numeric(14, 2), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("notified", sa.Boolean(), nullable=False),
        sa.Column("prepared_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by_id", sa.Uuid(), nullable=True),
        sa.Column("voided_reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["funding_agreement.id"],
            name=op.f("fk_budget_agreement_id_funding_agreement"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["user.id"], name=op.f("fk_budget_approved_by_id_user")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_budget_award_id_award")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_budget_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["user.id"], name=op.f("fk_budget_prepared_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["user.id"], name=op.f("fk_budget_voided_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
        sa.UniqueConstraint("agreement_id", "number", name=op.f("uq_budget_agreement_id")),
        sa.UniqueConstraint("award_id", "number", name=op.f("uq_budget_award_id")),
    )
    op.create_table(
        "expenditure",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("spent_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("checked_by_id", sa.Uuid(), nullable=True),
        sa.Column("judged_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by_id", sa.Uuid(), nullable=True),
        sa.Column("voided_reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["award.id"], name=op.f("fk_expenditure_award_id_award")
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["user.id"], name=op.f("fk_expenditure_checked_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_expenditure_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["judged_by_id"], ["user.id"], name=op.f("fk_expenditure_judged_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["user.id"], name=op.f("fk_expenditure_recorded_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["user.id"], name=op.f("fk_expenditure_voided_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expenditure")),
        sa.UniqueConstraint("award_id", "number", name=op.f("uq_expenditure_award_id")),
    )
    op.create_index(
        "ix_expenditure_state_spent", "expenditure", ["state", "spent_on"], unique=False
    )
    op.create_index(op.f("ix_expenditure_thread_id"), "expenditure", ["thread_id"], unique=False)
    op.create_table(
        "amendment",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=True),
        sa.Column("our_signer_id", sa.Uuid(), nullable=True),
        sa.Column("our_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("their_signer_id", sa.Uuid(), nullable=True),
        sa.Column("their_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by_id", sa.Uuid(), nullable=True),
        sa.Column("voided_reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["award.id"], name=op.f("fk_amendment_award_id_award")
        ),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budget.id"], name=op.f("fk_amendment_budget_id_budget")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_amendment_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["our_signer_id"], ["user.id"], name=op.f("fk_amendment_our_signer_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["user.id"], name=op.f("fk_amendment_proposed_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["their_signer_id"], ["user.id"], name=op.f("fk_amendment_their_signer_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["user.id"], name=op.f("fk_amendment_voided_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment")),
        sa.UniqueConstraint("award_id", "number", name=op.f("uq_amendment_award_id")),
    )
    op.create_index("ix_amendment_state", "amendment", ["state", "changed_at"], unique=False)
    op.create_table(
        "budget_heading",
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by_id", sa.Uuid(), nullable=True),
        sa.Column("voided_reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budget.id"], name=op.f("fk_budget_heading_budget_id_budget")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_budget_heading_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["user.id"], name=op.f("fk_budget_heading_voided_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_heading")),
    )
    op.create_index(
        "ix_budget_heading_order", "budget_heading", ["budget_id", "position"], unique=False
    )
    op.create_index(
        op.f("ix_budget_heading_thread_id"), "budget_heading", ["thread_id"], unique=False
    )
    op.create_table(
        "budget_line",
        sa.Column("heading_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("quantity", sa.Numeric(12, 3), nullable=False),
        sa.Column("unit_cost", sa.Numeric(14, 2), nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by_id", sa.Uuid(), nullable=True),
        sa.Column("voided_reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_budget_line_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["heading_id"],
            ["budget_heading.id"],
            name=op.f("fk_budget_line_heading_id_budget_heading"),
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["user.id"], name=op.f("fk_budget_line_voided_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_line")),
    )
    op.create_index(op.f("ix_budget_line_heading_id"), "budget_line", ["heading_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_budget_line_heading_id"), table_name="budget_line")
    op.drop_table("budget_line")
    op.drop_index(op.f("ix_budget_heading_thread_id"), table_name="budget_heading")
    op.drop_index("ix_budget_heading_order", table_name="budget_heading")
    op.drop_table("budget_heading")
    op.drop_index("ix_amendment_state", table_name="amendment")
    op.drop_table("amendment")
    op.drop_index(op.f("ix_expenditure_thread_id"), table_name="expenditure")
    op.drop_index("ix_expenditure_state_spent", table_name="expenditure")
    op.drop_table("expenditure")
    op.drop_table("budget")
