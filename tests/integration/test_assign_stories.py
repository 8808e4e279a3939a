"""Assignments: given by editors, seen on the desk, settled by the work itself, and lost with the seat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts.models import User
from casefile.audit import Entry
from casefile.errors import ConflictError, InvalidError
from casefile.notices.models import Notice, Reminder
from casefile.notices.ticking import tick
from casefile.stories import assignments
from casefile.stories.models import Assignment
from tests import intruder, newsdesk
from tests.cast import change, resources_of

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse, StrictBrowser

PANEL = "//section[@aria-labelledby='my-tasks']//li[@data-kind='assignment']"
TWO = "[The second pier was paid for twice.](c:) [It cost 36 million.](c:)\n"


def desk(browser: StrictBrowser) -> list[str]:
    """Return what the desk says somebody was given, in its order."""
    return [" ".join(one.text_content().split()) for one in browser.get("/").find(PANEL)]


def told(app: Flask, person: Actor) -> list[str]:
    wanted = select(Notice.kind).where(
        Notice.user_id == person.id, Notice.kind.startswith("assignment.")
    )
    return sorted(intruder.read(app, wanted))


def in_days(clock: Clock, number: int) -> datetime:
    return clock().astimezone(UTC) + timedelta(days=number)


def form(cast: Cast, to: Actor, **more: object) -> dict[str, object]:
    return {"task": "claim", "claims": "1", "person": str(to.id), **more}


def test_an_editor_assigns_a_claim_and_the_verdict_settles_it(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    url, day = f"{newsdesk.url(cast, story)}/assignments/", in_days(clock, 3).date().isoformat()

    page = browse(cast.ann).get(f"{url}?task=claim&claims=1")
    assert page.value("claims") == "1"
    browse(cast.ann).post(url, **form(cast, cast.eva, due=day, reason="Look at page 4."))

    assert told(app, cast.eva) == ["assignment.given"]
    [line] = desk(browse(cast.eva))
    assert "Check claim C-1 of “The pier”" in line
    assert "until" in line
    assert f"{cast.case.codename} S-1 C-1" in line
    assert "Look at page 4." in line
    assert desk(browse(cast.ann)) == desk(browse(cast.ben)) == desk(browse(cast.ada)) == []
    claim = newsdesk.claim_of(app, cast, story)
    for place in (newsdesk.url(cast, story), claim.url):
        shown = browse(cast.ben).get(place).find("//section[@aria-labelledby='assigned']")[0]
        assert "Eva Editor" in shown.text_content()

    newsdesk.check(app, cast.eva, cast, story)

    assert desk(browse(cast.eva)) == []
    [view] = newsdesk.given(app, cast.ann, cast, story)
    assert (view.state, view.ended_by_name) == ("done", "Eva Editor")
    assert view.ended_at is not None
    assert "done: Eva Editor" in browse(cast.ben).get(url).main
    assert intruder.actions(app).count("assignment.made") == 1
    assert intruder.actions(app).count("assignment.completed") == 1


def test_steps_settle_what_was_assigned_of_the_whole_story_and_closing_withdraws_it(
    app: Flask, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    for task, to in (("write", cast.ben), ("check", cast.eva), ("clear", cast.eva)):
        newsdesk.assign(app, cast, story, to, task=task)
    newsdesk.assign(app, cast, story, cast.eva)

    def states() -> dict[str, str]:
        return {one.task: one.state for one in newsdesk.given(app, cast.ann, cast, story)}

    assert set(states().values()) == {"open"}
    newsdesk.step(app, cast.ben, cast, story, "submit")
    assert states()["write"] == "done"
    newsdesk.step(app, cast.eva, cast, story, "refer")
    assert states()["check"] == "done"
    newsdesk.step(app, cast.ann, cast, story, "spike")
    assert states() == {
        "write": "done",
        "check": "done",
        "clear": "withdrawn",
        "claim": "withdrawn",
    }
    with pytest.raises(ConflictError, match="spiked"):
        newsdesk.assign(app, cast, story, cast.ben, task="write")


def test_nobody_is_given_their_own_work_to_check(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast, TWO, by=cast.ann)
    url = f"{newsdesk.url(cast, story)}/assignments/"

    page = browse(cast.eva).post(url, 422, **form(cast, cast.ann, claims="1, 2"))

    assert "Ann Lead wrote C-1, C-2" in page.problems()
    assert page.value("claims") == "1, 2"
    page = browse(cast.eva).post(url, 422, **form(cast, cast.ann, task="check", claims=""))
    assert "somebody else has to check it" in page.problems()
    page = browse(cast.eva).post(url, 422, **form(cast, cast.ann, task="clear", claims=""))
    assert "wrote part of this story" in page.problems()
    assert newsdesk.given(app, cast.eva, cast, story) == []


def test_a_second_account_of_the_same_name_is_given_nothing_either(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    with intruder.writing(app) as session:
        intruder.user_row(session, cast.eva).name = "Ben  writer"

    with pytest.raises(InvalidError, match="wrote C-1"):
        newsdesk.assign(app, cast, story, cast.eva)


def test_who_writes_a_claim_they_were_given_is_shown_as_such(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.assign(app, cast, story, cast.eva)
    newsdesk.write(app, cast.eva, cast, story, newsdesk.AGAIN.replace("twice", "three times"))

    page = browse(cast.ann).get(f"{newsdesk.url(cast, story)}/assignments/")

    assert "Eva Editor wrote it since" in page.main


@pytest.mark.parametrize(
    ("to", "task", "says"),
    [
        ("ben", "claim", "does not include this"),
        ("cleo", "write", "does not include this"),
        ("dan", "claim", "Choose somebody who is on this case"),
        ("ada", "check", "Choose somebody who is on this case"),
    ],
)
def test_only_somebody_whose_seat_allows_it_is_given_it(
    app: Flask, browse: Browse, cast: Cast, to: str, task: str, says: str
) -> None:
    story = newsdesk.begin(app, cast)
    claims = "1" if task == "claim" else ""

    page = browse(cast.ann).post(
        f"{newsdesk.url(cast, story)}/assignments/",
        422,
        **form(cast, getattr(cast, to), task=task, claims=claims),
    )

    assert says in page.problems()
    assert intruder.read(app, select(Assignment.id)) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"claims": ""}, "Say which claims"),
        ({"claims": "1, x"}, "Write the numbers"),
        ({"claims": "2-1"}, "Write the numbers"),
        ({"claims": "1-999999"}, "Write the numbers"),
        ({"claims": "1, 7"}, "no claim C-7"),
        ({"claims": "٣"}, "Write the numbers"),
        ({"person": "not-an-id"}, "Choose somebody"),
        ({"person": ""}, "Choose somebody"),
        ({"task": "approve"}, "Not a valid choice"),
        ({"due": "2020-01-01"}, "That day is over"),
        ({"due": "9999-12-31"}, "before the year 2101"),
        ({"due": "tomorrow"}, "Not a valid date"),
        ({"reason": "x" * 2001}, "Shorten this"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_lost(
    app: Flask, browse: Browse, cast: Cast, fields: dict[str, str], says: str
) -> None:
    story = newsdesk.begin(app, cast)
    sent = {**form(cast, cast.eva, reason="Page 4 first."), **fields}

    page = browse(cast.ann).post(f"{newsdesk.url(cast, story)}/assignments/", 422, **sent)

    assert says in page.problems()
    assert page.value("claims") == sent["claims"]
    assert page.value("reason") == sent["reason"]
    assert intruder.read(app, select(Assignment.id)) == []


def test_several_claims_go_together_or_not_at_all(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast, TWO)
    newsdesk.assign(app, cast, story, cast.eva, 2)
    url = f"{newsdesk.url(cast, story)}/assignments/"

    page = browse(cast.ann).post(url, 409, **form(cast, cast.ann, claims="1-2"))
    assert "C-2 is assigned already" in page.problems()
    assert len(newsdesk.given(app, cast.ann, cast, story)) == 1

    browse(cast.eva).post(url, **form(cast, cast.ann, claims="C-1"))
    assert len(newsdesk.given(app, cast.ann, cast, story)) == 2


def test_the_most_urgent_stands_first_and_what_is_late_is_marked(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    story = newsdesk.begin(app, cast, TWO)
    newsdesk.assign(app, cast, story, cast.eva, task="clear")
    newsdesk.assign(app, cast, story, cast.eva, 1, due_at=in_days(clock, 9))
    newsdesk.assign(app, cast, story, cast.eva, 2, due_at=in_days(clock, 2))
    clock.forward(days=3)

    page = browse(cast.eva).get("/")

    lines = [" ".join(one.text_content().split()) for one in page.find(PANEL)]
    assert ["C-2" in lines[0], "C-1" in lines[1], "lawyer" in lines[2]] == [True] * 3
    assert "Overdue" in lines[0]
    assert [one.get("data-overdue") is not None for one in page.find(PANEL)] == [True, False, False]


def test_a_day_that_passes_is_told_once_and_not_when_it_was_done(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    resources, story = resources_of(app), newsdesk.begin(app, cast, TWO)
    newsdesk.assign(app, cast, story, cast.eva, 1, 2, due_at=in_days(clock, 2))
    assert len(intruder.read(app, select(Reminder.id))) == 1, "one for all of a story"
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.check(app, cast.eva, cast, story)
    clock.forward(days=3)
    tick(resources)
    tick(resources)
    assert told(app, cast.eva) == ["assignment.given", "assignment.overdue"]

    other = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, other, cast.ann, due_at=in_days(clock, 2))
    finish(app, cast.ann, cast, other, made)
    clock.forward(days=3)
    tick(resources)
    assert "assignment.overdue" not in told(app, cast.ann)


def finish(app: Flask, actor: Actor, cast: Cast, story: UUID, made: UUID, version: int = 1) -> None:
    change(
        app,
        actor,
        cast.case.id,
        lambda uow, case: assignments.finish(uow, case, story, made, version),
    )


def test_whoever_has_it_says_that_it_is_done_and_others_do_not(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, story, cast.ben, task="write")
    url = f"{newsdesk.url(cast, story)}/assignments/{made}"

    browse(cast.cleo).post(f"{url}/done", 403, version=1)
    browse(cast.ben).post(f"{url}/withdraw", 403, version=1)
    browse(cast.ben).post(f"{url}/done", version=1)

    page = browse(cast.ann).post(f"{url}/withdraw", 409, version=2)
    assert "done or withdrawn already" in page.problems()
    [view] = newsdesk.given(app, cast.ann, cast, story)
    assert (view.state, view.ended_by_name) == ("done", "Ben Writer")


def test_what_is_withdrawn_says_by_whom_and_when(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, story, cast.ben, task="write")

    page = browse(cast.eva).post(
        f"{newsdesk.url(cast, story)}/assignments/{made}/withdraw", version=1
    )

    assert "withdrawn: Eva Editor" in browse(cast.ben).get(page.location).main
    assert desk(browse(cast.ben)) == []
    assert "assignment.withdrawn" in intruder.actions(app)


def test_two_editors_change_one_assignment_and_the_second_sees_both(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    made = newsdesk.assign(app, cast, story, cast.eva, reason="First words.")
    url = f"{newsdesk.url(cast, story)}/assignments/{made}/edit"
    assert browse(cast.ann).get(url).value("reason") == "First words."
    browse(cast.ann).post(url, person=str(cast.ann.id), reason="Ann's words.", version=1)

    page = browse(cast.eva).post(
        url, 409, person=str(cast.eva.id), reason="Eva's words.", version=1
    )

    assert "Ann's words." in page.main
    assert page.value("reason") == "Eva's words."
    assert page.value("person") == str(cast.eva.id)
    browse(cast.eva).post(
        url, person=str(cast.eva.id), reason="Eva's words.", version=page.value("version")
    )
    [view] = newsdesk.given(app, cast.ann, cast, story)
    assert (view.person_name, view.reason, view.version) == ("Eva Editor", "Eva's words.", 3)


def test_the_reason_names_colleagues_too(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    url = f"{newsdesk.url(cast, story)}/assignments/"

    page = browse(cast.ann).post(url, **form(cast, cast.eva, reason="@ben knows more. @dan"))

    shown = browse(cast.ann).get(page.location)
    assert "@dan" in shown.find("//*[@data-category='warning']")[0].text_content()
    [path] = intruder.read(
        app, select(Notice.path).where(Notice.user_id == cast.ben.id, Notice.kind == "mention.made")
    )
    assert browse(cast.ben).get(url).find(f"//*[@id='{path.partition('#')[2]}']")[0].text == "@ben"


def test_the_entries_of_the_trail_name_whom_and_which_claim_and_no_words(
    app: Flask, cast: Cast
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.assign(app, cast, story, cast.eva, reason="Look at the pier.")

    [entry] = intruder.read(app, select(Entry).where(Entry.action == "assignment.made"))
    assert b"pier" not in (entry.detail or b"").lower()
    assert entry.actor_id == cast.ann.id
    assert entry.subject_id == story
    assert intruder.read(app, select(User.id).where(User.id == entry.actor_id))
