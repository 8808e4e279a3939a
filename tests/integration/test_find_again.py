from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from casefile.policy import Seat
from tests.cast import add_evidence, add_note, close, give_seat, open_case, resources_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse, Page, StrictBrowser

NOTES = (
    ("ann", "Bridge", "The concrete bridge over the river was inspected.", "river"),
    ("ben", "School", "The school by the bridge has no roof.", "school", "public money"),
    ("ben", "Тендер", "Тендер боюнча келишим түзүлгөн, өкмөт билген."),
    ("ann", "Договор", "Государственный контракт подписан с Матраимовым."),
    ("eva", "Asphalt", "Asphalt was laid twice on one road."),
)


@pytest.fixture
def filled(app: Flask, cast: Cast) -> Flask:
    for who, title, body, *tags in NOTES:
        add_note(app, getattr(cast, who), cast.case.id, title, body, *tags)
    return app


@pytest.fixture
def ben(filled: Flask, browse: Browse, cast: Cast) -> StrictBrowser:
    return browse(cast.ben)


def titles(page: Page) -> set[str]:
    return {title.text_content().strip() for title in page.find("//article//h2")}


def total(page: Page) -> int:
    return int(page.find("//*[@data-total]/@data-total")[0])


def search(browser: StrictBrowser, text: str, **filters: object) -> Page:
    more = "".join(f"&{name}={quote(str(value))}" for name, value in filters.items())
    return browser.get(f"/search?q={quote(text)}{more}")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("bridge", {"Bridge", "School"}),
        ("BRIDGE", {"Bridge", "School"}),
        ("bridges", {"Bridge", "School"}),
        ("bridge school", {"School"}),
        ("bridge AND school", {"School"}),
        ("school OR asphalt", {"School", "Asphalt"}),
        ("bridge -school", {"Bridge"}),
        ("bridge NOT school", {"Bridge"}),
        ("(school OR asphalt) -roof", {"Asphalt"}),
        ('"concrete bridge"', {"Bridge"}),
        ('"bridge concrete"', set()),
        ("«concrete bridge»", {"Bridge"}),
        ("inspec*", {"Bridge"}),
        ("con*ete", {"Bridge"}),
        ("*phalt", {"Asphalt"}),
        ("concrte~", {"Bridge"}),
        ("келишимдин", {"Тендер"}),
        ("контракта", {"Договор"}),
        ("договоры", {"Договор"}),
        ("Matraimov", {"Договор"}),
        ("Матраимовдун", {"Договор"}),
        ("kind:evidence", {"ledger.txt"}),
        ("kind:note pier", {"Pier"}),
        ("author:ann", {"Bridge", "Договор"}),
        ('author:"Eva Editor"', {"Asphalt"}),
        ("bridge -author:ann", {"School"}),
        ("tag:school", {"School"}),
        ('tag:"public money"', {"School"}),
        ("lang:ru", {"Договор"}),
        ("bridge after:2020-01-01", {"Bridge", "School"}),
        ("bridge before:2020-01-01", set()),
        ("bridge after:today", {"Bridge", "School"}),
        ("ledger", {"ledger.txt"}),
        ("E-1", {"ledger.txt"}),
        ("nothinglikeit", set()),
    ],
)
def test_the_query_language(ben: StrictBrowser, query: str, found: set[str]) -> None:
    page = search(ben, query)

    assert titles(page) == found
    assert total(page) == len(found)
    assert page.find("//header//input[@name='q']/@value") == [query]


def test_a_result_says_where_it_stands_and_marks_what_fits(ben: StrictBrowser, cast: Cast) -> None:
    page = search(ben, "inspect")

    [article] = page.find("//article")
    assert article.get("data-kind") == "note"
    assert article.get("data-case") == str(cast.case.id)
    assert article.xpath(".//mark/text()") == ["inspected"]
    words = " ".join(article.text_content().split())
    assert "Ann Lead" in words
    assert cast.case.codename in words
    assert "Bridge" in ben.get(article.xpath(".//h2/a/@href")[0]).main
    assert "inspect" not in page.find("//title/text()")[0]


def test_a_case_can_be_named_by_its_codename(ben: StrictBrowser, cast: Cast) -> None:
    assert titles(search(ben, f"case:{cast.case.codename} asphalt")) == {"Asphalt"}
    assert not titles(search(ben, f"case:{cast.other.codename} asphalt"))


@pytest.mark.parametrize(
    "query",
    [
        '"', "(", ")", "((((", "-", "--", "AND", "OR OR", "NOT", "*", "**", "~", "a~99", "***a***",
        "author:", "kind:nonsense", "before:never", "tag:", ":::", "(a OR", '"a" "', "a AND (b OR",
        "\\", "'; DROP TABLE note; --", "{{7*7}}", "%", "_", "<script>alert(1)</script>", "\x00",
        "🜁", "a" * 3000, "(" * 3000, "a OR " * 1000, '"' * 999, "-" * 999, "*a" * 300, "é" * 500,
    ],
    ids=lambda text: ascii(text)[:20],
)  # fmt: skip
def test_no_query_is_ever_an_error(browse: Browse, cast: Cast, query: str) -> None:
    page = browse(cast.ben).client.get(
        "/search", query_string={"q": query}, base_url="http://localhost"
    )

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    page.close()


def test_two_cases_are_searched_as_one(filled: Flask, browse: Browse, cast: Cast) -> None:
    give_seat(filled, cast.dan, cast.other.id, cast.ben, Seat.READER)
    add_note(filled, cast.dan, cast.other.id, "Orchard bridge", "A bridge of planks.")
    ben = browse(cast.ben)

    page = search(ben, "bridge")

    assert titles(page) == {"Bridge", "School", "Orchard bridge"}
    assert total(page) == 3
    assert set(page.find("//article/@data-case")) == {str(cast.case.id), str(cast.other.id)}
    facet = page.find("//nav[@aria-labelledby='facet-case']//a")
    assert {" ".join(link.text_content().split()) for link in facet} == {
        f"{cast.case.codename} 2",
        f"{cast.other.codename} 1",
    }
    assert titles(search(browse(cast.cleo), "bridge")) == {"Bridge", "School"}
    assert titles(search(browse(cast.dan), "bridge")) == {"Orchard bridge"}


def test_facets_are_links_that_narrow_and_can_be_taken_away(ben: StrictBrowser) -> None:
    page = search(ben, "bridge")
    assert total(page) == 2
    links = page.find("//nav[@aria-labelledby='facet-author']//a")
    by_ann = next(link for link in links if "Ann" in link.text_content())

    narrowed = ben.get(by_ann.get("href"))

    assert titles(narrowed) == {"Bridge"}
    [chosen] = narrowed.find("//*[@class='chosen']//a")
    assert "Ann Lead" in chosen.text_content()
    assert titles(ben.get(chosen.get("href"))) == {"Bridge", "School"}


def test_every_number_of_a_facet_is_what_its_link_finds(ben: StrictBrowser) -> None:
    page = search(ben, "the")

    links = page.find("//nav[@class='facet']//a")
    assert len(links) >= 5
    for link in links:
        count = int(link.xpath(".//*[@class='count']/text()")[0])
        assert total(ben.get(link.get("href"))) == count, link.get("href")


def test_the_fields_of_the_form_narrow_too(ben: StrictBrowser, cast: Cast) -> None:
    assert titles(search(ben, "", kind="evidence")) == {"ledger.txt"}
    assert titles(search(ben, "bridge", author=cast.ann.id)) == {"Bridge"}
    assert titles(search(ben, "bridge", case=cast.case.id)) == {"Bridge", "School"}
    assert not titles(search(ben, "bridge", case=cast.other.id))
    assert titles(search(ben, "", language="ru")) == {"Договор"}
    assert titles(search(ben, "", tag="river")) == {"Bridge"}
    assert titles(search(ben, "bridge", after="2020-01-01")) == {"Bridge", "School"}
    assert not titles(search(ben, "bridge", before="2020-01-01"))
    page = search(ben, "bridge", after="2020-01-01", kind="note")
    assert page.find("//input[@name='after']/@value") == ["2020-01-01"]
    assert page.find("//input[@name='kind']/@value") == ["note"]


@pytest.mark.parametrize(
    "garbage",
    [
        {"kind": "secret"},
        {"case": "not-an-id"},
        {"author": "' OR 1=1"},
        {"after": "soon", "before": "2024-13-45"},
        {"page": "-1"},
        {"page": "0"},
        {"page": "x"},
        {"page": "9" * 50},
        {"nonsense": "1", "sort": "random"},
        {"q": "bridge"},
    ],
)
def test_filters_that_make_no_sense_are_left_out(
    ben: StrictBrowser, garbage: dict[str, str]
) -> None:
    assert titles(search(ben, "bridge", **garbage)) == {"Bridge", "School"}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_is_can_be_asked_for(ben: StrictBrowser, day: str) -> None:
    for name in ("after", "before"):
        search(ben, "bridge", **{name: day})
        search(ben, f"bridge {name}:{day}")


def test_a_word_spelt_wrongly_is_put_right_with_one_click(ben: StrictBrowser) -> None:
    page = search(ben, "brigde", kind="note")

    [link] = page.find("//*[@class='suggestion']//a")
    assert link.text_content() == "bridge"
    assert titles(ben.get(link.get("href"))) == {"Bridge", "School"}
    assert "kind=note" in link.get("href")


def test_a_word_of_somebody_elses_case_is_never_suggested(
    filled: Flask, browse: Browse, cast: Cast
) -> None:
    add_note(filled, cast.dan, cast.other.id, "Warehouse", "Warehouse warehouse.")

    assert not search(browse(cast.ben), "warehuose").find("//*[@class='suggestion']")
    assert browse(cast.ben).get("/search/complete?q=wareh").json == []


def test_a_word_is_completed_from_ones_own_cases(ben: StrictBrowser) -> None:
    search(ben, "bridge")

    page = ben.get("/search/complete?q=brid")

    assert page.type == "application/json"
    assert page.json == ["bridge"]
    assert ben.get(f"/search/complete?q={quote('concrete brid')}").json == ["concrete bridge"]
    assert "келишим" in (ben.get(f"/search/complete?q={quote('кели')}").json or [])
    for odd in ("", "%20", "%00", "%FF", "*", '"', "a" * 5000, "(((", "-"):
        assert isinstance(ben.get(f"/search/complete?q={odd}").json, list)


def test_results_come_twenty_to_a_page(app: Flask, browse: Browse, cast: Cast) -> None:
    for number in range(45):
        add_note(app, cast.ben, cast.case.id, f"Heron {number}", "A heron stood there.")
    ben = browse(cast.ben)
    seen: list[str] = []

    page = search(ben, "heron", kind="note")

    assert total(page) == 45
    for size in (20, 20, 5):
        assert len(page.find("//article")) == size
        seen += page.find("//article/@data-id")
        following = page.find("//a[@rel='next']/@href")
        if following:
            assert "kind=note" in following[0]
            page = ben.get(following[0])
    assert len(set(seen)) == 45
    assert not page.find("//a[@rel='next']")


@pytest.mark.parametrize("page", [4, 99, 10**8])
def test_a_page_past_the_end_is_the_last(app: Flask, browse: Browse, cast: Cast, page: int) -> None:
    for number in range(21):
        add_note(app, cast.ben, cast.case.id, f"Heron {number}", "A heron stood there.")

    found = search(browse(cast.ben), "heron", page=page)

    assert total(found) == 21
    assert len(found.find("//article")) == 1
    assert found.find("//a[@aria-current='page']")[0].text_content().split()[-1] == "2"


def test_the_empty_page_explains_itself_and_asks_nothing(ben: StrictBrowser) -> None:
    page = ben.get("/search")

    assert "Search all your cases at once" in page.main
    assert page.find("//details[@id='search-help'][@open]")
    assert not page.find("//*[@data-total]")
    assert "Nothing found" in search(ben, "nothinglikeit").main


def test_an_edit_is_found_by_its_new_words_at_once(ben: StrictBrowser, cast: Cast) -> None:
    note = f"{cast.case.url}/notes/{cast.case.note}"

    ben.post(f"{note}/edit", title="Jetty", body="The jetty floats.", version=1)

    assert titles(search(ben, "jetty")) == {"Jetty"}
    assert not titles(search(ben, "pier kind:note"))


def test_a_forgotten_index_is_made_again_by_the_next_search(
    filled: Flask, browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    assert total(search(ben, "bridge")) == 2

    resources_of(filled).index.forget(cast.case.id)

    assert titles(search(ben, "bridge")) == {"Bridge", "School"}


def test_an_index_folder_that_is_gone_or_cut_is_made_again(
    make_app: Callable[..., Flask], browse: Browse, cast: Cast, instance: Path
) -> None:
    first = make_app()
    add_note(first, cast.ben, cast.case.id, "Bridge", "A bridge.")
    ben = browse(cast.ben).on(first)
    assert total(search(ben, "bridge")) == 1
    close(first)
    for path in (instance / "index").glob("*.db"):
        path.write_bytes(path.read_bytes()[:5000])

    assert total(search(ben.on(make_app()), "bridge")) == 1
    shutil.rmtree(instance / "index")
    assert total(search(ben.on(make_app()), "bridge")) == 1


def test_what_was_saved_while_the_index_could_not_follow_is_found_later(
    make_app: Callable[..., Flask], browse: Browse, cast: Cast
) -> None:
    first, second = make_app(), make_app()
    ben = browse(cast.ben)
    assert not titles(search(ben.on(second), "heron"))

    add_note(first, cast.ben, cast.case.id, "Heron", "Saved by another process.")

    assert titles(search(ben.on(second), "heron")) == {"Heron"}
    assert open_case(second, cast.ben, cast.case.id).note_count == 2


def test_names_and_descriptions_of_files_are_found(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    add_evidence(app, cast.ben, cast.case.id, "invoice_march-2024.bin", b"\x00", "Cement for piers")

    for query in ("invoice", "march", "invoice_march-2024.bin", "cement", "E-2"):
        assert "invoice_march-2024.bin" in titles(search(browse(cast.ben), query)), query
