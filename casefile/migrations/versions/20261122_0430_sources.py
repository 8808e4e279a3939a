"""Sources: codenames, sealed identities, their handlers and keys, agreements, contacts and links."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0430"
down_revision = "20261122_0230"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "source_link",
    "source_agreement",
    "source_contact",
    "source_identity",
    "source_grant",
    "source_handler",
    "source",
)


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("added_by_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("change_number", sa.Integer(), nullable=False),
        sa.Column("codename_digest", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("key_generation", sa.Integer(), nullable=False),
        sa.Column("origin", sa.LargeBinary(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("manifest_version", sa.Integer(), nullable=False),
        sa.Column("identity_version", sa.Integer(), nullable=False),
        sa.Column("sealed_change", sa.Integer(), nullable=False),
        sa.Column("shredded_at", MOMENT, nullable=True),
        sa.Column("shredded_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["user.id"], name=op.f("fk_source_added_by_id_user")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_source_case_id_case")),
        sa.ForeignKeyConstraint(
            ["shredded_by_id"], ["user.id"], name=op.f("fk_source_shredded_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("case_id", "codename_digest", name=op.f("uq_source_case_id")),
    )
    op.create_index(
        op.f("ix_source_case_change"), "source", ["case_id", "change_number"], unique=False
    )
    op.create_table(
        "source_handler",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("added_by_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["user.id"], name=op.f("fk_source_handler_added_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_handler_source_id_source")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_source_handler_user_id_user")
        ),
        sa.PrimaryKeyConstraint("source_id", "user_id", name=op.f("pk_source_handler")),
    )
    op.create_index(op.f("ix_source_handler_user_id"), "source_handler", ["user_id"], unique=False)
    op.create_table(
        "source_grant",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("granter_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["granter_id"], ["user.id"], name=op.f("fk_source_grant_granter_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_grant_source_id_source")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_source_grant_user_id_user")
        ),
        sa.PrimaryKeyConstraint("source_id", "user_id", "generation", name=op.f("pk_source_grant")),
    )
    op.create_index(op.f("ix_source_grant_user_id"), "source_grant", ["user_id"], unique=False)
    op.create_table(
        "source_identity",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_source_identity_author_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_identity_source_id_source")
        ),
        sa.PrimaryKeyConstraint("source_id", "version", name=op.f("pk_source_identity")),
    )
    op.create_table(
        "source_contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_source_contact_author_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"],
            ["source_contact.id"],
            name=op.f("fk_source_contact_corrects_id_source_contact"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_contact_source_id_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_contact")),
    )
    op.create_index(
        op.f("ix_source_contact_source_id"), "source_contact", ["source_id"], unique=False
    )
    op.create_table(
        "source_agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_source_agreement_author_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_agreement_source_id_source")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["source_agreement.id"],
            name=op.f("fk_source_agreement_supersedes_id_source_agreement"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_agreement")),
    )
    op.create_index(
        op.f("ix_source_agreement_source_id"), "source_agreement", ["source_id"], unique=False
    )
    op.create_table(
        "source_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("mentioned", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_source_link_author_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["evidence_item.id"], name=op.f("fk_source_link_item_id_evidence_item")
        ),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_source_link_note_id_note")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_link_source_id_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_link")),
        sa.UniqueConstraint("source_id", "note_id", name=op.f("uq_source_link_note")),
        sa.UniqueConstraint("source_id", "item_id", name=op.f("uq_source_link_item")),
    )
    op.create_index(op.f("ix_source_link_item_id"), "source_link", ["item_id"], unique=False)
    op.create_index(op.f("ix_source_link_note_id"), "source_link", ["note_id"], unique=False)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
