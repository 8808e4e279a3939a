"""What goes into the index and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime
    from pathlib import Path
    from uuid import UUID

    from casefile.index.grammar import Parsed


@dataclass(frozen=True, slots=True)
class Document:
    """One page of something findable. Page 0 is the record itself and speaks for title, tags and
    author; further pages hold text only, and whoever gives page 0 gives them too: those of an
    earlier change go. `deleted` takes every page of the id out.
    """

    id: UUID
    kind: str
    title: str
    text: str
    author_id: UUID
    author: str
    created_at: datetime
    tags: tuple[str, ...]
    change: int
    page: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class CaseShard:
    """A case as its holder may search it. Keys are (generation, key), newest first; `documents`
    gives every row whose change number is in (since, until], in any order.
    """

    case_id: UUID
    codename: str
    keys: Sequence[tuple[int, bytes]]
    change: int
    documents: Callable[[int, int], Iterable[Document]]


@dataclass(frozen=True, slots=True)
class CatchUp:
    """How far a shard has come, in change numbers of its case."""

    done: int
    total: int

    @property
    def complete(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True, slots=True)
class Query:
    """`text` is the whole query language; the other fields narrow it further. `after` is the first
    day that counts, `before` the first that does not any more.
    """

    text: str = ""
    kind: str | None = None
    case_id: UUID | None = None
    author_id: UUID | None = None
    after: date | None = None
    before: date | None = None
    language: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    case_id: UUID
    id: UUID
    kind: str
    page: int
    title: str
    author: str
    author_id: UUID
    created_at: datetime
    score: float


@dataclass(frozen=True, slots=True)
class Facet:
    value: str
    label: str
    count: int


@dataclass(slots=True)
class Results:
    """`total` is exact for everything indexed; the cases in `behind` are still being caught up and
    want scanning by the caller.
    """

    parsed: Parsed
    total: int = 0
    hits: list[Hit] = field(default_factory=list)
    facets: dict[str, list[Facet]] = field(default_factory=dict)
    suggestion: str | None = None
    notices: list[str] = field(default_factory=list)
    behind: dict[UUID, CatchUp] = field(default_factory=dict)
    page: int = 1
    size: int = 20

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)


@dataclass(frozen=True, slots=True)
class Fragment:
    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Problem:
    path: Path
    reason: str
