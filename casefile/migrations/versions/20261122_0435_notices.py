"""Notices, reminders, outgoing mail and calendars."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0435"
down_revision = "20261122_0434"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "user", sa.Column("unread_notices", sa.Integer(), nullable=False, server_default="0")
    )
    for name in ("notice", "reminder"):
        times = (
            [
                sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
                sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
            ]
            if name == "notice"
            else [
                sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
                sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
                sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
            ]
        )
        op.create_table(
            name,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("user_id", sa.Uuid(), nullable=False),
            sa.Column("kind", sa.String(64), nullable=False),
            sa.Column("label", sa.String(120), nullable=False),
            sa.Column("path", sa.String(200), nullable=False),
            sa.Column("case_id", sa.Uuid(), nullable=True),
            *times,
            sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=f"fk_{name}_user_id_user"),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        )
    op.create_index("ix_notice_user_created", "notice", ["user_id", "created_at"])
    op.create_index("ix_notice_user_read", "notice", ["user_id", "read_at"])
    op.create_index("ix_notice_case", "notice", ["case_id", "user_id"])
    op.create_index("ix_reminder_due", "reminder", ["sent_at", "due_at"])
    op.create_index("ix_reminder_path", "reminder", ["path", "user_id"])
    op.create_table(
        "mail_address",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_mail_address_user_id_user"),
        sa.PrimaryKeyConstraint("user_id", name="pk_mail_address"),
    )
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_outgoing_mail_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_outgoing_mail"),
    )
    op.create_index("ix_outgoing_mail_next", "outgoing_mail", ["state", "next_try_at"])
    op.create_index("ix_outgoing_mail_user", "outgoing_mail", ["user_id", "state"])
    op.create_table(
        "calendar_feed",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_calendar_feed_user_id_user"),
        sa.PrimaryKeyConstraint("user_id", name="pk_calendar_feed"),
        sa.UniqueConstraint("token_digest", name="uq_calendar_feed_token_digest"),
    )


def downgrade() -> None:
    for name in ("calendar_feed", "outgoing_mail", "mail_address", "reminder", "notice"):
        op.drop_table(name)
    with op.batch_alter_table("user") as batch:
        batch.drop_column("unread_notices")
