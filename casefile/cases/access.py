"""The only way to a case: by the seat of whoever asks, with the keys that seat was granted."""

from __future__ import annotations

import functools
import json
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request
from sqlalchemy import bindparam, select

from casefile import keys, policy
from casefile.accounts.certificates import all_certified_keys
from casefile.cases import receipts
from casefile.cases.models import Case, CaseGrant, CaseSeat
from casefile.cases.waiting import ENDED_SEATS, RETURNING
from casefile.db import table
from casefile.errors import CasefileError, DamagedError, ForbiddenError, NotFoundError
from casefile.policy import Permission, Seat
from casefile.web import (
    Mark,
    accept_files,
    check_forgery,
    current,
    database_session,
    resources,
    set_mark,
    unit_of_work,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from flask import Flask, Response
    from flask.typing import ResponseReturnValue, RouteCallable
    from sqlalchemy.orm import Session

    from casefile.keys import CaseKey
    from casefile.uow import Resources, UnitOfWork
    from casefile.web import Visit

log = logging.getLogger(__name__)
NO_CASE = (
    "There is no such case, or you have no seat on it. Ask the lead for a seat if you need one."
)
NOT_YOURS = "Your seat on this case does not include this. Ask the lead of the case."
TAMPERED = (
    "The seats of this case were changed outside Casefile, so it stays closed. Nothing was lost. "
    "Tell the lead of the case and the administrator."
)
DAMAGED = "[damaged record]"
SESSIONS_KEPT = 500
PLACE = 16 + 4
PACKED = PLACE + 32


@dataclass(slots=True)
class OpenCase:
    """A case as one person has it: their seat, and its keys by generation."""

    id: UUID
    codename: str
    status: str
    seat: Seat
    seat_ends_at: datetime | None
    created_at: datetime
    changed_at: datetime
    generation: int
    change_number: int
    note_count: int
    evidence_count: int
    record: bytes = field(repr=False)
    record_generation: int
    record_version: int
    keys: dict[int, CaseKey] = field(repr=False)
    ended_seats: int = 0
    returning: int = 0
    _told: dict[str, str] | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        return self._record()["title"]

    @property
    def summary(self) -> str:
        return self._record()["summary"]

    def _record(self) -> dict[str, str]:
        """Open title and summary when first asked for: search has every case open, shows few."""
        if self._told is None:
            try:
                self._told = json.loads(
                    self.key(self.record_generation).open(
                        self.record, "case", self.id, "record", self.record_version
                    )
                )
            except DamagedError:
                self._told = {"title": DAMAGED, "summary": ""}
        return self._told

    def can(self, permission: str) -> bool:
        return policy.seat_may(self.seat, Permission(permission))

    def key(self, generation: int) -> CaseKey:
        """Return the key of a generation; DamagedError when this seat was never granted it."""
        try:
            return self.keys[generation]
        except KeyError as error:
            raise DamagedError(TAMPERED) from error

    @property
    def newest(self) -> CaseKey:
        return self.key(self.generation)

    @property
    def first(self) -> CaseKey:
        """The key every seat keeps, for what must compare equal over all generations."""
        return self.key(1)


_CASE, _SEAT, _GRANT = table(Case), table(CaseSeat), table(CaseGrant)
SEATED = select(
    _CASE.c.id,
    _CASE.c.codename,
    _CASE.c.status,
    _CASE.c.created_at,
    _CASE.c.changed_at,
    _CASE.c.generation,
    _CASE.c.change_number,
    _CASE.c.note_count,
    _CASE.c.evidence_count,
    _CASE.c.record,
    _CASE.c.record_generation,
    _CASE.c.record_version,
    _CASE.c.manifest,
    _CASE.c.manifest_generation,
    _CASE.c.manifest_version,
    _SEAT.c.role,
    _SEAT.c.ends_at,
).join_from(_CASE, _SEAT, _SEAT.c.case_id == _CASE.c.id)
_ONE = SEATED.add_columns(ENDED_SEATS, RETURNING).where(
    _CASE.c.id == bindparam("case_id"), _SEAT.c.user_id == bindparam("user_id")
)
_GRANTS = select(_GRANT).where(
    _GRANT.c.user_id == bindparam("user_id"),
    _GRANT.c.case_id.in_(bindparam("case_ids", expanding=True)),
)


def open_case(session: Session, opened: Visit, case_id: UUID) -> OpenCase:
    """Return this case for whoever visits.

    Raises NotFoundError without a seat (or when it ended), DamagedError when the seat is not
    the one the case's sealed manifest names.
    """
    now = resources().clock()
    asked = {"case_id": case_id, "user_id": opened.person.id, "now": now}
    row = session.execute(_ONE, asked).first()
    if row is None or (row.ends_at is not None and row.ends_at <= now):
        raise NotFoundError(NO_CASE)
    case_keys = open_keys(session, opened, {row.id: row.generation}).get(row.id, {})
    if row.generation not in case_keys:
        raise NotFoundError(NO_CASE)
    _check_seat(row, case_keys, opened)
    case = as_seated(row, case_keys, Seat(row.role), row.ends_at)
    case.ended_seats, case.returning = row.ended_seats, row.back
    return case


def _check_seat(row: Any, case_keys: dict[int, CaseKey], opened: Visit) -> None:
    """Raise DamagedError unless the sealed manifest of the newest generation names this seat."""
    told = open_manifest(row, case_keys).get(str(opened.person.id), [])[:2]
    newer_granted = _place(row.id, row.generation + 1) in _known(opened)
    if newer_granted or told != [row.role, in_utc(row.ends_at)]:
        raise DamagedError(TAMPERED)


def _stands(row: Any, case_keys: dict[int, CaseKey], opened: Visit) -> bool:
    try:
        _check_seat(row, case_keys, opened)
    except DamagedError:
        return False
    return True


def in_utc(ends_at: datetime | None) -> str | None:
    """Write the end of a seat the one way that compares equal to what the database gives back."""
    return ends_at.astimezone(UTC).isoformat() if ends_at else None


def open_manifest(row: Any, case_keys: dict[int, CaseKey]) -> dict[str, list[str | None]]:
    """Return the sealed list of seats: user id → role, end, fingerprint of the keys granted to."""
    seats: dict[str, list[str | None]] = read_manifest(row, case_keys)["seats"]
    return seats


def read_manifest(row: Any, case_keys: dict[int, CaseKey]) -> dict[str, Any]:
    """Return all the manifest says: seats, the escrow key granted to, when that was last used."""
    if row.manifest_generation not in case_keys or row.manifest_generation != row.generation:
        raise DamagedError(TAMPERED)
    newest, older = case_keys[row.generation], case_keys.get(row.generation - 1)
    manifest: dict[str, Any] = json.loads(
        newest.open(row.manifest, "case", row.id, "manifest", row.manifest_version).decode()
    )
    first = older is None and row.generation == 1
    if not first and (older is None or manifest["follows"] != succession(older, newest)):
        raise DamagedError(TAMPERED)
    return manifest


def succession(older: CaseKey, newer: CaseKey) -> str:
    """Prove that whoever made a generation held the one before.

    So certified keys and a way into the database are not enough to give a case a key of one's own.
    """
    return keys.authenticate(older.derive("succession"), newer.secret).hex()


def open_cases(session: Session, opened: Visit, rows: Sequence[Any]) -> list[OpenCase]:
    """Return these rows of SEATED as cases; one whose seat does not stand is left out."""
    by_case = open_keys(session, opened, {row.id: row.generation for row in rows})
    return [
        as_seated(row, by_case[row.id], Seat(row.role), row.ends_at)
        for row in rows
        if _stands(row, by_case[row.id], opened)
    ]


def as_seated(
    row: Any, case_keys: dict[int, keys.CaseKey], seat: Seat, ends_at: datetime | None
) -> OpenCase:
    return OpenCase(
        id=row.id,
        codename=row.codename,
        status=row.status,
        seat=seat,
        seat_ends_at=ends_at,
        created_at=row.created_at,
        changed_at=row.changed_at,
        generation=row.generation,
        change_number=row.change_number,
        note_count=row.note_count,
        evidence_count=row.evidence_count,
        record=row.record,
        record_generation=row.record_generation,
        record_version=row.record_version,
        keys=case_keys,
    )


def open_keys(
    session: Session, opened: Visit, newest: Mapping[UUID, int]
) -> dict[UUID, dict[int, keys.CaseKey]]:
    """Return the keys granted to whoever visits, for cases given with their newest generation."""
    known = _known(opened)
    missing = [
        case_id for case_id, number in newest.items() if _place(case_id, number) not in known
    ]
    if missing:
        _open_grants(session, opened, missing)
    found: dict[UUID, dict[int, CaseKey]] = {case_id: {} for case_id in newest}
    for case_id, number in newest.items():
        for generation in range(1, number + 1):
            secret = known.get(_place(case_id, generation))
            if secret is not None:
                found[case_id][generation] = keys.CaseKey(case_id, generation, secret)
    return found


def _place(case_id: UUID, generation: int) -> bytes:
    return case_id.bytes + generation.to_bytes(4, "big")


def _open_grants(session: Session, opened: Visit, case_ids: Sequence[UUID]) -> None:
    known, own = _known(opened), receipts.own_key(opened)
    granters: dict[UUID, list[keys.PublicKeys]] = {}
    asked = {"user_id": opened.person.id, "case_ids": case_ids}
    for grant in session.execute(_GRANTS, asked).all():
        place = _place(grant.case_id, grant.generation)
        if place in known:
            continue
        if grant.granter_id not in granters:
            granters[grant.granter_id] = all_certified_keys(
                session, opened.bundle.anchor, grant.granter_id
            )
        found = receipts.open_grant(opened.bundle, grant, granters[grant.granter_id], own)
        if found is None:
            g.damage_noticed = True
            continue
        if found.receipt:
            receipts.remember(opened, grant, found.receipt)
        known[place] = found.secret
        opened.case_keys_changed = True


def _known(opened: Visit) -> dict[bytes, bytes]:
    if opened.case_keys is None:
        opened.case_keys = _unseal(resources(), opened)
    return opened.case_keys


def _unseal(opened_resources: Resources, opened: Visit) -> dict[bytes, bytes]:
    sealed = opened_resources.opened_keys.get(opened.session_id)
    if sealed is None:
        return {}
    try:
        plain = keys.unwrap(opened.cache_key, sealed, "case keys", opened.session_id)
    except DamagedError:
        return {}
    return {
        plain[start : start + PLACE]: plain[start + PLACE : start + PACKED]
        for start in range(0, len(plain), PACKED)
    }


def keep_opened_keys(response: Response) -> Response:
    """Keep newly opened case keys for the session's next request, sealed to its cookie.

    Between requests the memory of the process holds no case key in clear.
    """
    opened = g.get("visit")
    if opened is not None and opened.receipts:
        receipts.keep(resources(), opened)
    if opened is None or not opened.case_keys_changed or opened.case_keys is None:
        return response
    plain = b"".join(place + secret for place, secret in opened.case_keys.items())
    cache = resources().opened_keys
    while len(cache) >= SESSIONS_KEPT:
        cache.pop(next(iter(cache)), None)
    cache[opened.session_id] = keys.wrap(opened.cache_key, plain, "case keys", opened.session_id)
    return response


def requires(
    permission: Permission, *, files: bool = False
) -> Callable[[RouteCallable], RouteCallable]:
    """Give the view its case: no seat is 404, a seat that may not do this is 403."""

    def decorate(view: RouteCallable) -> RouteCallable:
        @functools.wraps(view)
        def guarded(case_id: UUID, **given: Any) -> ResponseReturnValue:
            case = open_case(database_session(), current(), case_id)
            if not policy.seat_may(case.seat, permission):
                raise ForbiddenError(NOT_YOURS)
            if files:
                accept_files(case.id)
            check_forgery()
            for watch in current_app.extensions["casefile.look_watchers"]:
                watch(case, request.path, given)
            return view(case=_after_chores(case), **given)  # type: ignore[return-value]

        return set_mark(guarded, Mark("case", permission))

    return decorate


def _after_chores(case: OpenCase) -> OpenCase:
    """Do what the case waits for, and return it as it is then. Failing keeps nobody from the case."""
    wait, run = current_app.extensions["casefile.chores"]
    if not wait(case):
        return case
    try:
        with unit_of_work() as uow:
            run(uow, case)
    except CasefileError as error:
        log.warning("chores_failed", extra={"error": type(error).__name__, "case": str(case.id)})
        return case
    database_session().rollback()
    return open_case(database_session(), current(), case.id)


def do_chores(case_ids: Sequence[UUID]) -> None:
    """Do what these cases of whoever visits wait for."""
    for case_id in case_ids:
        with suppress(NotFoundError, DamagedError):
            _after_chores(open_case(database_session(), current(), case_id))


def install(
    app: Flask,
    wait: Callable[[OpenCase], bool],
    run: Callable[[UnitOfWork, OpenCase], object],
    watchers: Sequence[Callable[[OpenCase, str, Mapping[str, Any]], object]] = (),
) -> None:
    """Keep opened keys at the end of each request, and say what a case may wait for at its start.

    `watchers` are told of every look at a case that is let through.
    """
    app.extensions["casefile.look_watchers"] = watchers
    app.extensions["casefile.chores"] = wait, run
    app.after_request(keep_opened_keys)
