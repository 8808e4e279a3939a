"""The desk: which stories wait for whom, oldest first, with what blocks; and who is told."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select

from casefile.cases import service as cases
from casefile.notices import ticking
from casefile.notices.models import Notice
from casefile.policy import Seat
from casefile.stories import service as stories
from casefile.stories.records import Reply, Text
from casefile.uow import UnitOfWork
from tests import newsdesk
from tests.cast import change, give_seat, resources_of
from tests.integration.test_check_claims import withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse, StrictBrowser

PANEL = "//section[@aria-labelledby='waiting-stories']//li[@data-kind='story']"


def waits(browser: StrictBrowser) -> list[tuple[str, str]]:
    """Return what the desk says waits: what for, and the words."""
    found = browser.get("/").find(PANEL)
    return [(one.get("data-what"), " ".join(one.text_content().split())) for one in found]


def told(app: Flask, person: Actor) -> list[str]:
    with resources_of(app).database.reading() as session:
        wanted = select(Notice.kind).where(Notice.user_id == person.id)
        return sorted(session.scalars(wanted))


def test_each_finds_on_the_desk_what_waits_for_them_and_nobody_else_does(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    assert [waits(browse(one)) for one in (cast.ann, cast.ben, cast.eva)] == [[], [], []]

    newsdesk.step(app, cast.ben, cast, story, "submit")
    [(what, words)] = waits(browse(cast.eva))
    assert what == "check"
    assert "Claim 1 is not checked." in words
    newsdesk.seat_finn(app, cast, Seat.FACT_CHECKER)
    assert [what for what, _words in waits(browse(cast.dan))] == ["check"]
    assert waits(browse(cast.eva)) == []

    newsdesk.check(app, cast.eva, cast, story)
    newsdesk.step(app, cast.eva, cast, story, "refer")
    assert [what for what, _words in waits(browse(cast.eva))] == ["clear"]
    newsdesk.step(app, cast.eva, cast, story, "clear")
    [(what, words)] = waits(browse(cast.ann))
    assert what == "approve"
    assert "Nothing blocks" in words
    withdraw(app, cast)
    assert "Claim 1 has to be checked again" in waits(browse(cast.ann))[0][1]

    newsdesk.step(app, cast.eva, cast, story, "override")
    assert waits(browse(cast.eva)) == []
    [(what, words)] = waits(browse(cast.ann))
    assert what == "second"
    assert "Eva Editor vouches" in words
    newsdesk.step(app, cast.ann, cast, story, "return", reason="Find the contract.")
    [(what, words)] = waits(browse(cast.ben))
    assert what == "returned"
    assert "Find the contract." in words
    assert waits(browse(cast.cleo)) == []
    assert "The pier" not in browse(cast.ada).get("/").main


def test_an_author_is_not_asked_to_approve_and_hears_that_an_approval_ended(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.write(app, cast.ann, cast, story, f"{newsdesk.AGAIN}\nAnn was here.")
    newsdesk.step(app, cast.eva, cast, story, "return")
    newsdesk.step(app, cast.ben, cast, story, "submit")
    newsdesk.step(app, cast.eva, cast, story, "refer")
    newsdesk.step(app, cast.eva, cast, story, "clear")
    assert waits(browse(cast.ann)) == []
    newsdesk.step(app, cast.eva, cast, story, "approve")
    assert [what for what, _words in waits(browse(cast.eva))] == ["publish"]

    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\nChanged.")
    assert [what for what, _words in waits(browse(cast.ann))] == ["voided"]


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect what the database is asked meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    engine = resources_of(app).database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def more_cases(app: Flask, cast: Cast, number: int) -> None:
    """Give Eva more cases of Ann's, each with a story that waits for a check."""
    resources = resources_of(app)
    for _ in range(number):
        with UnitOfWork(resources, cast.ann.id, cast.ann.bundle) as uow:
            case_id = cases.create(uow, title="More", summary="")
        give_seat(app, cast.ann, case_id, cast.eva, Seat.EDITOR)
        text = Text("en", "More", newsdesk.BODY)
        story = change(
            app,
            cast.ann,
            case_id,
            lambda uow, case, text=text: stories.create(uow, case, title="More", text=text),
        )
        newsdesk.move(app, cast.ann, case_id, story, "submit")


def test_the_desk_asks_the_database_as_often_with_many_cases_as_with_some(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    eva = browse(cast.eva)
    more_cases(app, cast, 9)
    eva.get("/")
    with counted(app) as some:
        eva.get("/")
    more_cases(app, cast, 12)
    eva.get("/")
    with counted(app) as many:
        page = eva.get("/")

    assert len(page.find(PANEL)) == 8
    assert "and 13 more" in page.main
    assert len(many) <= len(some) + 6


def test_people_are_told_that_something_waits_and_never_what(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    newsdesk.seat_finn(app, cast, Seat.FACT_CHECKER)
    story = newsdesk.proven(app, cast)
    assert told(app, cast.dan) == ["story.check"]
    assert "story.ready" in told(app, cast.ann)
    assert told(app, cast.ben) == told(app, cast.cleo) == []

    newsdesk.step(app, cast.eva, cast, story, "approve")
    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\nMore.")
    assert told(app, cast.ben) == []
    newsdesk.step(app, cast.eva, cast, story, "return", reason="Find the contract.")
    assert told(app, cast.ben) == ["story.returned"]
    page = browse(cast.ben).get("/notices/")
    assert f"{cast.case.codename} S-1" in page.main
    for secret in ("The pier", "Find the contract", "second pier"):
        assert secret not in page.main


@pytest.mark.parametrize("answered", [False, True])
def test_the_lead_is_reminded_when_a_deadline_passes_without_an_answer(
    app: Flask, cast: Cast, clock: Clock, *, answered: bool
) -> None:
    story = newsdesk.begin(app, cast)
    now = clock()
    reply = Reply(
        "The director",
        "letter",
        sent_at=(now - timedelta(hours=1)).isoformat(),
        deadline=(now + timedelta(days=2)).isoformat(),
        zone="UTC",
        answer="No." if answered else "",
        answered_at=now.isoformat() if answered else "",
    )
    newsdesk.ask_for_reply(app, cast, story, reply)
    ticking.tick(resources_of(app))
    assert told(app, cast.ann) == []

    clock.forward(days=3)
    ticking.tick(resources_of(app))
    assert told(app, cast.ann) == ([] if answered else ["story.reply_overdue"])
