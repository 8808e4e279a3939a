"""How grant rows change: a save names the version it saw, a state follows another, nothing goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import func, select

from casefile import audit
from casefile.errors import ConflictError, InvalidError, NotFoundError
from casefile.grants.columns import REASON_LENGTH, Kept
from casefile.grants.models import GrantsEvent
from casefile.grants.states import NEEDS_REASON

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from enum import StrEnum

    from sqlalchemy import Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from casefile.uow import UnitOfWork

Row = TypeVar("Row", bound=Kept)
State = TypeVar("State", bound="StrEnum")
NOT_THERE = (
    "There is nothing here, or it is not yours to see. Check the address, or start from the desk."
)
CANNOT_FOLLOW = (
    "This step cannot be taken now: somebody may have taken another one first. Nothing was changed. "
    "Open the page again to see where things stand."
)
NO_STATE = "There is no such state. Open the page again and choose one of its buttons."
VOIDED = "This was voided, so it changes no more. What it was and why it was voided stay on record."
WHY = "Say why: one sentence is enough. It is kept with the change."


class ChangedError(ConflictError):
    """The row has a newer version than the one that was edited. Nothing was overwritten."""

    def __init__(self, theirs: Kept) -> None:
        super().__init__(
            "Somebody saved a newer version in between. Nothing of theirs was overwritten."
        )
        self.theirs = theirs


def missing() -> NotFoundError:
    """Make the refusal that looks the same whether a thing is not there or not this person's."""
    return NotFoundError(NOT_THERE)


def get(session: Session, model: type[Row], row_id: UUID, **inside: UUID) -> Row:
    """Return this row inside what `inside` names by column. NotFoundError else."""
    return _one(session, select(model).where(model.id == row_id), model, inside)


def live(session: Session, model: type[Row], row_id: UUID, **inside: UUID) -> Row:
    """Return a row that something new may rest on. ConflictError when it was voided."""
    row = get(session, model, row_id, **inside)
    if row.voided_at is not None:
        raise ConflictError(VOIDED)
    return row


def held(
    uow: UnitOfWork, model: type[Row], row_id: UUID, base: int | None = None, **inside: UUID
) -> Row:
    """Return this row to be changed, locked where the database can.

    Raises ChangedError, with the newer row in it, when `base` is given and is not its version;
    ConflictError when it was voided.
    """
    query = select(model).where(model.id == row_id).with_for_update()
    row = _one(uow.session, query, model, inside)
    if row.voided_at is not None:
        raise ConflictError(VOIDED)
    if base is not None and row.version != base:
        raise ChangedError(row)
    return row


def every_held(uow: UnitOfWork, model: type[Row], row_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Return these rows to be changed, by id, all asked for at once. ConflictError for a voided one."""
    rows = uow.session.scalars(select(model).where(model.id.in_(row_ids)).with_for_update())
    found = {row.id: row for row in rows}
    if any(row.voided_at is not None for row in found.values()):
        raise ConflictError(VOIDED)
    return found


def _one(session: Session, query: Select[Any], model: type[Row], inside: Mapping[str, UUID]) -> Row:
    for name, value in inside.items():
        column: InstrumentedAttribute[UUID] = getattr(model, name)
        query = query.where(column == value)
    row: Row | None = session.scalars(query).one_or_none()
    if row is None:
        raise missing()
    return row


def add(uow: UnitOfWork, row: Row, action: str) -> Row:
    """Keep a new row, made by whoever acts, and leave an entry."""
    row.id = row.id or uuid4()
    row.version = 1
    row.created_at = row.changed_at = uow.now
    row.created_by_id = uow.actor_id
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, action, subject_id=row.id)
    return row


def changed(uow: UnitOfWork, row: Kept, action: str) -> None:
    """Count a change that was made to the row, and leave an entry."""
    row.version += 1
    row.changed_at = uow.now
    uow.session.flush()
    audit.record(uow, action, subject_id=row.id)


def move(
    uow: UnitOfWork,
    row: Kept,
    to: State,
    moves: Mapping[State, frozenset[State]],
    action: str,
    reason: str = "",
) -> None:
    """Take a row with a `state` to another one that may follow it, and write down who and why.

    Raises ConflictError when that state cannot follow, InvalidError when a reason is wanted.
    """
    before: str = row.state  # type: ignore[attr-defined]
    states = type(to)
    if to not in moves[states(before)]:
        raise ConflictError(CANNOT_FOLLOW)
    reason = checked_reason(reason, wanted=to in NEEDS_REASON)
    row.state = to.value  # type: ignore[attr-defined]
    write_event(uow, row, "state", before, to.value, reason)
    changed(uow, row, action)


def state_named(states: type[State], name: str | None) -> State:
    """Return the state of this name. InvalidError when there is none."""
    try:
        return states(name or "")
    except ValueError as error:
        raise InvalidError(NO_STATE) from error


def void(uow: UnitOfWork, row: Kept, action: str, reason: str) -> None:
    """Say that a row no longer counts. It stays, with the reason."""
    if row.voided_at is not None:
        raise ConflictError(CANNOT_FOLLOW)
    row.voided_reason = checked_reason(reason, wanted=True)
    row.voided_at, row.voided_by_id = uow.now, uow.actor_id
    write_event(uow, row, "voided", "", "", row.voided_reason)
    changed(uow, row, action)


def checked_reason(reason: str, *, wanted: bool) -> str:
    cleaned = reason.strip()
    if wanted and not cleaned:
        raise InvalidError(WHY)
    if len(cleaned) > REASON_LENGTH:
        msg = f"Shorten the reason to at most {REASON_LENGTH} characters."
        raise InvalidError(msg)
    return cleaned


def write_event(
    uow: UnitOfWork, row: Kept, what: str, before: str, after: str, reason: str = ""
) -> None:
    """Write down a change of state, of a deadline, or of anything whose past matters."""
    following = select(func.coalesce(func.max(GrantsEvent.number), 0) + 1).where(
        GrantsEvent.subject_id == row.id
    )
    uow.session.add(
        GrantsEvent(
            id=uuid4(),
            subject_kind=row.__tablename__,
            subject_id=row.id,
            number=following.scalar_subquery(),
            what=what,
            before=before,
            after=after,
            at=uow.now,
            actor_id=uow.actor_id,
            reason=reason,
        )
    )
    uow.session.flush()


def events(session: Session, row_id: UUID) -> Sequence[GrantsEvent]:
    """Return what happened to a row, latest first."""
    return session.scalars(
        select(GrantsEvent)
        .where(GrantsEvent.subject_id == row_id)
        .order_by(GrantsEvent.number.desc())
    ).all()


def write_terms(uow: UnitOfWork, row: Kept) -> None:
    """Write down who changed what a row says: they wrote it as much as whoever began it."""
    write_event(uow, row, "terms", "", "")


def hands(session: Session, row: Kept) -> set[UUID | None]:
    """Return everybody who wrote a row or changed its terms: none of them approves it."""
    return {row.created_by_id} | {
        one.actor_id for one in events(session, row.id) if one.what == "terms"
    }
