"""Who handles a source: adding, handing over, taking off, and giving back what a journey took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete

from casefile import audit, keys
from casefile.accounts import service as accounts
from casefile.cases import seats
from casefile.cases.away import travelling_on
from casefile.errors import (
    CasefileError,
    ConflictError,
    DamagedError,
    InvalidError,
    NotFoundError,
)
from casefile.policy import Permission, seat_may
from casefile.sources import identities, opening, roster, service
from casefile.sources.models import SourceGrant, SourceHandler
from casefile.sources.opening import Named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.cases.seats import Member
    from casefile.sources.models import Source
    from casefile.sources.opening import Holder, OpenSource
    from casefile.sources.roster import HandlerView
    from casefile.uow import UnitOfWork


class Examined(NamedTuple):
    """What a handler's own key tells of the list: opened or why not, and what does not agree."""

    opened: OpenSource | None
    problems: Sequence[str]


def examine(
    session: Session, case: OpenCase, me: Holder, source: Source, views: Sequence[HandlerView]
) -> Examined:
    """Hold the rows of a source's handlers against the sealed list, if one has a key to it."""
    try:
        opened = opening.open_source(session, case, me, source, listed=True)
    except DamagedError as error:
        return Examined(None, [error.message])
    except CasefileError:
        return Examined(None, [])
    return Examined(opened, warnings(opened, views))


def open_for(uow: UnitOfWork, case: OpenCase, source_id: UUID) -> tuple[Source, OpenSource]:
    """Return a source and its keys for one of its handlers who is about to change something."""
    source = service.row(uow.session, case, source_id)
    me = opening.holder_of(uow)
    listed = service.get(uow.session, case, source_id, uow.now).handled_by(me.user_id)
    return source, opening.open_source(uow.session, case, me, source, listed=listed)


class Candidate(NamedTuple):
    """Somebody on the case who could be made a handler."""

    user_id: UUID
    name: str


def candidates(
    session: Session, case: OpenCase, handlers: Iterable[HandlerView], now: datetime
) -> list[Candidate]:
    """Return who on the case might handle a source and does not yet."""
    taken = {handler.user_id for handler in handlers}
    return [
        Candidate(seat.user_id, seat.name)
        for seat in seats.listed(session, case, now)
        if seat.user_id not in taken
        and seat_may(seat.role, Permission.SOURCE_HANDLE)
        and not seat.expired
        and seat.travel_until is None
    ]


def add(uow: UnitOfWork, case: OpenCase, source: Source, opened: OpenSource, user_id: UUID) -> None:
    """Make somebody on the case a handler: they get every key of the source.

    Raises InvalidError for somebody who cannot take it, ConflictError for a handler.
    """
    opening.touch(uow, case, source, Permission.SOURCE_HANDLE)
    member = _member(uow, case, user_id)
    if user_id in opened.handlers:
        msg = "They are a handler of this source already. Nothing was changed."
        raise ConflictError(msg)
    _forget(uow, source, user_id)
    uow.session.add(
        SourceHandler(
            source_id=source.id, user_id=user_id, added_by_id=uow.actor_id, added_at=uow.now
        )
    )
    opening.grant(uow, user_id, member.public, opened.keys.values())
    handlers = {**opened.handlers, user_id: Named(member.public.fingerprint().hex())}
    _list(uow, source, opened.newest, handlers, opened.proofs)
    audit.record(
        uow,
        "source.handler_added",
        subject_id=source.id,
        case=case,
        detail=_detail(uow, case, source, opened.newest, user_id),
    )


def _member(uow: UnitOfWork, case: OpenCase, user_id: UUID) -> Member:
    """Return somebody whose keys the case's sealed list names and who may take a source's key."""
    found = [member for member in seats.members_of(uow, case) if member.user_id == user_id]
    if not found or (found[0].ends_at is not None and found[0].ends_at <= uow.now):
        msg = "They have no seat on this case. Give them one under Members, then add them here."
        raise InvalidError(msg)
    member = found[0]
    if not seat_may(member.role, Permission.SOURCE_HANDLE):
        msg = (
            "Their seat is not one that handles sources: leads, editors and reporters do. Change the "
            "seat under Members first."
        )
        raise InvalidError(msg)
    if not member.current:
        msg = "They have new keys. Restore their access to the case under Members first."
        raise InvalidError(msg)
    if user_id in travelling_on(uow, case):
        msg = "They are travelling and take no keys. Add them when they are back."
        raise InvalidError(msg)
    return member


def remove(
    uow: UnitOfWork, case: OpenCase, source: Source, opened: OpenSource, user_id: UUID
) -> None:
    """Take a handler off at once; what is written afterwards has a key they never held.

    Raises NotFoundError for somebody who is none, ConflictError when nobody could open it then.
    """
    opening.touch(uow, case, source, Permission.SOURCE_HANDLE)
    if user_id not in opened.handlers:
        msg = "They are no handler of this source any more. Nothing was changed."
        raise NotFoundError(msg)
    staying = [one for one in roster.of(uow.session, source.id, uow.now) if one.user_id != user_id]
    if not any(one.able and one.user_id in opened.handlers for one in staying):
        msg = (
            "Nobody else could open the identity then, and it would be lost. Add another handler "
            "first, or shred the source."
        )
        raise ConflictError(msg)
    _forget(uow, source, user_id)
    detail = _renew(uow, case, source, opened, gone={user_id})
    audit.record(
        uow,
        "source.handler_removed",
        subject_id=source.id,
        case=case,
        detail={**detail, **_person(uow, user_id)},
    )


def hand_over(
    uow: UnitOfWork, case: OpenCase, source: Source, opened: OpenSource, user_id: UUID
) -> None:
    """Make somebody a handler and take oneself off, in one change."""
    add(uow, case, source, opened, user_id)
    me = opening.holder_of(uow)
    again = opening.open_source(uow.session, case, me, source, listed=True)
    remove(uow, case, source, again, me.user_id)


def restore(
    uow: UnitOfWork, case: OpenCase, source: Source, opened: OpenSource, user_id: UUID
) -> None:
    """Give a handler with new keys, or one back early from a journey, the keys again.

    Raises NotFoundError for somebody who is no handler, ConflictError when they lack nothing.
    """
    opening.touch(uow, case, source, Permission.SOURCE_HANDLE)
    if user_id not in opened.handlers:
        msg = "They are no handler of this source any more. Nothing was changed."
        raise NotFoundError(msg)
    views = {one.user_id: one for one in roster.of(uow.session, source.id, uow.now)}
    if user_id not in views or views[user_id].able:
        msg = "They have access already. Nothing was changed."
        raise ConflictError(msg)
    member = _member(uow, case, user_id)
    _give_back(uow, source, opened, {user_id: member.public})
    audit.record(
        uow,
        "source.handler_restored",
        subject_id=source.id,
        case=case,
        detail=_detail(uow, case, source, opened.newest, user_id),
    )


def _give_back(
    uow: UnitOfWork,
    source: Source,
    opened: OpenSource,
    people: Mapping[UUID, keys.PublicKeys],
) -> None:
    handlers = dict(opened.handlers)
    for user_id, public in people.items():
        uow.session.execute(
            delete(SourceGrant).where(
                SourceGrant.source_id == source.id, SourceGrant.user_id == user_id
            )
        )
        opening.grant(uow, user_id, public, opened.keys.values())
        handlers[user_id] = Named(public.fingerprint().hex())
    _list(uow, source, opened.newest, handlers, opened.proofs)


def tend(uow: UnitOfWork, case: OpenCase, source: Source, opened: OpenSource) -> None:
    """Do what the source waits for and only a handler can: a new key after somebody has left the
    case, and the keys for whoever is back from a journey.
    """
    me = opening.holder_of(uow)
    views = {one.user_id: one for one in roster.of(uow.session, source.id, uow.now)}
    gone = set(opened.handlers) - set(views)
    if me.user_id in gone:  # the sealed list is right, and the row was taken out past it
        uow.session.add(
            SourceHandler(
                source_id=source.id, user_id=me.user_id, added_by_id=me.user_id, added_at=uow.now
            )
        )
        gone.discard(me.user_id)
    if gone:
        detail = _renew(uow, case, source, opened, gone=gone)
        audit.record(uow, "source.key_renewed", subject_id=source.id, case=case, detail=detail)
        opened = opening.open_source(uow.session, case, me, source, listed=True)
    back = _returned(uow, case, opened, views)
    if back:
        _give_back(uow, source, opened, back)
        detail = _detail(uow, case, source, opened.newest, *back)
        audit.record(uow, "source.handler_returned", subject_id=source.id, case=case, detail=detail)


def waits(opened: OpenSource, views: Iterable[HandlerView], now: datetime) -> bool:
    """Say whether there is something for `tend` to do."""
    by_id = {one.user_id: one for one in views}
    return bool(set(opened.handlers) - set(by_id)) or any(
        one.state == "no_key" and _is_back(opened, one.user_id, now) for one in by_id.values()
    )


def _is_back(opened: OpenSource, user_id: UUID, now: datetime) -> bool:
    named = opened.handlers.get(user_id)
    return named is not None and named.away is not None and named.away <= now


def _returned(
    uow: UnitOfWork, case: OpenCase, opened: OpenSource, views: Mapping[UUID, HandlerView]
) -> dict[UUID, keys.PublicKeys]:
    """Return whose sealed day is over, who hold no key and have the keys they had before."""
    waiting = [
        one.user_id
        for one in views.values()
        if one.state == "no_key" and _is_back(opened, one.user_id, uow.now)
    ]
    members = {m.user_id: m for m in seats.members_of(uow, case)} if waiting else {}
    return {
        user_id: members[user_id].public
        for user_id in waiting
        if user_id in members
        and members[user_id].current
        and members[user_id].public.fingerprint().hex() == opened.handlers[user_id].fingerprint
    }


def _renew(
    uow: UnitOfWork, case: OpenCase, source: Source, opened: OpenSource, *, gone: set[UUID]
) -> dict[str, Any]:
    """Make the next generation of the key for whoever stays; returns what the entry says."""
    fresh = keys.SourceKey(source.id, opened.generation + 1, keys.random_key())
    handlers = {who: named for who, named in opened.handlers.items() if who not in gone}
    members = {member.user_id: member for member in seats.members_of(uow, case)}
    able = {one.user_id for one in roster.of(uow.session, source.id, uow.now) if one.able}
    for user_id, named in handlers.items():
        member = members.get(user_id)
        if (
            member is not None
            and user_id in able
            and member.current
            and member.public.fingerprint().hex() == named.fingerprint
        ):
            opening.grant(uow, user_id, member.public, [fresh])
    _list(uow, source, fresh, handlers, [*opened.proofs, fresh.after(opened.newest)])
    return {
        "label": identities.codename(case, source),
        **opening.witnessed(source, fresh),
    }


def _list(
    uow: UnitOfWork,
    source: Source,
    key: keys.SourceKey,
    handlers: Mapping[UUID, Named],
    proofs: Sequence[str],
) -> None:
    opening.seal_list(source, key, handlers, proofs)
    source.sealed_change += 1
    uow.session.flush()


def _forget(uow: UnitOfWork, source: Source, user_id: UUID) -> None:
    for table in (SourceGrant, SourceHandler):
        uow.session.execute(
            delete(table).where(table.source_id == source.id, table.user_id == user_id)
        )


def _detail(
    uow: UnitOfWork, case: OpenCase, source: Source, key: keys.SourceKey, *people: UUID
) -> dict[str, Any]:
    return {
        "label": identities.codename(case, source),
        **opening.witnessed(source, key),
        **_person(uow, *people),
    }


def _person(uow: UnitOfWork, *people: UUID) -> dict[str, str]:
    names = accounts.names(uow.session, people)
    return {"person": ", ".join(names.get(user_id, "") for user_id in people)}


def warnings(opened: OpenSource, views: Sequence[HandlerView]) -> list[str]:
    """Say where rows and sealed list do not agree."""
    return [
        f"{one.name} stands in the database as a handler, but the sealed list does not name them. "
        "Somebody wrote it there; it opens nothing. Tell the administrator."
        for one in views
        if one.user_id not in opened.handlers
    ]
