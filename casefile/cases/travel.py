"""Travelling without keys: giving up every case key until a day, and getting them back from colleagues.

The person's grants are deleted, so neither they nor whoever has their password can open a case.
Until when is sealed under each case's key, so a row changed in the database brings nobody back.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, select

from casefile import audit
from casefile.accounts import service as accounts
from casefile.accounts import sessions
from casefile.accounts.models import User
from casefile.cases import seats
from casefile.cases.access import in_utc, open_manifest
from casefile.cases.models import Case, CaseGrant, CaseSeat
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError
from casefile.policy import Permission, Seat, seat_may

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

LONGEST = timedelta(days=366)
# For a journey whose end cannot be trusted: only somebody who leads the case ends it.
NEVER_BY_ITSELF = datetime(2200, 1, 1, tzinfo=UTC)
MANAGERS = [seat for seat in Seat if seat_may(seat, Permission.MEMBER_MANAGE)]


def depart(uow: UnitOfWork, cases: Sequence[OpenCase], until: datetime) -> None:
    """Give up every key of every case I sit on, until this moment, and end all my sessions.

    `cases` are those I can open. Raises InvalidError for an impossible end, ConflictError when I
    travel already or when a case would be left with nobody to give the keys back.
    """
    if not uow.now < until <= uow.now + LONGEST:
        msg = "Choose a last day between today and a year from now."
        raise InvalidError(msg)
    user = accounts.get(uow.session, _actor(uow))
    if user.travel_until is not None and user.travel_until > uow.now:
        msg = "You are travelling already."
        raise ConflictError(msg)
    by_id = {case.id: case for case in cases}
    mine = uow.session.scalars(select(CaseSeat).where(CaseSeat.user_id == user.id)).all()
    stuck = [seat.case_id for seat in mine if not _cared_for(uow, seat, by_id, until)]
    if stuck:
        names = uow.session.scalars(select(Case.codename).where(Case.id.in_(stuck)))
        msg = (
            "Nobody else could give you the keys back for "
            f"{', '.join(sorted(names))}. Give a colleague a seat as lead or editor there that lasts "
            "until you are back, then try again. Nothing was changed."
        )
        raise ConflictError(msg)
    for watcher in uow.resources.seat_watchers:
        watcher.departs(uow, cases, user.id, until)
    for seat in mine:
        seat.travel_until = until
        seat.travel_generation = seat.travel_record = None
        case = by_id.get(seat.case_id)
        if case is not None:
            seat.travel_generation = case.generation
            record = json.dumps({"until": in_utc(until)}).encode()
            seat.travel_record = case.newest.seal(record, "seat", seat.id, "travel")
        audit.record(uow, "seat.emptied", subject_id=user.id, case_id=seat.case_id)
    uow.session.execute(delete(CaseGrant).where(CaseGrant.user_id == user.id))
    user.travel_until = until
    uow.session.flush()
    sessions.end_all(uow, user.id)
    audit.record(uow, "travel.begun", subject_id=user.id)


def _cared_for(
    uow: UnitOfWork, mine: CaseSeat, by_id: dict[UUID, OpenCase], until: datetime
) -> bool:
    """Say whether somebody else leads this case, has its keys, and stays until I am back."""
    case = uow.session.get_one(Case, mine.case_id)
    able: set[UUID] = set(
        uow.session.scalars(
            select(CaseSeat.user_id)
            .join(User, User.id == CaseSeat.user_id)
            .where(
                CaseSeat.case_id == mine.case_id,
                CaseSeat.user_id != mine.user_id,
                CaseSeat.role.in_(MANAGERS),
                CaseSeat.ends_at.is_(None) | (CaseSeat.ends_at > until),
                CaseSeat.travel_until.is_(None),
                User.ends_at.is_(None) | (User.ends_at > until),
                User.disabled_at.is_(None),
                User.certificate.is_not(None),
                exists().where(
                    CaseGrant.case_id == case.id,
                    CaseGrant.user_id == CaseSeat.user_id,
                    CaseGrant.generation == case.generation,
                ),
            )
        )
    )
    opened = by_id.get(mine.case_id)
    if opened is not None:
        listed = open_manifest(case, opened.keys)
        able = {who for who in able if listed.get(str(who), [None])[0] in MANAGERS}
    return bool(able)


def bring_back(uow: UnitOfWork, case: OpenCase, seat_id: UUID | None = None) -> int:
    """Give the keys of this case back to whoever has returned; return how many that were.

    By itself when the sealed day is over; at once for one seat when somebody who manages the seats
    says so. Raises NotFoundError or ConflictError when that seat does not travel, DamagedError when
    seats were tampered with.
    """
    back = [seat for seat in _away(uow, case, seat_id) if seat_id or _is_over(uow, case, seat)]
    if not back:
        return 0
    if len(case.keys) < case.generation:
        msg = "You do not hold every key of this case, so you cannot give them on."
        raise DamagedError(msg)
    members = {member.user_id: member for member in seats.members_of(uow, case)}
    for seat in back:
        uow.session.execute(
            delete(CaseGrant).where(CaseGrant.case_id == case.id, CaseGrant.user_id == seat.user_id)
        )
        if members[seat.user_id].current:
            seats.grant(uow, members[seat.user_id], case.keys.values())
        seat.travel_until = seat.travel_generation = seat.travel_record = None
        uow.session.flush()
        _arrive(uow, seat.user_id)
        audit.record(uow, "seat.returned", subject_id=seat.user_id, case_id=case.id)
    return len(back)


def _away(uow: UnitOfWork, case: OpenCase, seat_id: UUID | None) -> Sequence[CaseSeat]:
    wanted = (
        select(CaseSeat)
        .join(User, User.id == CaseSeat.user_id)
        .where(CaseSeat.case_id == case.id, User.disabled_at.is_(None))
    )
    if seat_id is None:
        return uow.session.scalars(wanted.where(CaseSeat.travel_until <= uow.now)).all()
    seat = uow.session.scalar(
        select(CaseSeat).where(CaseSeat.case_id == case.id, CaseSeat.id == seat_id)
    )
    if seat is None:
        msg = "There is no such seat on this case any more."
        raise NotFoundError(msg)
    found = uow.session.scalars(
        wanted.where(CaseSeat.id == seat_id, CaseSeat.travel_until.is_not(None))
    ).all()
    if not found:
        msg = "This person is not travelling, or their account is disabled."
        raise ConflictError(msg)
    return found


def _is_over(uow: UnitOfWork, case: OpenCase, seat: CaseSeat) -> bool:
    """Say whether the journey is over by what was sealed; a row that says otherwise is mended."""
    try:
        plain = case.key(seat.travel_generation or 0).open(
            seat.travel_record or b"", "seat", seat.id, "travel"
        )
        until = datetime.fromisoformat(json.loads(plain)["until"])
    except DamagedError:
        until = NEVER_BY_ITSELF
    if until <= uow.now:
        return True
    seat.travel_until = until
    audit.record(uow, "seat.mistrusted", subject_id=seat.user_id, case_id=case.id)
    return False


def _arrive(uow: UnitOfWork, user_id: UUID) -> None:
    """Forget the journey once the last case has taken the person back."""
    left = uow.session.scalar(
        select(func.count())
        .select_from(CaseSeat)
        .where(CaseSeat.user_id == user_id, CaseSeat.travel_until.is_not(None))
    )
    if not left:
        accounts.get(uow.session, user_id).travel_until = None


def codenames_away(session: Session, user_id: UUID) -> list[str]:
    """Return the cases whose keys this person has given up."""
    rows: Any = session.scalars(
        select(Case.codename)
        .join(CaseSeat, CaseSeat.case_id == Case.id)
        .where(CaseSeat.user_id == user_id, CaseSeat.travel_until.is_not(None))
        .order_by(Case.codename)
    )
    return list(rows)


def _actor(uow: UnitOfWork) -> UUID:
    if uow.actor_id is None:
        msg = "a journey of nobody"
        raise RuntimeError(msg)
    return uow.actor_id
