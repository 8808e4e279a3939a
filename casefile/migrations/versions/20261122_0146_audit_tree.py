"""The tree over the audit entries, checkpoints, time-stamps, and what people last saw."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "20261122_0146"
down_revision = "20261122_0142"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_audit_node")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_stamp",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_stamp")),
    )
    op.create_index(op.f("ix_audit_stamp_state"), "audit_stamp", ["state"], unique=False)
    op.create_table(
        "audit_memory",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("alarm", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_audit_memory_user_id_user")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_audit_memory")),
    )
    _grow_tree(op.get_bind())


def _grow_tree(connection: sa.Connection) -> None:
    """Make the subtrees (RFC 6962, 2.1) of the entries that are there already."""
    entry = sa.table("audit_entry", sa.column("sequence"), sa.column("hash"))
    nodes = sa.table("audit_node", sa.column("level"), sa.column("position"), sa.column("hash"))
    right: list[bytes] = []
    size = 0
    while rows := connection.execute(
        sa.select(entry).where(entry.c.sequence > size).order_by(entry.c.sequence).limit(2000)
    ).all():
        done = []
        for row in rows:
            if row.sequence != size + 1:
                return  # a hole in the trail: `casefile audit verify` says so
            hashed, level = hashlib.sha256(b"\0" + row.hash).digest(), 0
            while size >> level & 1:
                hashed = hashlib.sha256(b"\1" + right.pop() + hashed).digest()
                level += 1
                done.append({"level": level, "position": size >> level, "hash": hashed})
            right.append(hashed)
            size += 1
        if done:
            connection.execute(sa.insert(nodes), done)


def downgrade() -> None:
    op.drop_table("audit_memory")
    op.drop_table("audit_stamp")
    op.drop_table("audit_checkpoint")
    op.drop_table("audit_node")
