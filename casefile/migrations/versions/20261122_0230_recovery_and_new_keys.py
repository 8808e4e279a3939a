"""Recovery codes, links to begin anew, and the certificates of keys that were lost."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0230"
down_revision = "20261122_0220"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_certificate",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_former_certificate_user_id_user")
        ),
        sa.PrimaryKeyConstraint("user_id", "generation", name=op.f("pk_former_certificate")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_bundle", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_recovery_code_user_id_user")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "renewal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("maker_id", sa.Uuid(), nullable=False),
        sa.Column("key_generation", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.LargeBinary(), nullable=False),
        sa.Column("anchor_mac", sa.LargeBinary(), nullable=False),
        sa.Column("account_mac", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["maker_id"], ["user.id"], name=op.f("fk_renewal_maker_id_user")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_renewal_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewal")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_renewal_token_digest")),
    )
    op.create_index(op.f("ix_renewal_maker_id"), "renewal", ["maker_id"], unique=False)
    op.create_index(op.f("ix_renewal_user_id"), "renewal", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_renewal_user_id"), table_name="renewal")
    op.drop_index(op.f("ix_renewal_maker_id"), table_name="renewal")
    op.drop_table("renewal")
    op.drop_table("recovery_code")
    op.drop_table("former_certificate")
