"""A story on the way to publication, played by the cast: Ben writes, Eva and Finn check and decide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casefile.policy import Seat
from casefile.stories import (
    assigned,
    assignments,
    claims,
    decisions,
    keeping,
    replies,
    rulebook,
    service,
    views,
)
from casefile.stories.records import Reply, Text
from casefile.stories.rules import STEPS
from tests.cast import change, give_seat, open_case, resources_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from flask import Flask

    from casefile.stories.records import Publication
    from casefile.stories.views import StoryView
    from tests.cast import Actor, Cast
    from tests.strict_browser import Page, StrictBrowser

BODY = """The works began in spring.

[The second pier was paid for twice.](c:) Nobody noticed.
"""
AGAIN = BODY.replace("c:)", "c:1)")


def begin(app: Flask, cast: Cast, body: str = BODY, *, by: Actor | None = None) -> UUID:
    """Let Ben begin a story in English; returns its id."""
    text = Text("en", "The pier", body)
    return change(  # type: ignore[return-value]
        app,
        by or cast.ben,
        cast.case.id,
        lambda uow, case: service.create(uow, case, title="The pier", text=text),
    )


def story(app: Flask, actor: Actor, case_id: UUID, story_id: UUID) -> StoryView:
    """Return a story as this person sees it now."""
    case, resources = open_case(app, actor, case_id), resources_of(app)
    with resources.database.reading() as session:
        return views.get(
            session,
            case,
            story_id,
            rules=rulebook.in_force(session, actor.bundle.anchor, resources.settings),
            now=resources.clock(),
            anchor=actor.bundle.anchor,
        )


def write(
    app: Flask, actor: Actor, cast: Cast, story_id: UUID, body: str, language: str = "en"
) -> None:
    """Save a draft over its newest version."""
    text = story(app, actor, cast.case.id, story_id).text(language)
    change(
        app,
        actor,
        cast.case.id,
        lambda uow, case: service.save_text(
            uow, case, story_id, Text(language, "The pier", body), text.version if text else 0
        ),
    )


def describe(app: Flask, cast: Cast, story_id: UUID, **told: str) -> None:
    """Let Ben change title, outlet or embargo."""
    shown = story(app, cast.ben, cast.case.id, story_id)
    said = {"title": shown.title, "outlet": shown.outlet, "embargo": "", "zone": "UTC", **told}
    change(
        app,
        cast.ben,
        cast.case.id,
        lambda uow, case: service.describe(uow, case, story_id, version=shown.version, **said),
    )


def claim_of(app: Flask, cast: Cast, story_id: UUID, number: int = 1) -> views.ClaimView:
    found = story(app, cast.ann, cast.case.id, story_id).claims
    return next(one for one in found if one.number == number)


def support(
    app: Flask, actor: Actor, cast: Cast, story_id: UUID, number: int = 1, what: str = "E-1"
) -> None:
    one = claim_of(app, cast, story_id, number)
    change(
        app,
        actor,
        cast.case.id,
        lambda uow, case: claims.add_support(
            uow,
            case,
            story_id,
            one.id,
            what=what,
            page=1,
            passage="paid for twice",
            version=one.version,
        ),
    )


def check(
    app: Flask,
    actor: Actor,
    cast: Cast,
    story_id: UUID,
    number: int = 1,
    verdict: str = "verified",
) -> None:
    one = claim_of(app, cast, story_id, number)
    change(
        app,
        actor,
        cast.case.id,
        lambda uow, case: claims.check(
            uow,
            case,
            story_id,
            one.id,
            verdict=verdict,
            reasoning="Compared with the ledger.",
            version=one.version,
        ),
    )


def step(
    app: Flask,
    actor: Actor,
    cast: Cast,
    story_id: UUID,
    name: str,
    *,
    reason: str = "",
    publication: Publication | None = None,
    seen: StoryView | None = None,
) -> None:
    """Take one step, having before one what the story is now, or what it was `seen` as."""
    case_id = cast.case.id
    move(app, actor, case_id, story_id, name, reason=reason, publication=publication, seen=seen)


def move(
    app: Flask,
    actor: Actor,
    case_id: UUID,
    story_id: UUID,
    name: str,
    *,
    reason: str = "",
    publication: Publication | None = None,
    seen: StoryView | None = None,
) -> None:
    """Take a step with a story of any case."""
    shown = seen or story(app, actor, case_id, story_id)
    wanted = STEPS[name]
    ask = decisions.Ask(
        name,
        shown.version,
        shown.content,
        reason=reason or ("Because." if wanted.reason else ""),
        publication=publication,
    )
    change(
        app,
        actor,
        case_id,
        lambda uow, case: decisions.decide(uow, case, story_id, ask),
    )


def proven(app: Flask, cast: Cast, body: str = BODY) -> UUID:
    """Return a story whose one claim is verified, on its way before the editor."""
    story_id = begin(app, cast, body)
    support(app, cast.ben, cast, story_id)
    step(app, cast.ben, cast, story_id, "submit")
    check(app, cast.eva, cast, story_id)
    step(app, cast.eva, cast, story_id, "refer")
    step(app, cast.eva, cast, story_id, "clear")
    return story_id


def approved(app: Flask, cast: Cast) -> UUID:
    story_id = proven(app, cast)
    step(app, cast.eva, cast, story_id, "approve")
    return story_id


def ask_for_reply(app: Flask, cast: Cast, story_id: UUID, reply: Reply) -> UUID:
    return change(  # type: ignore[return-value]
        app, cast.ben, cast.case.id, lambda uow, case: replies.save(uow, case, story_id, reply)
    )


def assign(
    app: Flask,
    cast: Cast,
    story_id: UUID,
    to: Actor | None = None,
    *numbers: int,
    task: str = "claim",
    due_at: datetime | None = None,
    reason: str = "",
) -> UUID:
    """Let Ann give something to do, to Eva unless it says to whom; returns the id of the first."""
    who = to or cast.eva
    wanted = (numbers or (1,)) if task == "claim" else ()
    change(
        app,
        cast.ann,
        cast.case.id,
        lambda uow, case: assignments.assign(
            uow,
            case,
            story_id,
            task=task,
            numbers=wanted,
            person_id=who.id,
            due_at=due_at,
            reason=reason,
        ),
    )
    found = [one for one in given(app, cast.ann, cast, story_id) if one.person_id == who.id]
    return found[0].id


def given(app: Flask, actor: Actor, cast: Cast, story_id: UUID) -> list[assigned.AssignmentView]:
    """Return the assignments of a story as this person sees them."""
    case, resources = open_case(app, actor, cast.case.id), resources_of(app)
    with resources.database.reading() as session:
        return assigned.of_story(session, case, story_id, resources.clock(), me=actor.id)


def seat_finn(app: Flask, cast: Cast, seat: Seat = Seat.EDITOR) -> None:
    """Give Dan a seat on the case too, for scenes with a second editor."""
    give_seat(app, cast.ann, cast.case.id, cast.dan, seat)


def state(app: Flask, cast: Cast, story_id: UUID) -> str:
    with resources_of(app).database.reading() as session:
        return keeping.load(session, open_case(app, cast.ann, cast.case.id), story_id).state


def url(cast: Cast, story_id: UUID) -> str:
    return f"{cast.case.url}/stories/{story_id}"


def fields(page: Page) -> dict[str, str]:
    """Return what the forms of the decisions page carry along."""
    return {"version": page.value("version"), "content": page.value("content")}


def confirm(browser: StrictBrowser, actor: Actor) -> None:
    browser.post("/account/confirm", password=actor.password)


def things(app: Flask, cast: Cast) -> dict[str, object]:
    """Return ids of a story, a claim and a reply, to fill the addresses of the access matrix."""
    story_id = begin(app, cast)
    support(app, cast.ben, cast, story_id)
    reply = ask_for_reply(app, cast, story_id, Reply("The director"))
    return {
        "story": story_id,
        "claim": claim_of(app, cast, story_id).id,
        "reply": reply,
        "assignment": assign(app, cast, story_id),
    }


PLACES = re.compile(r"\{(story|claim|reply|assignment)\}")
