from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from casefile.grants import agreements, award_overview, keeping
from casefile.grants.call_models import Call
from casefile.grants.models import Programme
from casefile.notices.ticking import tick
from casefile.policy import Role
from casefile.uow import UnitOfWork
from casefile.web import Person
from tests import grants_scene as scene
from tests.budget_scene import prepared
from tests.grant_cast import Team, active, add_person, draft, make_team

if TYPE_CHECKING:
    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


def test_a_team_too_small_is_told_so(browse: Browse, resources: Resources, cast: Cast) -> None:
    alone = add_person(resources, cast, "alone", [Role.GRANT_MANAGER])

    page = browse(alone).get("/grants/")

    assert "Nobody here may approve awards" in page.text
    assert "Whoever accepts a milestone may not pay for it" in page.text


@pytest.mark.slow
def test_the_grid_asks_as_few_questions_for_many_awards_as_for_few(
    browse: Browse, resources: Resources, team: Team
) -> None:
    def questions() -> int:
        asked: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
            asked.append(statement)

        browse(team.mira).get("/grants/overview")
        event.listen(resources.database.engine, "before_cursor_execute", note)
        browse(team.mira).get("/grants/overview")
        event.remove(resources.database.engine, "before_cursor_execute", note)
        return len(asked)

    for _number in range(3):
        draft(resources, team)
    few = questions()
    for _number in range(40):
        draft(resources, team)

    assert questions() == few
    assert few < 16


def test_the_sums_are_exact_and_never_across_currencies(resources: Resources, team: Team) -> None:
    for amount, currency in (("0.10", "USD"), ("0.20", "USD"), ("52165.67", "EUR")):
        active(resources, team, amount=Decimal(amount), currency=currency)
    me = Person(team.mira.id, "mira", "Mira", frozenset({Role.GRANT_MANAGER}), "auto", "")

    with resources.database.reading() as session:
        found = {one.currency: one.awarded for one in award_overview.sums(session, me)}

    assert found == {"USD": Decimal("0.3"), "EUR": Decimal("52165.67")}


def test_the_tick_opens_and_closes_calls_that_nobody_looks_at(
    app: Flask, cast: Cast, clock: Clock, resources: Resources
) -> None:
    grants = scene.make(app, cast)
    call_id = scene.draft_call(app, grants)
    with scene.acting(app, grants.gina) as uow:
        call = keeping.get(uow.session, Call, call_id)
        scene.calls.move(uow, call_id, call.version, scene.CallState.PUBLISHED, "")

    assert tick(resources).settled == 0
    clock.forward(hours=2)
    assert tick(resources).settled == 1
    assert tick(resources).settled == 0
    clock.forward(days=11)
    assert tick(resources).settled == 1
    with resources.database.reading() as session:
        found = keeping.get(session, Call, call_id)
        assert found.state == "closed"
        events = keeping.events(session, call_id)
        assert [one.after for one in events][:2] == ["closed", "open"]
        assert events[0].at - events[1].at > timedelta(days=10)


def test_one_page_says_all_that_waits_for_a_person(
    browse: Browse, app: Flask, cast: Cast, clock: Clock, resources: Resources
) -> None:
    team = make_team(resources, cast)
    award_id = draft(resources, team)
    prepared(resources, team.mira, award_id)

    page = browse(team.dora).get("/grants/")
    assert "Approve the budget" in page.main
    assert "Approve the budget" not in browse(team.mira).get("/grants/").main
    browse(team.dora).get("/grants/queue", 404)


def test_sums_of_a_programme_stand_beside_their_worth_where_there_is_a_rate(
    browse: Browse, resources: Resources, team: Team
) -> None:
    active(resources, team)
    active(resources, team, currency="KGS")
    with UnitOfWork(resources, team.mira.id) as uow:
        uow.session.get_one(Programme, team.programme).currency = "EUR"
        rate = {"base": "USD", "quote": "EUR", "value": Decimal("0.92"), "source": "Bank"}
        agreements.record_rate(uow, {**rate, "valid_on": uow.now.date()})
    mira = browse(team.mira)

    page = mira.get(f"/grants/overview?programme={team.programme}").main
    assert "≈ €920.00" in page
    assert page.count("≈") == 1
    assert "1,000.00 сом" in page
    assert "≈" not in mira.get("/grants/overview").main
