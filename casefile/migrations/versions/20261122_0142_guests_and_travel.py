"""Devices of sessions, noted refusals, accounts that end, seats whose keys are given up to travel."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0142"
down_revision = "20261122_0140"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("user", sa.Column("ends_at", MOMENT, nullable=True))
    op.add_column("user", sa.Column("travel_until", MOMENT, nullable=True))
    op.add_column("invitation", sa.Column("account_ends_at", MOMENT, nullable=True))
    op.add_column("sign_in_session", sa.Column("sealed_device", sa.LargeBinary(), nullable=True))
    op.add_column(
        "sign_in_limit", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("seat", sa.Column("travel_until", MOMENT, nullable=True))
    op.add_column("seat", sa.Column("travel_generation", sa.Integer(), nullable=True))
    op.add_column("seat", sa.Column("travel_record", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for table, name in (
        ("seat", "travel_record"),
        ("seat", "travel_generation"),
        ("seat", "travel_until"),
        ("sign_in_limit", "refusals"),
        ("sign_in_session", "sealed_device"),
        ("invitation", "account_ends_at"),
        ("user", "travel_until"),
        ("user", "ends_at"),
    ):
        op.drop_column(table, name)
