from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from casefile.policy import Seat
from tests.cast import add_evidence, add_note, give_seat

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse, Page

SYNTAX = (
    '"', '""', '"open', "(", ")", "()", "((a", "a)", "AND", "OR", "NOT", "-", "--", "- -", "+", "*", "**", "a*b*c*",
    "*a*", "~", "a~", "a~~", "~9", ":", "kind:", "kind:x", "author:", "case:", "tag:", "after:", "after:x",
    "after:2024-13-45", "before:0000-00-00", "after:9999-12-31", "a OR", "OR a", "a OR OR b", "a -", "[", "]", "{", "}",
    "^", "a^2", "\\", "\\*", "'", "';--", "%", "_", "NEAR(a b)", "a NEAR b", "title:pier", "rowid:1", "<b>", "&amp;",
    "\x00", "a\x00b", "\t\n", "\u202e", "\ufeff", "\U0001f9ed", "é" * 300, "a " * 700, "(" * 300, '"a" ' * 200, "a*" * 200,
    "E-1", "[E-1]", "10.5.2024", "+996 555 12-34-56", "a@b.example", "https://a.example/b?c=d", "ЖОК", "ө", "ь", "1",
)  # fmt: skip


def _found(page: Page) -> list[str]:
    return [str(name) for name in page.find("//article/@data-id")]


def _total(page: Page) -> int:
    return int(page.find("//*[@data-total]/@data-total")[0])


def test_a_word_finds_notes_and_evidence_with_the_words_marked(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "pier.bin", b"\0\1", "The pier at low water")

    page = browse(cast.ben).get("/search?q=piers")

    assert set(_found(page)) == {str(cast.case.note), str(item)}
    assert _total(page) == 2
    assert {mark.text.lower() for mark in page.find("//mark")} == {"pier"}
    article = page.find(f"//article[@data-id='{cast.case.note}']")[0]
    assert article.get("data-kind") == "note"
    assert article.get("data-case") == str(cast.case.id)
    assert cast.case.codename in article.text_content()
    assert article.xpath(".//h2//a/@href") == [f"{cast.case.url}/notes/{cast.case.note}"]


def test_a_saved_note_is_found_at_once_and_an_edited_one_by_its_new_words_only(
    browse: Browse, cast: Cast
) -> None:
    browser = browse(cast.ben)
    url = browser.post(f"{cast.case.url}/notes/", title="Tollgate", body="A marmot").location
    assert _total(browser.get("/search?q=marmot")) == 1

    browser.post(f"{url}/edit", title="Tollgate", body="A badger", version="1")

    assert _total(browser.get("/search?q=marmot")) == 0
    assert _total(browser.get("/search?q=badger")) == 1


def test_words_of_three_languages_are_found_in_other_forms_and_scripts(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    notes = {
        "договоров": add_note(
            app, cast.ben, cast.case.id, "Договор", "Подписан договор о поставке."
        ),
        "Сапарбеков": add_note(app, cast.ben, cast.case.id, "Who", "Saparbekov signed for it."),
        "мектептер": add_note(app, cast.ben, cast.case.id, "Мектеп", "Мектептин ашканасы жабылды."),
    }
    for word, note in notes.items():
        assert str(note) in _found(browse(cast.ben).get("/search", query_string={"q": word})), word


def test_filters_narrow_the_results_and_stand_in_the_address(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.REPORTER)
    mine = add_note(app, cast.dan, cast.other.id, "Pier too", "A pier in the orchard.", "river")
    for query, expected in {
        "q=pier": {cast.case.note, mine},
        f"q=pier&case={cast.other.id}": {mine},
        f"q=pier&author={cast.dan.id}": {mine},
        "q=pier&kind=evidence": set(),
        "q=pier&kind=note": {cast.case.note, mine},
        "q=pier&tag=river": {mine},
        "q=pier tag:river": {mine},
        f"q=pier case:{cast.other.codename}": {mine},
        "q=pier author:ben": {cast.case.note},
        "q=pier -orchard": {cast.case.note},
        "q=pier&after=2020-01-01&before=2099-01-01": {cast.case.note, mine},
        "q=pier&before=2020-01-01": set(),
        "q=pier&after=2099-01-01": set(),
        f"q=&case={cast.other.id}&kind=note": {mine, cast.other.note},
    }.items():
        page = browse(cast.dan).get(f"/search?{query}")
        assert set(_found(page)) == {str(note) for note in expected}, query
        assert _total(page) == len(expected)


def test_facets_count_and_lead_to_their_results(app: Flask, browse: Browse, cast: Cast) -> None:
    add_evidence(app, cast.ann, cast.case.id, "x.bin", b"\0", "A pier")

    page = browse(cast.ben).get("/search?q=pier")

    links = page.find("//*[contains(@class, 'facet')]//li/a")
    assert links
    for link in links:
        count = int(link.xpath("span[@class='count']/text()")[0])
        assert _total(browse(cast.ben).get(link.get("href"))) == count
        assert parse_qs(urlsplit(link.get("href")).query)["q"] == ["pier"]


def test_many_results_come_in_pages_that_miss_and_repeat_nothing(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    made = {
        str(add_note(app, cast.ben, cast.case.id, f"Heron {number}", "A heron."))
        for number in range(45)
    }
    seen: list[str] = []
    for number in (1, 2, 3):
        page = browse(cast.ben).get(f"/search?q=heron&page={number}")
        assert _total(page) == 45
        seen += _found(page)

    assert len(seen) == 45
    assert set(seen) == made
    for number in ("0", "-1", "x", "99999999999999999999", "1.5", "", "3'"):
        assert (
            _total(browse(cast.ben).get("/search", query_string={"q": "heron", "page": number}))
            == 45
        )


@pytest.mark.parametrize("query", SYNTAX)
def test_no_query_is_an_error(browse: Browse, cast: Cast, query: str) -> None:
    for asked in (query, f"pier {query}", f"{query}pier"):
        page = browse(cast.ben).get("/search", query_string={"q": asked})
        assert _total(page) >= 0 if asked.strip() else True
        browse(cast.ben).get("/search/complete", query_string={"q": asked})


def test_filters_that_make_no_sense_are_left_out(browse: Browse, cast: Cast) -> None:
    for name in ("kind", "case", "author", "after", "before", "language", "tag", "page"):
        for value in (
            "",
            "x",
            "\x00",
            "-1",
            "[]",
            "1" * 300,
            "2024-02-31",
            "0001-01-01",
            "9999-12-31",
        ):
            browse(cast.ben).get("/search", query_string={"q": "pier", name: value})
    page = browse(cast.ben).get("/search?q=pier&case=nonsense&kind=x&author=1&after=never")
    assert _total(page) == 1


def test_a_misspelt_word_is_answered_with_one_that_would_find_something(
    browse: Browse, cast: Cast
) -> None:
    page = browse(cast.ben).get("/search?q=oftchard+twicee")

    for link in page.find("//*[contains(@class, 'suggestion')]/a/@href"):
        assert _total(browse(cast.ben).get(link)) > 0
    near = browse(cast.ben).get("/search?q=twicw")
    assert near.find("//*[contains(@class, 'suggestion')]/a")[0].text == "twice"


def test_completion_goes_on_with_words_of_ones_own_cases(browse: Browse, cast: Cast) -> None:
    browse(cast.ben).get("/search?q=pier")

    assert "pier" in browse(cast.ben).get("/search/complete?q=pi").json
    assert browse(cast.ben).get("/search/complete").json == []
    assert len(json.dumps(browse(cast.ben).get("/search/complete?q=t").json)) < 1000


def test_nothing_asked_shows_how_to_ask(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).get("/search")

    assert not page.find("//*[@data-total]")
    assert "How to search" in page.text
    assert "Nothing found" in browse(cast.ben).get("/search?q=xyzzyplugh").text


def test_what_was_asked_stays_out_of_the_title_of_the_window(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).get("/search?q=twice")

    assert "twice" not in page.find("//title")[0].text
    assert page.find("//input[@id='search-query']/@value") == ["twice"]


def test_markup_in_a_text_is_shown_as_text_in_results(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    hostile = "<script>alert(1)</script> <img src=x onerror=alert(1)> kittiwake </mark><b>"
    add_note(app, cast.ben, cast.case.id, hostile, hostile * 3)

    page = browse(cast.ben).get("/search?q=kittiwake")

    assert not page.find("//main//script | //main//article//img | //main//article//b")
    assert "<script>" in page.main


def test_a_shard_thrown_away_is_there_again_at_the_next_search(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    assert _total(browse(cast.ben).get("/search?q=pier")) == 1
    app.extensions["casefile"].index.forget(cast.case.id)

    assert _total(browse(cast.ben).get("/search?q=pier")) == 1
