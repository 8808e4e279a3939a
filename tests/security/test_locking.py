from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile.accounts import sessions
from casefile.accounts.models import SignInSession, User
from casefile.uow import UnitOfWork
from tests.cast import add_evidence, resources_of
from tests.intruder import actions, read
from tests.strict_browser import HOST, StrictBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("who", ["ada", "eva"])
def test_one_click_signs_everybody_out_in_every_process(
    make_app: Callable[..., Flask], browse: Browse, cast: Cast, who: str
) -> None:
    other = make_app()
    people = [browse(actor) for actor in (cast.ann, cast.ben, cast.ada, cast.eva)]
    for browser in people:
        browser.get("/")
        browser.on(other).get("/")
    browse(cast.ann).get(f"{cast.case.url}/")
    me = browse(getattr(cast, who))
    assert "signed out at once" in me.get("/lock").text

    answer = me.post("/lock")

    assert answer.location == "/sign-in"
    assert "Everything is locked" in me.get("/sign-in").text
    for browser in people:
        if browser is not me:
            browser.get("/", 302)
        browser.on(other).get("/", 302)
    assert actions(me.app)[-1] == "newsroom.locked"
    assert read(me.app, select(SignInSession)) == []
    assert resources_of(me.app).opened_keys == {}


def test_a_sign_in_begun_before_the_lock_opens_nothing_after_it(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    [before] = read(app, select(User).where(User.id == cast.ben.id))
    browse(cast.eva).post("/lock")

    with UnitOfWork(resources_of(app), cast.ben.id, cast.ben.bundle) as uow:
        secret = sessions.begin(uow, before, cast.ben.bundle)

    with resources_of(app).database.reading() as session:
        assert sessions.open_visit(resources_of(app), session, secret) is None


@pytest.mark.parametrize("end", ["lock", "sign out", "everywhere", "disabled", "account ended"])
def test_a_running_download_stops_when_its_session_is_over(
    app: Flask, browse: Browse, cast: Cast, end: str
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "long.bin", bytes(24 * MEBIBYTE))
    browser = browse(cast.ben)
    browser.token()
    answer = browser.client.get(
        f"{cast.case.url}/evidence/{item}/content", base_url=HOST, buffered=False
    )
    blocks = iter(answer.response)
    got = len(next(blocks))

    same = StrictBrowser(app, browser.cookie)
    if end == "lock":
        browse(cast.eva).post("/lock")
    elif end == "sign out":
        same.post("/sign-out")
    elif end == "everywhere":
        browse(cast.ben, fresh=True).post("/account/sessions/delete")
    elif end == "disabled":
        browse(cast.ada).post(f"/admin/people/{cast.ben.id}/disable")
    else:
        with resources_of(app).database.writing() as session:
            session.get_one(User, cast.ben.id).ends_at = resources_of(app).clock()
            session.commit()

    with pytest.raises(ConnectionAbortedError):
        got += sum(len(block) for block in blocks)
    with pytest.raises(StopIteration):
        next(blocks)
    assert got <= MEBIBYTE


def test_somebody_without_the_right_is_offered_no_lock(browse: Browse, cast: Cast) -> None:
    assert "/lock" not in browse(cast.ann).get("/").html
    assert "/lock" in browse(cast.eva).get("/").html
    browse(cast.ann).post("/lock", 403)
    browse(cast.ann).get("/")
