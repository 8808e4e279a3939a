"""The parts of a story, opened, and the whole they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from casefile.errors import NotFoundError
from casefile.stories.records import DECISION

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from casefile.stories.records import Head

NO_PART = "There is no such thing in this story."


@dataclass(slots=True)
class Part:
    """One part of a story, its newest version opened; `record` is None when it is damaged."""

    id: UUID
    story_id: UUID
    kind: str
    number: int
    version: int
    author_id: UUID
    at: datetime
    record: Any
    digest: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        self.key = self.key or str(self.id)


@dataclass(slots=True)
class Whole:
    """A story with all its parts. `sound` is false when they do not fit its record."""

    id: UUID
    case_id: UUID
    number: int
    state: str
    version: int
    created_by_id: UUID
    created_at: datetime
    changed_at: datetime
    head: Head
    sound: bool
    parts: dict[str, list[Part]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Part]:
        return self.parts.setdefault(kind, [])

    def get(self, kind: str, part_id: UUID) -> Part:
        for part in self.of(kind):
            if part.id == part_id:
                return part
        raise NotFoundError(NO_PART)

    def numbered(self, kind: str, number: int) -> Part | None:
        return next((part for part in self.of(kind) if part.number == number), None)

    def text(self, language: str) -> Part | None:
        return next(
            (p for p in self.of("text") if p.record and p.record.language == language), None
        )

    def decision(self, *actions: str) -> Part | None:
        """Return the newest decision of one of these kinds."""
        found = [p for p in self.of(DECISION) if p.record and p.record.action in actions]
        return found[-1] if found else None

    @property
    def damaged(self) -> list[Part]:
        return [part for parts in self.parts.values() for part in parts if part.record is None]
