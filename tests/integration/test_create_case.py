from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.strict_browser import Browse


def test_a_new_case_is_led_by_whoever_opened_it(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    ben.get("/cases/new")

    made = ben.post("/cases/", title="Мост через Чуй", summary="Эки жолу төлөнгөн.\nКим алды?")

    page = ben.get(made.location)
    assert "The case is open." in page.text
    assert page.find("//h1")[0].text_content() == "Мост через Чуй"
    assert "Ким алды?" in page.main
    assert "Your seat: Lead" in page.text
    assert "No notes yet" in page.main
    assert "No evidence yet" in page.main


def test_the_codename_is_made_of_neutral_words_and_the_title_stays_out_of_the_window(
    browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)

    page = ben.get(ben.post("/cases/", title="Secret harbour", summary="").location)

    codename = page.find("//*[@class='rail-codename']//a")[0].text_content().strip()
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", codename)
    assert "harbour" not in codename
    assert "harbour" not in page.find("//title/text()")[0]
    assert codename in page.find("//title/text()")[0]


def test_two_cases_of_one_title_have_two_codenames(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)

    first, second = (ben.post("/cases/", title="Twice", summary="").location for _ in "ab")

    assert first != second
    found = ben.get("/cases/?q=twice").find("//tbody//*[@class='codename']")
    assert len({name.text_content() for name in found}) == 2


@pytest.mark.parametrize("title", ["", "   ", "\u200b" * 0 + "\t", "t" * 201, "a\x00b"])
def test_a_title_that_will_not_do_is_shown_again_and_the_summary_kept(
    browse: Browse, cast: Cast, title: str
) -> None:
    page = browse(cast.ben).post("/cases/", 422, title=title, summary="What I suspect.")

    assert page.problems()
    assert page.value("summary") == "What I suspect."


def test_a_title_is_shown_as_text_never_as_markup(browse: Browse, cast: Cast) -> None:
    ben, title = browse(cast.ben), "<script>alert(1)</script> & <b>bold</b>"

    page = ben.get(ben.post("/cases/", title=title, summary=title).location)

    assert page.find("//h1")[0].text_content() == title
    assert not page.find("//main//script | //main//h1/b")
    assert title in ben.get("/").main
    assert title in ben.get("/cases/").main


def test_the_longest_title_and_summary_are_kept_whole(browse: Browse, cast: Cast) -> None:
    ben, title, summary = browse(cast.ben), "ж" * 200, "с" * 20_000

    page = ben.get(ben.post("/cases/", title=title, summary=summary).location)

    assert page.find("//h1")[0].text_content() == title
    assert summary in page.main
