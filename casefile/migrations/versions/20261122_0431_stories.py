"""Stories: their parts, every version of them, and the evidence that claims rest on."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0431"
down_revision = "20261122_0430"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "story",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("change_number", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("outline", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_story_case_id_case")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_story_created_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_story_case_id")),
    )
    op.create_index("ix_story_case_change", "story", ["case_id", "change_number"])
    op.create_index("ix_story_case_state", "story", ["case_id", "state", "changed_at"])
    op.create_table(
        "story_part",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("story_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("change_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_story_part_case_id_case")),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name=op.f("fk_story_part_story_id_story")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_part")),
        sa.UniqueConstraint("story_id", "kind", "number", name=op.f("uq_story_part_story_id")),
    )
    op.create_index("ix_story_part_case_change", "story_part", ["case_id", "kind", "change_number"])
    op.create_table(
        "story_part_version",
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"], ["story_part.id"], name=op.f("fk_story_part_version_part_id_story_part")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_story_part_version_author_id_user")
        ),
        sa.PrimaryKeyConstraint("part_id", "version", name=op.f("pk_story_part_version")),
    )
    op.create_table(
        "story_citation",
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"], ["story_part.id"], name=op.f("fk_story_citation_part_id_story_part")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["evidence_item.id"],
            name=op.f("fk_story_citation_item_id_evidence_item"),
        ),
        sa.PrimaryKeyConstraint("part_id", "item_id", name=op.f("pk_story_citation")),
    )
    op.create_index(op.f("ix_story_citation_item_id"), "story_citation", ["item_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_story_citation_item_id"), table_name="story_citation")
    op.drop_table("story_citation")
    op.drop_table("story_part_version")
    op.drop_index("ix_story_part_case_change", table_name="story_part")
    op.drop_table("story_part")
    op.drop_index("ix_story_case_state", table_name="story")
    op.drop_index("ix_story_case_change", table_name="story")
    op.drop_table("story")
