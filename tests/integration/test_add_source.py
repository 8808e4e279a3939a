from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from casefile.cases.codenames import SECOND as CASE_WORDS
from casefile.sources.codenames import SECOND, make, mentioned
from casefile.sources.models import SourceGrant
from tests.intruder import actions
from tests.sources_scene import CIRCUMSTANCES, CONTACTS, NAME, count_of, new_source

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

FORM = {
    "protection": "confidential",
    "reliability": "Right twice about the weigh-bridge.",
    "motive": "Was passed over.",
    "quotable": "somebody who saw the books",
    "name": NAME,
    "contacts": CONTACTS,
    "circumstances": CIRCUMSTANCES,
}


def test_a_source_gets_a_codename_and_its_adder_is_the_first_handler(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)

    made = ben.post(f"{cast.case.url}/sources/", fields=FORM)

    page = ben.get(made.location)
    codename = page.find("//h1")[0].text_content()
    assert mentioned(codename) == {codename}
    assert "Confidential" in page.main
    assert "Right twice about the weigh-bridge." in page.main
    assert "You are the only one who can open the identity." in page.main
    assert [one.get("data-handler") for one in page.find("//*[@data-handler]")] == ["ben"]
    for told in (NAME, CONTACTS, CIRCUMSTANCES):
        assert told not in page.html
    assert "source.added" in actions(app)
    assert count_of(app, SourceGrant, _id(made.location)) == 1


def _id(location: str) -> object:
    from uuid import UUID

    return UUID(location.rsplit("/", 1)[1])


def test_everybody_on_the_case_sees_the_codename_and_nobody_else_does(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ben, cast.case.id, quotable="an official")

    for person in (cast.ann, cast.ben, cast.cleo, cast.eva):
        assert at.codename in browse(person).get(f"{cast.case.url}/sources/").main
        assert "an official" in browse(person).get(at.url).main
    browse(cast.dan).get(at.url, 404)
    assert "added the source" in browse(cast.cleo).get(f"{cast.case.url}/activity/").main


def test_a_form_with_mistakes_comes_back_whole(browse: Browse, cast: Cast) -> None:
    wrong = {**FORM, "protection": "secret", "name": "x" * 301, "motive": "y" * 20_001}

    page = browse(cast.ben).post(f"{cast.case.url}/sources/", 422, fields=wrong)

    assert page.value("contacts") == CONTACTS
    assert page.value("name") == "x" * 301
    assert "Shorten this to at most 300 characters." in page.problems()


def test_a_source_without_a_name_can_be_added(browse: Browse, cast: Cast) -> None:
    made = browse(cast.ben).post(f"{cast.case.url}/sources/", protection="on_record")

    assert "On the record" in browse(cast.ben).get(made.location).main


def test_the_archive_takes_no_new_source_and_opens_the_old(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    edit = browse(cast.ann).get(f"{cast.case.url}/edit")
    closing = {"title": "T", "status": "archived", "version": edit.value("version")}
    browse(cast.ann).post(f"{cast.case.url}/edit", fields=closing)

    page = browse(cast.ann).post(f"{cast.case.url}/sources/", 409, fields=FORM)

    assert "archived" in page.text
    assert NAME in browse(cast.ann).post(f"{at.url}/identity", 200).main
    browse(cast.ann).post(f"{at.url}/shred", codename=at.codename)


def test_codenames_of_sources_are_never_codenames_of_cases() -> None:
    assert not set(SECOND) & set(CASE_WORDS)
    assert len(set(SECOND)) == len(SECOND)
    assert all(mentioned(f"so says {name}.") == {name} for name in (make() for _ in range(300)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Said amber-cello, twice.", {"amber-cello"}),
        ("Amber-Cello", {"amber-cello"}),
        ("amber-cello-7", {"amber-cello-7"}),
        ("re-amber-cello and well-known facts", {"well-known"}),
        ("amber cello", set()),
    ],
)
def test_what_could_be_a_codename_is_told_from_other_words(text: str, found: set[str]) -> None:
    assert mentioned(text) == found
