from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts.models import User
from casefile.cases.models import CaseSeat
from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.policy import Seat
from casefile.stories import decisions
from casefile.stories.decisions import BlockedError, MovedOnError
from casefile.stories.records import Publication, Reply
from tests import newsdesk
from tests.cast import change, give_seat, take_seat
from tests.intruder import actions, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

OUT = {"url": "https://outlet.example/pier", "outlet": "Weekly", "at": "2026-01-02T10:00"}


def placed(at: datetime | None = None) -> Publication:
    when = at or datetime.now(UTC)
    return Publication("https://outlet.example/pier", "Weekly", when.isoformat(), "UTC")


def test_the_whole_way_from_draft_to_published(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    where, eva = newsdesk.url(cast, story), browse(cast.eva)

    def send(browser: object, step: str, **more: str) -> None:
        page = browser.get(f"{where}/decisions/")  # type: ignore[attr-defined]
        browser.post(f"{where}/{step}", **newsdesk.fields(page), **more)  # type: ignore[attr-defined]

    send(browse(cast.ben), "submit")
    newsdesk.check(app, cast.eva, cast, story)
    for step in ("refer", "clear", "approve"):
        send(eva, step)
    assert "Approved" in eva.get(where).main
    send(eva, "publish", saved_page="E-1", **OUT)

    page = browse(cast.cleo).get(f"{where}/published")
    assert "https://outlet.example/pier" in page.main
    assert "Saved page SHA-256" in page.main
    assert [one for one in actions(app) if one.startswith("story.")] == [
        "story.added", "story.submitted", "story.referred", "story.cleared", "story.approved",
        "story.published",
    ]  # fmt: skip


def test_deciding_asks_for_the_password_again(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    story = newsdesk.proven(app, cast)
    eva, where = browse(cast.eva), newsdesk.url(cast, story)
    form = newsdesk.fields(eva.get(f"{where}/decisions/"))
    clock.forward(minutes=7)

    page = eva.post(f"{where}/approve", 403, **form)
    assert "Your password again" in page.main
    eva.post(f"{where}/approve", 422, **form, confirm_password="wrong")
    assert newsdesk.state(app, cast, story) == "ready"
    eva.post(f"{where}/approve", **form, confirm_password=cast.eva.password)

    assert newsdesk.state(app, cast, story) == "approved"


@pytest.mark.parametrize("how", ["began it", "wrote a version", "wrote a claim", "translated it"])
def test_no_author_approves_in_whatever_seat(app: Flask, cast: Cast, how: str) -> None:
    story = newsdesk.begin(app, cast, by=cast.eva if how == "began it" else cast.ben)
    if how == "wrote a version":
        newsdesk.write(app, cast.eva, cast, story, f"{newsdesk.AGAIN}\nA comma, by Eva.")
    if how == "translated it":
        newsdesk.write(app, cast.eva, cast, story, "[Төлөнгөн](c:1)", "ky")
    newsdesk.support(app, cast.eva if how == "wrote a claim" else cast.ben, cast, story)
    newsdesk.step(app, cast.ben, cast, story, "submit")
    newsdesk.check(app, cast.ann, cast, story)
    newsdesk.step(app, cast.ann, cast, story, "refer")
    newsdesk.step(app, cast.ann, cast, story, "clear")

    with pytest.raises(ForbiddenError, match="You wrote part of this story"):
        newsdesk.step(app, cast.eva, cast, story, "approve")
    newsdesk.step(app, cast.ann, cast, story, "approve")


def test_an_author_who_becomes_editor_later_is_still_the_author(app: Flask, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    take_seat(app, cast.ann, cast.case.id, cast.ben)
    give_seat(app, cast.ann, cast.case.id, cast.ben, Seat.EDITOR)

    with pytest.raises(ForbiddenError, match="You wrote part of this story"):
        newsdesk.step(app, cast.ben, cast, story, "approve")


def test_a_second_account_of_the_author_does_not_approve(app: Flask, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.seat_finn(app, cast)
    with writing(app) as session:
        session.get_one(User, cast.dan.id).name = "BEN  writer"

    with pytest.raises(ForbiddenError, match="same name"):
        newsdesk.step(app, cast.dan, cast, story, "approve")
    assert newsdesk.state(app, cast, story) == "ready"


def test_what_blocks_is_listed_and_keeps_the_story_back(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\n[A new allegation](c:).")
    where = newsdesk.url(cast, story)
    page = browse(cast.eva).get(f"{where}/decisions/")

    page = browse(cast.eva).post(
        f"{where}/approve", 422, **newsdesk.fields(page), reason="Let us go."
    )

    assert "Something still blocks this story" in page.problems()
    assert "Claim 2 is not checked." in page.main
    assert "The words were changed since the lawyer cleared them." in page.main
    assert "Let us go." in page.html
    assert newsdesk.state(app, cast, story) == "ready"


@pytest.mark.parametrize(
    ("change_it", "named"),
    [
        (lambda a, c, s: newsdesk.write(a, c.ben, c, s, f"{newsdesk.AGAIN}\nMore."), "the draft (en)"),
        (lambda a, c, s: newsdesk.check(a, c.eva, c, s, verdict="disputed"), "claim 1"),
        (lambda a, c, s: newsdesk.support(a, c.ben, c, s, what="N-1"), "claim 1"),
        (lambda a, c, s: newsdesk.ask_for_reply(a, c, s, Reply("The mayor")), "right of reply 1"),
        (lambda a, c, s: newsdesk.describe(a, c, s, title="The bridge"), "title, outlet or embargo"),
        (lambda a, c, s: newsdesk.describe(a, c, s, outlet="Daily"), "title, outlet or embargo"),
        (lambda a, c, s: newsdesk.describe(a, c, s, embargo="2027-01-01T00:00:00+00:00"), "title, outlet or embargo"),
    ],
)  # fmt: skip
def test_any_change_after_approval_voids_it_and_says_what_changed(
    app: Flask,
    browse: Browse,
    cast: Cast,
    change_it: Callable[[Flask, Cast, object], None],
    named: str,
) -> None:
    story = newsdesk.approved(app, cast)

    change_it(app, cast, story)

    assert newsdesk.state(app, cast, story) == "fact_check"
    page = browse(cast.cleo).get(f"{newsdesk.url(cast, story)}/decisions/")
    assert "the approval ended" in page.main
    assert named in page.main
    with pytest.raises(MovedOnError):
        newsdesk.step(app, cast.eva, cast, story, "publish", publication=placed())


def test_two_editors_at_once_one_decides_and_the_other_is_told(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.seat_finn(app, cast)
    where = newsdesk.url(cast, story)
    forms = {
        actor.username: newsdesk.fields(browse(actor).get(f"{where}/decisions/"))
        for actor in (cast.eva, cast.dan)
    }
    browse(cast.eva).post(f"{where}/return", **forms["eva"], reason="The lead is weak.")

    page = browse(cast.dan).post(f"{where}/approve", 409, **forms["dan"], reason="Fine.")

    assert "Your decision was not made" in page.problems()
    assert "Eva Editor returned it to draft" in page.main
    assert "Fine." in page.main
    assert newsdesk.state(app, cast, story) == "draft"


def test_a_form_sent_again_decides_nothing_again(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    where, eva = newsdesk.url(cast, story), browse(cast.eva)
    form = newsdesk.fields(eva.get(f"{where}/decisions/"))
    eva.post(f"{where}/approve", **form)

    eva.post(f"{where}/approve", 409, **form)
    newsdesk.step(app, cast.eva, cast, story, "return")
    newsdesk.step(app, cast.ben, cast, story, "submit")
    newsdesk.step(app, cast.eva, cast, story, "refer")
    newsdesk.step(app, cast.eva, cast, story, "clear")
    eva.post(f"{where}/approve", 409, **form)

    assert newsdesk.state(app, cast, story) == "ready"
    assert actions(app).count("story.approved") == 1


def test_an_edit_during_the_approval_is_not_approved(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    where = newsdesk.url(cast, story)
    form = newsdesk.fields(browse(cast.eva).get(f"{where}/decisions/"))
    newsdesk.write(app, cast.ben, cast, story, f"{newsdesk.AGAIN}\nSlipped in.")

    browse(cast.eva).post(f"{where}/approve", 409, **form)
    made_up = {**form, "version": str(int(form["version"]) + 1)}
    browse(cast.eva).post(f"{where}/approve", 409, **made_up)

    assert newsdesk.state(app, cast, story) == "ready"


def test_two_different_editors_override_what_blocks_with_their_reason(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.check(app, cast.eva, cast, story, verdict="disputed")
    newsdesk.seat_finn(app, cast)
    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.eva, cast, story, "approve")

    newsdesk.step(app, cast.eva, cast, story, "override", reason="The court said so.")

    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.eva, cast, story, "approve")
    page = browse(cast.dan).get(f"{newsdesk.url(cast, story)}/decisions/")
    assert "Eva Editor vouches for it" in page.main
    assert "The court said so." in page.main
    newsdesk.step(app, cast.dan, cast, story, "approve")
    shown = newsdesk.story(app, cast.cleo, cast.case.id, story)
    assert shown.decisions[-1].partner_name == "Eva Editor"
    assert shown.decisions[-1].blocked
    newsdesk.step(app, cast.dan, cast, story, "publish", publication=placed())


def test_an_override_ends_with_any_change_and_with_the_seat(app: Flask, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.seat_finn(app, cast)
    newsdesk.check(app, cast.ann, cast, story, verdict="disputed")
    newsdesk.step(app, cast.eva, cast, story, "override", reason="Sure.")
    newsdesk.check(app, cast.ann, cast, story, verdict="unchecked")
    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.dan, cast, story, "approve")
    newsdesk.step(app, cast.eva, cast, story, "override", reason="Still sure.")
    take_seat(app, cast.ann, cast.case.id, cast.eva)

    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.dan, cast, story, "approve")


@pytest.mark.parametrize("how", ["weaker", "ended"])
def test_an_override_ends_when_its_first_editor_could_not_decide_any_more(
    app: Flask, cast: Cast, how: str
) -> None:
    story = newsdesk.proven(app, cast)
    newsdesk.seat_finn(app, cast)
    newsdesk.check(app, cast.ann, cast, story, verdict="disputed")
    newsdesk.step(app, cast.eva, cast, story, "override", reason="Sure.")
    with writing(app) as session:
        wanted = CaseSeat.case_id == cast.case.id, CaseSeat.user_id == cast.eva.id
        seat = session.scalars(select(CaseSeat).where(*wanted)).one()
        if how == "weaker":
            seat.role = Seat.READER
        else:
            seat.ends_at = datetime.now(UTC)

    with pytest.raises(BlockedError):
        newsdesk.step(app, cast.dan, cast, story, "approve")


def test_an_override_has_its_limits(app: Flask, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    with pytest.raises(ConflictError, match="Nothing blocks"):
        newsdesk.step(app, cast.eva, cast, story, "override", reason="For fun.")
    newsdesk.write(app, cast.ben, cast, story, "[Nothing](c:99) of it.")
    with pytest.raises(InvalidError, match="cannot be vouched for"):
        newsdesk.step(app, cast.eva, cast, story, "override", reason="Anyway.")
    with pytest.raises(ForbiddenError):
        newsdesk.step(app, cast.ben, cast, story, "override", reason="Mine.")


def test_a_story_is_spiked_from_anywhere_and_taken_up_again(app: Flask, cast: Cast) -> None:
    for steps in ((), ("submit",), ("submit", "refer"), ("submit", "refer", "clear")):
        story = newsdesk.begin(app, cast)
        for name in steps:
            actor = cast.ben if name == "submit" else cast.eva
            newsdesk.step(app, actor, cast, story, name)
        newsdesk.step(app, cast.eva, cast, story, "spike")
        with pytest.raises(ConflictError):
            newsdesk.write(app, cast.ben, cast, story, "Still at it.")
        newsdesk.step(app, cast.eva, cast, story, "revive")
        assert newsdesk.state(app, cast, story) == "draft"
    story = newsdesk.approved(app, cast)
    newsdesk.step(app, cast.eva, cast, story, "spike")


def test_without_its_reason_nothing_is_returned(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    where, eva = newsdesk.url(cast, story), browse(cast.eva)
    form = newsdesk.fields(eva.get(f"{where}/decisions/"))

    page = eva.post(f"{where}/return", 422, **form, reason="  ")

    assert "Say why." in page.problems()
    assert newsdesk.state(app, cast, story) == "ready"


def test_a_lawyer_clears_and_does_nothing_else(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    newsdesk.support(app, cast.ben, cast, story)
    newsdesk.seat_finn(app, cast, Seat.LAWYER)
    newsdesk.step(app, cast.ben, cast, story, "submit")
    for name in ("refer", "approve", "spike"):
        with pytest.raises(ForbiddenError):
            newsdesk.step(app, cast.dan, cast, story, name)
    with pytest.raises(ForbiddenError):
        newsdesk.step(app, cast.dan, cast, story, "return")
    newsdesk.step(app, cast.eva, cast, story, "refer")
    newsdesk.step(app, cast.dan, cast, story, "clear")
    with pytest.raises(ForbiddenError):
        newsdesk.step(app, cast.dan, cast, story, "return")


def test_a_lost_seat_decides_nothing_any_more(app: Flask, browse: Browse, cast: Cast) -> None:
    story = newsdesk.proven(app, cast)
    where = newsdesk.url(cast, story)
    form = newsdesk.fields(browse(cast.eva).get(f"{where}/decisions/"))
    take_seat(app, cast.ann, cast.case.id, cast.eva)

    browse(cast.eva).post(f"{where}/approve", 404, **form)
    assert newsdesk.state(app, cast, story) == "ready"


def test_newsrooms_without_a_lawyer_say_so_in_their_settings(
    make_app: Callable[..., Flask], cast: Cast
) -> None:
    strict, easy = make_app(), make_app(story_legal="optional")
    story = newsdesk.begin(strict, cast)
    newsdesk.support(strict, cast.ben, cast, story)
    newsdesk.check(strict, cast.eva, cast, story)
    newsdesk.step(strict, cast.ben, cast, story, "submit")

    with pytest.raises(InvalidError, match="past the lawyer"):
        newsdesk.step(strict, cast.eva, cast, story, "pass")
    newsdesk.step(easy, cast.eva, cast, story, "pass")
    newsdesk.step(easy, cast.eva, cast, story, "approve")


def test_a_step_that_begins_elsewhere_is_refused(app: Flask, cast: Cast) -> None:
    story = newsdesk.begin(app, cast)
    for name in ("approve", "publish", "clear", "revive"):
        with pytest.raises(MovedOnError):
            newsdesk.step(app, cast.ann, cast, story, name, publication=placed())
    shown = newsdesk.story(app, cast.ann, cast.case.id, story)
    ask = decisions.Ask("submit", shown.version, "0" * 64)
    with pytest.raises(MovedOnError):
        change(
            app, cast.ben, cast.case.id, lambda uow, case: decisions.decide(uow, case, story, ask)
        )
