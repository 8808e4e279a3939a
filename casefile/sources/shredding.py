"""Shredding: every key to a source is destroyed, and what was sealed with it; a tombstone stays."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy import delete

from casefile import audit, db
from casefile.cases import service as cases
from casefile.errors import ForbiddenError, InvalidError
from casefile.policy import Permission
from casefile.sources import opening, service, witness
from casefile.sources.models import SourceContact, SourceGrant, SourceIdentity

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.sources.service import SourceView
    from casefile.uow import UnitOfWork


def may_shred(
    session: Session, case: OpenCase, source_id: UUID, user_id: UUID, now: datetime
) -> SourceView:
    """Return a source that this person may shred: a handler with a key, or one whom nobody can help.

    Raises ForbiddenError for anybody else, ConflictError when it was shredded.
    """
    view = service.get(session, case, source_id, now)
    opening.refuse_shredded(service.row(session, case, source_id))
    mine = next((one for one in view.handlers if one.user_id == user_id), None)
    if mine is None:
        raise ForbiddenError(opening.NOT_A_HANDLER)
    if view.openable and not mine.able:
        raise ForbiddenError(opening.CLOSED_TO_YOU)
    return view


def shred(uow: UnitOfWork, case: OpenCase, source_id: UUID, typed: str) -> None:
    """Destroy the identity, the contact log and every key of a source.

    What stays is the codename, how it was protected, what it may be quoted for, and what was
    agreed. Raises InvalidError unless `typed` is the codename, ForbiddenError for who is no handler.
    """
    change = cases.hold(uow, case, Permission.SOURCE_HANDLE)
    me = opening.holder_of(uow)
    view = may_shred(uow.session, case, source_id, me.user_id, uow.now)
    source = service.row(uow.session, case, source_id)
    if typed.strip().casefold() != view.codename:
        msg = "That is not the codename of this source. Nothing was shredded."
        raise InvalidError(msg)
    for table in (SourceGrant, SourceIdentity, SourceContact):
        uow.session.execute(delete(table).where(table.source_id == source.id))
    source.manifest = source.origin = b""
    source.shredded_at = source.changed_at = uow.now
    source.shredded_by_id = me.user_id
    source.version = 1 + max(source.version, witness.of(uow.session, source.id).saved)
    source.change_number = change
    about = service.About(view.protection, quotable=view.about.quotable)
    service.seal_record(case, source, view.codename, about)
    uow.session.flush()
    audit.record(
        uow,
        "source.shredded",
        subject_id=source.id,
        case=case,
        detail={"label": view.codename},
    )
    resources = uow.resources
    uow.after_commit(lambda: resources.index.forget(source_id))
    # Rows are overwritten where they lay; emptying the log of the database waits for nobody's page.
    uow.after_commit(
        lambda: threading.Thread(
            target=db.checkpoint, args=(resources.database,), daemon=True
        ).start()
    )
