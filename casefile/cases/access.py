"""The only way to a case: by the seat of whoever asks, with the keys that seat was granted."""

from __future__ import annotations

import functools
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import g
from sqlalchemy import select

from casefile import keys, policy
from casefile.accounts.service import certified_keys
from casefile.cases.models import Case, CaseGrant, CaseSeat
from casefile.errors import DamagedError, ForbiddenError, NotFoundError
from casefile.policy import Permission, Seat
from casefile.web import (
    Mark,
    accept_files,
    check_forgery,
    current,
    database_session,
    resources,
    set_mark,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from flask import Flask, Response
    from flask.typing import ResponseReturnValue, RouteCallable
    from sqlalchemy.orm import Session

    from casefile.keys import CaseKey
    from casefile.uow import Resources
    from casefile.web import Visit

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
PACKED = 16 + 4 + 32


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
    record_version: int
    title: str
    summary: str
    keys: dict[int, CaseKey] = field(repr=False)

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


_COLUMNS = (
    Case.id,
    Case.codename,
    Case.status,
    Case.created_at,
    Case.changed_at,
    Case.generation,
    Case.change_number,
    Case.note_count,
    Case.evidence_count,
    Case.record,
    Case.record_generation,
    Case.record_version,
    Case.manifest,
    Case.manifest_generation,
    Case.manifest_version,
    CaseSeat.role,
    CaseSeat.ends_at,
)
SEATED = select(*_COLUMNS).join(CaseSeat, CaseSeat.case_id == Case.id)


def open_case(session: Session, opened: Visit, case_id: UUID) -> OpenCase:
    """Return this case for whoever visits.

    Raises NotFoundError without a seat (or when it ended), DamagedError when the seat is not
    the one the case's sealed manifest names.
    """
    row = session.execute(
        SEATED.where(Case.id == case_id, CaseSeat.user_id == opened.person.id)
    ).first()
    if row is None or (row.ends_at is not None and row.ends_at <= resources().clock()):
        raise NotFoundError(NO_CASE)
    case_keys = open_keys(session, opened, {row.id: row.generation}).get(row.id, {})
    if row.generation not in case_keys:
        raise NotFoundError(NO_CASE)
    manifest = open_manifest(row, case_keys)
    ends = row.ends_at.isoformat() if row.ends_at else None
    if manifest.get(str(opened.person.id), [None, None])[:2] != [row.role, ends]:
        raise DamagedError(TAMPERED)
    return _opened(row, case_keys)


def open_manifest(row: Any, case_keys: dict[int, keys.CaseKey]) -> dict[str, list[str | None]]:
    """Return the sealed list of seats: user id → role, end, fingerprint of the keys granted to."""
    if row.manifest_generation not in case_keys or row.manifest_generation != row.generation:
        raise DamagedError(TAMPERED)
    plain = case_keys[row.manifest_generation].open(
        row.manifest, "case", row.id, "manifest", row.manifest_version
    )
    seats = json.loads(plain)
    return seats if isinstance(seats, dict) else {}


def open_cases(session: Session, opened: Visit, rows: Sequence[Any]) -> list[OpenCase]:
    """Return these rows of SEATED as cases; one without a key is left out."""
    by_case = open_keys(session, opened, {row.id: row.generation for row in rows})
    return [
        _opened(row, by_case[row.id]) for row in rows if row.generation in by_case.get(row.id, {})
    ]


def _opened(row: Any, case_keys: dict[int, keys.CaseKey]) -> OpenCase:
    try:
        record = json.loads(
            case_keys[row.record_generation].open(
                row.record, "case", row.id, "record", row.record_version
            )
        )
    except (DamagedError, KeyError):
        record = {"title": DAMAGED, "summary": ""}
    return OpenCase(
        id=row.id,
        codename=row.codename,
        status=row.status,
        seat=Seat(row.role),
        seat_ends_at=row.ends_at,
        created_at=row.created_at,
        changed_at=row.changed_at,
        generation=row.generation,
        change_number=row.change_number,
        note_count=row.note_count,
        evidence_count=row.evidence_count,
        record_version=row.record_version,
        title=record["title"],
        summary=record["summary"],
        keys=case_keys,
    )


def open_keys(
    session: Session, opened: Visit, newest: Mapping[UUID, int]
) -> dict[UUID, dict[int, keys.CaseKey]]:
    """Return the keys granted to whoever visits, for cases given with their newest generation."""
    known = _known(opened)
    missing = {case_id for case_id, number in newest.items() if (case_id, number) not in known}
    if missing:
        _open_grants(session, opened, missing)
    found: dict[UUID, dict[int, keys.CaseKey]] = {}
    for (case_id, generation), key in known.items():
        if case_id in newest:
            found.setdefault(case_id, {})[generation] = key
    return found


def _open_grants(session: Session, opened: Visit, case_ids: set[UUID]) -> None:
    known = _known(opened)
    granters: dict[UUID, keys.PublicKeys | None] = {}
    grants = session.scalars(
        select(CaseGrant).where(
            CaseGrant.user_id == opened.person.id, CaseGrant.case_id.in_(case_ids)
        )
    )
    for grant in grants:
        place = (grant.case_id, grant.generation)
        if place in known:
            continue
        if grant.granter_id not in granters:
            granters[grant.granter_id] = _granter(session, opened, grant.granter_id)
        granter = granters[grant.granter_id]
        if granter is None:
            continue
        try:
            secret = keys.open_grant(
                opened.bundle,
                granter,
                case_id=grant.case_id,
                user_id=opened.person.id,
                generation=grant.generation,
                sealed=grant.sealed,
                signature=grant.signature,
            )
        except DamagedError:
            continue
        known[place] = keys.CaseKey(grant.case_id, grant.generation, secret)
        opened.case_keys_changed = True


def _granter(session: Session, opened: Visit, granter_id: UUID) -> keys.PublicKeys | None:
    try:
        return certified_keys(session, opened.bundle.anchor, granter_id)
    except DamagedError:
        return None


def _known(opened: Visit) -> dict[tuple[UUID, int], keys.CaseKey]:
    if opened.case_keys is None:
        opened.case_keys = _unseal(resources(), opened)
    return opened.case_keys


def _unseal(opened_resources: Resources, opened: Visit) -> dict[tuple[UUID, int], keys.CaseKey]:
    sealed = opened_resources.opened_keys.get(opened.session_id)
    if sealed is None:
        return {}
    try:
        plain = keys.unwrap(opened.cache_key, sealed, "case keys", opened.session_id)
    except DamagedError:
        return {}
    found = {}
    for start in range(0, len(plain), PACKED):
        case_id = uuid.UUID(bytes=plain[start : start + 16])
        generation = int.from_bytes(plain[start + 16 : start + 20], "big")
        secret = plain[start + 20 : start + PACKED]
        found[case_id, generation] = keys.CaseKey(case_id, generation, secret)
    return found


def keep_opened_keys(response: Response) -> Response:
    """Keep newly opened case keys for the session's next request, sealed to its cookie.

    Between requests the memory of the process holds no case key in clear.
    """
    opened = g.get("visit")
    if opened is None or not opened.case_keys_changed or opened.case_keys is None:
        return response
    plain = b"".join(
        case_id.bytes + generation.to_bytes(4, "big") + key.secret
        for (case_id, generation), key in opened.case_keys.items()
    )
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
            return view(case=case, **given)  # type: ignore[return-value]

        return set_mark(guarded, Mark("case", permission))

    return decorate


def install(app: Flask) -> None:
    """Keep opened keys at the end of each request."""
    app.after_request(keep_opened_keys)
