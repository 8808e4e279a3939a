"""A save that comes too late is refused, and what was typed stands on the page that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.cases.models import Case
from tests import newsdesk
from tests.intruder import writing

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

TYPED = "An hour of writing"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/texts/en", {"title": "x", "body": TYPED, "version": "1"}),
        ("/texts/ky", {"title": "x", "body": TYPED, "version": "0"}),
        ("/replies/", {"subject": "The director", "asked": TYPED, "version": "0"}),
        ("/claims/", {"statement": TYPED, "category": "fact"}),
        ("/edit", {"title": TYPED}),
    ],
)
def test_what_is_saved_into_a_spiked_story_comes_back(
    app: Flask, browse: Browse, cast: Cast, path: str, fields: dict[str, str]
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.step(app, cast.eva, cast, story, "spike")
    where, ben = newsdesk.url(cast, story), browse(cast.ben)
    if path == "/edit":
        fields = {**fields, "version": ben.get(f"{where}/edit").value("version")}

    page = ben.post(f"{where}{path}", 409, **fields)

    assert TYPED in page.html
    assert "An editor can take a spiked one up again." in page.problems()


def test_what_is_begun_in_a_case_that_was_archived_meanwhile_comes_back(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    with writing(app) as session:
        session.get_one(Case, cast.case.id).status = "archived"

    page = browse(cast.ben).post(
        f"{cast.case.url}/stories/", 409, title="x", language="en", body=TYPED
    )

    assert page.value("body") == TYPED
    assert "archived" in page.problems()
