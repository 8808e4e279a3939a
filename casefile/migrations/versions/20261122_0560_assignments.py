"""Who was given what to do about a story, and the rules for stories as administrators set them."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0560"
down_revision = "20261122_0550"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "story_rules",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by_id", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["user.id"], name=op.f("fk_story_rules_set_by_id_user")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_story_rules")),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("story_id", sa.Uuid(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=True),
        sa.Column("task", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_assignment_case_id_case")),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["user.id"], name=op.f("fk_assignment_ended_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["user.id"], name=op.f("fk_assignment_made_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["part_id"], ["story_part.id"], name=op.f("fk_assignment_part_id_story_part")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["user.id"], name=op.f("fk_assignment_person_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name=op.f("fk_assignment_story_id_story")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index("ix_assignment_case_state", "assignment", ["case_id", "state"], unique=False)
    op.create_index(
        "ix_assignment_person_state", "assignment", ["person_id", "state"], unique=False
    )
    op.create_index("ix_assignment_story_state", "assignment", ["story_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_assignment_story_state", table_name="assignment")
    op.drop_index("ix_assignment_person_state", table_name="assignment")
    op.drop_index("ix_assignment_case_state", table_name="assignment")
    op.drop_table("assignment")
    op.drop_table("story_rules")
