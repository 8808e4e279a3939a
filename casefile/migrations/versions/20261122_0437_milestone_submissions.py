"""What crosses from the newsroom to the grants, and what stays behind."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0437"
down_revision = "20261122_0436"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "award_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("linked_by_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["award_id"], ["award.id"], name=op.f("fk_award_link_award_id_award")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_award_link_case_id_case")),
        sa.ForeignKeyConstraint(
            ["linked_by_id"], ["user.id"], name=op.f("fk_award_link_linked_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_link")),
    )
    op.create_index(op.f("ix_award_link_award_id"), "award_link", ["award_id"], unique=False)
    op.create_index("ix_award_link_case", "award_link", ["case_id", "ended_at"], unique=False)
    op.create_table(
        "milestone_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_milestone_draft_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["user.id"], name=op.f("fk_milestone_draft_changed_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestone.id"],
            name=op.f("fk_milestone_draft_milestone_id_milestone"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_draft")),
        sa.UniqueConstraint(
            "milestone_id", "case_id", name=op.f("uq_milestone_draft_milestone_id")
        ),
    )
    op.create_index(
        op.f("ix_milestone_draft_case_id"), "milestone_draft", ["case_id"], unique=False
    )
    op.create_table(
        "milestone_submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("attester_id", sa.Uuid(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["attester_id"], ["user.id"], name=op.f("fk_milestone_submission_attester_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestone.id"],
            name=op.f("fk_milestone_submission_milestone_id_milestone"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_submission")),
        sa.UniqueConstraint(
            "milestone_id", "version", name=op.f("uq_milestone_submission_milestone_id")
        ),
    )
    op.create_table(
        "milestone_verification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("verifier_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declaration", sa.String(length=300), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("verdict_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["user.id"], name=op.f("fk_milestone_verification_asked_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestone.id"],
            name=op.f("fk_milestone_verification_milestone_id_milestone"),
        ),
        sa.ForeignKeyConstraint(
            ["verifier_id"], ["user.id"], name=op.f("fk_milestone_verification_verifier_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_verification")),
    )
    op.create_index(
        op.f("ix_milestone_verification_milestone_id"),
        "milestone_verification",
        ["milestone_id"],
        unique=False,
    )
    op.create_index(
        "ix_milestone_verification_person",
        "milestone_verification",
        ["verifier_id", "verdict_at"],
        unique=False,
    )
    op.create_table(
        "milestone_opening",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["milestone_submission.id"],
            name=op.f("fk_milestone_opening_submission_id_milestone_submission"),
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_milestone_opening")),
    )
    op.create_table(
        "milestone_secret",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_milestone_secret_case_id_case")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["milestone_submission.id"],
            name=op.f("fk_milestone_secret_submission_id_milestone_submission"),
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_milestone_secret")),
    )
    op.create_index(
        op.f("ix_milestone_secret_case_id"), "milestone_secret", ["case_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_milestone_secret_case_id"), table_name="milestone_secret")
    op.drop_table("milestone_secret")
    op.drop_table("milestone_opening")
    op.drop_index("ix_milestone_verification_person", table_name="milestone_verification")
    op.drop_index(
        op.f("ix_milestone_verification_milestone_id"), table_name="milestone_verification"
    )
    op.drop_table("milestone_verification")
    op.drop_table("milestone_submission")
    op.drop_index(op.f("ix_milestone_draft_case_id"), table_name="milestone_draft")
    op.drop_table("milestone_draft")
    op.drop_index("ix_award_link_case", table_name="award_link")
    op.drop_index(op.f("ix_award_link_award_id"), table_name="award_link")
    op.drop_table("award_link")
