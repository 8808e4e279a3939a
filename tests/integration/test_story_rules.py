"""The newsroom's rules: read by everybody in it, changed by an administrator, kept with each decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts import roles
from casefile.accounts import service as accounts
from casefile.audit import Entry
from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.notices.models import Notice
from casefile.policy import Role
from casefile.stories import rulebook
from casefile.stories.decisions import BlockedError
from casefile.stories.models import RuleBook
from casefile.stories.records import Publication
from casefile.stories.rules import Rules
from casefile.uow import UnitOfWork
from tests import intruder, newsdesk
from tests.cast import resources_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse, StrictBrowser

PAGE = "/admin/story-rules"
STRICT = Rules(allegation_supports=3)


def put(app: Flask, actor: Actor, rules: Rules, *, base: int = 0, reason: str = "Because.") -> None:
    """Let somebody set the rules through the service."""
    with UnitOfWork(resources_of(app), actor.id, actor.bundle) as uow:
        rulebook.change(uow, rules, reason=reason, base=base)


def in_force(app: Flask, actor: Actor) -> Rules:
    resources = resources_of(app)
    with resources.database.reading() as session:
        return rulebook.in_force(session, actor.bundle.anchor, resources.settings)


def form(browser: StrictBrowser, **more: object) -> dict[str, object]:
    """Return what the form says, with some of it changed."""
    page = browser.get(PAGE)
    names = ("allegation_supports", "number", "confidential", "reply", "legal", "edition")
    return {**{name: page.value(name) for name in names}, "reason": "Because.", **more}


def test_the_rules_stand_there_in_plain_words(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).get(PAGE)

    assert "An allegation needs 2 supports from different hands." in page.main
    assert "A number needs a document." in page.main
    assert "A lawyer reads every story" in page.main
    assert "These come from the settings of the server." in page.main
    assert not page.find("//form[@action='/admin/story-rules']")
    assert browse(cast.ada).get(PAGE).find("//form[@action='/admin/story-rules']")
    browse(cast.cleo).get(PAGE, 403)


def test_an_administrator_changes_them_with_a_reason_and_the_newsroom_hears_of_it(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ada = browse(cast.ada)

    ada.post(PAGE, **form(ada, allegation_supports="3", reply="warn", reason="After the lawsuit."))

    page = browse(cast.eva).get(PAGE)
    assert "An allegation needs 3 supports" in page.main
    assert "After the lawsuit." in page.main
    assert "Ada Keeper set edition 1" in page.main
    assert "The settings of the server say something else" in page.main
    assert in_force(app, cast.ben) == Rules(allegation_supports=3, reply="warn", edition=1)
    [entry] = intruder.read(app, select(Entry).where(Entry.action == "rules.changed"))
    assert entry.actor_id == cast.ada.id
    assert b"lawsuit" not in entry.detail
    told = intruder.read(app, select(Notice.user_id).where(Notice.kind == "rules.changed"))
    assert set(told) == {cast.ann.id, cast.ben.id, cast.dan.id, cast.eva.id}


def test_the_password_is_asked_for_again(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ada = browse(cast.ada)
    sent = form(ada, allegation_supports="3")
    clock.forward(minutes=6)

    page = ada.post(PAGE, 403, **sent)

    assert page.find("//input[@name='confirm_password']")
    assert intruder.read(app, select(RuleBook.number)) == []
    ada.post(PAGE, **sent, confirm_password=cast.ada.password)
    assert intruder.read(app, select(RuleBook.number)) == [1]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"reason": "  "}, "Fill this in"),
        ({"reason": "x" * 2001}, "Shorten this"),
        ({"allegation_supports": "0"}, "Not a valid choice"),
        ({"number": "nothing"}, "Not a valid choice"),
        ({}, "These are the rules already"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    app: Flask, browse: Browse, cast: Cast, more: dict[str, str], says: str
) -> None:
    ada = browse(cast.ada)

    page = ada.post(PAGE, 422, **form(ada, **more))

    assert says in page.problems()
    assert intruder.read(app, select(RuleBook.number)) == []


def test_two_administrators_change_them_and_the_second_sees_both(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ada = browse(cast.ada)
    mine = form(ada, allegation_supports="4", reason="Mine.")
    put(app, cast.ada, STRICT)

    page = ada.post(PAGE, 409, **mine)

    assert "An allegation needs 3 supports" in page.main
    assert page.value("allegation_supports") == "4"
    assert page.value("reason") == "Mine."
    ada.post(PAGE, **{**mine, "edition": page.value("edition")})
    assert in_force(app, cast.ada).allegation_supports == 4


def test_what_the_settings_say_counts_until_somebody_sets_the_rules_here(
    make_app: Callable[..., Flask], cast: Cast
) -> None:
    plain, easy = make_app(), make_app(story_allegation_supports=1)
    assert in_force(easy, cast.ada).allegation_supports == 1

    put(plain, cast.ada, STRICT)

    assert in_force(easy, cast.ada) == Rules(allegation_supports=3, edition=1)


def test_whoever_is_no_administrator_signs_no_rules(app: Flask, cast: Cast) -> None:
    with pytest.raises(ForbiddenError, match="not certified as an administrator's"):
        put(app, cast.eva, STRICT)
    with pytest.raises(InvalidError):
        put(app, cast.ada, Rules())
    with pytest.raises(ConflictError):
        put(app, cast.ada, STRICT, base=3)


def test_the_rules_stay_when_who_set_them_is_no_administrator_any_more(
    app: Flask, cast: Cast
) -> None:
    with UnitOfWork(resources_of(app), cast.ada.id, cast.ada.bundle) as uow:
        roles.change_roles(uow, cast.eva.id, [Role.EDITOR, Role.ADMIN])
    put(app, cast.eva, STRICT)
    with UnitOfWork(resources_of(app), cast.ada.id, cast.ada.bundle) as uow:
        roles.change_roles(uow, cast.eva.id, [Role.EDITOR])
        accounts.disable(uow, cast.eva.id)

    assert in_force(app, cast.ada) == Rules(allegation_supports=3, edition=1)
    with pytest.raises(ForbiddenError):
        put(app, cast.eva, Rules(), base=1)


def test_a_decision_follows_the_rules_of_its_moment_and_keeps_them(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    put(app, cast.ada, Rules(legal="optional"))
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.step(app, cast.ben, cast, story, "submit")
    newsdesk.check(app, cast.eva, cast, story)
    newsdesk.step(app, cast.eva, cast, story, "pass")
    put(app, cast.ada, Rules(), base=1)
    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.eva, cast, story, "approve")

    put(app, cast.ada, Rules(legal="optional"), base=2)
    newsdesk.step(app, cast.eva, cast, story, "approve")

    made = newsdesk.story(app, cast.eva, cast.case.id, story).decisions[-1]
    assert made.rules == {**Rules(legal="optional").told(), "edition": 3}
    page = browse(cast.eva).get(f"{newsdesk.url(cast, story)}/decisions/")
    assert "under the rules of edition 3" in page.main


def test_a_change_after_the_approval_neither_ends_nor_blesses_it_and_is_said(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    put(app, cast.ada, Rules(legal="optional"))
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.step(app, cast.ben, cast, story, "submit")
    newsdesk.check(app, cast.eva, cast, story)
    newsdesk.step(app, cast.eva, cast, story, "pass")
    newsdesk.step(app, cast.eva, cast, story, "approve")
    assert "were changed since" not in browse(cast.eva).get(newsdesk.url(cast, story)).main

    put(app, cast.ada, Rules(), base=1)

    page = browse(cast.eva).get(newsdesk.url(cast, story))
    assert "The rules of the newsroom were changed since this was decided." in page.main
    assert "A lawyer is asked where the newsroom wants it. Today:" in page.main
    assert "No lawyer has cleared it." in page.main
    seen = newsdesk.story(app, cast.eva, cast.case.id, story)
    assert (seen.state, seen.approval_holds) == ("approved", True)
    out = Publication("https://example.org/pier", "The Gazette", past(), "Asia/Bishkek", "en")
    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.eva, cast, story, "publish", publication=out)
    put(app, cast.ada, Rules(legal="optional"), base=2)
    newsdesk.step(app, cast.eva, cast, story, "publish", publication=out)
    assert newsdesk.state(app, cast, story) == "published"


def past() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def test_a_form_opened_under_other_rules_decides_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    put(app, cast.ada, STRICT)
    story, eva = newsdesk.proven(app, cast), browse(cast.eva)
    page = eva.get(f"{newsdesk.url(cast, story)}/decisions/")
    seen = {**newsdesk.fields(page), "rules": page.value("rules")}
    put(app, cast.ada, Rules(allegation_supports=1), base=1)

    page = eva.post(f"{newsdesk.url(cast, story)}/approve", 409, **seen)

    assert "Changed since: the rules of the newsroom" in page.main
    assert newsdesk.state(app, cast, story) == "ready"
