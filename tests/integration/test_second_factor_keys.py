from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.second_factors import (
    SoftwareKey,
    factors_of,
    give_app,
    give_key,
    give_password,
    options_of,
)
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


LIST = "/account/second-factor"


def test_a_key_is_added_and_signs_in(app: Flask, browse: Browse, cast: Cast) -> None:
    ben, key = browse(cast.ben), SoftwareKey()
    page = ben.get(f"{LIST}/key/new")
    answer = key.create(options_of(page))

    ben.post(f"{LIST}/key", setup=page.value("setup"), name="Blue key", answer=answer)

    assert "Blue key" in ben.get(LIST).main
    browser = StrictBrowser(app)
    asked = browser.get(give_password(browser, cast.ben).location)
    assert options_of(asked)["rpId"] == "localhost"
    assert not asked.find("//input[@name='code']")
    assert browser.post("/sign-in/factor/key", answer=key.get(options_of(asked))).location == "/"


def test_a_key_added_twice_or_by_an_old_page_is_refused(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben, key = browse(cast.ben), SoftwareKey()
    page = ben.get(f"{LIST}/key/new")
    sent = {"setup": page.value("setup"), "name": "Key", "answer": key.create(options_of(page))}
    ben.post(f"{LIST}/key", **sent)

    assert "already" in ben.post(f"{LIST}/key", 422, **sent).problems()
    page = ben.get(f"{LIST}/key/new")
    assert options_of(page)["excludeCredentials"]
    other = SoftwareKey().create(options_of(page))
    clock.forward(minutes=16)
    ben.post("/account/confirm", password=cast.ben.password)
    late = ben.post(f"{LIST}/key", 422, setup=page.value("setup"), name="Key", answer=other)
    assert "open for too long" in late.problems()
    assert len(factors_of(ben.app, cast.ben).mine) == 1


def test_an_answer_works_for_one_sign_in_only(app: Flask, cast: Cast) -> None:
    key = give_key(app, cast.ben)
    first, second = StrictBrowser(app), StrictBrowser(app)
    answer = key.get(options_of(first.get(give_password(first, cast.ben).location)))
    give_password(second, cast.ben)

    assert "did not fit" in second.post("/sign-in/factor/key", 422, answer=answer).problems()
    first.post("/sign-in/factor/key", answer=answer)


def test_a_key_that_counts_backwards_is_taken_for_a_copy(app: Flask, cast: Cast) -> None:
    key = give_key(app, cast.ben)
    copy = SoftwareKey(id=key.id, private=key.private, counter=key.counter - 1)
    browser = StrictBrowser(app)
    page = browser.get(give_password(browser, cast.ben).location)

    refused = browser.post("/sign-in/factor/key", 422, answer=copy.get(options_of(page)))

    assert "as a copy of it would" in refused.problems()


def test_a_key_that_does_not_count_works_each_time(app: Flask, cast: Cast) -> None:
    key = give_key(app, cast.ben, counts=False)
    for _ in range(2):
        browser = StrictBrowser(app)
        page = browser.get(give_password(browser, cast.ben).location)
        browser.post("/sign-in/factor/key", answer=key.get(options_of(page)))


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"rawId": "AAAA"}', "x" * 70_000])
def test_what_no_key_answers_is_refused_and_the_step_stays_open(
    app: Flask, cast: Cast, answer: str
) -> None:
    key, browser = give_key(app, cast.ben), StrictBrowser(app)
    page = browser.get(give_password(browser, cast.ben).location)

    browser.post("/sign-in/factor/key", 422, answer=answer)

    browser.post("/sign-in/factor/key", answer=key.get(options_of(page)))


def test_somebody_elses_key_is_refused(app: Flask, cast: Cast) -> None:
    give_key(app, cast.ben)
    theirs = give_key(app, cast.dan)
    browser = StrictBrowser(app)
    page = browser.get(give_password(browser, cast.ben).location)

    refused = browser.post("/sign-in/factor/key", 422, answer=theirs.get(options_of(page)))

    assert "not one of your second factors" in refused.problems()


def test_at_a_bare_number_keys_are_explained_and_other_ways_work(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    phone = give_app(app, cast.ben, clock)
    give_key(app, cast.ben)
    client = app.test_client()
    at = "http://127.0.0.1"

    def token(page: str) -> str:
        return re.findall(r'name="csrf_token" value="([^"]+)"', page)[-1]

    first = token(client.get("/sign-in", base_url=at).text)
    sent = {"csrf_token": first, "username": "ben", "password": cast.ben.password}
    page = client.post("/sign-in", data=sent, base_url=at, follow_redirects=True).text

    assert "works only at the address where it was added: localhost" in page
    assert "data-options" not in page
    done = client.post(
        "/sign-in/factor", data={"csrf_token": token(page), "code": phone.code()}, base_url=at
    )
    assert done.status_code == 303
    added = client.get(f"{LIST}/key/new", base_url=at).text
    assert "this address is a bare number" in added
    assert "http://localhost:8000" in added
