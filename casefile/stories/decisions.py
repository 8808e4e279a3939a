"""Decisions: who moves a story on, apart from whom, bound to exactly what it said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from casefile import policy
from casefile.cases import service as cases
from casefile.cases.models import CaseSeat
from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.policy import Permission, Seat
from casefile.stories import assignments, keeping, moments, rulebook, signing, telling
from casefile.stories.authors import authors_of, check_apart
from casefile.stories.content import texts_only
from casefile.stories.records import DECISION, PUBLICATION, Publication
from casefile.stories.rules import (
    APPROVED,
    FACT_CHECK,
    LEGAL,
    READY,
    STEPS,
    Rules,
    Step,
)
from casefile.stories.standing import Standing, examine
from casefile.stories.supports import look_up

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.stories.keeping import Held
    from casefile.stories.parts import Part, Whole
    from casefile.uow import UnitOfWork

NOT_THERE_NOW = "The story is not where this step begins. Look at where it stands now."
NEEDS_REASON = "Say why. Whoever reads the history later has only this."
NOTHING_BLOCKS = "Nothing blocks this story, so there is nothing to override. Approve it."
NOT_OVERRIDABLE = (
    "Something that blocks cannot be vouched for by anybody, because it cannot be read or is not there. "
    "It stands in the list."
)
LEGAL_REQUIRED = "In this newsroom every story goes past the lawyer. Send it there."
NOT_YOURS_NOW = "Only those who decide about stories can take one back from here."


class MovedOnError(ConflictError):
    """Somebody decided or changed something first. Nothing was decided twice."""

    def __init__(self, whole: Whole, changed: list[str]) -> None:
        super().__init__("This story moved on while you were deciding. Nothing was decided.")
        self.whole = whole
        self.changed = changed


class BlockedError(InvalidError):
    """Something still blocks."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(
            "Something still blocks this story. Nothing was decided; the list says what is missing."
        )
        self.standing = standing


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants to decide, and what they had before them: version and content."""

    step: str
    version: int
    content: str
    reason: str = ""
    day: str = ""
    publication: Publication | None = None
    rules: str = ""
    """The stamp of the rules that the page showed."""


def decide(uow: UnitOfWork, case: OpenCase, story_id: UUID, ask: Ask) -> None:
    """Move a story on by one step, or refuse with the reason, changing nothing."""
    step, rules = STEPS[ask.step], _rules(uow)
    held = keeping.take(uow, case, step.permission, story_id)
    whole = held.whole
    cards = look_up(uow.session, case, whole.of("claim"))
    standing = examine(whole, cards, rules, uow.now)
    if whole.version != ask.version or whole.state not in step.before:
        raise MovedOnError(whole, [])
    if standing.content != ask.content:
        raise MovedOnError(whole, changed_since(whole, standing))
    if ask.rules and ask.rules != rules.stamp:
        raise MovedOnError(whole, ["rules"])
    _check_step(held, step, rules, ask)
    blocked = _check_gate(held, step, standing)
    told = {"after": step.after, "content": standing.content, "reason": ask.reason, "day": ask.day}
    partner = ""
    if step.name == "override":
        blocked = _vouched(standing)
    elif step.name == "approve" and blocked:
        partner = whole.of(DECISION)[-1].record.actor
    if step.name in {"approve", "correct"}:
        told["contents"] = standing.contents  # type: ignore[assignment]
    if step.gated or step.name == "override":
        told["rules"] = {**rules.told(), "edition": rules.edition}  # type: ignore[assignment]
    made = held.decide(action=step.name, blocked=tuple(blocked), partner=partner, **told)
    if ask.publication is not None:
        held.put(PUBLICATION, ask.publication)
    more = {"cleared": texts_only(standing.contents)} if step.name == "clear" else {}
    detail = {"reason": ask.reason} if ask.reason else None
    held.record(f"story.{step.done}", detail, **more)
    telling.mentioned(uow, case, whole, ask.reason, f"decision-{made.number}-", "/decisions/")
    assignments.settle(uow, case, whole, step.name)


def _rules(uow: UnitOfWork) -> Rules:
    anchor = uow.bundle.anchor if uow.bundle else b""
    return rulebook.in_force(uow.session, anchor, uow.resources.settings)


def _check_step(held: Held, step: Step, rules: Rules, ask: Ask) -> None:
    uow, whole = held.uow, held.whole
    if step.reason and not ask.reason.strip():
        raise InvalidError(NEEDS_REASON)
    if step.name == "pass" and rules.legal == "required":
        raise InvalidError(LEGAL_REQUIRED)
    if step.name == "return":
        wanted = {FACT_CHECK: Permission.STORY_CHECK, LEGAL: Permission.STORY_CLEAR}
        also = wanted.get(whole.state, Permission.STORY_DECIDE)
        if not policy.seat_may(held.case.seat, also):
            raise ForbiddenError(NOT_YOURS_NOW)
        cases.hold(uow, held.case, also)
    if step.apart:
        check_apart(uow.session, whole, UUID(held.actor))
    if ask.day:
        _check_day(held, date.fromisoformat(ask.day))
    if step.name == "publish":
        _check_approval(held)
        _check_embargo(held, ask)


def _check_gate(held: Held, step: Step, standing: Standing) -> list[str]:
    """Return what is overridden; BlockedError while anything else blocks."""
    if not step.gated:
        return []
    blocking = standing.blocking
    if step.name == "correct":
        blocking = [one for one in blocking if one.what != "not_cleared"]
    keys = {one.key for one in blocking}
    if not keys:
        return []
    allowed: set[str] = set()
    if step.name == "approve":
        allowed = set(_override(held, standing))
    elif step.name == "publish":
        approval = held.whole.decision("approve")
        allowed = set(approval.record.blocked) if approval else set()
    if not keys <= allowed:
        raise BlockedError(standing)
    return sorted(keys)


def _vouched(standing: Standing) -> list[str]:
    if not standing.blocking:
        raise ConflictError(NOTHING_BLOCKS)
    if not all(one.can_be_overridden for one in standing.blocking):
        raise InvalidError(NOT_OVERRIDABLE)
    return sorted(one.key for one in standing.blocking)


def standing_override(whole: Whole, content: str) -> Part | None:
    """Return the override that waits for its second editor: the last decision, on this content."""
    decisions = whole.of(DECISION)
    last = decisions[-1] if decisions else None
    if last is None or last.record is None or last.record.action != "override":
        return None
    return last if whole.state == READY and last.record.content == content else None


def _override(held: Held, standing: Standing) -> tuple[str, ...]:
    """Return what another editor has vouched for; that must be somebody else, still on the case."""
    last = standing_override(held.whole, standing.content)
    if last is None or last.record.actor == held.actor:
        return ()
    uow, first = held.uow, UUID(last.record.actor)
    if uow.bundle is None or not _still_decides(held, first):
        return ()
    anchor = uow.bundle.anchor
    if not signing.is_signed(uow.session, anchor, held.case.id, held.whole.id, last):
        return ()
    check_apart(uow.session, held.whole, first)
    check_apart(uow.session, held.whole, UUID(held.actor), first)
    blocked: tuple[str, ...] = last.record.blocked
    return blocked


def _still_decides(held: Held, person: UUID) -> bool:
    row = _seat_of(held.uow.session, held.case.id, person)
    if row is None or (row.ends_at is not None and row.ends_at <= held.uow.now):
        return False
    return policy.seat_may(Seat(row.role), Permission.STORY_DECIDE)


def _seat_of(session: Session, case_id: UUID, person: UUID) -> Any:
    wanted = CaseSeat.case_id == case_id, CaseSeat.user_id == person
    return session.execute(select(CaseSeat.role, CaseSeat.ends_at).where(*wanted)).first()


def _could_decide(session: Session, case_id: UUID, person: UUID) -> bool:
    """Say whether this seat is one that decides. Who has left the case decided while they were on it."""
    row = _seat_of(session, case_id, person)
    return row is None or policy.seat_may(Seat(row.role), Permission.STORY_DECIDE)


def changed_since(whole: Whole, standing: Standing) -> list[str]:
    """Name what is not as it was when the story was last approved or corrected."""
    last = whole.decision("approve", "correct")
    before = last.record.contents if last else {}
    now = standing.contents
    if not before:
        return []
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def approval_holds(session: Session, anchor: bytes, whole: Whole, content: str) -> bool:
    """Say whether an approved story was signed for by whoever approved it, as it is now."""
    approval = whole.decision("approve")
    return (
        whole.sound
        and approval is not None
        and approval.record.content == content
        and signing.is_signed(session, anchor, whole.case_id, whole.id, approval)
        and UUID(approval.record.actor) not in authors_of(session, whole)
        and _could_decide(session, whole.case_id, UUID(approval.record.actor))
    )


def _check_approval(held: Held) -> None:
    """Raise MovedOnError unless the approval is signed, of this content, and not by an author."""
    uow, whole = held.uow, held.whole
    cards = look_up(uow.session, held.case, whole.of("claim"))
    standing = examine(whole, cards, _rules(uow), uow.now)
    anchor = uow.bundle.anchor if uow.bundle else b""
    last = whole.decision("approve", "void", "return", "spike")
    if last is None or last.record.action != "approve" or last.record.after != APPROVED:
        raise MovedOnError(whole, [])
    if not approval_holds(uow.session, anchor, whole, standing.content):
        raise MovedOnError(whole, changed_since(whole, standing))


def _check_day(held: Held, day: date) -> None:
    """Refuse a correction or retraction dated before the story came out or later than today."""
    moments.check_past_day(day, held.uow.now, "That day has not come yet.")
    out = [moments.read(part.record.at) for part in held.whole.of(PUBLICATION) if part.record]
    first = min((at for at in out if at is not None), default=None)
    if first is not None and day < (first - moments.WESTERNMOST).date():
        msg = "The story had not come out on that day yet."
        raise InvalidError(msg)


def _check_embargo(held: Held, ask: Ask) -> None:
    published = moments.read(ask.publication.at) if ask.publication else None
    if published is None:
        msg = "Say where and when it came out."
        raise InvalidError(msg)
    moments.check_past(published, held.uow.now, "It cannot have come out later than now.")
    embargo = moments.read(held.whole.head.embargo)
    if embargo is not None and (published < embargo or held.uow.now < embargo):
        msg = "The embargo is not over. Changing it is a change of the story and takes a new approval."
        raise InvalidError(msg)
