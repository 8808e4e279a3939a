"""Calls: written as drafts, frozen when they open, closed by the clock, never shortened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from casefile import audit
from casefile.accounts.models import User
from casefile.accounts.service import roles_of
from casefile.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from casefile.grants import keeping, questions
from casefile.grants.application_models import Application
from casefile.grants.call_models import Call, CallForm, CallReviewer, Criterion
from casefile.grants.models import FundingAgreement, Programme
from casefile.grants.programmes import CODE_TAKEN, fill
from casefile.grants.states import CALL_MOVES, ApplicationState, CallState
from casefile.policy import Permission, roles_may
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.grants.questions import Question
    from casefile.uow import Resources

WHOLE = 100
MOST_CRITERIA = 20
FROZEN = (
    "The call has opened: form, criteria and terms stay as the first applicant read them. "
    "Only the deadline can still move, and only later."
)
LATER_ONLY = "A deadline moves only later: somebody may have planned by the old one."
EDITABLE = frozenset({CallState.DRAFT, CallState.PUBLISHED})


def standing(call: Call, now: datetime) -> CallState:
    """Return the state a call is in by the clock. What has closed stays closed."""
    state = CallState(call.state)
    if state == CallState.PUBLISHED and call.opens_at and now >= call.opens_at:
        state = CallState.OPEN
    if state == CallState.OPEN and call.closes_at and now >= call.closes_at:
        state = CallState.CLOSED
    return state


def is_frozen(call: Call, now: datetime) -> bool:
    return call.frozen_at is not None or standing(call, now) not in EDITABLE


def settle(uow: UnitOfWork, call: Call) -> None:
    """Write down what the clock has done to a call since somebody last looked."""
    while (now_is := standing(call, uow.now)) != call.state:
        step = CallState.OPEN if call.state == CallState.PUBLISHED else now_is
        if step == CallState.OPEN:
            call.frozen_at = call.frozen_at or uow.now
        actor, uow.actor_id = uow.actor_id, None
        try:
            keeping.move(uow, call, step, CALL_MOVES, "call.moved")
        finally:
            uow.actor_id = actor


def due(session: Session, now: datetime) -> list[UUID]:
    """Return the calls that the clock has opened or closed and nobody has written it down."""
    rows = session.scalars(
        select(Call).where(
            Call.state.in_([CallState.PUBLISHED, CallState.OPEN]), Call.voided_at.is_(None)
        )
    )
    return [call.id for call in rows if standing(call, now) != call.state]


def settle_due(uow: UnitOfWork) -> int:
    """Open and close what is due; a timer calls this, and so does every page of a call."""
    found = due(uow.session, uow.now)
    for call_id in found:
        settle(uow, keeping.held(uow, Call, call_id))
    return len(found)


def settle_by_clock(resources: Resources) -> int:
    """Settle what is due, if anything is; the writer's turn is taken only then."""
    with resources.database.reading() as session:
        if not due(session, resources.clock()):
            return 0
    with UnitOfWork(resources, None) as uow:
        return settle_due(uow)


def create(uow: UnitOfWork, programme_id: UUID, values: Mapping[str, Any]) -> Call:
    """Begin a call of a programme, as a draft."""
    keeping.held(uow, Programme, programme_id)
    _check(uow, programme_id, values)
    row = Call(programme_id=programme_id, state=CallState.DRAFT, form_version=0, **values)
    try:
        keeping.add(uow, row, "call.created")
    except IntegrityError as error:
        raise ConflictError(CODE_TAKEN) from error
    return row


def _check(uow: UnitOfWork, programme_id: UUID, values: Mapping[str, Any]) -> None:
    opens, closes = values["opens_at"], values["closes_at"]
    if opens and closes and closes <= opens:
        msg = "The call closes before it opens. Change one of the two."
        raise InvalidError(msg)
    least, most, envelope = values["minimum"], values["maximum"], values["envelope"]
    if least is not None and most is not None and most < least:
        msg = "The largest amount is below the smallest one. Change one of the two."
        raise InvalidError(msg)
    if most is not None and envelope is not None and most > envelope:
        msg = "One award could be more than the whole envelope. Lower the largest amount."
        raise InvalidError(msg)
    if values["agreement_id"] is not None:
        keeping.live(
            uow.session, FundingAgreement, values["agreement_id"], programme_id=programme_id
        )


def editable(uow: UnitOfWork, call_id: UUID, base: int | None = None) -> Call:
    """Return a call whose terms may still change. ForbiddenError once it has opened."""
    call = keeping.held(uow, Call, call_id, base)
    if is_frozen(call, uow.now):
        raise ForbiddenError(FROZEN)
    return call


def save(uow: UnitOfWork, call_id: UUID, base: int, values: Mapping[str, Any]) -> None:
    """Change a call that has not opened. A published deadline moves only later."""
    call = editable(uow, call_id, base)
    _check(uow, call.programme_id, values)
    if _was_published(uow.session, call):
        if not values["closes_at"] or not values["opens_at"]:
            raise InvalidError(LATER_ONLY)
        if call.closes_at and values["closes_at"] < call.closes_at:
            raise InvalidError(LATER_ONLY)
        if call.closes_at != values["closes_at"]:
            _log_deadline(uow, call, values["closes_at"], "")
    fill(call, values)
    try:
        keeping.changed(uow, call, "call.changed")
    except IntegrityError as error:
        raise ConflictError(CODE_TAKEN) from error


def _was_published(session: Session, call: Call) -> bool:
    """Say whether somebody outside may have read the deadline, even if the call is a draft again."""
    return call.state == CallState.PUBLISHED or any(
        one.after == CallState.PUBLISHED for one in keeping.events(session, call.id)
    )


def form_of(session: Session, call: Call, version: int | None = None) -> list[Question]:
    """Return the questions of a call, as they are or as they were in a version."""
    row = session.get(CallForm, (call.id, call.form_version if version is None else version))
    return questions.opened(row.questions) if row else []


def save_form(uow: UnitOfWork, call_id: UUID, base: int, asked: Sequence[Question]) -> None:
    """Keep a new version of the questions; the one before stays."""
    call = editable(uow, call_id, base)
    call.form_version += 1
    uow.session.add(
        CallForm(
            call_id=call.id,
            version=call.form_version,
            questions=questions.kept(asked),
            sha256=questions.digest(asked),
            created_at=uow.now,
            created_by_id=uow.actor_id,
        )
    )
    keeping.changed(uow, call, "form.changed")


def criteria(session: Session, call_id: UUID) -> Sequence[Criterion]:
    return session.scalars(
        select(Criterion)
        .where(Criterion.call_id == call_id, Criterion.voided_at.is_(None))
        .order_by(Criterion.position)
    ).all()


def save_criteria(
    uow: UnitOfWork, call_id: UUID, base: int, given: Sequence[tuple[str, str, int]]
) -> None:
    """Put these in place of the criteria of a call: title, guidance, weight."""
    call = editable(uow, call_id, base)
    check_weights(given)
    for old in criteria(uow.session, call_id):
        old.voided_at, old.voided_by_id = uow.now, uow.actor_id
        old.voided_reason = "Another set of criteria was saved."
    for position, (title, guidance, weight) in enumerate(given, start=1):
        row = Criterion(
            call_id=call_id, position=position, title=title, guidance=guidance, weight=weight
        )
        keeping.add(uow, row, "criterion.added")
    keeping.changed(uow, call, "criteria.changed")


def check_weights(given: Sequence[tuple[str, str, int]]) -> None:
    """Raise InvalidError unless the weights are whole, above nought, and add up to 100."""
    if len(given) > MOST_CRITERIA:
        msg = f"Use at most {MOST_CRITERIA} criteria."
        raise InvalidError(msg)
    for title, _guidance, weight in given:
        if not 1 <= weight <= WHOLE:
            msg = f"The weight of “{title}” lies between 1 and 100."
            raise InvalidError(msg)
    whole = sum(weight for _title, _guidance, weight in given)
    if whole != WHOLE:
        msg = f"The weights add up to {whole}. Change them so that they add up to 100."
        raise InvalidError(msg)


def move(uow: UnitOfWork, call_id: UUID, base: int, to: CallState, reason: str) -> None:
    """Take a call to the next state that a person decides about: the clock opens and closes it."""
    call = keeping.held(uow, Call, call_id, base)
    settle(uow, call)
    if to in {CallState.OPEN, CallState.CLOSED, CallState.DECIDED}:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    if to == CallState.PUBLISHED:
        _check_publishable(uow, call)
    if to == CallState.UNDER_REVIEW:
        _check_sorted(uow, call)
    keeping.move(uow, call, to, CALL_MOVES, "call.moved", reason)


def _check_publishable(uow: UnitOfWork, call: Call) -> None:
    missing = []
    if not (call.opens_at and call.closes_at):
        missing.append("when it opens and closes")
    elif call.closes_at <= uow.now:
        missing.append("a deadline that has not passed")
    if not any((call.title_ky, call.title_ru, call.title_en)):
        missing.append("a title")
    if not call.form_version:
        missing.append("the questions of the form")
    if sum(row.weight for row in criteria(uow.session, call.id)) != WHOLE:
        missing.append("criteria whose weights add up to 100")
    if missing:
        msg = f"Before it can be published, the call needs {', '.join(missing)}."
        raise InvalidError(msg)


def _check_sorted(uow: UnitOfWork, call: Call) -> None:
    """The review begins when somebody has said of each application whether it is eligible."""
    waiting = uow.session.scalar(
        select(func.count())
        .select_from(Application)
        .where(
            Application.call_id == call.id,
            Application.state == ApplicationState.SUBMITTED,
            Application.voided_at.is_(None),
        )
    )
    if waiting:
        msg = f"{waiting} applications are neither eligible nor ineligible yet. Look at them first."
        raise InvalidError(msg)


def extend(uow: UnitOfWork, call_id: UUID, base: int, closes_at: datetime, reason: str) -> None:
    """Move the deadline of a published or open call later, with a reason."""
    call = keeping.held(uow, Call, call_id, base)
    if standing(call, uow.now) not in {CallState.PUBLISHED, CallState.OPEN}:
        msg = "The call is not open any more, so its deadline stays. Make another call."
        raise ConflictError(msg)
    settle(uow, call)
    if call.closes_at is None or closes_at <= call.closes_at:
        raise InvalidError(LATER_ONLY)
    _log_deadline(uow, call, closes_at, keeping.checked_reason(reason, wanted=True))
    call.closes_at = closes_at
    keeping.changed(uow, call, "deadline.moved")


def _log_deadline(uow: UnitOfWork, call: Call, to: datetime, reason: str) -> None:
    before = call.closes_at.isoformat() if call.closes_at else ""
    keeping.write_event(uow, call, "deadline", before, to.isoformat(), reason)


def reviewers(session: Session, call_id: UUID) -> Sequence[tuple[CallReviewer, str]]:
    rows = session.execute(
        select(CallReviewer, User.name)
        .join(User, User.id == CallReviewer.user_id)
        .where(CallReviewer.call_id == call_id, CallReviewer.voided_at.is_(None))
        .order_by(User.name)
    )
    return [(row.CallReviewer, row.name) for row in rows]


def add_reviewer(uow: UnitOfWork, call_id: UUID, user_id: UUID) -> None:
    """Ask somebody whose role includes reviewing to review the applications of a call."""
    keeping.held(uow, Call, call_id)
    if str(user_id) not in {one for one, _name in possible_reviewers(uow.session, uow.now)}:
        msg = "Choose a person who may review: a juror, a director or a grant manager."
        raise NotFoundError(msg)
    if is_reviewer(uow.session, call_id, user_id):
        msg = "This person reviews for this call already."
        raise ConflictError(msg)
    keeping.add(uow, CallReviewer(call_id=call_id, user_id=user_id), "reviewer.added")


def void_reviewer(uow: UnitOfWork, call_id: UUID, row_id: UUID, reason: str) -> None:
    row = keeping.held(uow, CallReviewer, row_id, call_id=call_id)
    keeping.void(uow, row, "reviewer.voided", reason)


def is_reviewer(session: Session, call_id: UUID, user_id: UUID | None) -> bool:
    return (
        session.scalar(
            select(CallReviewer.id).where(
                CallReviewer.call_id == call_id,
                CallReviewer.user_id == user_id,
                CallReviewer.voided_at.is_(None),
            )
        )
        is not None
    )


def possible_reviewers(session: Session, now: datetime) -> list[tuple[str, str]]:
    """Return everybody with an open account whose role includes reviewing."""
    rows = session.execute(
        select(User.id, User.name, User.roles)
        .where(User.disabled_at.is_(None), User.ends_at.is_(None) | (User.ends_at > now))
        .order_by(User.name)
    )
    return [
        (str(row.id), row.name)
        for row in rows
        if roles_may(roles_of(row.roles), Permission.REVIEW_WRITE)
    ]


def may_begin(call: Call, now: datetime) -> bool:
    return standing(call, now) == CallState.OPEN and call.voided_at is None


def note_list(uow: UnitOfWork, name: str) -> None:
    """Leave an entry that a list left the house as a file."""
    audit.record(uow, "list.exported", detail={"list": name})
