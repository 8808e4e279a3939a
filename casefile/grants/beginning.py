"""How an application begins: an open call for everybody, or a link for one."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import func, select

from casefile.errors import ConflictError, NotFoundError
from casefile.grants import calls, codenames, keeping, sealed
from casefile.grants.application_models import Application
from casefile.grants.applying import APPLICATION_LINK, INVITATION_LINK, NO_LINK, closed_message
from casefile.grants.call_models import Call, CallInvitation
from casefile.grants.states import ApplicationState, CallState, Entry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import Resources, UnitOfWork

LINK_BYTES = 32
SHOWN = 100


def invite(uow: UnitOfWork, call_id: UUID, name: str, days: int) -> str:
    """Make a link that lets somebody begin one application; it is shown once."""
    keeping.held(uow, Call, call_id)
    token = secrets.token_urlsafe(LINK_BYTES)
    row = CallInvitation(
        call_id=call_id,
        name=name,
        token_digest=sealed.link_digest(uow.resources, INVITATION_LINK, token),
        expires_at=uow.now + timedelta(days=days),
    )
    keeping.add(uow, row, "applicant.invited")
    return token


def withdraw_invitation(uow: UnitOfWork, call_id: UUID, row_id: UUID, reason: str) -> None:
    row = keeping.held(uow, CallInvitation, row_id, call_id=call_id)
    keeping.void(uow, row, "applicant.uninvited", reason)


def invitation(
    session: Session, resources: Resources, token: str
) -> tuple[CallInvitation, Call] | None:
    """Return the open invitation behind a link, and its call; None when there is none."""
    digest = sealed.link_digest(resources, INVITATION_LINK, token)
    row = session.scalars(
        select(CallInvitation).where(CallInvitation.token_digest == digest)
    ).one_or_none()
    if row is None or row.voided_at or row.used_at or row.expires_at <= resources.clock():
        return None
    return row, keeping.get(session, Call, row.call_id)


def begin(uow: UnitOfWork, call_id: UUID, invited: str | None = None) -> tuple[Application, str]:
    """Begin an empty draft and return it with its link, which is kept nowhere else."""
    call = keeping.held(uow, Call, call_id)
    calls.settle(uow, call)
    state = calls.standing(call, uow.now)
    if state == CallState.CLOSED:
        raise ConflictError(closed_message(call))
    if not calls.may_begin(call, uow.now):
        msg = "This call is not open. Come back when it is; nothing was saved."
        raise ConflictError(msg)
    used = invitation(uow.session, uow.resources, invited) if invited else None
    if (used is None or used[0].call_id != call.id) and (invited or call.entry != Entry.PUBLIC):
        raise NotFoundError(NO_LINK)
    token = secrets.token_urlsafe(LINK_BYTES)
    row = _empty(uow, call, sealed.link_digest(uow.resources, APPLICATION_LINK, token))
    if used is not None:
        used[0].used_at, row.applicant = uow.now, used[0].name
        row.invitation_id = used[0].id
    keeping.add(uow, row, "application.begun")
    return row, token


def _empty(uow: UnitOfWork, call: Call, digest: bytes) -> Application:
    last = uow.session.scalar(
        select(func.max(Application.number)).where(Application.call_id == call.id)
    )
    taken = set(
        uow.session.scalars(select(Application.codename).where(Application.call_id == call.id))
    )
    row_id = uuid4()
    return Application(
        id=row_id,
        call_id=call.id,
        number=(last or 0) + 1,
        codename=codenames.make_new(taken),
        state=ApplicationState.DRAFT,
        capability_digest=digest,
        applicant="",
        legal_form="",
        kind="",
        title="",
        summary="",
        currency=call.currency,
        regions=[],
        place="",
        answers={},
        form_version=call.form_version,
        record=sealed.seal(uow.resources, "application", row_id, "record", {}),
        revision=0,
    )


def open_calls(session: Session, now: datetime) -> Sequence[Call]:
    """Return the calls everybody may apply to now or soon, the one that closes first at the top."""
    rows = session.scalars(
        select(Call)
        .where(
            Call.entry == Entry.PUBLIC,
            Call.state.in_([CallState.PUBLISHED, CallState.OPEN]),
            Call.closes_at > now,
            Call.voided_at.is_(None),
        )
        .order_by(Call.closes_at)
        .limit(SHOWN)
    )
    return rows.all()


def public_call(session: Session, code: str) -> Call:
    """Return a call that everybody may read. NotFoundError for drafts and calls by invitation."""
    row = session.scalars(select(Call).where(Call.code == code)).one_or_none()
    hidden = row is None or row.entry != Entry.PUBLIC or row.state == CallState.DRAFT
    if row is None or hidden or row.voided_at is not None:
        raise keeping.missing()
    return row
