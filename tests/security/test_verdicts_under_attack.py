"""Verdicts of independent verifiers: which one counts, who may act on it, and for what it may stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from casefile.errors import ConflictError, ForbiddenError
from casefile.grants import keeping, payments
from casefile.grants.award_models import Milestone
from casefile.milestones import deciding, verifying
from casefile.milestones.models import Verification
from casefile.policy import Role
from casefile.uow import UnitOfWork
from tests.cast import resources_of
from tests.grant_cast import (
    TODAY,
    Team,
    act,
    active,
    add_person,
    give_bank,
    link,
    milestone_ids,
    payment_of,
    release,
    step,
    version,
)

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse


@pytest.fixture(autouse=True)
def _today(clock: Clock) -> None:
    clock.standing = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)


def verdict(resources: Resources, who: Actor, milestone_id: UUID, said: str) -> None:
    """Give a signed verdict, past the doors that other tests look at."""
    with UnitOfWork(resources, who.id, who.bundle) as uow:
        row = Verification(
            id=uuid4(),
            milestone_id=milestone_id,
            verifier_id=who.id,
            asked_by_id=who.id,
            asked_at=uow.now,
            ends_at=uow.now + timedelta(days=14),
            declared_at=uow.now,
            conflict=False,
            declaration="",
        )
        verifying._sign(uow, row, said, "So it is.")
        uow.session.add(row)


def accept(resources: Resources, who: Actor, milestone_id: UUID) -> None:
    base = version(resources, Milestone, milestone_id)
    with UnitOfWork(resources, who.id, who.bundle) as uow:
        deciding.accept(uow, milestone_id, base)


def to_verify(app: Flask, cast: Cast, team: Team) -> UUID:
    award_id = active(resources_of(app), team, [step("Work", 100, "E2", "E5")])
    link(app, cast, award_id)
    found = milestone_ids(resources_of(app), award_id)[0]
    release(app, cast, found)
    return found


def test_a_later_verdict_stands_for_the_one_before(
    app: Flask, resources: Resources, cast: Cast, team: Team, clock: Clock
) -> None:
    vera, vlad = (add_person(resources, cast, one, [Role.VERIFIER]) for one in ("vera", "vlad"))
    milestone = to_verify(app, cast, team)
    verdict(resources, vera, milestone, "met")
    clock.forward(hours=1)
    verdict(resources, vlad, milestone, "not_met")
    with pytest.raises(ConflictError, match="independent verifier"):
        accept(resources, team.mira, milestone)
    clock.forward(hours=1)
    verdict(resources, vera, milestone, "met")
    accept(resources, team.mira, milestone)


def test_whoever_verified_does_not_accept(
    app: Flask, resources: Resources, cast: Cast, team: Team
) -> None:
    both = add_person(resources, cast, "bela", [Role.GRANT_MANAGER, Role.VERIFIER])
    milestone = to_verify(app, cast, team)
    verdict(resources, both, milestone, "met")
    with pytest.raises(ForbiddenError, match="verified"):
        accept(resources, both, milestone)
    accept(resources, team.mira, milestone)


def test_a_verdict_stands_for_the_acceptance_where_the_team_is_too_small(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, team: Team, clock: Clock
) -> None:
    vera = add_person(resources, cast, "vera", [Role.VERIFIER])
    award_id = active(resources, team, [step("Work", 100, "E2")])
    give_bank(resources, team, award_id)
    milestone = milestone_ids(resources, award_id)[0]
    where = f"/grants/milestones/{milestone}"

    def press(who: Actor, status: int = 303) -> None:
        browse(who, fresh=True).post(
            f"{where}/verdict", status, version=version(resources, Milestone, milestone)
        )

    press(team.mira, 409)
    verdict(resources, vera, milestone, "not_met")
    press(team.mira, 409)
    clock.forward(hours=1)
    verdict(resources, vera, milestone, "met")
    page = browse(team.mira, fresh=True).get(where)
    assert page.find("//form[contains(@action, '/verdict')]")
    press(team.fiona, 403)
    press(team.mira)

    payment = payment_of(resources, milestone).id
    act(resources, team.max, payments.request, payment)
    act(resources, team.fiona, payments.check, payment)
    act(resources, team.dora, payments.approve, payment)
    act(resources, team.mira, payments.pay, payment, paid_on=clock().date(), reference="")
    with resources.database.reading() as session:
        assert session.get_one(Milestone, milestone).decided_by_id == vera.id
        assert [one.after for one in keeping.events(session, milestone)][:2] == [
            "accepted",
            "submitted",
        ]


def test_a_verdict_from_before_the_return_stands_for_nothing(
    app: Flask, resources: Resources, cast: Cast, team: Team, clock: Clock
) -> None:
    vera = add_person(resources, cast, "vera", [Role.VERIFIER])
    milestone = to_verify(app, cast, team)
    verdict(resources, vera, milestone, "met")
    clock.forward(hours=1)
    base = version(resources, Milestone, milestone)
    with UnitOfWork(resources, team.mira.id, team.mira.bundle) as uow:
        deciding.give_back(uow, milestone, base, "The second part is missing.")
    base = version(resources, Milestone, milestone)
    with (
        pytest.raises(ConflictError, match="No verdict"),
        UnitOfWork(resources, team.mira.id, team.mira.bundle) as uow,
    ):
        deciding.accept_verdict(uow, milestone, base)
