from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from casefile.cases import restoring, seats, travel
from casefile.errors import ConflictError
from casefile.policy import Seat
from casefile.sources.models import SourceGrant, SourceHandler
from casefile.uow import UnitOfWork
from tests.cast import change, change_seat, give_seat, open_case, resources_of, take_seat
from tests.intruder import actions
from tests.sources_scene import (
    NAME,
    add_handler,
    begin_anew,
    can_open,
    count_of,
    handle,
    look,
    new_source,
    row_of,
)

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse


def test_another_handler_is_added_and_opens_it(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    form = browse(cast.ann).get(at.url)
    offered = {one.text.strip() for one in form.find("//select[@name='person']/option")}
    assert offered == {"Choose a person", "Ben Writer", "Eva Editor"}

    browse(cast.ann).post(f"{at.url}/handlers", person=str(cast.ben.id))

    assert NAME in look(browse(cast.ben), at).main
    assert NAME in look(browse(cast.ann), at).main
    assert "source.handler_added" in actions(app)
    browse(cast.ann).post(f"{at.url}/handlers", 422, person=str(cast.ben.id))
    browse(cast.ann).post(f"{at.url}/handlers", 422, person=str(cast.cleo.id))
    browse(cast.ann).post(f"{at.url}/handlers", 422, person=str(cast.dan.id))
    browse(cast.eva).post(f"{at.url}/handlers", 403, person=str(cast.eva.id))


def test_handing_over_leaves_the_other_alone_with_a_new_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)

    browse(cast.ann).post(f"{at.url}/handlers", person=str(cast.ben.id), leave="1")

    look(browse(cast.ann), at, 403)
    assert NAME in look(browse(cast.ben), at).main
    assert row_of(app, at.id).key_generation == 2


def test_a_handler_taken_off_loses_it_at_once_in_an_open_session(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    ben = browse(cast.ben)
    assert NAME in look(ben, at).main

    browse(cast.ann).post(f"{at.url}/handlers/{cast.ben.id}/delete")

    assert NAME not in look(ben, at, 403).html
    ben.get(f"{at.url}/identity/edit", 403)
    ben.get(f"{at.url}/contacts/new", 403)
    assert ben.get("/search?q=Осмонкулова").find("//*[@data-total='0']")
    browse(cast.ann).post(f"{at.url}/handlers/{cast.ben.id}/delete", 404)


def test_the_last_handler_cannot_be_taken_off(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)

    page = browse(cast.ann).post(f"{at.url}/handlers/{cast.ann.id}/delete", 409)

    assert "Nobody else could open the identity then" in page.text
    assert can_open(app, cast.ann, cast.case.id, at.id)


def test_the_seat_of_the_last_handler_cannot_be_taken_or_weakened(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    members = f"{cast.case.url}/members/{cast.case.seats['ben']}"

    page = browse(cast.ann).post(f"{members}/delete", 409)
    assert f"Nobody but Ben Writer can open the identity of the source {at.codename}" in page.text
    browse(cast.ann).post(members, 409, role="reader")
    assert can_open(app, cast.ben, cast.case.id, at.id)

    add_handler(app, cast.ben, cast.case.id, at.id, cast.eva)
    browse(cast.ann).post(f"{members}/delete")

    assert not can_open(app, cast.ben, cast.case.id, at.id)
    assert "source.handler_dropped" in actions(app)
    browse(cast.eva).get(at.url)
    assert row_of(app, at.id).key_generation == 2
    assert "source.key_renewed" in actions(app)
    assert can_open(app, cast.eva, cast.case.id, at.id)


def test_a_seat_given_again_gives_no_source_back(app: Flask, cast: Cast) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    add_handler(app, cast.ben, cast.case.id, at.id, cast.eva)
    take_seat(app, cast.ann, cast.case.id, cast.ben)

    give_seat(app, cast.ann, cast.case.id, cast.ben, Seat.REPORTER)

    assert not can_open(app, cast.ben, cast.case.id, at.id)
    handle(app, cast.eva, cast.case.id, at.id, "tend")
    add_handler(app, cast.eva, cast.case.id, at.id, cast.ben)
    assert can_open(app, cast.ben, cast.case.id, at.id)


def test_the_key_waits_for_a_last_handler_whose_seat_ended(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.REPORTER, clock() + timedelta(days=3))
    at = new_source(app, cast.dan, cast.case.id)
    assert "Only Dan Outsider can open the identity." in browse(cast.ann).get(at.url).main
    clock.forward(days=4)

    page = browse(cast.ann, fresh=True).get(at.url)

    assert "Nobody can open the identity at the moment" in page.main
    assert "seat.expired" in actions(app)
    browse(cast.dan, fresh=True).post(f"{at.url}/identity", 404)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.REPORTER)
    assert NAME in look(browse(cast.dan), at).main


def test_an_ended_seat_takes_the_key_when_another_holds_it(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.REPORTER, clock() + timedelta(days=3))
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.dan)
    clock.forward(days=4)

    browse(cast.ann, fresh=True).get(at.url)

    assert count_of(app, SourceHandler, at.id) == 1
    assert row_of(app, at.id).key_generation == 2
    assert can_open(app, cast.ann, cast.case.id, at.id)


def _depart(app: Flask, person: Actor, case_id: object, until: object) -> None:
    mine = [open_case(app, person, case_id)]
    with UnitOfWork(resources_of(app), person.id, person.bundle) as uow:
        travel.depart(uow, mine, until)


def test_whoever_travels_gives_up_the_key_and_gets_it_back_after_the_day(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    until = clock() + timedelta(days=5)
    with pytest.raises(ConflictError, match=at.codename):
        _depart(app, cast.ben, cast.case.id, until)
    assert can_open(app, cast.ben, cast.case.id, at.id)
    add_handler(app, cast.ben, cast.case.id, at.id, cast.ann)

    _depart(app, cast.ben, cast.case.id, until)

    assert "travelling until" in browse(cast.ann).get(at.url).main
    assert count_of(app, SourceGrant, at.id) == 1
    clock.forward(days=3)
    seat = cast.case.seats["ben"]
    change(app, cast.ann, cast.case.id, lambda uow, case: travel.bring_back(uow, case, seat))
    browse(cast.ann, fresh=True).get(at.url)
    assert not can_open(app, cast.ben, cast.case.id, at.id), "let in early, to the case alone"
    clock.forward(days=3)
    browse(cast.ann, fresh=True).get(at.url)
    assert can_open(app, cast.ben, cast.case.id, at.id)
    assert "source.handler_returned" in actions(app)


def test_somebody_back_early_is_let_in_by_another_handler(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    add_handler(app, cast.ben, cast.case.id, at.id, cast.ann)
    _depart(app, cast.ben, cast.case.id, clock() + timedelta(days=5))
    seat = cast.case.seats["ben"]
    change(app, cast.ann, cast.case.id, lambda uow, case: travel.bring_back(uow, case, seat))

    browse(cast.ann).post(f"{at.url}/handlers/{cast.ben.id}/restore")

    assert can_open(app, cast.ben, cast.case.id, at.id)
    browse(cast.ann).post(f"{at.url}/handlers/{cast.ben.id}/restore", 409)


def test_with_new_keys_another_handler_restores_access(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    add_handler(app, cast.ben, cast.case.id, at.id, cast.ann)
    ben = begin_anew(app, cast, cast.ben)
    assert count_of(app, SourceGrant, at.id) == 1
    assert "holds no key" in browse(cast.ann).get(at.url).main
    browse(cast.ann).post(f"{at.url}/handlers/{ben.id}/restore", 422)

    seat = cast.case.seats["ben"]
    change(app, cast.ann, cast.case.id, lambda uow, case: restoring.restore(uow, case, seat))
    assert not can_open(app, ben, cast.case.id, at.id)
    browse(cast.ann).post(f"{at.url}/handlers/{ben.id}/restore")

    assert can_open(app, ben, cast.case.id, at.id)
    assert not can_open(app, cast.ben, cast.case.id, at.id)


def test_a_weaker_seat_loses_the_key_when_another_holds_it(app: Flask, cast: Cast) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    add_handler(app, cast.ben, cast.case.id, at.id, cast.ann)
    seat = cast.case.seats["ben"]

    change_seat(app, cast.ann, cast.case.id, seat, Seat.READER)

    assert not can_open(app, cast.ben, cast.case.id, at.id)
    assert count_of(app, SourceHandler, at.id) == 1


def test_the_desk_says_what_waits_about_sources(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    change(
        app,
        cast.ann,
        cast.case.id,
        lambda uow, case: seats.change(
            uow,
            case,
            cast.case.seats["ben"],
            role=Seat.REPORTER,
            ends_at=clock() + timedelta(days=9),
        ),
    )

    page = browse(cast.ben).get("/")

    assert f"Only Ben Writer can open the source {at.codename}" in page.main
    assert at.codename not in browse(cast.dan).get("/").html
