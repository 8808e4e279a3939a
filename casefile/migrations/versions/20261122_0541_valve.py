"""Verdicts are signed, and a redacted file can cross."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0541"
down_revision = "20261122_0540"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("milestone_verification", sa.Column("signature", sa.LargeBinary(), nullable=True))
    op.create_table(
        "milestone_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_milestone_file_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestone.id"],
            name=op.f("fk_milestone_file_milestone_id_milestone"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_file")),
    )
    op.create_index(op.f("ix_milestone_file_case_id"), "milestone_file", ["case_id"], unique=False)
    op.create_index(
        op.f("ix_milestone_file_milestone_id"), "milestone_file", ["milestone_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("milestone_file")
    op.drop_column("milestone_verification", "signature")
