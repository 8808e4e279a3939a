from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from casefile.accounts.models import User
from tests import newsdesk
from tests.intruder import writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

ASKED = {
    "subject": "The director of roads",
    "asked": "Did you pay twice?",
    "how": "letter",
    "sent_at": "2026-01-05T10:00",
    "deadline": "2026-01-12T18:00",
    "version": "0",
}


def blocks(app: Flask, cast: Cast, story: object) -> set[str]:
    found = newsdesk.story(app, cast.ann, cast.case.id, story)  # type: ignore[arg-type]
    return {one.what for one in found.blocking if one.what.startswith(("reply", "nobody"))}


def test_a_request_is_asked_overdue_answered_and_settled(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    where, ben = newsdesk.url(cast, story), browse(cast.ben)
    ben.post(f"{where}/replies/", subject="The director of roads", version=0)
    assert blocks(app, cast, story) == {"reply_to_send"}
    edit = newsdesk.story(app, cast.ben, cast.case.id, story).replies[0].url

    ben.post(edit, **{**ASKED, "version": "1"})
    assert blocks(app, cast, story) == {"reply_overdue"}
    page = browse(cast.cleo).get(where)
    assert "Overdue" in page.main
    assert "The director of roads" in page.main
    answer = {"answer": "We did not.", "answered_at": "2026-01-13T09:00"}
    ben.post(edit, **{**ASKED, **answer, "version": "2"})
    assert blocks(app, cast, story) == {"reply_answered"}
    ben.post(edit, **{**ASKED, **answer, "used": "Third paragraph.", "version": "3"})
    assert blocks(app, cast, story) == set()
    assert "Third paragraph." in browse(cast.cleo).get(where).main


def test_a_deadline_is_over_at_its_hour_in_its_zone(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    clock.freeze()
    with writing(app) as session:
        session.get_one(User, cast.ben.id).timezone = "Pacific/Auckland"
    story = newsdesk.begin(app, cast)
    from zoneinfo import ZoneInfo

    local = clock().astimezone(ZoneInfo("Pacific/Auckland"))
    given = {
        **ASKED,
        "sent_at": (local - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "deadline": (local + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
    }
    browse(cast.ben, fresh=True).post(f"{newsdesk.url(cast, story)}/replies/", **given)
    assert blocks(app, cast, story) == {"reply_waiting"}

    clock.forward(hours=1, minutes=55)
    assert blocks(app, cast, story) == {"reply_waiting"}
    clock.forward(minutes=6)
    assert blocks(app, cast, story) == {"reply_overdue"}
    clock.forward(days=-1)
    assert blocks(app, cast, story) == {"reply_waiting"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sent_at": "2090-01-01T10:00", "deadline": "2090-02-01T10:00"}, "later than now"),
        ({"deadline": "2026-01-05T10:00"}, "must be later than the request"),
        ({"deadline": ""}, "until when"),
        ({"how": ""}, "how the request was sent"),
        ({"sent_at": ""}, "say when it was sent"),
        ({"answer": "No."}, "when the answer came"),
        ({"answered_at": "2026-01-01T10:00"}, "after the request"),
        ({"sent_at": "0026-01-01T10:00"}, "between the years"),
        ({"subject": " "}, "Fill this in."),
        ({"sent_at": "yesterday"}, "Not a valid"),
    ],
)
def test_what_cannot_have_been_is_refused_and_comes_back(
    app: Flask, browse: Browse, cast: Cast, changed: dict[str, str], told: str
) -> None:
    story = newsdesk.begin(app, cast)

    page = browse(cast.ben).post(
        f"{newsdesk.url(cast, story)}/replies/", 422, **{**ASKED, **changed}
    )

    assert told in page.problems()
    assert page.value("asked") == "Did you pay twice?"
    assert not newsdesk.story(app, cast.ben, cast.case.id, story).replies


def test_an_hour_that_the_clocks_skip_is_refused(app: Flask, browse: Browse, cast: Cast) -> None:
    with writing(app) as session:
        session.get_one(User, cast.ben.id).timezone = "Europe/Berlin"
    story = newsdesk.begin(app, cast)
    given = {**ASKED, "deadline": "2026-03-29T02:30"}

    page = browse(cast.ben, fresh=True).post(f"{newsdesk.url(cast, story)}/replies/", 422, **given)

    assert "That hour does not exist" in page.problems()


def test_somebody_elses_newer_request_is_not_overwritten(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    browse(cast.ben).post(f"{newsdesk.url(cast, story)}/replies/", **ASKED)
    edit = newsdesk.story(app, cast.ben, cast.case.id, story).replies[0].url
    browse(cast.eva).post(edit, **{**ASKED, "asked": "Eva asks.", "version": "1"})

    page = browse(cast.ben).post(edit, 409, **{**ASKED, "asked": "Ben asks.", "version": "1"})

    assert "Eva asks." in page.main
    assert page.value("asked") == "Ben asks."
    assert page.value("version") == "2"


def test_an_allegation_wants_somebody_asked_and_a_newsroom_may_only_warn(
    make_app: Callable[..., Flask], cast: Cast
) -> None:
    strict, easy = make_app(), make_app(story_reply="warn", story_allegation_supports=1)
    story = newsdesk.begin(strict, cast)
    claim = newsdesk.claim_of(strict, cast, story)
    from casefile.stories import claims
    from tests.cast import change

    change(
        strict,
        cast.ben,
        cast.case.id,
        lambda uow, case: claims.edit(
            uow,
            case,
            story,
            claim.id,
            statement=claim.statement,
            category="allegation",
            version=claim.version,
        ),
    )
    newsdesk.support(strict, cast.ben, cast, story)

    assert blocks(strict, cast, story) == {"nobody_asked"}
    shown = newsdesk.story(strict, cast.ann, cast.case.id, story)
    assert "allegation" in {one.what for one in shown.blocking}
    assert blocks(easy, cast, story) == set()
    shown = newsdesk.story(easy, cast.ann, cast.case.id, story)
    assert "allegation" not in {one.what for one in shown.blocking}
    assert "nobody_asked" in {one.what for one in shown.warnings}
