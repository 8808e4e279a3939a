"""Evidence bags that were made: who, when, and sealed what and why."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0561"
down_revision = "20261122_0560"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence_bag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_evidence_bag_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["user.id"], name=op.f("fk_evidence_bag_made_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_bag")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_evidence_bag_case_id")),
    )


def downgrade() -> None:
    op.drop_table("evidence_bag")
