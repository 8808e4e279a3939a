"""Investigations: opening one, describing it, and finding one's own."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import and_, bindparam, func, or_, select, update

from casefile import audit, keys, policy
from casefile.accounts.service import certified_keys
from casefile.cases import codenames, seats
from casefile.cases.access import NO_CASE, NOT_YOURS, SEATED, OpenCase, open_cases
from casefile.cases.escrowing import grant_to_escrow
from casefile.cases.models import Case, CaseSeat
from casefile.db import table
from casefile.errors import ConflictError, ForbiddenError, NotFoundError
from casefile.policy import Permission, Seat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.dml import ReturningUpdate

    from casefile.uow import UnitOfWork
    from casefile.web import Visit

STATUSES = ("open", "dormant", "closed", "archived")
# A source outlives the case: it must be possible to hand it over, to reach it and to shred it.
# Evidence is asked for years later, and handing out a copy adds nothing to the case.
IN_ARCHIVES = frozenset({Permission.CASE_EDIT, Permission.CASE_EXPORT, Permission.SOURCE_HANDLE})
TRIES = 200
_CASE, _SEAT = table(Case), table(CaseSeat)
ORDERS: dict[str, Any] = {
    "changed": _CASE.c.changed_at.desc(),
    "codename": _CASE.c.codename.asc(),
    "created": _CASE.c.created_at.desc(),
    "status": _CASE.c.status.asc(),
}


def _pack(title: str, summary: str) -> bytes:
    return json.dumps({"title": title, "summary": summary}, ensure_ascii=False).encode()


def create(uow: UnitOfWork, *, title: str, summary: str) -> UUID:
    """Open an investigation, led by whoever opens it, under a codename nobody chose."""
    if uow.bundle is None or uow.actor_id is None:
        msg = "a case opened by nobody"
        raise RuntimeError(msg)
    own = certified_keys(uow.session, uow.bundle.anchor, uow.actor_id)
    case_id = uuid4()
    key = keys.CaseKey(case_id, 1, keys.random_key())
    members = [seats.Member(uow.actor_id, Seat.LEAD, None, own)]
    codename = _free_codename(uow.session)
    escrow = grant_to_escrow(uow, [], key, "")
    uow.session.add(
        Case(
            id=case_id,
            codename=codename,
            status="open",
            created_at=uow.now,
            changed_at=uow.now,
            generation=1,
            record=key.seal(_pack(title, summary), "case", case_id, "record", 1),
            record_generation=1,
            record_version=1,
            manifest=seats.seal_manifest(key, members, 1, escrow=escrow),
            manifest_generation=1,
            manifest_version=1,
        )
    )
    uow.session.flush()
    uow.session.add(
        CaseSeat(
            id=uuid4(),
            case_id=case_id,
            user_id=uow.actor_id,
            role=Seat.LEAD,
            granted_by_id=uow.actor_id,
            granted_at=uow.now,
        )
    )
    seats.grant(uow, members[0], [key])
    audit.record(uow, "case.created", subject_id=case_id, case_id=case_id)
    return case_id


def _free_codename(session: Session) -> str:
    for number in range(TRIES):
        name = codenames.make() + (f"-{number}" if number > TRIES // 2 else "")
        if session.scalar(select(Case.id).where(Case.codename == name)) is None:
            return name
    msg = "No free codename was found. Try again."
    raise ConflictError(msg)


_HELD = (
    select(_CASE.c.generation, _CASE.c.status, _SEAT.c.role, _SEAT.c.ends_at)
    .join_from(_CASE, _SEAT, _SEAT.c.case_id == _CASE.c.id)
    .where(_CASE.c.id == bindparam("case_id"), _SEAT.c.user_id == bindparam("user_id"))
)


def hold(uow: UnitOfWork, case: OpenCase, permission: Permission, **counts: int) -> int:
    """Take the case for a change and return the change's number.

    Looks again, inside the change: the seat may have gone since the page was opened.
    Raises NotFoundError, ForbiddenError, or ConflictError when people left the case meanwhile
    (a stale generation) or the case is archived.
    """
    row = uow.session.execute(_HELD, {"case_id": case.id, "user_id": uow.actor_id}).first()
    if row is None or (row.ends_at is not None and row.ends_at <= uow.now):
        raise NotFoundError(NO_CASE)
    if not policy.seat_may(Seat(row.role), permission):
        raise ForbiddenError(NOT_YOURS)
    if row.generation != case.generation:
        msg = "The people on this case have just changed. Nothing was saved; send it again."
        raise ConflictError(msg)
    if row.status == "archived" and permission not in IN_ARCHIVES:
        msg = "This case is archived and takes nothing new. Its lead can open it again under Edit."
        raise ConflictError(msg)
    return count_change(uow, case.id, **counts)


def count_change(uow: UnitOfWork, case_id: UUID, **counts: int) -> int:
    """Give the next change number of a case, by which its search index catches up.

    What the machine does by itself, such as reading a file, changes the case for nobody.
    """
    now = uow.now if uow.actor_id else None
    more = {f"more_{name}": number for name, number in counts.items()}
    number: int = uow.session.execute(
        _counting(tuple(counts)), {"case_id": case_id, "now": now, **more}
    ).scalar_one()
    return number


@functools.cache
def _counting(names: tuple[str, ...]) -> ReturningUpdate[int]:
    return (
        update(_CASE)
        .where(_CASE.c.id == bindparam("case_id"))
        .values(
            change_number=_CASE.c.change_number + 1,
            changed_at=func.coalesce(
                bindparam("now", type_=_CASE.c.changed_at.type), _CASE.c.changed_at
            ),
            **{name: _CASE.c[name] + bindparam(f"more_{name}") for name in names},
        )
        .returning(_CASE.c.change_number)
    )


def describe(
    uow: UnitOfWork, case: OpenCase, *, title: str, summary: str, status: str, version: int
) -> None:
    """Change title, summary and status.

    Raises ConflictError when somebody changed them since `version`.
    """
    hold(uow, case, Permission.CASE_EDIT)
    row = uow.session.get_one(Case, case.id)
    if row.record_version != version:
        msg = "Somebody changed this case meanwhile."
        raise ConflictError(msg)
    if status != row.status:
        audit.record(
            uow,
            "case.status_changed",
            subject_id=case.id,
            case=case,
            detail={"from": row.status, "to": status},
        )
    row.status = status
    row.record_version = version + 1
    row.record_generation = case.generation
    row.record = case.newest.seal(
        _pack(title, summary), "case", case.id, "record", row.record_version
    )
    uow.session.flush()
    audit.record(uow, "case.edited", subject_id=case.id, case_id=case.id)


def mine(
    session: Session,
    opened: Visit,
    now: datetime,
    *,
    status: str = "",
    text: str = "",
    sort: str = "changed",
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[OpenCase], int]:
    """Return one page of the cases I have a seat on, and how many there are.

    A text is looked for in codenames, and in the sealed titles once they are open.
    """
    asked = {"user_id": opened.person.id, "now": now, "status": status}
    of_status = status in STATUSES
    sort = sort if sort in ORDERS else "changed"
    if text:
        sought = text.casefold()
        rows = session.execute(_seated(sort, of_status=of_status), asked).all()
        found = [
            case
            for case in open_cases(session, opened, rows)
            if sought in case.codename or sought in case.title.casefold()
        ]
        return found[offset : offset + limit], len(found)
    page = {**asked, "offset": offset, "limit": limit}
    rows = session.execute(_seated(sort, of_status=of_status, paged=True), page).all()
    counted = _seated_count(of_status=of_status)
    total = rows[0].total if rows else session.scalar(counted, asked) or 0
    return open_cases(session, opened, rows), total


def all_mine(session: Session, opened: Visit, now: datetime) -> list[OpenCase]:
    """Return every case I have a seat on, for what looks over all of them."""
    rows = session.execute(_seated(), {"user_id": opened.person.id, "now": now}).all()
    return open_cases(session, opened, rows)


def some_mine(
    session: Session, opened: Visit, now: datetime, case_ids: Sequence[UUID]
) -> list[OpenCase]:
    """Return those of these cases that I have a seat on."""
    if not case_ids:
        return []
    asked = {"user_id": opened.person.id, "now": now, "case_ids": list(case_ids)}
    return open_cases(session, opened, session.execute(_some_seated(), asked).all())


_MY_SEAT = and_(
    _SEAT.c.user_id == bindparam("user_id"),
    or_(_SEAT.c.ends_at.is_(None), _SEAT.c.ends_at > bindparam("now")),
)


@functools.cache
def _seated(
    sort: str = "", *, of_status: bool = False, paged: bool = False
) -> Select[*tuple[Any, ...]]:
    wanted = SEATED.where(_MY_SEAT)
    if of_status:
        wanted = wanted.where(_CASE.c.status == bindparam("status"))
    if sort:
        wanted = wanted.order_by(ORDERS[sort], _CASE.c.codename)
    if paged:
        total = _seated_count(of_status=of_status).correlate(None).scalar_subquery()
        wanted = wanted.add_columns(total.label("total"))
        wanted = wanted.offset(bindparam("offset")).limit(bindparam("limit"))
    return wanted


@functools.cache
def _some_seated() -> Select[*tuple[Any, ...]]:
    return _seated().where(_CASE.c.id.in_(bindparam("case_ids", expanding=True)))


@functools.cache
def _seated_count(*, of_status: bool) -> Select[int]:
    return _seated(of_status=of_status).with_only_columns(func.count())


def codenames_of(cases: Sequence[OpenCase]) -> dict[UUID, str]:
    return {case.id: case.codename for case in cases}
