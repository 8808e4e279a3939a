"""What a list is: its columns, its rows as one person may see them, its pages and its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, true

from casefile.grants import exports
from casefile.grants.state_names import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from casefile.grants.exports import Column
    from casefile.web import Person

CHUNK = 1000
VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    text: str = ""
    state: str = ""
    sort: str = ""
    parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. `query` gives what a person may see; `row` what a line of it shows."""

    name: str
    columns: Sequence[Column]
    query: Callable[[Session, Person, Filters, datetime], Select[*tuple[Any, ...]]]
    row: Callable[[Any], dict[str, Any]]
    sorts: Mapping[str, Sequence[Any]]
    money: frozenset[str] = frozenset()
    states: Sequence[str] = ()
    names: Mapping[str, Any] = field(default_factory=dict)
    """What states are called here, where that is not what they are called elsewhere."""

    def named(self, state: str) -> str:
        """Say what a state is called in this list."""
        return str(self.names.get(state) or NAMES.get(state, state))

    def narrowed(
        self, session: Session, person: Person, filters: Filters, now: datetime
    ) -> Select[*tuple[Any, ...]]:
        return self.query(session, person, filters, now)

    def page(
        self,
        session: Session,
        person: Person,
        filters: Filters,
        now: datetime,
        *,
        offset: int,
        limit: int,
    ) -> list[dict[str, Any]]:
        query = self._sorted(self.narrowed(session, person, filters, now), filters.sort)
        return [self.row(found) for found in session.execute(query.offset(offset).limit(limit))]

    def count(self, session: Session, person: Person, filters: Filters, now: datetime) -> int:
        narrowed = self.narrowed(session, person, filters, now).order_by(None)
        return session.scalar(select(func.count()).select_from(narrowed.subquery())) or 0

    def _sorted(self, query: Select[*tuple[Any, ...]], sort: str) -> Select[*tuple[Any, ...]]:
        usual = next(iter(self.sorts))
        return query.order_by(*self.sorts.get(sort, self.sorts[usual]))

    def table(
        self,
        session: Session,
        person: Person,
        filters: Filters,
        now: datetime,
        currency: str,
    ) -> Iterator[list[Any]]:
        """Yield the whole list for a file, header first."""
        yield exports.header(self.columns, self.money, currency)
        query = self._sorted(self.narrowed(session, person, filters, now), filters.sort)
        for found in session.execute(query.execution_options(yield_per=CHUNK)):
            yield exports.flat(self.row(found), self.columns, self.money)


def standing(
    query: Select[*tuple[Any, ...]], model: Any, column: Any, filters: Filters
) -> Select[*tuple[Any, ...]]:
    """Narrow to a state. What was voided is shown only to whoever asks for it."""
    if filters.state == VOIDED:
        return query.where(model.voided_at.is_not(None))
    query = query.where(model.voided_at.is_(None))
    return query.where(column == filters.state) if filters.state else query


def words(text: str, *columns: Any) -> ColumnElement[bool]:
    """Say that one of the columns holds this text, whatever signs are in it."""
    if not text:
        return true()
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns))
