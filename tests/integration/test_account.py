from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cast import open_session
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

NEW_PASSWORD = "seven quiet herons cross the ford"


def test_a_changed_name_stands_beside_what_one_wrote(browse: Browse, cast: Cast) -> None:
    browse(cast.ben).post("/account/", name="Бен Жазуучу", theme="dark", timezone="")

    page = browse(cast.ann).get(f"{cast.case.url}/notes/{cast.case.note}")

    assert "Бен Жазуучу" in page.main


@pytest.mark.parametrize("theme", ["dark", "light", "auto"])
def test_the_chosen_appearance_is_on_every_page(browse: Browse, cast: Cast, theme: str) -> None:
    ben = browse(cast.ben)

    ben.post("/account/", name="Ben", theme=theme, timezone="")

    assert ben.get("/").tree.get("data-bs-theme") == theme
    assert ben.get(f"{cast.case.url}/").tree.get("data-bs-theme") == theme


def test_times_are_shown_in_the_zone_of_the_reader(browse: Browse, cast: Cast) -> None:
    ben, where = browse(cast.ben), f"{cast.case.url}/notes/{cast.case.note}"
    shown = []
    for zone in ("Asia/Bishkek", "UTC", "Pacific/Auckland"):
        ben.post("/account/", name="Ben", theme="auto", timezone=zone)
        assert ben.get("/account/").value("timezone") == zone
        shown.append(ben.get(where).find("//main//div[@class='meta']//time")[0].text_content())

    assert len(set(shown)) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "n" * 121},
        {"name": "Be\x07n"},
        {"theme": "pink"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
    ],
)
def test_what_makes_no_sense_is_shown_again(
    browse: Browse, cast: Cast, wrong: dict[str, str]
) -> None:
    given = {"name": "Ben", "theme": "auto", "timezone": "", **wrong}

    page = browse(cast.ben).post("/account/", 422, fields=given)

    assert page.problems()
    assert cast.ben.name in browse(cast.ben).get("/account/").value("name")


def test_a_new_password_signs_out_every_other_browser(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    here, there = browse(cast.ben), StrictBrowser(app, open_session(app, cast.ben))
    there.get("/")

    here.post(
        "/account/password",
        current=cast.ben.password,
        password=NEW_PASSWORD,
        password_again=NEW_PASSWORD,
    )

    assert "password was changed" in here.get("/account/").text
    there.get("/", status=302)
    assert "pier" in here.get(f"{cast.case.url}/notes/{cast.case.note}").main
    there.post("/sign-in", 422, username="ben", password=cast.ben.password)
    there.post("/sign-in", username="ben", password=NEW_PASSWORD)
    assert "pier" in there.get(f"{cast.case.url}/notes/{cast.case.note}").main


@pytest.mark.parametrize(
    ("current", "password", "again", "said"),
    [
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, "The current password is wrong."),
        (None, "short", "short", "Choose at least 12 characters."),
        (None, NEW_PASSWORD, NEW_PASSWORD + "!", "The two passwords differ."),
        (None, "ababababababab", "ababababababab", "repeats itself"),
        (None, "", "", "Fill this in."),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(
    browse: Browse, cast: Cast, current: str | None, password: str, again: str, said: str
) -> None:
    ben = browse(cast.ben)

    page = ben.post(
        "/account/password",
        422,
        current=current or cast.ben.password,
        password=password,
        password_again=again,
    )

    assert said in page.problems()
    assert NEW_PASSWORD not in page.html
    browse().post("/sign-in", username="ben", password=cast.ben.password)


def test_another_browser_can_be_signed_out_from_here(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    here, there = browse(cast.ben), StrictBrowser(app, open_session(app, cast.ben))
    actions = here.get("/account/sessions").find("//form/@action")
    one = next(path for path in actions if path.count("/") == 4)

    here.post(one)

    assert {here.get("/", status=None).status, there.get("/", status=None).status} == {200, 302}


def test_all_browsers_can_be_signed_out_at_once(app: Flask, browse: Browse, cast: Cast) -> None:
    here, there = browse(cast.ben), StrictBrowser(app, open_session(app, cast.ben))

    here.post("/account/sessions/delete")

    here.get("/", status=302)
    there.get("/", status=302)
