"""Somebody who writes into the database gives nobody anything to do, and takes nothing from anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from casefile.errors import DamagedError
from casefile.stories import assignments
from casefile.stories.models import Assignment
from tests import newsdesk
from tests.cast import change
from tests.faults.traces import leaks
from tests.integration.test_assign_stories import desk, finish
from tests.intruder import copied, flipped, writing

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

WORD = "Zwischenlagerschluessel"


@pytest.mark.parametrize(
    "change_row",
    [
        lambda row, cast: setattr(row, "person_id", cast.ben.id),
        lambda row, _cast: setattr(row, "task", "clear"),
        lambda row, _cast: setattr(row, "due_at", row.made_at),
        lambda row, _cast: setattr(row, "record", flipped(row.record)),
        lambda row, cast: setattr(row, "made_by_id", cast.ben.id),
        lambda row, _cast: setattr(row, "version", 2),
    ],
)
def test_a_changed_row_is_shown_as_changed_and_is_on_nobodys_desk(
    app: Flask, browse: Browse, cast: Cast, change_row: object
) -> None:
    story = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, story, cast.eva)
    with writing(app) as session:
        change_row(session.get_one(Assignment, made), cast)  # type: ignore[operator]

    assert desk(browse(cast.ben)) == desk(browse(cast.eva)) == []
    assert "changed outside Casefile" in browse(cast.ann).get(newsdesk.url(cast, story)).main
    [view] = newsdesk.given(app, cast.ann, cast, story)
    with pytest.raises(DamagedError):
        finish(app, cast.ann, cast, story, made, view.version)


def test_a_row_planted_beside_it_gives_nobody_anything_to_do(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, story, cast.eva)
    with writing(app) as session:
        row = copied(session.get_one(Assignment, made))
        session.add(Assignment(**{**row, "id": uuid4(), "person_id": cast.dan.id}))
        session.add(Assignment(**{**row, "id": uuid4()}))

    assert desk(browse(cast.dan)) == []
    assert len(desk(browse(cast.eva))) == 1


def test_an_assignment_put_under_another_story_or_case_is_not_found_there(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story, other = newsdesk.begin(app, cast), newsdesk.begin(app, cast, "Another.")
    made = newsdesk.assign(app, cast, story, cast.eva)

    for place in (newsdesk.url(cast, other), f"{cast.other.url}/stories/{story}"):
        person = cast.dan if place.startswith(cast.other.url) else cast.ann
        browse(person).get(f"{place}/assignments/{made}/edit", 404)
        browse(person).post(f"{place}/assignments/{made}/done", 404, version=1)
        browse(person).post(f"{place}/assignments/{made}/withdraw", 404, version=1)


def test_an_assignment_gives_no_right(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.assign(app, cast, story, cast.eva)
    newsdesk.write(app, cast.eva, cast, story, newsdesk.AGAIN.replace("twice", "three times"))
    claim = newsdesk.claim_of(app, cast, story)

    page = browse(cast.eva).post(
        f"{claim.url}/verdict", 403, verdict="verified", reasoning="Mine.", version=claim.version
    )

    assert "You wrote this claim" in page.text


def test_the_reason_lies_nowhere_in_clear(
    app: Flask, browse: Browse, cast: Cast, instance: Path, tmp_path: Path
) -> None:
    story = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, story, cast.eva, reason=f"Ask about {WORD}.")
    change(
        app,
        cast.ann,
        cast.case.id,
        lambda uow, case: assignments.withdraw(uow, case, story, made, 1),
    )

    assert WORD in browse(cast.eva).get(f"{newsdesk.url(cast, story)}/assignments/").main
    assert leaks([instance, tmp_path], [WORD]) == []
