from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casefile.db import Base, PrimaryKey, Word


class Story(Base):
    """A story of a case. Its record, sealed, vouches for its parts and for its state.

    `outline` says of every claim what a page must know without opening each.
    """

    __tablename__ = "story"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index("ix_story_case_change", "case_id", "change_number"),
        Index("ix_story_case_state", "case_id", "state", "changed_at"),
    )

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]
    state: Mapped[Word]
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int]
    change_number: Mapped[int]
    generation: Mapped[int]
    record: Mapped[bytes]
    outline: Mapped[bytes]


class StoryPart(Base):
    """A text in one language, a claim, a request for a reply, a decision: `kind` says which."""

    __tablename__ = "story_part"
    __table_args__ = (
        UniqueConstraint("story_id", "kind", "number"),
        Index("ix_story_part_case_change", "case_id", "kind", "change_number"),
    )

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    story_id: Mapped[UUID] = mapped_column(ForeignKey("story.id"))
    kind: Mapped[Word]
    number: Mapped[int]
    version: Mapped[int]
    change_number: Mapped[int]


class StoryPartVersion(Base):
    """What a part said at one time, sealed; every version is kept."""

    __tablename__ = "story_part_version"

    part_id: Mapped[UUID] = mapped_column(ForeignKey("story_part.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    generation: Mapped[int]
    record: Mapped[bytes]


class StoryCitation(Base):
    """A claim that rests on a piece of evidence of its case."""

    __tablename__ = "story_citation"

    part_id: Mapped[UUID] = mapped_column(ForeignKey("story_part.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(
        ForeignKey("evidence_item.id"), primary_key=True, index=True
    )
