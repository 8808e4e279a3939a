"""How it stands with a source's handlers: who can open its identity, who cannot, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casefile.accounts import service as accounts
from casefile.sources import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class HandlerView:
    """Somebody who may know who a source is.

    `state` is able, ending, travelling, no_key, weaker_seat, no_seat or closed; only the first two can
    open the identity now.
    """

    source_id: UUID
    user_id: UUID
    name: str
    username: str
    added_by_name: str
    added_at: datetime
    state: str
    until: datetime | None

    @property
    def able(self) -> bool:
        return self.state in {"able", "ending"}


def of_sources(
    session: Session, source_ids: Sequence[UUID], now: datetime
) -> dict[UUID, list[HandlerView]]:
    """Return the handlers of these sources, as their rows say."""
    found: dict[UUID, list[HandlerView]] = {source_id: [] for source_id in source_ids}
    if not source_ids:
        return found
    rows = session.execute(statements.HANDLERS, {"source_ids": list(source_ids)}).all()
    accounts.known_names(session).update({row.user_id: row.name for row in rows})
    names = accounts.names(session, {row.added_by_id for row in rows})
    for row in rows:
        state, until = _state(row, now)
        found[row.source_id].append(
            HandlerView(
                source_id=row.source_id,
                user_id=row.user_id,
                name=row.name,
                username=row.username,
                added_by_name=names.get(row.added_by_id, ""),
                added_at=row.added_at,
                state=state,
                until=until,
            )
        )
    return found


def of(session: Session, source_id: UUID, now: datetime) -> list[HandlerView]:
    return of_sources(session, [source_id], now)[source_id]


def _state(row: Any, now: datetime) -> tuple[str, datetime | None]:
    last = min((day for day in (row.ends_at, row.account_ends_at) if day), default=None)
    account_over = row.account_ends_at is not None and row.account_ends_at <= now
    seat_over = row.role is None or (row.ends_at is not None and row.ends_at <= now)
    for state, so, until in (
        ("closed", row.disabled_at is not None or account_over, None),
        ("no_seat", seat_over, None),
        ("weaker_seat", row.role not in statements.HANDLING, None),
        ("travelling", row.travel_until is not None, row.travel_until),
        ("no_key", not row.granted or not row.certified, None),
        ("ending", last is not None, last),
    ):
        if so:
            return state, until
    return "able", None


def stays(handler: HandlerView, until: datetime | None) -> bool:
    """Say whether a handler can open the identity, until this moment if one is given."""
    return handler.able and (until is None or handler.until is None or handler.until > until)


def only_one(handlers: Iterable[HandlerView]) -> HandlerView | None:
    """Return the one handler who can open the identity when there is no other."""
    able = [handler for handler in handlers if handler.able]
    return able[0] if len(able) == 1 else None
