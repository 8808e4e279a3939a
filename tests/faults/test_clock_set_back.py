from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from casefile import audit
from casefile.policy import Seat
from tests.cast import give_seat, resources_of
from tests.strict_browser import Browse

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock


def chain_holds(app: Flask) -> bool:
    with resources_of(app).database.reading() as session:
        return all(isinstance(found, int) for found in audit.verify(session, batch=3))


def test_a_clock_set_back_breaks_neither_the_trail_nor_the_session(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben, case = browse(cast.ben), cast.case.url
    ben.post(f"{case}/notes/", title="Now", body="Written now.")
    clock.forward(hours=-3)
    ben.post(f"{case}/notes/", title="Earlier", body="Written with the clock set back.")
    assert chain_holds(app)
    assert ben.get("/search?q=clock").find("//*[@data-total='1']")
    listed = ben.get(f"{case}/notes/").text
    assert "Now" in listed
    assert "Earlier" in listed
    assert "Ben Writer" in ben.get(f"{case}/activity/").text

    clock.forward(hours=3, minutes=5)
    ben.post(f"{case}/notes/", title="Later", body="Written after the clock was mended.")
    assert chain_holds(app)


def test_a_seat_stays_ended_when_the_clock_is_mended(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ends_at = clock() + timedelta(hours=1)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.READER, ends_at)
    browse(cast.dan).get(cast.case.url + "/")
    clock.forward(hours=2)
    browse(cast.dan, fresh=True).get(cast.case.url + "/", 404)
    clock.forward(hours=-5)
    browse(cast.ann, fresh=True).post(f"{cast.case.url}/notes/", title="A", body="B")
    clock.forward(hours=5)
    browse(cast.dan, fresh=True).get(cast.case.url + "/", 404)
    assert chain_holds(app)


def test_a_session_of_a_wrong_future_ends_no_later_than_others(
    make_app: Callable[..., Flask], cast: Cast, clock: Clock
) -> None:
    app = make_app()
    clock.forward(days=30)
    ben = Browse(app)(cast.ben)
    clock.forward(days=-30)

    assert ben.get("/", None).status == 302, "it would live for a month"
