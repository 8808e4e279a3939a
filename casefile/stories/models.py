from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
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


class Assignment(Base):
    """Who was given what to do about a story. Its record, sealed, says the same as the columns and why.

    Without `part_id` it is about the whole story; without `person_id` nobody has it any more.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ix_assignment_person_state", "person_id", "state"),
        Index("ix_assignment_story_state", "story_id", "state"),
        Index("ix_assignment_case_state", "case_id", "state"),
    )

    id: Mapped[PrimaryKey]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    story_id: Mapped[UUID] = mapped_column(ForeignKey("story.id"))
    part_id: Mapped[UUID | None] = mapped_column(ForeignKey("story_part.id"))
    task: Mapped[Word]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    state: Mapped[Word]
    due_at: Mapped[datetime | None]
    made_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    made_at: Mapped[datetime]
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[datetime | None]
    version: Mapped[int]
    generation: Mapped[int]
    record: Mapped[bytes]


class RuleBook(Base):
    """The newsroom's rules for stories as an administrator set and signed them; each change is a row."""

    __tablename__ = "story_rules"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    set_by_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    set_at: Mapped[datetime]
    certificate: Mapped[bytes]
    signature: Mapped[bytes]
