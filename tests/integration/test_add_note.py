from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cast import open_case

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def test_a_note_is_shown_as_written_listed_and_found(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    body = "## Көпүрө\n\nЭкинчи таяныч **эки жолу** төлөнгөн.\n\n- биринчи\n- экинчи"

    made = ben.post(
        f"{cast.case.url}/notes/", title="Таяныч", body=body, tags="көпүрө, #акча, көпүрө"
    )

    page = ben.get(made.location)
    assert "Note added." in page.text
    assert page.find("//h1")[0].text_content() == "Таяныч"
    assert page.find("//article//h3")[0].text_content() == "Көпүрө"
    assert page.find("//article//strong")[0].text_content() == "эки жолу"
    assert len(page.find("//article//li")) == 2
    assert [tag.text_content() for tag in page.find("//*[@class='tag']")] == ["көпүрө", "акча"]
    assert "N-2" in page.main
    assert "Таяныч" in browse(cast.cleo).get(f"{cast.case.url}/notes/").main
    assert browse(cast.cleo).get("/search?q=таянычтын").find("//*[@data-total='1']")
    assert "added the note Таяныч" in browse(cast.cleo).get(f"{cast.case.url}/activity/").main


def test_a_note_that_cites_evidence_leads_to_it_and_back(browse: Browse, cast: Cast) -> None:
    ben, case = browse(cast.ben), cast.case

    made = ben.post(f"{case.url}/notes/", title="Bill", body="See [E-1], not [E-99].")

    page = ben.get(made.location)
    link = page.find("//article//a[text()='E-1']/@href")[0]
    assert ben.get(link, status=302).location == f"{case.url}/evidence/{case.evidence}"
    assert "ledger.txt" in page.find("//section[@aria-labelledby='cited']")[0].text_content()
    assert "Bill" in ben.get(f"{case.url}/evidence/{case.evidence}").main
    ben.get(page.find("//article//a[text()='E-99']/@href")[0], status=404)


def test_evidence_that_can_be_cited_stands_beside_the_form(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).get(f"{cast.case.url}/notes/new?body=%5BE-1%5D%20&title=About")

    assert "[E-1]" in page.main
    assert "ledger.txt" in page.main
    assert page.value("body") == "[E-1] "
    assert page.value("title") == "About"


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": " \t "},
        {"title": "t" * 201},
        {"title": "one\ntwo"},
        {"body": ""},
        {"body": " \n "},
        {"body": "b" * 100_001},
        {"tags": "t" * 601},
    ],
)
def test_a_note_that_will_not_do_is_shown_again_with_what_was_written(
    app: Flask, browse: Browse, cast: Cast, wrong: dict[str, str]
) -> None:
    given = {"title": "Kept title", "body": "Kept body.", "tags": "kept", **wrong}

    page = browse(cast.ben).post(f"{cast.case.url}/notes/", 422, fields=given)

    assert page.problems()
    for name, value in given.items():
        if name not in wrong:
            assert page.value(name) == value
    assert open_case(app, cast.ben, cast.case.id).note_count == 1


def test_the_longest_note_is_kept_whole(browse: Browse, cast: Cast) -> None:
    ben, body = browse(cast.ben), "слово " * 16_666 + "end."
    assert len(body) == 100_000

    made = ben.post(f"{cast.case.url}/notes/", title="ы" * 200, body=body, tags="т" * 60)

    assert ben.get(f"{made.location}/edit").value("body") == body


def test_what_is_typed_comes_back_letter_for_letter(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    body = (
        "\n  first\r\nsecond\ttab  \n\n🜁 e\u0301 \u202eright to left\u202c { 7*7 } </textarea>&amp;"
    )

    made = ben.post(f"{cast.case.url}/notes/", title="Letters </title>", body=body)

    page = ben.get(f"{made.location}/edit")
    assert page.value("body") == body.replace("\r\n", "\n")
    assert page.value("title") == "Letters </title>"


def test_most_tags_and_odd_ones_are_tamed(browse: Browse, cast: Cast) -> None:
    ben, tags = browse(cast.ben), ", ,#,##two,  a   b ," + ",".join(f"t{n}" for n in range(40))

    page = ben.get(
        ben.post(f"{cast.case.url}/notes/", title="Tags", body="Some.", tags=tags).location
    )

    shown = [tag.text_content() for tag in page.find("//*[@class='tag']")]
    assert shown[:2] == ["two", "a b"]
    assert len(shown) == 20
