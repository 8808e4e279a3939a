"""What a search gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from casefile.index import Facet, Fragment


@dataclass(frozen=True, slots=True)
class ResultView:
    """A thing that was found, with the words around what matched."""

    kind: str
    id: UUID
    case_id: UUID
    codename: str
    title: str
    author: str
    created_at: datetime
    url: str
    page: int
    fragments: Sequence[Fragment]
    by_identity: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results."""

    results: list[ResultView]
    total: int
    page: int
    facets: Mapping[str, Sequence[Facet]]
    suggestion: str | None
    notices: Sequence[str]
