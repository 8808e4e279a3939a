from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

WRONG = "The username or the password is wrong."


def test_signing_in_leads_to_the_desk(browse: Browse, cast: Cast) -> None:
    nobody = browse()
    nobody.get("/sign-in")

    page = nobody.post("/sign-in", username=cast.ben.username, password=cast.ben.password)

    assert page.location == "/"
    assert cast.ben.name in nobody.get("/").text


def test_the_case_of_a_username_and_blanks_around_it_do_not_matter(
    browse: Browse, cast: Cast
) -> None:
    nobody = browse()

    nobody.post("/sign-in", username=" BEN ", password=cast.ben.password)

    assert nobody.get("/account/").value("name") == cast.ben.name


@pytest.mark.parametrize("username", ["ben", "nobody.of.this.name"])
def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    browse: Browse, username: str
) -> None:
    page = browse().post("/sign-in", 422, username=username, password="not the password at all")

    assert WRONG in page.problems()
    assert page.value("username") == username
    assert page.value("password") == ""
    browse().get("/", status=302)


def test_an_empty_form_is_shown_again_with_the_reason(browse: Browse) -> None:
    page = browse().post("/sign-in", 422, username="", password="")

    assert "Fill this in." in page.problems()


def test_whoever_asked_for_a_page_arrives_there_after_signing_in(
    browse: Browse, cast: Cast
) -> None:
    nobody, wanted = browse(), f"{cast.case.url}/notes/?sort=title"
    asked = nobody.get(wanted, status=302)
    form = nobody.get(asked.location)

    page = nobody.post(
        "/sign-in",
        username=cast.ben.username,
        password=cast.ben.password,
        next=form.value("next"),
    )

    assert page.location == wanted


@pytest.mark.parametrize(
    "elsewhere",
    ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)", "/a\tb"],
)
def test_signing_in_leads_to_no_other_site(browse: Browse, cast: Cast, elsewhere: str) -> None:
    page = browse().post(
        "/sign-in", username=cast.ben.username, password=cast.ben.password, next=elsewhere
    )

    assert page.location == "/"


def test_signing_out_ends_the_session_for_good(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    cookie = ben.cookie
    ben.get("/")

    ben.post("/sign-out")

    ben.get("/", status=302)
    assert cookie is not None
    ben.client.set_cookie("casefile", cookie)
    ben.get("/", status=302)


def test_a_session_left_alone_for_half_an_hour_is_over(
    browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    clock.forward(minutes=29)
    ben.get("/")
    clock.forward(minutes=29)
    ben.get("/")
    clock.forward(minutes=31)

    ben.get("/", status=302)
