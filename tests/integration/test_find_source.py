from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.intruder import actions
from tests.sources_scene import NAME, add_handler, new_source

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse, Page


def total(page: Page) -> int:
    return int(page.find("//*[@data-total]/@data-total")[0])


@pytest.mark.parametrize(
    "query",
    ["Осмонкулова", "Osmonkulova", "Осмонкуловага", "Zamira", "Signal", "quarry bookkeeper"],
)
def test_a_handler_finds_an_identity_in_any_script(
    app: Flask, browse: Browse, cast: Cast, query: str
) -> None:
    at = new_source(app, cast.ann, cast.case.id)

    page = browse(cast.ann).get(f"/search?q={query}")

    [hit] = page.find("//article[@data-kind='source']")
    assert hit.get("data-id") == str(at.id)
    assert hit.get("data-case") == str(cast.case.id)
    assert at.codename in hit.text_content()
    assert "Fits who this is." in hit.text_content()
    assert total(page) == 1
    assert "Замира" not in page.html
    assert "Осмонкулова" not in page.main
    assert actions(app)[-1] == "source.identity_matched"


@pytest.mark.parametrize("who", ["ben", "cleo", "eva", "dan", "ada"])
@pytest.mark.parametrize("query", ["Осмонкулова", "Osmonkulova", "осмон*", "Осмонкулав~", "quarry"])
def test_nobody_else_finds_it_nor_a_trace_of_it(
    app: Flask, browse: Browse, cast: Cast, who: str, query: str
) -> None:
    new_source(app, cast.ann, cast.case.id)
    browse(cast.ann).get("/search?q=Осмонкулова")

    browser = browse(getattr(cast, who))
    page = browser.get(f"/search?q={query}&kind=source")

    assert total(page) == 0
    assert page.find("//*[contains(@class, 'suggestion')]") == []
    assert page.find("//*[@class='facet']//li") == []
    assert browser.get(f"/search/complete?q={query[:4]}").json == []
    assert total(browser.get(f"/search?q={query}&case={cast.case.id}")) == 0


def test_not_even_a_handler_is_told_of_it_by_completion_or_suggestion(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    new_source(app, cast.ann, cast.case.id)
    ann = browse(cast.ann)
    ann.get("/search?q=Осмонкулова")

    assert ann.get("/search/complete?q=осмо").json == []
    page = ann.get("/search?q=Осмонкулава")
    assert page.find("//*[contains(@class, 'suggestion')]") == []


def test_codenames_and_what_is_said_of_them_are_found_by_all(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id, reliability="Saw the weighbridge ledgers.")

    for person in (cast.ann, cast.ben, cast.cleo, cast.eva):
        for query in (f'"{at.codename}"', "weighbridges", "kind:source weighbridge"):
            page = browse(person).get(f"/search?q={query}")
            [hit] = page.find("//article[@data-kind='source']")
            assert hit.get("data-id") == str(at.id)
    assert total(browse(cast.dan).get(f"/search?q={at.codename}")) == 0
    assert "weighbridge" in (browse(cast.cleo).get("/search/complete?q=weighb").json or [])


def test_promises_are_found_too(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    browse(cast.ben).post(
        f"{at.url}/agreements", kind="other", text="Tea in Karabalta.", agreed_on="2026-11-20"
    )

    assert total(browse(cast.cleo).get("/search?q=Karabalta")) == 1


def test_what_is_written_later_is_found_under_the_new_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    ann, ben = browse(cast.ann), browse(cast.ben)
    assert total(ben.get("/search?q=Осмонкулова")) == 1

    ann.post(f"{at.url}/handlers/{cast.ben.id}/delete")
    ann.post(f"{at.url}/contacts", met_on="2026-11-20", how="call", summary="Toktogul dam, at dawn")

    assert total(ann.get("/search?q=Toktogul")) == 1
    assert total(ann.get("/search?q=Осмонкулова")) == 1
    assert total(ben.get("/search?q=Toktogul")) == 0
    assert total(ben.get("/search?q=Осмонкулова")) == 0


def test_a_shredded_source_is_found_by_codename_only(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id, motive="Envy of a neighbour")
    ann = browse(cast.ann)
    assert total(ann.get("/search?q=Осмонкулова")) == 1
    assert total(ann.get("/search?q=envy")) == 1

    ann.post(f"{at.url}/shred", codename=at.codename)

    assert total(ann.get("/search?q=Осмонкулова")) == 0
    assert total(ann.get("/search?q=envy")) == 0
    assert total(ann.get(f"/search?q={at.codename}")) == 1


def test_filters_count_identities_and_a_filter_alone_lists_none(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    new_source(app, cast.ann, cast.case.id)
    ann = browse(cast.ann)

    assert total(ann.get(f"/search?q=Osmonkulova&case={cast.case.id}&kind=source")) == 1
    assert total(ann.get("/search?q=Osmonkulova&kind=note")) == 0
    assert total(ann.get(f"/search?q=Osmonkulova&case={cast.other.id}")) == 0
    assert "Sources 1" in ann.get("/search?q=Osmonkulova").main
    before = actions(app).count("source.identity_matched")
    assert total(ann.get("/search?q=kind:source")) == 1
    assert total(ann.get("/search?kind=source")) == 1
    assert actions(app).count("source.identity_matched") == before


def test_a_match_is_a_look_that_the_others_see_once_in_a_while(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)

    for _time in range(3):
        browse(cast.ben).get(f"/search?q={NAME}")

    assert actions(app).count("source.identity_matched") == 1
    assert "by a search that matched" in browse(cast.ann).get(at.url).main
    clock.forward(minutes=11)
    browse(cast.ben).get(f"/search?q={NAME}")
    assert actions(app).count("source.identity_matched") == 2
