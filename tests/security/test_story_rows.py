"""Rows of a story that somebody with the database damages or exchanges, and what is typed then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.errors import DamagedError
from casefile.stories.models import Story, StoryPart, StoryPartVersion
from tests import newsdesk
from tests.intruder import flipped, writing

if TYPE_CHECKING:
    from flask import Flask

    from casefile.stories.views import ClaimView
    from tests.cast import Cast
    from tests.strict_browser import Browse

TWO = "[One thing was paid.](c:)\n\n[Another was not.](c:)\n"


def damaged(app: Flask, cast: Cast) -> ClaimView:
    """Return a claim whose row was damaged, as it was before."""
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    one = newsdesk.claim_of(app, cast, story)
    with writing(app) as session:
        row = session.get_one(StoryPartVersion, (one.id, one.version))
        row.record = flipped(row.record)
    return one


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/supports", {"what": "E-1", "passage": "An hour of reading"}),
        ("/supports/0/delete", {}),
        ("/verdict", {"verdict": "verified", "reasoning": "An hour of reading"}),
    ],
)
def test_a_damaged_claim_is_refused_with_what_to_do(
    app: Flask, browse: Browse, cast: Cast, path: str, fields: dict[str, str]
) -> None:
    one = damaged(app, cast)

    page = browse(cast.eva).post(f"{one.url}{path}", 409, version=str(one.version), **fields)

    assert "Write its statement anew" in page.main
    assert ("An hour of reading" in page.html) is bool(fields)


def test_a_damaged_claim_is_written_anew_and_its_writers_stay_writers(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    one = damaged(app, cast)

    browse(cast.eva).post(
        one.url, statement="It was paid twice.", category="fact", version=str(one.version)
    )

    whole = newsdesk.story(app, cast.ann, cast.case.id, _story_of(app, one))
    [again] = whole.claims
    assert again.statement == "It was paid twice."
    assert {cast.ben.id, cast.eva.id} <= set(again.writer_ids)


def _story_of(app: Flask, one: ClaimView) -> object:
    with writing(app) as session:
        return session.get_one(StoryPart, one.id).story_id


def test_claims_whose_numbers_were_exchanged_are_noticed(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """Marks name claims by number: the words of one would stand under the verdict of the other."""
    story = newsdesk.begin(app, cast, TWO)
    one, other = (newsdesk.claim_of(app, cast, story, number) for number in (1, 2))
    with writing(app) as session:
        first, second = (session.get_one(StoryPart, claim.id) for claim in (one, other))
        for part, number in ((first, 99), (second, 1), (first, 2)):
            part.number = number
            session.flush()

    assert "changed outside Casefile" in browse(cast.cleo).get(newsdesk.url(cast, story)).main
    with pytest.raises(DamagedError):
        newsdesk.write(app, cast.ben, cast, story, TWO)


def test_a_draft_for_a_story_with_planted_rows_comes_back_to_its_writer(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    with writing(app) as session:
        session.get_one(Story, story).state = "approved"

    page = browse(cast.ben).post(
        f"{newsdesk.url(cast, story)}/texts/en", 503, title="x", body="An hour's work", version="1"
    )

    assert page.value("body") == "An hour's work"
    assert "changed outside Casefile" in page.problems()
