"""Seats: who is on a case, which keys they were granted, and the sealed list that proves it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, select

from casefile import audit, keys
from casefile.accounts import certificates
from casefile.accounts import service as accounts
from casefile.accounts.models import User
from casefile.cases.access import (
    TAMPERED,
    OpenCase,
    in_utc,
    open_manifest,
    read_manifest,
    succession,
)
from casefile.cases.away import check_somebody_here, travelling_on
from casefile.cases.escrowing import grant_to_escrow
from casefile.cases.models import Case, CaseGrant, CaseSeat
from casefile.db import table
from casefile.errors import ConflictError, DamagedError, InvalidError, NotFoundError
from casefile.notices import service as notices
from casefile.policy import Seat

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Member:
    """A seat as the sealed list names it."""

    user_id: UUID
    role: Seat
    ends_at: datetime | None
    public: keys.PublicKeys
    current: bool = True
    """Whether these are still their keys; who began anew waits until access is restored."""


@dataclass(frozen=True, slots=True)
class SeatView:
    """A line of the members page."""

    id: UUID
    user_id: UUID
    name: str
    username: str
    role: Seat
    ends_at: datetime | None
    granted_by_name: str
    granted_at: datetime
    expired: bool
    travel_until: datetime | None
    fingerprint: str


def seal_manifest(
    key: keys.CaseKey,
    members: Iterable[Member],
    version: int,
    older: keys.CaseKey | None = None,
    **more: str,
) -> bytes:
    """Seal the list of seats under the case key, so that planted rows show.

    `older` is the generation before this one; the manifest proves that its maker held it. `more`
    is what is said of the escrow key.
    """
    seats = {
        str(member.user_id): [
            member.role.value,
            in_utc(member.ends_at),
            member.public.fingerprint().hex(),
        ]
        for member in members
    }
    follows = succession(older, key) if older else ""
    manifest = json.dumps({"seats": seats, "follows": follows, **more}).encode()
    return key.seal(manifest, "case", key.case_id, "manifest", version)


def grant(uow: UnitOfWork, member: Member, case_keys: Iterable[keys.CaseKey]) -> None:
    """Seal these case keys to a member and sign that one did so."""
    if uow.bundle is None or uow.actor_id is None:
        msg = "a grant by nobody"
        raise RuntimeError(msg)
    for key in case_keys:
        sealed, signature = keys.issue_grant(
            uow.bundle,
            member.public,
            case_id=key.case_id,
            user_id=member.user_id,
            generation=key.generation,
            case_key=key.secret,
        )
        uow.session.add(
            CaseGrant(
                case_id=key.case_id,
                user_id=member.user_id,
                generation=key.generation,
                granter_id=uow.actor_id,
                sealed=sealed,
                signature=signature,
            )
        )


def members_of(uow: UnitOfWork, case: OpenCase) -> list[Member]:
    """Return the seats of a case once rows and sealed list agree; DamagedError otherwise."""
    anchor = uow.bundle.anchor if uow.bundle else b""
    row = uow.session.get_one(Case, case.id)
    listed = open_manifest(row, case.keys)
    members = [
        _member(uow.session, anchor, seat, listed.get(str(seat.user_id)))
        for seat in uow.session.scalars(select(CaseSeat).where(CaseSeat.case_id == case.id))
    ]
    told = {
        str(m.user_id): [
            m.role.value,
            in_utc(m.ends_at),
            m.public.fingerprint().hex(),
        ]
        for m in members
    }
    if told != listed:
        raise DamagedError(TAMPERED)
    return members


def _member(
    session: Session, anchor: bytes, seat: CaseSeat, listed: list[str | None] | None
) -> Member:
    """Return a seat with the keys its case was opened to, which its person may have lost since."""
    wanted = listed[2] if listed else None
    for public in certificates.all_certified_keys(session, anchor, seat.user_id):
        if public.fingerprint().hex() == wanted:
            row = session.get_one(User, seat.user_id)
            current = public.to_bytes() == row.public_keys
            return Member(seat.user_id, _role(seat.role), seat.ends_at, public, current)
    public = certificates.certified_keys(session, anchor, seat.user_id)
    return Member(seat.user_id, _role(seat.role), seat.ends_at, public)


def write_manifest(
    uow: UnitOfWork,
    case: OpenCase,
    members: Sequence[Member],
    fresh: keys.CaseKey | None = None,
    *,
    recovered: str = "",
) -> None:
    """Seal the seats as they are now: under the newest key, or a fresh one that comes after it."""
    row = uow.session.get_one(Case, case.id)
    told = read_manifest(row, case.keys)
    escrow = grant_to_escrow(uow, case.keys.values(), fresh, str(told.get("escrow", "")))
    said = {"escrow": escrow, "recovered": recovered or str(told.get("recovered", ""))}
    key, older = (
        (fresh, case.newest) if fresh else (case.newest, case.keys.get(case.generation - 1))
    )
    row.manifest_version += 1
    row.generation = row.manifest_generation = key.generation
    row.manifest = seal_manifest(key, members, row.manifest_version, older, **said)
    uow.session.flush()


def add(
    uow: UnitOfWork, case: OpenCase, *, username: str, role: Seat, ends_at: datetime | None
) -> None:
    """Give a person a seat and every key of the case.

    Raises InvalidError for an unknown or uncertified person or an end in the past, ConflictError
    when they have a seat.
    """
    user = uow.session.scalar(
        select(User).where(
            User.username == username.strip().casefold(),
            User.disabled_at.is_(None),
            User.ends_at.is_(None) | (User.ends_at > uow.now),
        )
    )
    if user is None:
        msg = "There is no active account with this username. Check the spelling."
        raise InvalidError(msg)
    if user.certificate is None:
        msg = (
            "This person's keys are not certified yet. Whoever invited them has to sign in once; "
            "then give the seat."
        )
        raise InvalidError(msg)
    if user.travel_until is not None and user.travel_until > uow.now:
        msg = "This person is travelling and takes no keys. Give the seat when they are back."
        raise InvalidError(msg)
    _check_end(uow, ends_at)
    members = members_of(uow, case)
    if any(member.user_id == user.id for member in members):
        msg = "This person has a seat on the case already. Change that seat instead."
        raise ConflictError(msg)
    anchor = uow.bundle.anchor if uow.bundle else b""
    public = accounts.certified_keys(uow.session, anchor, user.id)
    member = Member(user.id, role, ends_at, public)
    uow.session.add(
        CaseSeat(
            id=uuid4(),
            case_id=case.id,
            user_id=user.id,
            role=role,
            ends_at=ends_at,
            granted_by_id=uow.actor_id,
            granted_at=uow.now,
        )
    )
    uow.session.execute(
        delete(CaseGrant).where(CaseGrant.case_id == case.id, CaseGrant.user_id == user.id)
    )
    grant(uow, member, case.keys.values())
    write_manifest(uow, case, [*members, member])
    audit.record(uow, "seat.added", subject_id=user.id, case=case, detail={"role": role.value})


def change(
    uow: UnitOfWork, case: OpenCase, seat_id: UUID, *, role: Seat, ends_at: datetime | None
) -> None:
    """Change what a person may do on the case, or until when."""
    _check_end(uow, ends_at)
    members = members_of(uow, case)
    seat = get(uow, case, seat_id)
    changed = [
        replace(m, role=role, ends_at=ends_at) if m.user_id == seat.user_id else m for m in members
    ]
    _check_lead(changed, uow.now)
    check_somebody_here(uow, case, changed)
    for watcher in uow.resources.seat_watchers:
        watcher.role_changes(uow, case, seat.user_id, role)
    seat.role, seat.ends_at = role, ends_at
    write_manifest(uow, case, changed)
    audit.record(
        uow, "seat.changed", subject_id=seat.user_id, case=case, detail={"role": role.value}
    )


def remove(uow: UnitOfWork, case: OpenCase, seat_id: UUID) -> None:
    """Take a seat away at once: its grants go, and what comes next has a key it never held."""
    members = members_of(uow, case)
    seat = get(uow, case, seat_id)
    staying = [m for m in members if m.user_id != seat.user_id]
    _check_lead(staying, uow.now)
    check_somebody_here(uow, case, staying)
    user_id = seat.user_id
    for watcher in uow.resources.seat_watchers:
        watcher.seat_goes(uow, case, {user_id})
    _leave(uow, case, members, {user_id})
    audit.record(uow, "seat.removed", subject_id=user_id, case_id=case.id)


def remove_expired(uow: UnitOfWork, case: OpenCase) -> int:
    """Do for seats that ended what `remove` does: their grants go and the key changes."""
    ended = set(
        uow.session.scalars(
            select(CaseSeat.user_id).where(CaseSeat.case_id == case.id, CaseSeat.ends_at <= uow.now)
        )
    )
    if ended:
        for watcher in uow.resources.seat_watchers:
            watcher.seat_goes(uow, case, ended, ended=True)
        _leave(uow, case, members_of(uow, case), ended)
        for user_id in sorted(ended):
            audit.record(uow, "seat.expired", subject_id=user_id, case_id=case.id)
    return len(ended)


def _leave(uow: UnitOfWork, case: OpenCase, members: Sequence[Member], gone: set[UUID]) -> None:
    uow.session.execute(
        delete(CaseSeat).where(CaseSeat.case_id == case.id, CaseSeat.user_id.in_(gone))
    )
    uow.session.execute(
        delete(CaseGrant).where(CaseGrant.case_id == case.id, CaseGrant.user_id.in_(gone))
    )
    notices.forget_case(uow, case.id, gone)
    staying = [member for member in members if member.user_id not in gone]
    fresh = keys.CaseKey(case.id, case.generation + 1, keys.random_key())
    travelling = travelling_on(uow, case)
    for member in staying:
        if member.current and member.user_id not in travelling:
            grant(uow, member, [fresh])
    write_manifest(uow, case, staying, fresh)


def get(uow: UnitOfWork, case: OpenCase, seat_id: UUID) -> CaseSeat:
    seat = uow.session.scalar(
        select(CaseSeat).where(CaseSeat.case_id == case.id, CaseSeat.id == seat_id)
    )
    if seat is None:
        msg = "There is no such seat on this case any more."
        raise NotFoundError(msg)
    return seat


def _check_end(uow: UnitOfWork, ends_at: datetime | None) -> None:
    if ends_at is not None and ends_at <= uow.now:
        msg = "The last day lies in the past. Choose today or a later day, or leave it empty."
        raise InvalidError(msg)


def _check_lead(members: Sequence[Member], now: datetime) -> None:
    if not any(m.role is Seat.LEAD and (m.ends_at is None or m.ends_at > now) for m in members):
        msg = "A case needs somebody who leads it. Make another person lead first."
        raise ConflictError(msg)


_SEAT, _USER = table(CaseSeat), table(User)
_LISTED = (
    select(_SEAT, _USER.c.name, _USER.c.username, _USER.c.public_keys)
    .join_from(_SEAT, _USER, _USER.c.id == _SEAT.c.user_id)
    .where(_SEAT.c.case_id == bindparam("case_id"))
)


def listed(session: Session, case: OpenCase, now: datetime) -> list[SeatView]:
    """Return the seats of a case, leads first."""
    rows = session.execute(_LISTED, {"case_id": case.id}).all()
    accounts.known_names(session).update({row.user_id: row.name for row in rows})
    names = accounts.names(session, [row.granted_by_id for row in rows])
    order = list(Seat)
    views = [
        SeatView(
            id=row.id,
            user_id=row.user_id,
            name=row.name,
            username=row.username,
            role=_role(row.role),
            ends_at=row.ends_at,
            granted_by_name=names.get(row.granted_by_id, ""),
            granted_at=row.granted_at,
            expired=row.ends_at is not None and row.ends_at <= now,
            travel_until=row.travel_until,
            fingerprint=keys.fingerprint(row.public_keys).hex(),
        )
        for row in rows
    ]
    views.sort(key=lambda seat: (order.index(seat.role), seat.name))
    return views


def _role(text: str) -> Seat:
    """Read the role of a row; a word that is none gives the least."""
    return Seat(text) if text in set(Seat) else Seat.READER


def warnings(
    session: Session, case: OpenCase, views: Sequence[SeatView], renewed: Container[UUID] = ()
) -> list[str]:
    """Say what is wrong with the seats of a case: where rows and sealed list do not agree.

    `renewed` are people whose keys changed as they should: with a certificate for each.
    """
    listed_seats = open_manifest(session.get_one(Case, case.id), case.keys)
    found = [
        f"{view.name} has a seat that the case's sealed list does not name. Somebody wrote it into "
        "the database; it opens nothing. Tell the administrator."
        for view in views
        if str(view.user_id) not in listed_seats
    ]
    found += [
        f"The seat of {view.name} was changed outside Casefile, so the case stays closed to them. "
        "Tell the administrator."
        for view in views
        if listed_seats.get(str(view.user_id), [view.role, in_utc(view.ends_at)])[:2]
        != [view.role, in_utc(view.ends_at)]
    ]
    found += [
        f"The keys of {view.name} are not the ones this case was opened to."
        for view in views
        if view.user_id not in renewed
        and listed_seats.get(str(view.user_id), ["", "", view.fingerprint])[2] != view.fingerprint
    ]
    missing = set(listed_seats) - {str(view.user_id) for view in views}
    if missing:
        found.append("A seat named in the case's sealed list is missing from the database.")
    return found
