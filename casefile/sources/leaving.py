"""What becomes of a source when one of its handlers loses a seat, travels or begins anew.

Nothing is lost silently: whoever is the last to hold a source's key keeps it until they have handed it
over, and when their seat ended by itself the key waits for them to come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from casefile import audit
from casefile.cases.models import Case
from casefile.errors import CasefileError, ConflictError
from casefile.policy import Permission, Seat, seat_may
from casefile.sources import identities, opening, roster
from casefile.sources.models import Source, SourceGrant, SourceHandler

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.sources.roster import HandlerView
    from casefile.uow import UnitOfWork


def seat_goes(
    uow: UnitOfWork, case: OpenCase, user_ids: Collection[UUID], *, ended: bool = False
) -> None:
    """Take the keys of sources from people who lose their seats on a case.

    Raises ConflictError when a source would be left without anybody; where the seats `ended` by
    themselves, such a handler keeps the key, which opens nothing without a seat.
    """
    for source, handlers in _handled(uow, case.id, user_ids):
        staying = [one for one in handlers if one.user_id not in user_ids]
        going = [one for one in handlers if one.user_id in user_ids]
        if not any(one.able for one in staying) and _holds_key(uow, source, going):
            if ended:
                continue
            raise ConflictError(_last(going, identities.codename(case, source)))
        for one in going:
            _drop(uow, source, one.user_id)
            audit.record(
                uow,
                "source.handler_dropped",
                subject_id=source.id,
                case=case,
                detail={"label": identities.codename(case, source), "person": one.name},
            )


def role_changes(uow: UnitOfWork, case: OpenCase, user_id: UUID, role: Seat) -> None:
    """Take the keys of sources from somebody whose new seat does not handle any."""
    if not seat_may(role, Permission.SOURCE_HANDLE):
        seat_goes(uow, case, {user_id})


def departs(uow: UnitOfWork, cases: Sequence[OpenCase], user_id: UUID, until: datetime) -> None:
    """Give up the keys of every source for a journey.

    Until when is sealed in each source's list, so a row changed in the database brings nobody
    back. Raises ConflictError when a source would have nobody else until the return.
    """
    by_id = {case.id: case for case in cases}
    stuck = []
    for source, handlers in _handled(uow, None, {user_id}):
        mine = [one for one in handlers if one.user_id == user_id]
        case = by_id.get(source.case_id)
        others = [one for one in handlers if one.user_id != user_id]
        if not _holds_key(uow, source, mine):
            continue
        if not any(roster.stays(one, until) for one in others):
            stuck.append(_named(uow, case, source))
        elif case is not None:
            _mark_away(uow, case, source, until)
    if stuck:
        msg = (
            f"Nobody else could open the identity of {', '.join(sorted(stuck))} until you are back. "
            "Add a handler on the source's page whose seat lasts that long, then try again. Nothing "
            "was changed."
        )
        raise ConflictError(msg)
    uow.session.execute(delete(SourceGrant).where(SourceGrant.user_id == user_id))


def _mark_away(uow: UnitOfWork, case: OpenCase, source: Source, until: datetime) -> None:
    me = opening.holder_of(uow)
    try:
        opened = opening.open_source(uow.session, case, me, source, listed=True)
    except CasefileError:
        return  # what cannot be opened gives nothing back either
    mine = opened.handlers[me.user_id]
    handlers = {**opened.handlers, me.user_id: mine._replace(away=until)}
    opening.seal_list(source, opened.newest, handlers, opened.proofs)
    uow.session.flush()
    audit.record(
        uow,
        "source.handler_departed",
        subject_id=source.id,
        case=case,
        detail={
            "label": identities.codename(case, source),
            **opening.witnessed(source, opened.newest),
        },
    )


def begins_anew(uow: UnitOfWork, user_id: UUID) -> None:
    """Drop what was sealed to keys that a person no longer has. They stay a handler by name."""
    uow.session.execute(delete(SourceGrant).where(SourceGrant.user_id == user_id))


def _handled(
    uow: UnitOfWork, case_id: UUID | None, user_ids: Collection[UUID]
) -> list[tuple[Source, list[HandlerView]]]:
    wanted = (
        select(Source)
        .where(
            Source.shredded_at.is_(None),
            Source.id.in_(
                select(SourceHandler.source_id).where(SourceHandler.user_id.in_(user_ids))
            ),
        )
        .order_by(Source.id)
    )
    if case_id is not None:
        wanted = wanted.where(Source.case_id == case_id)
    sources = uow.session.scalars(wanted).all()
    handlers = roster.of_sources(uow.session, [source.id for source in sources], uow.now)
    return [(source, handlers[source.id]) for source in sources]


def _holds_key(uow: UnitOfWork, source: Source, people: Sequence[HandlerView]) -> bool:
    return (
        uow.session.scalar(
            select(SourceGrant.user_id)
            .where(
                SourceGrant.source_id == source.id,
                SourceGrant.generation == source.key_generation,
                SourceGrant.user_id.in_([one.user_id for one in people]),
            )
            .limit(1)
        )
        is not None
    )


def _drop(uow: UnitOfWork, source: Source, user_id: UUID) -> None:
    for table in (SourceGrant, SourceHandler):
        uow.session.execute(
            delete(table).where(table.source_id == source.id, table.user_id == user_id)
        )


def _last(going: Sequence[HandlerView], codename: str) -> str:
    return (
        f"Nobody but {_people(going)} can open the identity of the source {codename}, and it would be lost. "
        "Have them hand the source over on its page, or shred it there, then try again. Nothing was "
        "changed."
    )


def _people(people: Sequence[HandlerView]) -> str:
    return ", ".join(one.name for one in people)


def _named(uow: UnitOfWork, case: OpenCase | None, source: Source) -> str:
    if case is not None:
        return identities.codename(case, source)
    return uow.session.get_one(Case, source.case_id).codename
