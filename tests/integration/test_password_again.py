from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from flask import request

from casefile.web import confirmed, current, signed_in
from tests.intruder import actions
from tests.second_factors import factors_of, give_app
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse, Page

LIST = "/account/second-factor"
WRITTEN = "  Two lines,\nwith «quotes» & <marks> \"here\" and 'there'.\n"


def kept(page: Page) -> dict[str, list[str]]:
    """Return what a page that asks for the password carries on."""
    found: dict[str, list[str]] = {}
    for field in page.find("//main//form//input[@type='hidden']"):
        found.setdefault(field.get("name"), []).append(field.get("value"))
    found.pop("csrf_token")
    return found


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A newsroom with one more page: what it was sent, only after the password again."""
    made = make_app()

    @signed_in
    @confirmed
    def approve() -> dict[str, list[str]]:
        return {"who": [current().person.name], **request.form.to_dict(flat=False)}

    made.add_url_rule("/approve", view_func=approve, methods=["POST"])
    return made


def test_just_after_signing_in_nothing_more_is_asked(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).post("/approve", 200, text="yes")

    assert page.json is not None
    assert page.json["text"] == ["yes"]


def test_a_form_sent_later_comes_back_whole_and_goes_on_with_the_password(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    before = ben.cookie
    clock.forward(minutes=6)
    sent = {"text": WRITTEN, "tick": ["a", "b"]}
    asked = ben.post("/approve?from=desk", 403, fields=sent)
    assert asked.find("//main//form/@action") == ["/approve?from=desk"]
    assert kept(asked) == {"text": [WRITTEN], "tick": ["a", "b"]}

    wrong = ben.post("/approve", 422, fields={**kept(asked), "confirm_password": "not mine"})
    assert "The password is wrong" in wrong.problems()
    assert kept(wrong) == kept(asked)
    done = ben.post("/approve", 200, fields={**kept(wrong), "confirm_password": cast.ben.password})

    assert done.json is not None
    assert (done.json["text"], done.json["tick"]) == ([WRITTEN], ["a", "b"])
    assert done.json["who"] == [cast.ben.name]
    assert ben.cookie != before
    assert actions(ben.app)[-1] == "password.confirmed"
    StrictBrowser(ben.app, before).get("/", 302)
    ben.post("/approve", 200, text="again")
    ben.get(f"{cast.case.url}/notes/{cast.case.note}")


def test_a_page_is_reached_by_way_of_the_password(browse: Browse, cast: Cast, clock: Clock) -> None:
    ben = browse(cast.ben)
    clock.forward(minutes=6)

    way = ben.get(f"{LIST}/app/new", 303).location
    form = ben.get(way)
    assert form.value("next") == f"{LIST}/app/new"
    ben.post("/account/confirm", 422, password="not mine", next=form.value("next"))
    page = ben.post("/account/confirm", password=cast.ben.password, next=form.value("next"))

    assert page.location == f"{LIST}/app/new"
    ben.get(page.location)


def test_the_password_leads_to_no_other_site(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).post(
        "/account/confirm", password=cast.ben.password, next="https://example.org/"
    )

    assert page.location == "/"


@pytest.mark.parametrize(("minutes", "status"), [(4.9, 200), (5.1, 403), (-0.5, 200), (-2, 403)])
def test_it_is_good_for_five_minutes_and_a_clock_set_back_makes_it_no_longer(
    browse: Browse, cast: Cast, clock: Clock, minutes: float, status: int
) -> None:
    ben = browse(cast.ben)
    ben.get("/")
    clock.forward(minutes=minutes)

    ben.post("/approve", status, text="yes")


def test_giving_the_password_again_makes_no_session_longer(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    for _ in range(28):
        clock.forward(minutes=25)
        ben.post("/account/confirm", password=cast.ben.password)
    clock.forward(minutes=25)

    ben.get("/", 302)


def test_guessing_is_limited_and_every_try_an_entry(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casefile.accounts import limits

    monkeypatch.setitem(limits.TRIES, "both", 3)
    ben = browse(cast.ben)
    clock.forward(minutes=6)
    for _ in range(3):
        ben.post("/approve", 422, confirm_password="not mine")

    ben.post("/approve", 429, confirm_password=cast.ben.password)

    assert actions(app).count("password.refused") == 3


def test_a_password_of_an_impossible_kind_is_refused_with_a_reason(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    clock.forward(minutes=6)

    page = ben.post("/approve", 422, confirm_password="")

    assert "The password is wrong" in page.problems()


def test_who_may_not_do_it_is_not_asked(browse: Browse, cast: Cast, clock: Clock) -> None:
    clock.forward(minutes=6)
    ben = browse(cast.ben)
    ben.get("/")
    clock.forward(minutes=6)

    page = ben.post(f"/admin/people/{cast.cleo.id}/second-factor/delete", 403)

    assert "Your role does not include this" in page.text
    assert not re.search("confirm_password", page.html)


def test_changes_of_factors_ask_for_it(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    give_app(app, cast.ben, clock)
    factor = factors_of(app, cast.ben).mine[0]
    ben = browse(cast.ben)
    ben.get("/")
    clock.forward(minutes=6)
    for path in (f"{LIST}/app/new", f"{LIST}/key/new", f"{LIST}/{factor.id}/edit"):
        assert ben.get(path, 303).location.startswith("/account/confirm?next=")
    for path in ("/app", "/key", "/codes", "/repair", f"/{factor.id}", f"/{factor.id}/delete"):
        assert "Your password again" in ben.post(f"{LIST}{path}", 403, name="X").text
    assert factors_of(app, cast.ben).mine == [factor]
    ben.get(LIST)
