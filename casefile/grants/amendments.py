"""Amendments: a change of what was signed, agreed by two people, with what stood before beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, select

from casefile.errors import ConflictError, InvalidError
from casefile.grants import amended_milestones as ladder
from casefile.grants import awards, budgets, keeping, rules, teams
from casefile.grants.award_models import Award
from casefile.grants.award_states import AwardState
from casefile.grants.budget_models import Amendment, Budget
from casefile.grants.budget_states import (
    AMENDMENT_MOVES,
    NEEDS_WHY,
    AmendmentForm,
    AmendmentKind,
    AmendmentState,
    BudgetState,
)
from casefile.grants.money import HUNDRED, Money
from casefile.grants.separation import keep_apart
from casefile.notices import service as notices
from casefile.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from casefile.grants.amended_milestones import Change
    from casefile.uow import UnitOfWork

AMENDABLE: Final = frozenset(
    {AwardState.SIGNED, AwardState.ACTIVE, AwardState.SUSPENDED, AwardState.CLOSING}
)
NOT_SIGNED = "Only a signed award that has not ended is amended. A draft is simply changed."
MOVED_ON = (
    "The award has changed since this amendment was written, so it no longer says what stood before. "
    "Withdraw it and propose it anew."
)
TWO_PEOPLE = (
    "An amendment is agreed by two people: you wrote it or signed for the other side, so somebody "
    "else signs here. If nobody else may, an administrator can make a second person director."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an amendment is to change; only what belongs to its kind."""

    kind: AmendmentKind
    reason: str
    ends_on: date | None = None
    amount: Decimal | None = None
    milestones: Sequence[Change] = field(default_factory=tuple)
    budget_id: UUID | None = None


def propose(uow: UnitOfWork, award_id: UUID, wanted: Wanted) -> Amendment:
    """Write an amendment down. Nothing changes before two people have agreed to it."""
    award = keeping.held(uow, Award, award_id)
    _check_open(uow.session, award)
    reason = keeping.checked_reason(wanted.reason, wanted=True)
    after = _after(wanted)
    budget = _budget(uow.session, award, wanted)
    ladder.check(uow.session, _imagined(award, after), wanted.milestones)
    last = uow.session.scalar(
        select(func.max(Amendment.number)).where(Amendment.award_id == award.id)
    )
    row = Amendment(
        id=uuid4(),
        award_id=award.id,
        budget_id=budget.id if budget else None,
        number=(last or 0) + 1,
        kind=wanted.kind.value,
        form=form_of(uow.session, award, wanted.kind, budget).value,
        state=AmendmentState.PROPOSED.value,
        reason=reason,
        before={},
        after=after,
        proposed_by_id=uow.actor_id,
    )
    row.before = _before(uow.session, award, row)
    _check_terms(uow, award, row)
    keeping.add(uow, row, "amendment.proposed")
    keeping.write_event(uow, row, "state", "", AmendmentState.PROPOSED.value, reason)
    people = teams.who_may(uow.session, Permission.AWARD_APPROVE, uow.now)
    notices.tell(uow, people, "amendment.waits", thing_of(award, row))
    return row


def thing_of(award: Award, row: Amendment) -> notices.Thing:
    return notices.Thing(f"{award.codename} A{row.number}", f"/grants/amendments/{row.id}")


def _check_open(session: Session, award: Award) -> None:
    if award.state not in AMENDABLE:
        raise ConflictError(NOT_SIGNED)
    other = session.scalar(
        select(Amendment.number).where(
            Amendment.award_id == award.id, Amendment.state == AmendmentState.PROPOSED
        )
    )
    if other is not None:
        msg = f"Amendment {other} of this award is still open. Settle it first."
        raise ConflictError(msg)


def _after(wanted: Wanted) -> dict[str, Any]:
    kind = wanted.kind
    found: dict[str, Any] = {}
    if kind == AmendmentKind.EXTENSION:
        if wanted.ends_on is None:
            msg = "Say which day is to be the last."
            raise InvalidError(msg)
        found["ends_on"] = wanted.ends_on.isoformat()
    elif kind == AmendmentKind.AMOUNT:
        if wanted.amount is None or wanted.amount <= 0:
            msg = "Say what the amount is to be; it is above nought."
            raise InvalidError(msg)
        found["amount"] = str(wanted.amount)
    if kind in {AmendmentKind.AMOUNT, AmendmentKind.MILESTONES}:
        if not wanted.milestones:
            msg = "Write down the milestones that change, so that the tranches add up to the award."
            raise InvalidError(msg)
        found["milestones"] = [one.as_dict() for one in wanted.milestones]
    elif wanted.milestones:
        msg = "Milestones change by an amendment of the milestones or of the amount."
        raise InvalidError(msg)
    return found


def _budget(session: Session, award: Award, wanted: Wanted) -> Budget | None:
    if wanted.kind != AmendmentKind.BUDGET:
        return None
    if wanted.budget_id is None:
        msg = "Choose the draft of the budget that is to take effect. Prepare one first."
        raise InvalidError(msg)
    budget = keeping.get(session, Budget, wanted.budget_id, award_id=award.id)
    if budget.state != BudgetState.DRAFT:
        msg = "Choose a version of the budget that is still a draft."
        raise ConflictError(msg)
    return budget


def form_of(
    session: Session, award: Award, kind: AmendmentKind, budget: Budget | None
) -> AmendmentForm:
    """Say how it is agreed: moves within the flexibility are notified, all else is signed.

    Moves are measured against the version both sides last agreed to, so that many small ones do not
    come to a large one.
    """
    if kind != AmendmentKind.BUDGET or budget is None:
        return AmendmentForm.ADDENDUM
    agreed = budgets.baseline(session, award)
    if agreed is None:
        return AmendmentForm.ADDENDUM
    flexibility = rules.of_award(session, award).flexibility
    old = {one.row.thread_id: one.total for one in budgets.parts(session, agreed)}
    new = {one.row.thread_id: one.total for one in budgets.parts(session, budget)}
    if old.keys() != new.keys():
        return AmendmentForm.ADDENDUM
    within = all(
        abs(new[one].amount - old[one].amount) * HUNDRED <= old[one].amount * flexibility
        for one in old
    )
    return AmendmentForm.NOTIFICATION if within else AmendmentForm.ADDENDUM


def _before(session: Session, award: Award, row: Amendment) -> dict[str, Any]:
    """Return what the award says now of all that this amendment changes."""
    found: dict[str, Any] = {}
    if "ends_on" in row.after:
        found["ends_on"] = award.ends_on.isoformat()
    if "amount" in row.after:
        found["amount"] = str(award.amount)
    if "milestones" in row.after:
        numbers = [one["number"] for one in row.after["milestones"]]
        found["milestones"] = ladder.standing(session, award, numbers)
    if row.budget_id is not None:
        current = budgets.current(session, award)
        found["budget"] = str(current.id) if current else ""
        found["draft_version"] = keeping.get(session, Budget, row.budget_id).version
    return found


def _imagined(award: Award, after: dict[str, Any]) -> ladder.Terms:
    ends = after.get("ends_on")
    return ladder.Terms(
        award.id,
        Decimal(after["amount"]) if "amount" in after else award.amount,
        award.currency,
        award.starts_on,
        date.fromisoformat(ends) if ends else award.ends_on,
    )


def _check_terms(uow: UnitOfWork, award: Award, row: Amendment) -> None:
    """Hold what would stand after it against the rules of an award, without changing it."""
    if "ends_on" in row.after and date.fromisoformat(row.after["ends_on"]) <= award.ends_on:
        msg = "An extension makes the last day later."
        raise InvalidError(msg)
    amount = Decimal(row.after.get("amount", award.amount))
    if amount != award.amount or "amount" in row.after:
        Money(amount, award.currency)
        if amount == award.amount:
            msg = "The amount is the same as before. Choose another one, or amend the milestones."
            raise InvalidError(msg)
        if amount > award.amount:
            awards.check_amount(uow.session, award, amount)
        _check_budget_fits(uow.session, award, amount)


def _check_budget_fits(session: Session, award: Award, amount: Decimal) -> None:
    current = budgets.current(session, award)
    if current is not None and current.total > amount:
        msg = (
            f"The budget in force comes to {current.total} {current.currency}, more than the new amount. "
            "Amend the budget first."
        )
        raise InvalidError(msg)


def acknowledge(uow: UnitOfWork, amendment_id: UUID, base: int) -> None:
    """Take note of a notification: it takes effect. Whoever recorded it may not."""
    row, award = _proposed(uow, amendment_id, base)
    if row.form != AmendmentForm.NOTIFICATION:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    keep_apart(
        uow.actor_id,
        {row.proposed_by_id, *_preparers(uow.session, row)},
        "You recorded this notification or prepared its budget, so somebody else acknowledges it.",
    )
    row.our_signer_id, row.our_signed_at = uow.actor_id, uow.now
    _take_effect(uow, row, award)


def sign(uow: UnitOfWork, amendment_id: UUID, base: int, *, ours: bool) -> None:
    """Record one of the two signatures of an addendum; with both it takes effect."""
    row, award = _proposed(uow, amendment_id, base)
    if row.form != AmendmentForm.ADDENDUM:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    if (row.our_signer_id if ours else row.their_signer_id) is not None:
        msg = "This signature is on record already."
        raise ConflictError(msg)
    preparers = _preparers(uow.session, row)
    others = {row.proposed_by_id, *preparers, row.their_signer_id} if ours else {row.our_signer_id}
    keep_apart(uow.actor_id, others, TWO_PEOPLE)
    if ours:
        row.our_signer_id, row.our_signed_at = uow.actor_id, uow.now
    else:
        row.their_signer_id, row.their_signed_at = uow.actor_id, uow.now
    keeping.write_event(uow, row, "signature", "", "ours" if ours else "theirs")
    if row.our_signer_id is not None and row.their_signer_id is not None:
        _take_effect(uow, row, award)
    else:
        keeping.changed(uow, row, "amendment.signed")


def _preparers(session: Session, row: Amendment) -> set[UUID | None]:
    if row.budget_id is None:
        return set()
    budget = keeping.get(session, Budget, row.budget_id)
    return {budget.prepared_by_id, *keeping.hands(session, budget)}


def withdraw(uow: UnitOfWork, amendment_id: UUID, base: int, reason: str) -> None:
    """Take an amendment back, or refuse it. It stays on record with the reason."""
    row = keeping.held(uow, Amendment, amendment_id, base)
    _move(uow, row, AmendmentState.WITHDRAWN, reason)


def _proposed(uow: UnitOfWork, amendment_id: UUID, base: int) -> tuple[Amendment, Award]:
    row = keeping.held(uow, Amendment, amendment_id, base)
    award = keeping.held(uow, Award, row.award_id)
    if row.state != AmendmentState.PROPOSED:
        raise ConflictError(keeping.CANNOT_FOLLOW)
    if award.state not in AMENDABLE:
        raise ConflictError(NOT_SIGNED)
    if _before(uow.session, award, row) != row.before:
        raise ConflictError(MOVED_ON)
    return row, award


def _take_effect(uow: UnitOfWork, row: Amendment, award: Award) -> None:
    _check_terms(uow, award, row)
    changes = [ladder.Change.of(one) for one in row.after.get("milestones", [])]
    ladder.check(uow.session, _imagined(award, row.after), changes)
    if "ends_on" in row.after:
        award.ends_on = date.fromisoformat(row.after["ends_on"])
    if "amount" in row.after:
        award.amount = Decimal(row.after["amount"])
    if changes:
        ladder.put(uow, award, changes, f"Amendment {row.number}")
        awards.check_sum(uow.session, award)
    if row.budget_id is not None:
        _put_budget(uow, row, award)
    row.effective_at = uow.now
    keeping.write_event(uow, award, "amendment", "", str(row.number), row.reason)
    keeping.changed(uow, award, "award.amended")
    _move(uow, row, AmendmentState.IN_EFFECT, "")


def _put_budget(uow: UnitOfWork, row: Amendment, award: Award) -> None:
    """Put the new version in force, unless it was changed so far that it wants more signatures now."""
    assert row.budget_id is not None  # noqa: S101 - asked for by the caller
    budget = keeping.held(uow, Budget, row.budget_id, award_id=award.id)
    form = form_of(uow.session, award, AmendmentKind.BUDGET, budget)
    notified = row.form == AmendmentForm.NOTIFICATION
    if notified and form == AmendmentForm.ADDENDUM:
        raise ConflictError(MOVED_ON)
    budgets.put_in_force(uow, budget, award, row.our_signer_id, notified=notified)


def _move(uow: UnitOfWork, row: Amendment, to: AmendmentState, reason: str) -> None:
    cleaned = keeping.checked_reason(reason, wanted=to in NEEDS_WHY)
    keeping.move(uow, row, to, AMENDMENT_MOVES, f"amendment.{to.value}", cleaned)


def of_award(session: Session, award_id: UUID) -> Sequence[Amendment]:
    """Return the amendments of an award, latest first."""
    return session.scalars(
        select(Amendment).where(Amendment.award_id == award_id).order_by(Amendment.number.desc())
    ).all()
