from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.strict_browser import Browse, Page

THEIRS = "The *pier* was paid for twice, says Eva."
MINE = "The *pier* was paid for three times, says Ben."


def note(cast: Cast) -> str:
    return f"{cast.case.url}/notes/{cast.case.note}"


def versions(page: Page) -> int:
    return len(page.find("//input[@name='to']"))


def test_an_edit_is_a_new_version_and_the_old_one_is_kept(browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    form = ben.get(f"{note(cast)}/edit")
    assert form.value("body") == "The *pier* was paid for twice."

    ben.post(f"{note(cast)}/edit", title="Pier", body="Only once.", version=form.value("version"))

    page = browse(cast.cleo).get(note(cast))
    assert "Only once." in page.main
    assert "last changed by Ben Writer" in page.main
    assert versions(ben.get(f"{note(cast)}/versions/")) == 2
    assert not ben.get("/search?q=twice&kind=note").find("//article")
    assert ben.get("/search?q=once").find("//*[@data-total='1']")


def test_an_older_version_is_refused_with_both_texts_and_nothing_is_lost(
    browse: Browse, cast: Cast
) -> None:
    ben, eva, path = browse(cast.ben), browse(cast.eva), f"{note(cast)}/edit"
    for browser in (ben, eva):
        assert browser.get(path).value("version") == "1"
    eva.post(path, title="Pier by Eva", body=THEIRS, tags="eva", version=1)

    page = ben.post(path, 409, title="Pier by Ben", body=MINE, tags="ben", version=1)

    assert "Eva Editor saved version 2 of this note" in page.problems()
    sides = [side.text_content() for side in page.find("//*[@class='both-body']")]
    assert sides == [THEIRS, MINE]
    assert "Pier by Eva" in page.main
    assert "Pier by Ben" in page.main
    assert page.find("//del")
    assert page.find("//ins")
    assert page.value("body") == MINE
    assert page.value("title") == "Pier by Ben"
    assert page.value("tags") == "ben"
    assert page.value("version") == "2"
    assert "says Eva" in ben.get(note(cast)).main
    assert versions(ben.get(f"{note(cast)}/versions/")) == 2


def test_saving_again_from_the_page_of_both_texts_makes_the_next_version(
    browse: Browse, cast: Cast
) -> None:
    ben, path = browse(cast.ben), f"{note(cast)}/edit"
    browse(cast.eva).post(path, title="Pier", body=THEIRS, version=1)
    page = ben.post(path, 409, title="Pier", body=MINE, version=1)

    ben.post(
        page.find("//main//form[.//textarea]/@action")[0],
        title=page.value("title"),
        body=f"{page.value('body')} And {THEIRS}",
        version=page.value("version"),
    )

    shown = ben.get(note(cast)).main
    assert "says Eva" in shown
    assert "says Ben" in shown
    assert versions(ben.get(f"{note(cast)}/versions/")) == 3
    assert "says Eva" in ben.get(f"{note(cast)}/versions/?from=1&to=2").main


def test_a_third_hand_meanwhile_is_a_conflict_once_more(browse: Browse, cast: Cast) -> None:
    ben, path = browse(cast.ben), f"{note(cast)}/edit"
    browse(cast.eva).post(path, title="Pier", body=THEIRS, version=1)
    page = ben.post(path, 409, title="Pier", body=MINE, version=1)
    browse(cast.ann).post(path, title="Pier", body="Ann was here too.", version=2)

    page = ben.post(path, 409, title="Pier", body=MINE, version=page.value("version"))

    assert "Ann was here too." in page.main
    assert page.value("version") == "3"
    assert page.value("body") == MINE


def test_a_citation_taken_out_is_gone_and_one_put_in_is_there(browse: Browse, cast: Cast) -> None:
    ben, file = browse(cast.ben), f"{cast.case.url}/evidence/{cast.case.evidence}"
    ben.post(f"{note(cast)}/edit", title="Pier", body="Now [E-1].", version=1)
    assert ben.get(file).find(f"//a[@href='{note(cast)}']")

    ben.post(f"{note(cast)}/edit", title="Pier", body="No more.", version=2)

    citing = ben.get(file).find("//section[@aria-labelledby='citing']")[0]
    assert "Pier" not in citing.text_content()


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"body": ""},
        {"version": ""},
        {"version": "0"},
        {"version": "-3"},
        {"version": "two"},
        {"version": "9" * 40},
        {"body": "x" * 100_001},
    ],
)
def test_what_will_not_do_is_shown_again_and_saves_nothing(
    browse: Browse, cast: Cast, wrong: dict[str, str]
) -> None:
    ben = browse(cast.ben)
    given = {"title": "Mine", "body": "Mine.", "version": "1", **wrong}

    page = ben.post(f"{note(cast)}/edit", 422, fields=given)

    assert page.problems()
    assert versions(ben.get(f"{note(cast)}/versions/")) == 1


def test_a_version_that_never_was_is_a_conflict(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ben).post(
        f"{note(cast)}/edit", 409, title="Mine", body="Mine.", version=2**31 - 1
    )

    assert page.value("version") == "1"


def test_a_note_in_the_bin_cannot_be_edited_and_the_text_is_not_lost_silently(
    browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    browse(cast.eva).post(f"{note(cast)}/delete")

    page = ben.post(f"{note(cast)}/edit", 409, title="Mine", body="Mine.", version=1)

    assert "in the bin" in page.problems()
    assert "was not saved" in page.problems()
