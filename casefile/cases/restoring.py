"""Access for people with new keys: given back by a member, or by the organisation's offline key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, exists, func, or_, select

from casefile import audit, keys
from casefile.accounts import certificates
from casefile.accounts import service as accounts
from casefile.accounts.models import User
from casefile.cases import receipts, seats
from casefile.cases.access import as_seated, read_manifest
from casefile.cases.models import Case, CaseGrant, CaseSeat
from casefile.db import table
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError
from casefile.policy import Permission, Seat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork

CEREMONY_SHOWN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Renewed:
    """A seat whose person began anew. Without a certifier nobody has signed for the new keys yet."""

    seat_id: UUID
    user_id: UUID
    name: str
    role: Seat
    fingerprint: str
    certifier: str


@dataclass(frozen=True, slots=True)
class ToRestore:
    """Something for the desk: on this case somebody waits for access."""

    case_id: UUID
    codename: str
    name: str


_SEAT, _USER, _GRANT = table(CaseSeat), table(User), table(CaseGrant)
_NO_GRANT = ~exists().where(
    _GRANT.c.case_id == _SEAT.c.case_id, _GRANT.c.user_id == _SEAT.c.user_id
)
_STANDS = or_(_SEAT.c.ends_at.is_(None), _SEAT.c.ends_at > bindparam("now"))
_WITHOUT_GRANTS = (
    select(_SEAT.c.case_id, _USER.c.name)
    .join_from(_SEAT, _USER, _USER.c.id == _SEAT.c.user_id)
    .where(
        _SEAT.c.case_id.in_(bindparam("case_ids", expanding=True)),
        _USER.c.key_generation > 1,
        _USER.c.certificate.is_not(None),
        _USER.c.disabled_at.is_(None),
        _NO_GRANT,
        _STANDS,
    )
    .order_by(_USER.c.name)
)
_MY_LOST = (
    select(func.count())
    .select_from(_SEAT)
    .where(_SEAT.c.user_id == bindparam("user_id"), _NO_GRANT, _STANDS)
)


def renewed(session: Session, anchor: bytes, case: OpenCase) -> list[Renewed]:
    """Return the seats of a case whose people have other, certified keys than it was opened to."""
    listed = read_manifest(session.get_one(Case, case.id), case.keys)["seats"]
    rows = session.execute(
        select(CaseSeat.id, CaseSeat.user_id, CaseSeat.role, User.name, User.public_keys)
        .join(User, User.id == CaseSeat.user_id)
        .where(CaseSeat.case_id == case.id, User.key_generation > 1)
        .order_by(User.name)
    ).all()
    found = []
    for row in rows:
        told = listed.get(str(row.user_id), ["", "", ""])
        mine = keys.fingerprint(row.public_keys).hex()
        had = [
            public.fingerprint().hex()
            for public in certificates.all_certified_keys(session, anchor, row.user_id)
        ]
        if told[2] != mine and told[2] in had:
            certifier = _certifier(session, row.user_id) if mine in had else ""
            found.append(Renewed(row.id, row.user_id, row.name, Seat(told[0]), mine, certifier))
    return found


def _certifier(session: Session, user_id: UUID) -> str:
    certificate = session.scalar(select(User.certificate).where(User.id == user_id))
    issuer_id = keys.Certificate.from_bytes(certificate or b"").issuer_id
    return accounts.names(session, [issuer_id]).get(issuer_id, "")


def restore(uow: UnitOfWork, case: OpenCase, seat_id: UUID) -> None:
    """Give a person with new, certified keys what their seat had with the old ones.

    Raises ConflictError when they lack nothing, DamagedError when the new keys are not certified.
    """
    members = seats.members_of(uow, case)
    seat = seats.get(uow, case, seat_id)
    [member] = [m for m in members if m.user_id == seat.user_id]
    if seat.travel_until is not None:
        msg = "This person is travelling and takes no keys. Let them in again first."
        raise ConflictError(msg)
    if member.current:
        msg = "This person has access already. Nothing was changed."
        raise ConflictError(msg)
    _regrant(uow, case, members, member)
    audit.record(
        uow, "seat.restored", subject_id=seat.user_id, case=case, detail={"role": seat.role}
    )


def _regrant(
    uow: UnitOfWork,
    case: OpenCase,
    members: Sequence[seats.Member],
    member: seats.Member,
    recovered: str = "",
) -> None:
    anchor = uow.bundle.anchor if uow.bundle else b""
    public = certificates.certified_keys(uow.session, anchor, member.user_id)
    renewed_member = replace(member, public=public, current=True)
    uow.session.execute(
        delete(CaseGrant).where(CaseGrant.case_id == case.id, CaseGrant.user_id == member.user_id)
    )
    seats.grant(uow, renewed_member, case.keys.values())
    others = [m for m in members if m.user_id != member.user_id]
    seats.write_manifest(uow, case, [*others, renewed_member], recovered=recovered)


def drop_grants(uow: UnitOfWork, user_id: UUID) -> None:
    """Take away what was sealed to keys that a person no longer has."""
    uow.session.execute(delete(CaseGrant).where(CaseGrant.user_id == user_id))
    for watcher in uow.resources.seat_watchers:
        watcher.begins_anew(uow, user_id)


def to_restore(session: Session, cases: Sequence[OpenCase], now: datetime) -> list[ToRestore]:
    """Return who waits for access on those of my cases whose seats I may manage."""
    managed = {case.id: case for case in cases if case.can(Permission.MEMBER_MANAGE)}
    if not managed:
        return []
    rows = session.execute(_WITHOUT_GRANTS, {"case_ids": list(managed), "now": now}).all()
    return [ToRestore(row.case_id, managed[row.case_id].codename, row.name) for row in rows]


def my_lost_seats(session: Session, user_id: UUID, now: datetime) -> int:
    """Count my seats that have no key for me: they wait for a member to restore access."""
    return session.scalar(_MY_LOST, {"user_id": user_id, "now": now}) or 0


def last_ceremony(session: Session, case: OpenCase, now: datetime) -> datetime | None:
    """Return when the escrow key last opened this case to somebody, when that is not long ago."""
    told = read_manifest(session.get_one(Case, case.id), case.keys).get("recovered")
    at = datetime.fromisoformat(told) if told else None
    return at if at and now - at <= CEREMONY_SHOWN else None


def open_in_escrow(uow: UnitOfWork, name: str) -> OpenCase:
    """Open a case, given by codename or id, with the offline key that this change is made by.

    Raises NotFoundError when there is none, DamagedError when its grants or manifest are not whole.
    """
    if uow.bundle is None or uow.actor_id is None:
        msg = "a ceremony without the offline key"
        raise RuntimeError(msg)
    row = uow.session.scalar(select(Case).where(Case.codename == name.strip().casefold()))
    if row is None and _is_id(name):
        row = uow.session.get(Case, UUID(name))
    if row is None:
        msg = f"There is no case {name}. Give its codename or its id. Nothing was changed."
        raise NotFoundError(msg)
    opened: dict[int, keys.CaseKey] = {}
    for grant in uow.session.scalars(
        select(CaseGrant).where(CaseGrant.case_id == row.id, CaseGrant.user_id == uow.actor_id)
    ):
        granters = certificates.all_certified_keys(uow.session, uow.bundle.anchor, grant.granter_id)
        found = receipts.open_grant(uow.bundle, grant, granters)
        if found is not None:
            opened[grant.generation] = keys.CaseKey(row.id, grant.generation, found.secret)
    if set(opened) != set(range(1, row.generation + 1)):
        msg = (
            f"The escrow key has no valid grant for every key of {row.codename}: the case is older "
            "than the escrow, or grants were changed outside Casefile. Nothing was changed."
        )
        raise DamagedError(msg)
    read_manifest(row, opened)
    return as_seated(row, opened, Seat.LEAD, None)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def recover(uow: UnitOfWork, case: OpenCase, username: str, seat: Seat | None) -> None:
    """Open a case to a person with the offline key; every member sees that it was used.

    Without `seat`, somebody with a seat keeps it and anybody else leads the case. Raises
    InvalidError for an unknown person, DamagedError when their keys are not certified.
    """
    user = uow.session.scalar(
        select(User).where(User.username == username.strip().casefold(), User.disabled_at.is_(None))
    )
    if user is None:
        msg = f"There is no active account {username}. Check the spelling. Nothing was changed."
        raise InvalidError(msg)
    members = seats.members_of(uow, case)
    mine = next((member for member in members if member.user_id == user.id), None)
    if mine is None:
        anchor = uow.bundle.anchor if uow.bundle else b""
        public = certificates.certified_keys(uow.session, anchor, user.id)
        mine = seats.Member(user.id, seat or Seat.LEAD, None, public)
        row = CaseSeat(id=uuid4(), case_id=case.id, user_id=user.id)
    else:
        ended = mine.ends_at is not None and mine.ends_at <= uow.now
        mine = replace(mine, role=seat or mine.role, ends_at=None if ended else mine.ends_at)
        row = uow.session.scalars(
            select(CaseSeat).where(CaseSeat.case_id == case.id, CaseSeat.user_id == user.id)
        ).one()
    row.role, row.ends_at = mine.role, mine.ends_at
    if uow.actor_id is not None:
        row.granted_by_id, row.granted_at = uow.actor_id, uow.now
    uow.session.add(row)
    uow.session.flush()
    _regrant(uow, case, members, mine, uow.now.isoformat())
    audit.record(
        uow, "seat.recovered", subject_id=user.id, case=case, detail={"role": mine.role.value}
    )
