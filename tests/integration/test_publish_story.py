from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from casefile.errors import ForbiddenError, InvalidError
from casefile.policy import Seat
from casefile.stories.decisions import BlockedError, MovedOnError
from casefile.stories.records import Publication
from casefile.stories.rules import STEPS
from tests import newsdesk
from tests.integration.test_check_claims import withdraw

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

OUT = {"url": "https://outlet.example/pier", "outlet": "Weekly", "at": "2026-01-02T10:00"}


def placed(at: datetime | None = None) -> Publication:
    when = at or datetime.now(UTC)
    return Publication("https://outlet.example/pier", "Weekly", when.isoformat(), "UTC")


def test_the_embargo_holds_and_lifting_it_takes_a_new_approval(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    story = newsdesk.proven(app, cast)
    where = newsdesk.url(cast, story)
    until = (clock() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    form = browse(cast.ben).get(f"{where}/edit").value("version")
    browse(cast.ben).post(f"{where}/edit", title="The pier", embargo=until, version=form)
    newsdesk.step(app, cast.eva, cast, story, "approve")

    with pytest.raises(InvalidError, match="embargo is not over"):
        newsdesk.step(app, cast.eva, cast, story, "publish", publication=placed())
    clock.forward(days=3)
    with pytest.raises(InvalidError, match="embargo is not over"):
        newsdesk.step(app, cast.eva, cast, story, "publish", publication=placed())
    later = placed(clock() + timedelta(hours=1))
    with pytest.raises(InvalidError, match="later than now"):
        newsdesk.step(app, cast.eva, cast, story, "publish", publication=later)
    newsdesk.step(app, cast.eva, cast, story, "publish", publication=placed(clock()))
    assert newsdesk.state(app, cast, story) == "published"


def test_a_published_story_is_corrected_by_somebody_else_and_retracted(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.approved(app, cast)
    came_out = datetime(2026, 1, 2, 10, tzinfo=UTC)
    newsdesk.step(app, cast.eva, cast, story, "publish", publication=placed(came_out))
    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\nCorrected: by one som.")
    where, eva = newsdesk.url(cast, story), browse(cast.eva)
    assert newsdesk.state(app, cast, story) == "published"
    assert "Not as it was published" in eva.get(where).main
    newsdesk.seat_finn(app, cast, Seat.REPORTER)
    with pytest.raises(ForbiddenError):
        newsdesk.step(app, cast.dan, cast, story, "correct", reason="Mine.")

    form = newsdesk.fields(eva.get(f"{where}/decisions/"))
    eva.post(f"{where}/correct", 422, **form, reason="A number was wrong.")
    for day, why in (("2099-01-01", "has not come yet"), ("2025-12-31", "had not come out")):
        page = eva.post(f"{where}/correct", 422, **form, reason="A number was wrong.", day=day)
        assert why in page.problems()
    eva.post(f"{where}/correct", **form, reason="A number was wrong.", day="2026-02-03")
    form = newsdesk.fields(eva.get(f"{where}/decisions/"))
    eva.post(f"{where}/retract", **form, reason="The ledger was forged.", day="2026-03-04")

    page = browse(cast.cleo).get(f"{where}/published")
    for words in ("A number was wrong.", "2026-02-03", "The ledger was forged.", "Retraction"):
        assert words in page.main
    browse(cast.ben).post(f"{where}/texts/en", 409, title="x", body="y", version=2)
    told = {"kind": "award", "day": "2026-03-05", "text": "A prize."}
    browse(cast.ben).post(f"{where}/impacts", 422, **told, url="javascript:alert(1)")
    browse(cast.ben).post(f"{where}/impacts", 422, fields={**told, "day": "2099-01-01"})
    browse(cast.ben).post(f"{where}/impacts", **told)
    assert "A prize." in browse(cast.cleo).get(f"{where}/published").main


@pytest.mark.parametrize("name", sorted(step.name for step in STEPS.values() if step.confirmed))
def test_a_step_that_cannot_be_taken_back_asks_for_the_password(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, name: str
) -> None:
    story = newsdesk.begin(app, cast)
    eva = browse(cast.eva)
    eva.get(newsdesk.url(cast, story))
    clock.forward(minutes=6)

    page = eva.post(f"{newsdesk.url(cast, story)}/{name}", 403, version="1", content="x")

    assert "Your password again" in page.main


def test_what_appears_before_publication_is_refused(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    where = newsdesk.url(cast, story)

    page = browse(cast.ben).post(f"{where}/publications", 409, **OUT)
    assert "has not come out yet" in page.problems()
    page = browse(cast.ben).post(
        f"{where}/impacts", 409, kind="award", day="2026-03-05", text="A prize."
    )
    assert "has not come out yet" in page.problems()
    browse(cast.ben).post(f"{where}/publications", 422, **{**OUT, "url": "javascript:alert(1)"})


def test_withdrawn_evidence_under_an_approved_story_keeps_it_from_coming_out(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.approved(app, cast)
    seen = newsdesk.story(app, cast.eva, cast.case.id, story)
    withdraw(app, cast)

    page = browse(cast.cleo).get(newsdesk.url(cast, story))
    assert "The approval does not hold any more." in page.main
    assert "E-1" in page.main
    for shown in (seen, None):
        with pytest.raises((MovedOnError, BlockedError)):
            newsdesk.step(app, cast.eva, cast, story, "publish", publication=placed(), seen=shown)
    assert newsdesk.state(app, cast, story) == "approved"
    newsdesk.step(app, cast.eva, cast, story, "return")
