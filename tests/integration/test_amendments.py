from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.grants import amendments, awards, budgets, payments
from casefile.grants import milestones as grant_milestones
from casefile.grants.amended_milestones import Change
from casefile.grants.award_models import Award, Milestone
from casefile.grants.budget_models import Amendment
from tests.budget_scene import (
    approved,
    do,
    prepared,
    propose,
    sign_both,
)
from tests.grant_cast import (
    TODAY,
    Team,
    act,
    active,
    milestone_ids,
    step,
)

if TYPE_CHECKING:
    from casefile.uow import Resources
    from tests.cast import Clock
    from tests.strict_browser import Browse


@pytest.fixture(autouse=True)
def _today(clock: Clock) -> None:
    clock.standing = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)


def test_a_small_move_is_told_and_a_large_one_is_signed(resources: Resources, team: Team) -> None:
    award_id = active(resources, team, amount=Decimal("1000.00"))
    approved(resources, team, award_id, "A | a | 1 | x | 400\nB | b | 1 | x | 400")
    small = prepared(resources, team.mira, award_id, "A | a | 1 | x | 500\nB | b | 1 | x | 300")
    with pytest.raises(ConflictError, match="takes effect by an amendment"):
        do(resources, team.dora, budgets.approve, small, 1)

    told = propose(resources, team.mira, award_id, "budget", budget_id=small)
    with resources.database.reading() as session:
        assert session.get_one(Amendment, told).form == "notification"
    with pytest.raises(ForbiddenError, match="You recorded"):
        do(resources, team.mira, amendments.acknowledge, told, 1)
    do(resources, team.dora, amendments.acknowledge, told, 1)
    # A second small step away from what was signed comes to a large one.
    further = prepared(resources, team.mira, award_id, "A | a | 1 | x | 600\nB | b | 1 | x | 200")
    signed = propose(resources, team.mira, award_id, "budget", budget_id=further)
    with resources.database.reading() as session:
        assert session.get_one(Amendment, signed).form == "addendum"
    with pytest.raises(ConflictError):
        do(resources, team.dora, amendments.acknowledge, signed, 1)
    with pytest.raises(ForbiddenError, match="two people"):
        do(resources, team.mira, amendments.sign, signed, 1, ours=True)
    do(resources, team.dora, amendments.sign, signed, 1, ours=True)
    with pytest.raises(ForbiddenError, match="two people"):
        do(resources, team.dora, amendments.sign, signed, 2, ours=False)
    do(resources, team.mira, amendments.sign, signed, 2, ours=False)
    with resources.database.reading() as session:
        current = budgets.current(session, session.get_one(Award, award_id))
        assert current is not None
        assert current.id == further


def test_tranches_still_add_up_after_an_amendment_and_what_was_before_stays_readable(
    browse: Browse, resources: Resources, team: Team
) -> None:
    award_id = active(resources, team, [step("Contract", 40), step("Work", 60, "E2", days=60)])
    day = TODAY + timedelta(days=90)
    more = [
        Change(2, day, Decimal("500.00"), ("E2",), "Work", "As agreed"),
        Change(3, day, Decimal("300.00"), ("E0",), "Page", "The page"),
    ]
    with pytest.raises(InvalidError, match=r"would add up to 1200\.00"):
        propose(resources, team.mira, award_id, "amount", amount=Decimal(1300), milestones=more)
    made = propose(resources, team.mira, award_id, "amount", amount=Decimal(1200), milestones=more)
    sign_both(resources, team, made)

    with resources.database.reading() as session:
        award = session.get_one(Award, award_id)
        milestones = awards.milestones_of(session, award_id)
        assert award.amount == Decimal("1200.00")
        assert [str(one.tranche) for one in milestones] == ["400.00", "500.00", "300.00"]
        planned = payments.of_award(session, award_id)
        assert [str(one.amount) for one in planned] == ["400.00", "500.00", "300.00"]
    page = browse(team.mira).get(f"/grants/amendments/{made}")
    assert "600.00 USD" in page.text
    assert "1000.00 USD" in page.text
    longer = propose(
        resources, team.mira, award_id, "extension", ends_on=TODAY + timedelta(days=500)
    )
    with pytest.raises(ConflictError, match="still open"):
        propose(resources, team.mira, award_id, "extension", ends_on=TODAY + timedelta(days=600))
    sign_both(resources, team, longer)
    with resources.database.reading() as session:
        assert session.get_one(Award, award_id).ends_on == TODAY + timedelta(days=500)


def test_an_amendment_of_what_has_changed_since_does_not_take_effect(
    resources: Resources, team: Team
) -> None:
    award_id = active(resources, team, [step("Contract", 40), step("Work", 60)])
    change = Change(1, TODAY + timedelta(days=3), Decimal("400.00"), (), "Contract", "Signed")
    made = propose(resources, team.mira, award_id, "milestones", milestones=[change])
    first = milestone_ids(resources, award_id)[0]
    act(resources, team.mira, grant_milestones.accept_contract, first)

    do(resources, team.dora, amendments.sign, made, 1, ours=True)
    with pytest.raises(ConflictError, match="settled, so it stays"):
        do(resources, team.max, amendments.sign, made, 2, ours=False)
    with resources.database.reading() as session:
        assert session.get_one(Milestone, first).title == "Contract"
        assert session.get_one(Amendment, made).their_signer_id is None
    do(resources, team.max, amendments.withdraw, made, 2, "Settled meanwhile.")
