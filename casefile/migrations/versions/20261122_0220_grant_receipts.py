"""Receipts for grants whose signature was checked."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0220"
down_revision = "20261122_0146"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_grant", sa.Column("receipt", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("case_grant", "receipt")
