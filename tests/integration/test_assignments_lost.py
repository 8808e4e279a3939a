"""With the seat goes what somebody was given to do; the editors see that nobody has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.cases import seats
from casefile.policy import Seat
from tests import intruder, newsdesk
from tests.cast import change, give_seat, resources_of, take_seat
from tests.integration.test_assign_stories import desk, in_days, told

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


def test_with_the_seat_the_assignment_goes_and_the_editors_see_it(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    newsdesk.seat_finn(app, cast, Seat.FACT_CHECKER)
    story = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, story, cast.dan)
    assert len(desk(browse(cast.dan))) == 1

    take_seat(app, cast.ann, cast.case.id, cast.dan)

    assert desk(browse(cast.dan)) == []
    assert told(app, cast.dan) == []
    assert told(app, cast.eva) == ["assignment.dropped"]
    [line] = desk(browse(cast.eva))
    assert "Nobody has this any more: Check claim C-1" in line
    assert desk(browse(cast.ben)) == []
    page = browse(cast.eva).get(f"{newsdesk.url(cast, story)}/assignments/")
    assert "Nobody has it" in page.main
    assert "Dan Outsider" not in page.main
    where = f"{newsdesk.url(cast, story)}/assignments/{made}/edit"
    version = browse(cast.eva).get(where).value("version")
    browse(cast.eva).post(where, person=str(cast.ann.id), version=version)
    assert len(desk(browse(cast.ann))) == 1
    assert "assignment.dropped" in intruder.actions(app)


def test_a_seat_that_ends_by_itself_takes_the_assignment_along(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    until = in_days(clock, 1)
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.FACT_CHECKER, until)
    story = newsdesk.begin(app, cast)
    newsdesk.assign(app, cast, story, cast.dan)
    clock.forward(days=2)

    assert "Nobody has it" in browse(cast.ben).get(newsdesk.url(cast, story)).main
    assert desk(browse(cast.dan)) == []
    [line] = desk(browse(cast.ann))
    assert "Nobody has this any more" in line


def test_another_seat_keeps_what_it_allows_and_loses_the_rest(app: Flask, cast: Cast) -> None:
    newsdesk.seat_finn(app, cast, Seat.EDITOR)
    story = newsdesk.begin(app, cast)
    newsdesk.assign(app, cast, story, cast.dan)
    newsdesk.assign(app, cast, story, cast.dan, task="clear")
    with resources_of(app).database.reading() as session:
        seat = intruder.seat_row(session, cast.case.id, cast.dan).id

    change(
        app,
        cast.ann,
        cast.case.id,
        lambda uow, case: seats.change(uow, case, seat, role=Seat.FACT_CHECKER, ends_at=None),
    )

    found = {one.task: one.person_name for one in newsdesk.given(app, cast.ann, cast, story)}
    assert found == {"claim": "Dan Outsider", "clear": ""}
