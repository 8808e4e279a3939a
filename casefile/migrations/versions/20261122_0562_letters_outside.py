"""Mails to people without an account: their address and what is said, sealed until it is sent."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0562"
down_revision = "20261122_0561"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outgoing_mail") as table:
        table.alter_column("user_id", existing_type=sa.Uuid(), nullable=True)
        table.add_column(sa.Column("about_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("letter", sa.LargeBinary(), nullable=True))
    op.create_index("ix_outgoing_mail_about", "outgoing_mail", ["about_id", "state"])


def downgrade() -> None:
    op.drop_index("ix_outgoing_mail_about", table_name="outgoing_mail")
    op.execute("DELETE FROM outgoing_mail WHERE user_id IS NULL")
    with op.batch_alter_table("outgoing_mail") as table:
        table.drop_column("letter")
        table.drop_column("about_id")
        table.alter_column("user_id", existing_type=sa.Uuid(), nullable=False)
