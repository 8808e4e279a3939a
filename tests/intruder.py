"""Somebody who can write into the database and the vault but holds nobody's keys."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from casefile.accounts.models import User
from casefile.audit import Entry
from casefile.cases.models import Case, CaseGrant, CaseSeat
from tests.cast import resources_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.cast import Actor

Row = TypeVar("Row")


@contextmanager
def writing(app: Flask) -> Iterator[Session]:
    """Write into the database past all rules."""
    with resources_of(app).database.writing() as session:
        yield session
        session.commit()


def read(app: Flask, statement: Any) -> Any:
    with resources_of(app).database.reading() as session:
        return session.scalars(statement).all()


def case_row(session: Session, case_id: UUID) -> Case:
    return session.get_one(Case, case_id)


def seat_row(session: Session, case_id: UUID, actor: Actor) -> CaseSeat:
    return session.scalars(
        select(CaseSeat).where(CaseSeat.case_id == case_id, CaseSeat.user_id == actor.id)
    ).one()


def grant_row(session: Session, case_id: UUID, actor: Actor, generation: int = 1) -> CaseGrant:
    return session.get_one(CaseGrant, (case_id, actor.id, generation))


def user_row(session: Session, actor: Actor) -> User:
    return session.get_one(User, actor.id)


def copied(row: Row) -> dict[str, Any]:
    """Return a row's columns, to put it back or to plant it elsewhere."""
    table = type(row).__table__  # type: ignore[attr-defined]
    return {column.key: getattr(row, column.key) for column in table.columns}


def flipped(sealed: bytes, place: int = -1) -> bytes:
    """Change one bit."""
    changed = bytearray(sealed)
    changed[place] ^= 1
    return bytes(changed)


def actions(app: Flask) -> list[str]:
    """Return the actions of the audit trail, oldest first."""
    found: list[str] = read(app, select(Entry.action).order_by(Entry.sequence))
    return found


def object_of(instance: Path, item_id: UUID) -> Path:
    """Return where the sealed file of a piece of evidence lies."""
    return instance / "vault" / item_id.hex
