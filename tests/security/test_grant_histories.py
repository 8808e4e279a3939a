"""Random people do random things to awards; what must always hold is looked at after each step."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from casefile.errors import CasefileError, InvalidError
from casefile.grants import awards, keeping, payments
from casefile.grants import milestones as grant_milestones
from casefile.grants.award_models import Award, BankAccount, Milestone, Payment
from casefile.grants.award_states import (
    AWARD_MOVES,
    DEFAULT_LADDER,
    MET,
    MILESTONE_MOVES,
    PAYMENT_MOVES,
    AwardState,
    MilestoneState,
    PaymentState,
)
from casefile.grants.call_models import Call
from casefile.grants.models import GrantsEvent
from casefile.grants.money import CurrencyMixError, Money, split_by
from casefile.uow import UnitOfWork
from tests.grant_cast import BANK, TODAY, Team, draft, make_team, step, terms, version

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import Resources
    from tests.cast import Actor, Cast

STEPS = 70
MOVES: dict[str, Any] = {
    "award": (AwardState, AWARD_MOVES),
    "milestone": (MilestoneState, MILESTONE_MOVES),
    "payment": (PaymentState, PAYMENT_MOVES),
}


def check(session: Session) -> None:
    """Hold everything there is against what must always be so."""
    for award in session.scalars(select(Award)):
        milestones = session.scalars(select(Milestone).where(Milestone.award_id == award.id)).all()
        assert sum((one.tranche for one in milestones), Decimal()) == award.amount
        rows = session.scalars(select(Payment).where(Payment.award_id == award.id)).all()
        paid = [row for row in rows if row.state == "paid"]
        assert sum((row.amount for row in paid), Decimal()) <= award.amount
        assert {row.currency for row in rows} <= {award.currency}
        by_id = {one.id: one for one in milestones}
        for row in rows:
            milestone = by_id[row.milestone_id] if row.milestone_id else None
            _check_hands(row, milestone)
        assert award.approved_by_id is None or award.approved_by_id != award.prepared_by_id
        assert award.approved_by_id is None or award.approved_by_id not in keeping.hands(
            session, award
        )
    for call in session.scalars(select(Call)):
        _check_call(session, call)
    for account in session.scalars(select(BankAccount)):
        assert account.confirmed_by_id != account.entered_by_id
    _check_events(session)


def _check_call(session: Session, call: Call) -> None:
    """All awards together stay within the envelope: what is promised, and what ended ones were paid."""
    whole = Decimal()
    for award in session.scalars(select(Award).where(Award.call_id == call.id)):
        assert award.amount <= call.maximum
        rows = payments.of_award(session, award.id)
        paid = sum((one.amount for one in rows if one.state == "paid"), Decimal())
        assert paid <= award.amount
        whole += paid if award.state in {"declined", "terminated"} else award.amount
    assert whole <= call.envelope


def rewrite(uow: UnitOfWork, award_id: UUID, base: int) -> None:
    """Change a draft's amount to one that may or may not fit."""
    award = keeping.get(uow.session, Award, award_id)
    names = (
        "programme_id",
        "codename",
        "reference",
        "contract_type",
        "currency",
        "starts_on",
        "ends_on",
    )
    values = {name: getattr(award, name) for name in (*names, "exclusion", "conditions")}
    values["amount"] = Decimal(100 * (base % 12) + 1)
    awards.save(uow, award_id, base, values, [step("Half", 50), step("All", 50, "E2")])


def _check_hands(row: Payment, milestone: Milestone | None) -> None:
    if row.checked_by_id is not None:
        assert row.checked_by_id != row.requested_by_id
    if row.approved_by_id is not None:
        assert row.approved_by_id not in {row.requested_by_id, row.checked_by_id}
    if row.state == "paid":
        assert row.paid_by_id != row.approved_by_id
        assert milestone is None or milestone.state in MET
        assert milestone is None or row.paid_by_id != milestone.decided_by_id


def _check_events(session: Session) -> None:
    """Every state was reached by moves that are allowed, each with actor, time and, if wanted, a reason."""
    histories: dict[UUID, list[GrantsEvent]] = defaultdict(list)
    for event in session.scalars(select(GrantsEvent).order_by(GrantsEvent.number)):
        if event.what == "state" and event.subject_kind in MOVES:
            histories[event.subject_id].append(event)
    models = {"award": Award, "milestone": Milestone, "payment": Payment}
    for subject_id, events in histories.items():
        states, moves = MOVES[events[0].subject_kind]
        for event in events:
            assert event.at is not None
            assert event.actor_id is not None
            if event.before:
                assert states(event.after) in moves[states(event.before)]
            if event.after in {
                "suspended",
                "terminated",
                "declined",
                "returned",
                "waived",
                "not_achievable",
                "failed",
            }:
                assert event.reason
        row: Any = session.get(models[events[0].subject_kind], subject_id)
        assert row.state == events[-1].after


@pytest.mark.parametrize("seed", range(4))
def test_no_history_breaks_what_must_hold(resources: Resources, cast: Cast, seed: int) -> None:
    chance, team = random.Random(seed), make_team(resources, cast)
    people = [team.mira, team.max, team.fiona, team.dora]
    call_id = call_of(resources, team, envelope="1400.00", maximum="1000.00")
    for amount in ("1000.00", "0.07", "333.33"):
        draft(resources, team, amount=Decimal(amount), call_id=call_id)
    done = 0
    for _turn in range(STEPS):
        done += _one_step(resources, chance, people)
        with resources.database.reading() as session:
            check(session)
    assert done > STEPS // 8


AWARD_STEPS: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (awards.submit_for_approval, ()), (awards.approve, ()), (awards.sign, (TODAY,)), (awards.activate, ()),
    (awards.activate, ()), (awards.approve, ()), (awards.sign, (TODAY,)), (awards.submit_for_approval, ()),
    (awards.suspend, ("why",)), (awards.resume, ()), (awards.begin_closing, ()), (awards.close, ()),
    (awards.send_back, ("why",)), (rewrite, ()), (rewrite, ()), (awards.terminate, ("why",)),
    (awards.decline, ("why",)),
)  # fmt: skip
MILESTONE_STEPS: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (grant_milestones.accept_contract, ()), (grant_milestones.propose_waiver, ("why",)),
    (grant_milestones.waive, ()), (grant_milestones.waive, ()), (grant_milestones.give_back, ("",)),
    (grant_milestones.cannot_be_achieved, ("legal", "why")),
)  # fmt: skip
PAYMENT_STEPS: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (payments.request, ()), (payments.check, ()), (payments.approve, ()), (payments.fail, ("why",)),
    (payments.put_back, ("why",)), (payments.request, ()), (payments.check, ()), (payments.approve, ()),
)  # fmt: skip


def _one_step(resources: Resources, chance: random.Random, people: list[Actor]) -> int:
    person = chance.choice(people)
    with resources.database.reading() as session:
        ids = {
            model: list(session.scalars(select(model.id))) for model in (Award, Milestone, Payment)
        }
        bank = {row.award_id: row.version for row in session.scalars(select(BankAccount))}
    model, verbs = chance.choice(
        [
            (Award, AWARD_STEPS),
            (Milestone, MILESTONE_STEPS),
            (Payment, PAYMENT_STEPS),
            (BankAccount, ()),
        ]
    )
    try:
        with UnitOfWork(resources, person.id, person.bundle) as uow:
            if model is BankAccount:
                award_id = chance.choice(ids[Award])
                if chance.random() < 0.5:
                    payments.enter_bank(uow, award_id, bank.get(award_id), BANK)
                else:
                    payments.confirm_bank(uow, award_id, bank.get(award_id, 0))
                return 1
            if not ids[model]:
                return 0
            row_id = chance.choice(ids[model])
            base = uow.session.get_one(model, row_id).version - (chance.random() < 0.05)
            if model is Payment and chance.random() < 0.3:
                payments.pay(uow, row_id, base, paid_on=TODAY, reference="")
            else:
                verb, more = chance.choice(verbs)
                verb(uow, row_id, base, *more)
    except CasefileError:
        return 0
    return 1


@settings(max_examples=60)
@given(
    st.decimals("0.01", "999999999.99", places=2),
    st.lists(st.integers(0, 100), min_size=1, max_size=12).filter(any),
)
def test_tranches_are_the_award_to_the_cent(amount: Decimal, weights: list[int]) -> None:
    parts = split_by(Money(amount, "USD"), [Decimal(weight) for weight in weights])

    assert sum((part.amount for part in parts), Decimal()) == amount
    assert all(part.amount >= 0 for part in parts)


def test_the_usual_ladder_is_the_whole_award() -> None:
    assert sum(rung.share for rung in DEFAULT_LADDER) == 100
    assert [int(rung.share) for rung in DEFAULT_LADDER] == [40, 0, 20, 0, 10, 20, 10]


def test_awards_stay_within_their_call(resources: Resources, cast: Cast) -> None:
    team = make_team(resources, cast)
    call_id = call_of(resources, team, envelope="1500.00", maximum="1000.00")
    with pytest.raises(InvalidError, match="at most 1000"):
        draft(resources, team, call_id=call_id, amount=Decimal("1000.01"))
    with pytest.raises(CurrencyMixError):
        draft(resources, team, call_id=call_id, currency="EUR")
    first = draft(resources, team, call_id=call_id, amount=Decimal("1000.00"))
    with pytest.raises(InvalidError, match=r"500[.]00 USD of the call's envelope are left"):
        draft(resources, team, call_id=call_id, amount=Decimal("500.01"))
    draft(resources, team, call_id=call_id, amount=Decimal("500.00"))

    base, values = version(resources, Award, first), terms(team, call_id=call_id)
    values["amount"] = Decimal("1000.01")
    with pytest.raises(InvalidError), UnitOfWork(resources, team.mira.id) as uow:
        awards.save(uow, first, base, values, [step("All", 100)])


def call_of(resources: Resources, team: Team, *, envelope: str, maximum: str) -> UUID:
    words = {f"{n}_{lang}": "" for n in ("title", "summary") for lang in ("ky", "ru", "en")}
    with UnitOfWork(resources, team.mira.id) as uow:
        call = Call(
            programme_id=team.programme,
            code="C-1",
            state="decided",
            **words,
            zone="Asia/Bishkek",
            currency="USD",
            envelope=Decimal(envelope),
            maximum=Decimal(maximum),
            kinds=[],
            regions=[],
            partners_required=0,
            entry="public",
            blind="none",
            sealed_until_close=True,
            reviews_wanted=0,
            quorum=1,
            reviewers_may_decide=True,
            form_version=1,
        )
        return keeping.add(uow, call, "call.created").id
