"""How many regions a call was declared to reach, beside those that its applications name."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0550"
down_revision = "20261122_0541"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grant_call", sa.Column("regions_declared", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("grant_call", "regions_declared")
