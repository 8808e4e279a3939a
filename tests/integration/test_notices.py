from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select

from casefile.accounts.models import User
from casefile.notices import service
from casefile.notices.models import Notice, Reminder
from casefile.notices.ticking import tick
from casefile.policy import Seat
from casefile.uow import UnitOfWork
from tests.cast import give_seat, take_seat

if TYPE_CHECKING:
    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse

HERON = service.Thing("amber-heron M3", "/verifications/1")


def tell(resources: Resources, actor: Actor | None, *people: Actor, **more: object) -> None:
    thing = more.pop("thing", HERON)
    assert isinstance(thing, service.Thing)
    with UnitOfWork(resources, actor.id if actor else None) as uow:
        service.tell(uow, [person.id for person in people], "milestone.due", thing)


def test_a_notice_names_a_thing_and_leads_to_it(
    browse: Browse, resources: Resources, cast: Cast
) -> None:
    tell(resources, None, cast.ann)

    page = browse(cast.ann).get("/notices/")

    assert "A milestone is due soon amber-heron M3" in page.text
    assert page.find("//main//a[@href='/verifications/1']")
    assert page.find("//*[@class='header-count']")[0].text == "1"
    assert "Nothing waits" in browse(cast.ben).get("/notices/").text


def test_whoever_does_it_is_not_told_and_nobody_is_told_twice(
    resources: Resources, cast: Cast
) -> None:
    tell(resources, cast.ann, cast.ann, cast.ben)
    tell(resources, cast.ann, cast.ann, cast.ben)

    with resources.database.reading() as session:
        people = session.scalars(select(Notice.user_id)).all()
    assert people == [cast.ben.id]


def test_reading_takes_it_off_the_count_and_somebody_elses_cannot_be_read(
    browse: Browse, resources: Resources, cast: Cast
) -> None:
    tell(resources, None, cast.ann)
    with resources.database.reading() as session:
        notice_id = session.scalars(select(Notice.id)).one()

    browse(cast.ben).post(f"/notices/{notice_id}", 404)
    browse(cast.ann).post(f"/notices/{uuid4()}", 404)
    where = browse(cast.ann).post(f"/notices/{notice_id}", go="1").location
    again = browse(cast.ann).post(f"/notices/{notice_id}").location

    assert (where, again) == ("/verifications/1", "/notices/")
    assert not browse(cast.ann).get("/notices/").find("//*[@class='header-count']")


def test_all_are_read_at_once(browse: Browse, resources: Resources, cast: Cast) -> None:
    for number in range(3):
        tell(resources, None, cast.ann, thing=service.Thing(f"M{number}", f"/{number}"))

    browse(cast.ann).post("/notices/read")

    page = browse(cast.ann).get("/notices/?show=unread")
    assert "Nothing waits" in page.text
    with resources.database.reading() as session:
        assert session.get_one(User, cast.ann.id).unread_notices == 0


def test_the_badge_costs_no_query(
    app: Flask, browse: Browse, resources: Resources, cast: Cast
) -> None:
    asked: list[str] = []
    browse(cast.ann).get("/account/sessions")
    event.listen(
        resources.database.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_more: asked.append(statement),
    )

    browse(cast.ann).get("/account/sessions")

    assert asked
    assert not [statement for statement in asked if "FROM notice" in statement]


def test_notices_of_a_case_go_with_the_seat(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, clock: Clock
) -> None:
    thing = service.Thing(cast.case.codename, f"{cast.case.url}/", cast.case.id)
    tell(resources, None, cast.cleo, cast.dan, thing=thing)

    assert cast.case.codename in browse(cast.cleo).get("/notices/").main
    assert cast.case.codename not in browse(cast.dan).get("/notices/").main

    take_seat(app, cast.ann, cast.case.id, cast.cleo)

    page = browse(cast.cleo).get("/notices/")
    assert cast.case.codename not in page.text
    assert not page.find("//*[@class='header-count']")


def test_a_seat_that_ended_shows_nothing_though_nobody_has_looked_at_the_case(
    app: Flask, browse: Browse, resources: Resources, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER, clock() + timedelta(minutes=5))
    thing = service.Thing(cast.case.codename, f"{cast.case.url}/", cast.case.id)
    tell(resources, None, cast.dan, thing=thing)
    assert cast.case.codename in browse(cast.dan).get("/notices/").main

    clock.forward(minutes=6)

    assert cast.case.codename not in browse(cast.dan).get("/notices/").text


def test_a_reminder_is_given_once_even_when_the_timer_was_away(
    resources: Resources, cast: Cast, clock: Clock
) -> None:
    due = clock() + timedelta(days=3)
    for _twice in range(2):
        with UnitOfWork(resources, cast.ann.id) as uow:
            service.remind(uow, cast.ben.id, "milestone.due", HERON, due)
    assert tick(resources).reminders == 0

    clock.forward(days=30)

    assert tick(resources).reminders == 1
    assert tick(resources).reminders == 0
    clock.forward(days=-29)
    assert tick(resources).reminders == 0
    with resources.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == 1


def test_a_reminder_called_off_is_not_given(resources: Resources, cast: Cast, clock: Clock) -> None:
    with UnitOfWork(resources, cast.ann.id) as uow:
        service.remind(uow, cast.ben.id, "milestone.due", HERON, clock() + timedelta(days=1))
        service.forget_reminders(uow, HERON.path, HERON.label, "milestone.due")
    clock.forward(days=2)

    assert tick(resources).reminders == 0
    with resources.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Reminder)) == 0


def test_a_change_that_fails_tells_nobody(resources: Resources, cast: Cast) -> None:
    def fail() -> None:
        with UnitOfWork(resources, cast.ann.id) as uow:
            service.tell(uow, [cast.ben.id], "milestone.due", HERON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with resources.database.reading() as session:
        assert session.get_one(User, cast.ben.id).unread_notices == 0
        assert session.scalars(select(Notice.id)).all() == []


def test_a_notice_cannot_lead_elsewhere_or_say_much() -> None:
    for label, path in (("x" * 121, "/a"), ("x", "https://elsewhere.example/")):
        with pytest.raises(ValueError, match="codename"):
            service.Thing(label, path)
