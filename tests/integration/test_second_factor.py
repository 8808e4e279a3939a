from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.accounts import limits
from tests.intruder import actions
from tests.second_factors import (
    App,
    factors_of,
    give_app,
    give_codes,
    give_key,
    give_password,
    options_of,
    secret_on,
)
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


LIST = "/account/second-factor"


FULL_WIDTH = {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}


def test_an_app_is_added_and_asked_for_at_the_next_sign_in(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    page = ben.get(f"{LIST}/app/new")
    phone = App(clock, secret_on(page))
    assert page.find("//img[@class='qr']/@src")[0].startswith("data:image/svg+xml")

    ben.post(f"{LIST}/app", setup=page.value("setup"), name="Telephone", code=phone.code())

    assert "Telephone" in ben.get(LIST).main
    assert actions(app)[-1] == "factor.added"
    browser = StrictBrowser(app)
    give_password(browser, cast.ben)
    browser.get("/", 302)
    clock.forward(seconds=30)
    assert browser.post("/sign-in/factor", code=phone.code()).location == "/"
    assert cast.ben.name in browser.get("/").text


def test_whoever_followed_a_link_lands_there_after_both_steps(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    phone, wanted = give_app(app, cast.ben, clock), f"{cast.case.url}/notes/?sort=title"
    browser = StrictBrowser(app)
    page = browser.get(give_password(browser, cast.ben, next=wanted).location)

    done = browser.post("/sign-in/factor", code=phone.code(), next=page.value("next"))

    assert done.location == wanted


def test_the_second_step_leads_to_no_other_site(app: Flask, cast: Cast, clock: Clock) -> None:
    phone, browser = give_app(app, cast.ben, clock), StrictBrowser(app)
    give_password(browser, cast.ben)

    page = browser.post("/sign-in/factor", code=phone.code(), next="//example.org/")

    assert page.location == "/"


def test_both_steps_give_a_new_cookie(app: Flask, cast: Cast, clock: Clock) -> None:
    phone, browser = give_app(app, cast.ben, clock), StrictBrowser(app)
    browser.get("/sign-in")
    seen = [browser.cookie]
    give_password(browser, cast.ben)
    seen.append(browser.cookie)
    browser.post("/sign-in/factor", code=phone.code())
    seen.append(browser.cookie)

    assert len(set(seen)) == 3
    assert seen[1] is not None
    old = StrictBrowser(app, seen[1])
    old.get("/", 302)
    old.get("/sign-in/factor", 303)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_the_codes_beside_the_one_of_now_are_taken(
    app: Flask, cast: Cast, clock: Clock, steps: int
) -> None:
    phone, browser = give_app(app, cast.ben, clock), StrictBrowser(app)
    give_password(browser, cast.ben)

    code = phone.code(steps)

    assert browser.post("/sign-in/factor", code=f" {code[:3]} {code[3:]} ").location == "/"


def test_wrong_old_and_unreadable_codes_are_refused_and_the_step_stays_open(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    phone, browser = give_app(app, cast.ben, clock), StrictBrowser(app)
    give_password(browser, cast.ben)
    near = {phone.code(steps) for steps in (-1, 0, 1, 2)}
    wrong = next(
        code for code in ("000000", "111111", "222222", "333333", "444444") if code not in near
    )
    for code, said in (
        (wrong, "This code is wrong or too old"),
        (phone.code(-2), "This code is wrong or too old"),
        (phone.code().translate(FULL_WIDTH), "not the digits 0 to 9"),
        ("", "Fill this in"),
        ("12345", "six digits"),
        ("1234567", "six digits"),
        ("١٢٣٤٥٦", "not the digits 0 to 9"),
        ("abcdefghjk", "not one of yours"),
        ("x" * 61, "60"),
    ):
        assert said in browser.post("/sign-in/factor", 422, code=code).problems(), code

    assert actions(app).count("factor.refused") == 3
    assert browser.post("/sign-in/factor", code=phone.code()).location == "/"


def test_a_code_works_once(app: Flask, cast: Cast, clock: Clock) -> None:
    phone = give_app(app, cast.ben, clock)
    code, earlier = phone.code(), phone.code(-1)
    for browser, sent, status in (
        (StrictBrowser(app), code, 303),
        (StrictBrowser(app), code, 422),
        (StrictBrowser(app), earlier, 422),
    ):
        give_password(browser, cast.ben)
        page = browser.post("/sign-in/factor", status, code=sent)
    assert "used already" in page.problems()


def test_the_code_that_added_an_app_signs_nobody_in(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    page = ben.get(f"{LIST}/app/new")
    code = App(clock, secret_on(page)).code()
    ben.post(f"{LIST}/app", setup=page.value("setup"), name="Telephone", code=code)
    thief = StrictBrowser(app)
    give_password(thief, cast.ben)

    assert "used already" in thief.post("/sign-in/factor", 422, code=code).problems()


def test_a_page_to_add_an_app_keeps_its_secret_when_the_code_was_wrong(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    page = ben.get(f"{LIST}/app/new")
    first = secret_on(page)

    again = ben.post(f"{LIST}/app", 422, setup=page.value("setup"), name="T", code="000 000")

    assert "not the code the app should show" in again.problems()
    assert secret_on(again) == first
    clock.forward(minutes=16)
    ben.post("/account/confirm", password=cast.ben.password)
    late = ben.post(
        f"{LIST}/app", 422, setup=again.value("setup"), name="T", code=App(clock, first).code()
    )
    assert "open for too long" in late.problems()
    assert secret_on(late) != first


def test_codes_on_paper_are_shown_once_and_each_works_once(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_app(app, cast.ben, clock)
    ben = browse(cast.ben, fresh=True)
    page = ben.post(f"{LIST}/codes", 200)
    codes = [code.text_content() for code in page.find("//ol[@class='codes']//code")]

    assert len(set(codes)) == 10
    assert not any(code in ben.get(LIST).html for code in codes)
    for number, code in enumerate(codes, start=1):
        browser = StrictBrowser(app)
        give_password(browser, cast.ben)
        browser.post("/sign-in/factor", code=code.upper() if number % 2 else code)
        left = factors_of(app, cast.ben).of_kind("paper")[0].codes_left
        assert left == 10 - number
    browser = StrictBrowser(app)
    give_password(browser, cast.ben)
    assert "used already" in browser.post("/sign-in/factor", 422, code=codes[0]).problems()


def test_new_codes_take_the_place_of_the_old(app: Flask, cast: Cast, clock: Clock) -> None:
    give_app(app, cast.ben, clock)
    old, new = give_codes(app, cast.ben), give_codes(app, cast.ben)
    browser = StrictBrowser(app)
    give_password(browser, cast.ben)

    assert "not one of yours" in browser.post("/sign-in/factor", 422, code=old[0]).problems()
    browser.post("/sign-in/factor", code=new[0])


def test_codes_on_paper_need_something_to_stand_in_for(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).post(f"{LIST}/codes", 422)

    assert "Add a security key or an app first" in page.text


def test_a_factor_is_renamed_and_removed(
    app: Flask, cast: Cast, browse: Browse, clock: Clock
) -> None:
    give_app(app, cast.ben, clock, "Old telephone")
    give_codes(app, cast.ben)
    ben = browse(cast.ben, fresh=True)
    factor = factors_of(app, cast.ben).main[0]
    assert ben.get(f"{LIST}/{factor.id}/edit").value("name") == "Old telephone"
    assert "Fill this in" in ben.post(f"{LIST}/{factor.id}", 422, name=" ").problems()

    ben.post(f"{LIST}/{factor.id}", name="New <telephone>")
    assert "New <telephone>" in ben.get(LIST).main
    ben.post(f"{LIST}/{factor.id}/delete")

    assert factors_of(app, cast.ben).mine == ()
    assert factors_of(app, cast.ben).sound
    assert "No second factor yet" in ben.get(LIST).main
    browser = StrictBrowser(app)
    assert browser.post("/sign-in", username="ben", password=cast.ben.password).location == "/"


def test_with_the_first_factor_every_other_browser_is_signed_out(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    other, here = browse(cast.ben), browse(cast.ben, fresh=True)
    other.get("/")
    page = here.get(f"{LIST}/app/new")
    phone = App(clock, secret_on(page))
    here.post(f"{LIST}/app", setup=page.value("setup"), name="T", code=phone.code())

    here.get("/")
    other.get("/", 302)


def test_a_sign_in_left_half_done_is_over_after_five_minutes(
    app: Flask, cast: Cast, clock: Clock
) -> None:
    phone, browser = give_app(app, cast.ben, clock), StrictBrowser(app)
    give_password(browser, cast.ben)
    clock.forward(minutes=6)

    page = browser.post("/sign-in/factor", code=phone.code(), next="/cases/")

    assert page.location == "/sign-in?next=/cases/"
    assert "took too long" in browser.get(page.location).text


def test_a_clock_set_back_takes_no_code_twice(app: Flask, cast: Cast, clock: Clock) -> None:
    phone = give_app(app, cast.ben, clock)
    clock.forward(minutes=10)
    code, browser = phone.code(), StrictBrowser(app)
    give_password(browser, cast.ben)
    browser.post("/sign-in/factor", code=code)
    clock.forward(seconds=-30)
    again = StrictBrowser(app)
    give_password(again, cast.ben)

    assert "used already" in again.post("/sign-in/factor", 422, code=code).problems()
    assert "used already" in again.post("/sign-in/factor", 422, code=phone.code()).problems()


def test_too_many_wrong_codes_wait_and_the_limit_outlives_the_password(
    app: Flask, cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.TRIES, "day", 3)
    phone, key = give_app(app, cast.ben, clock), give_key(app, cast.ben)
    browser = StrictBrowser(app)
    give_password(browser, cast.ben)
    for _ in range(3):
        browser.post("/sign-in/factor", 422, code="000000")

    page = browser.post("/sign-in/factor", 429, code=phone.code())

    assert "Use a security key" in page.text
    clock.forward(minutes=20)
    give_password(browser, cast.ben)
    browser.post("/sign-in/factor", 429, code=phone.code())
    asked = browser.get("/sign-in/factor")
    browser.post("/sign-in/factor/key", answer=key.get(options_of(asked)))
    clock.forward(hours=25)
    give_password(browser, cast.ben)
    browser.post("/sign-in/factor", code=phone.code())
