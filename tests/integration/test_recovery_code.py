from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from casefile import keys
from casefile.accounts.models import RecoveryCode, SignInSession
from tests.integration.test_invite import accept, invite
from tests.intruder import actions, read
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Actor, Cast
    from tests.strict_browser import Browse, Page

NEW = "nine grey cranes over the lake"
PAGE = "/account/recovery-code"


def shown(page: Page) -> str:
    return "".join(page.find("//*[@id='code']")[0].text_content().split())


def made(browser: StrictBrowser, actor: Actor) -> Page:
    return browser.post(PAGE, 200, current=actor.password)


def forgot(app: Flask, username: str, code: str, status: int, password: str = NEW) -> Page:
    nobody = StrictBrowser(app)
    nobody.get("/forgotten-password")
    return nobody.post(
        "/forgotten-password",
        status,
        username=username,
        code=code,
        password=password,
        password_again=password,
    )


def sign_in(app: Flask, username: str, password: str, status: int = 303) -> StrictBrowser:
    browser = StrictBrowser(app)
    browser.post("/sign-in", status, username=username, password=password)
    return browser


def test_a_new_account_begins_with_a_code_that_is_confirmed_by_its_last_group(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    fay = browse()
    page = accept(fay, invite(browse(cast.ada)))
    code, proof = shown(page), page.value("proof")
    assert "Confirm that you kept your recovery code" in fay.get("/").main

    fay.post(f"{PAGE}/kept", 422, group="AAAA", proof=proof)
    fay.post(f"{PAGE}/kept", 422, group=code[-4:], proof="é")
    fay.post(f"{PAGE}/kept", group=code[-4:].lower(), proof=proof)

    assert "Confirm that you kept" not in fay.get("/").main
    assert {"recovery.made", "recovery.confirmed"} <= set(actions(app))
    assert code not in fay.get(PAGE).html


def test_the_code_is_kept_nowhere(app: Flask, browse: Browse, cast: Cast) -> None:
    code = shown(made(browse(cast.ben), cast.ben))
    secret = keys.read_code(code)

    for row in read(app, select(RecoveryCode)):
        for column in RecoveryCode.__table__.columns:
            value = getattr(row, column.key)
            kept = value if isinstance(value, bytes) else str(value).encode()
            assert secret not in kept
            assert code.encode() not in kept
            assert code.replace("-", "").encode() not in kept


def test_a_forgotten_password_is_replaced_with_the_code_and_nothing_is_lost(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.ben).get(f"{cast.case.url}/")

    page = forgot(app, "BEN", cast.ben.code.lower().replace("-", " "), 200)

    assert shown(page) != cast.ben.code
    browse(cast.ben).get("/", 302)
    assert "password.recovered" in actions(app)
    sign_in(app, "ben", cast.ben.password, 422)
    ben = sign_in(app, "ben", NEW)
    assert "was paid for twice" in ben.get(f"{cast.case.url}/notes/{cast.case.note}").text
    ben.post(f"{cast.case.url}/notes/", title="Back", body="Here again.")


def test_a_used_code_has_stopped_working_and_the_new_one_works(app: Flask, cast: Cast) -> None:
    following = shown(forgot(app, "ben", cast.ben.code, 200))

    assert "wrong" in forgot(app, "ben", cast.ben.code, 422).problems()
    forgot(app, "ben", following, 200, "seven more grey cranes")
    sign_in(app, "ben", "seven more grey cranes")


def test_a_new_code_on_the_account_page_ends_the_old_one(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    assert "wrong" in ben.post(PAGE, 422, current="not my password").problems()
    assert keys.read_code(cast.ben.code)

    page = made(ben, cast.ben)

    ben.post(f"{PAGE}/kept", group=shown(page)[-4:], proof=page.value("proof"))
    forgot(app, "ben", cast.ben.code, 422)
    forgot(app, "ben", shown(page), 200)


def test_a_code_can_be_tried_without_changing_anything(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    before = [row.sealed_bundle for row in read(app, select(RecoveryCode))]

    ben.post(f"{PAGE}/try", code=cast.ben.code.lower())

    assert "The code works" in ben.get(PAGE).text
    assert [row.sealed_bundle for row in read(app, select(RecoveryCode))] == before
    ben.get(f"{cast.case.url}/")
    forgot(app, "ben", cast.ben.code, 200)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Fill this in"),
        ("ABCD", "groups of 4"),
        ("Ж" * 36, "Latin letters"),
    ],
)
def test_what_is_typed_wrong_is_said_where_it_was_typed(
    browse: Browse, cast: Cast, typed: str, says: str
) -> None:
    assert says in browse(cast.ben).post(f"{PAGE}/try", 422, code=typed).problems()


def test_a_slip_is_told_from_a_code_that_is_not_mine(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    slip = ("A" if cast.ben.code[0] != "A" else "B") + cast.ben.code[1:]

    assert "slip" in ben.post(f"{PAGE}/try", 422, code=slip).problems()
    assert "not the one that works" in ben.post(f"{PAGE}/try", 422, code=cast.ann.code).problems()


def test_a_code_is_not_another_persons(app: Flask, cast: Cast) -> None:
    forgot(app, "ben", cast.ann.code, 422)
    sign_in(app, "ben", cast.ben.password)


def test_unknown_people_wrong_codes_and_closed_accounts_answer_the_same(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.ada).post(f"/admin/people/{cast.dan.id}/disable")
    page = {
        forgot(app, "ben", keys.new_code(), 422).problems(),
        forgot(app, "nobody-here", keys.new_code(), 422).problems(),
        forgot(app, "dan", cast.dan.code, 422).problems(),
        forgot(app, "(escrow)", keys.new_code(), 422).problems(),
    }

    assert len(page) == 1
    assert actions(app).count("recovery.refused") == 4


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "at least 12"),
        ("x" * 2000, "1024"),
        ("ababababababab", "repeats"),
    ],
)
def test_a_password_that_will_not_do_uses_up_no_code(
    app: Flask, cast: Cast, password: str, says: str
) -> None:
    assert says in forgot(app, "ben", cast.ben.code, 422, password).problems()
    forgot(app, "ben", cast.ben.code, 200)


def test_tries_are_limited_together_with_those_at_sign_in(app: Flask, cast: Cast) -> None:
    for _ in range(5):
        sign_in(app, "ben", "wrong wrong wrong", 422)
    for _ in range(5):
        forgot(app, "ben", keys.new_code(), 422)

    forgot(app, "ben", cast.ben.code, 429)
    sign_in(app, "ben", cast.ben.password, 429)
    assert "session.limited" in actions(app)


def test_trying_codes_with_a_borrowed_browser_is_limited(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    for _ in range(10):
        ben.post(f"{PAGE}/try", 422, code=keys.new_code())

    ben.post(f"{PAGE}/try", 429, code=cast.ben.code)


def test_a_new_code_with_a_borrowed_browser_needs_the_password(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    for _ in range(10):
        ben.post(PAGE, 422, current="guess after guess")

    ben.post(PAGE, 429, current=cast.ben.password)
    forgot(app, "ben", cast.ben.code, 200)


def test_a_lost_password_opens_no_session(app: Flask, cast: Cast) -> None:
    """Whatever else signing in asks for, it asks for after this too."""
    forgot(app, "ben", cast.ben.code, 200)

    found = read(app, select(SignInSession).where(SignInSession.user_id == cast.ben.id))
    assert found == []


def test_somebody_without_a_code_is_asked_to_make_one(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    from sqlalchemy import delete

    from tests.intruder import writing

    with writing(app) as session:
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == cast.ben.id))

    [link] = browse(cast.ben).get("/").find("//*[@class='waiting']//a/@href")
    assert "You have no recovery code" in browse(cast.ben).get(link).main
    forgot(app, "ben", cast.ben.code, 422)
