"""The warning before words leave: codenames, linked passages, and names for handlers only."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from casefile.sources import codenames, quoting
from tests.cast import add_note, open_case, resources_of
from tests.intruder import actions
from tests.sources_scene import NAME, holder, new_source

if TYPE_CHECKING:
    from flask import Flask

    from casefile.sources.quoting import Finding
    from tests.cast import Actor, Cast
    from tests.strict_browser import Browse

TOLD = "They weighed the empty lorries and wrote down full ones, every night until March."


def check(app: Flask, person: Actor, cast: Cast, text: str) -> list[Finding]:
    case = open_case(app, person, cast.case.id)
    with resources_of(app).database.reading() as session:
        return quoting.check(resources_of(app), session, case, text, holder=holder(person))


@pytest.mark.parametrize(
    ("protection", "found"),
    [("confidential", 1), ("background", 1), ("not_for_attribution", 0), ("on_record", 0)],
)
def test_a_codename_in_the_text_is_pointed_out(
    app: Flask, cast: Cast, protection: str, found: int
) -> None:
    at = new_source(app, cast.ann, cast.case.id, protection=protection)

    findings = check(app, cast.cleo, cast, f"As {at.codename.upper()} told us.")

    assert [finding.kind for finding in findings] == ["codename"] * found


def test_words_of_a_linked_note_are_pointed_out(app: Flask, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_note(app, cast.ben, cast.case.id, "Talk", f"{at.codename}: {TOLD}")

    [finding] = check(app, cast.cleo, cast, f"At night, they **weighed** {TOLD[13:60].lower()} …")

    assert (finding.kind, finding.codename) == ("passage", at.codename)
    assert "empty lorries" in finding.words
    assert check(app, cast.cleo, cast, "They weighed the empty lorries.") == []


def test_where_their_words_were_copied_only_those_count(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_note(app, cast.ben, cast.case.id, "Both", f"Read in the official gazette today: {TOLD}")
    browse(cast.ben).post(f"{at.url}/links", code="N-2", passage=TOLD)

    assert check(app, cast.cleo, cast, f"Read in the official gazette today: {TOLD[:20]}") == []
    assert [one.kind for one in check(app, cast.cleo, cast, TOLD)] == ["passage"]


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("He took it himself.", "Yes: “he took it himself”, she said.", 1),
        ("He took it himself.", "He took it.", 0),
        ("Бай кой берди", unicodedata.normalize("NFD", "Ал: «бай кой берди»."), 1),
    ],
)
def test_a_few_words_written_down_are_enough_when_they_are_all(
    app: Flask, browse: Browse, cast: Cast, words: str, text: str, found: int
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    browse(cast.ben).post(f"{at.url}/links", code="N-1", passage=words)

    kinds = [one.kind for one in check(app, cast.cleo, cast, text)]

    assert kinds == ["passage"] * found


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Ким Ира", "сказала Ира Ким вчера", 1),
        ("Ли", "об этом рассказал Ли", 1),
        ("Ким Ира", "сказала Ира вчера", 0),
        ("Ли", "ли это так", 0),
    ],
)
def test_short_names_are_found_when_all_of_them_stands_there(
    app: Flask, cast: Cast, name: str, text: str, found: int
) -> None:
    new_source(app, cast.ann, cast.case.id, name=name)

    assert [one.kind for one in check(app, cast.ann, cast, text)] == ["name"] * found


@pytest.mark.parametrize("text", ["%s-ден алдым", "%sнин айтуусу", "%s'тан", "_%s_", "экс-%s."])
def test_a_codename_is_found_with_the_endings_of_kyrgyz_and_russian(text: str) -> None:
    for codename in ("amber-lute", "amber-lute-2"):
        assert codenames.mentioned(text % codename) == {codename}


@pytest.mark.parametrize("text", ["amber-lute-case", "x-amber-lute", "amber-luteX", "9amber-lute"])
def test_longer_words_are_no_codename(text: str) -> None:
    assert "amber-lute" not in codenames.mentioned(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Замира Осмонкулова айтты", "name"),
        ("told by Zamira Osmonkulova", "name"),
        ("со слов Осмонкуловой", "part_of_name"),
    ],
)
def test_a_name_is_told_to_its_handler_only(app: Flask, cast: Cast, text: str, kind: str) -> None:
    new_source(app, cast.ann, cast.case.id)

    assert [finding.kind for finding in check(app, cast.ann, cast, text)] == [kind]
    assert actions(app)[-1] == "source.identity_matched"
    for other in (cast.ben, cast.cleo, cast.eva):
        assert check(app, other, cast, text) == []


def test_the_preview_of_a_note_warns(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    text = f"{at.codename} is {NAME}"

    warned = browse(cast.ann).post(f"{cast.case.url}/notes/preview", 200, body=text).text
    other = browse(cast.ben).post(f"{cast.case.url}/notes/preview", 200, body=text).text

    assert f"The name of {at.codename} stands in this text" in warned
    assert "The name of" not in other
    assert f"{at.codename} is named in this text." in other


def test_a_note_with_the_name_is_not_saved_unless_its_writer_insists(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ann, notes = browse(cast.ann), f"{cast.case.url}/notes/"
    written = {"title": "Who it is", "body": f"Met {NAME} again."}

    page = ann.post(notes, 422, fields=written)
    assert "this note gives away who a source is" in page.problems()
    assert at.codename in page.problems()
    assert page.value("body") == written["body"]
    made = ann.post(notes, fields={**written, "named": "1"})
    edited = {**written, "body": f"{written['body']} And again.", "version": "1"}
    ann.post(f"{made.location}/edit", 422, fields=edited)
    ann.post(f"{made.location}/edit", fields={**edited, "named": "1"})
    browse(cast.ben).post(notes, fields=written)


def test_any_of_several_names_is_enough(app: Flask, cast: Cast) -> None:
    new_source(app, cast.ann, cast.case.id, name="Замира Осмонкулова; Aunt Burul")

    for text in ("Osmonkulova, Zamira", "Бурул келди", "ask aunt Burul"):
        kinds = [finding.kind for finding in check(app, cast.ann, cast, text)]
        assert kinds[:1] == (["part_of_name"] if "келди" in text else ["name"]), text


def test_a_name_far_down_in_a_long_text_is_found(app: Flask, cast: Cast) -> None:
    new_source(app, cast.ann, cast.case.id)
    text = "бир сөз экинчи сөз " * 5_000

    assert check(app, cast.ann, cast, text) == []
    assert [one.kind for one in check(app, cast.ann, cast, f"{text} Осмонкулова З.")] == [
        "part_of_name"
    ]
