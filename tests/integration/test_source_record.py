"""What is said of a source, what was promised, and what is linked: for everybody on the case."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from casefile.errors import NotFoundError
from casefile.sources import service
from tests.cast import add_note, change, open_case, resources_of
from tests.sources_scene import add_source, new_source

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def test_any_writer_changes_the_record_and_a_handler_the_protection(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    form = browse(cast.ben).get(f"{at.url}/edit")
    assert form.find("//select[@name='protection']") == []

    said = {"protection": "confidential", "reliability": "Checked twice.", "version": "1"}
    browse(cast.ben).post(f"{at.url}/edit", fields=said)
    assert "Checked twice." in browse(cast.cleo).get(at.url).main
    raised = {**said, "protection": "on_record", "version": "2"}
    page = browse(cast.ben).post(f"{at.url}/edit", 403, fields=raised)
    assert "Only this source's handlers may change how it is protected." in page.text
    browse(cast.ann).post(f"{at.url}/edit", fields=raised)
    assert "On the record" in browse(cast.cleo).get(at.url).main
    assert "confidential → on_record" in browse(cast.cleo).get(f"{cast.case.url}/activity/").main


def test_two_at_once_are_both_shown(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    said = {"protection": "confidential", "version": "1"}
    browse(cast.ben).post(f"{at.url}/edit", fields={**said, "motive": "Theirs."})

    page = browse(cast.ann).post(f"{at.url}/edit", 409, fields={**said, "motive": "Mine."})

    assert "Theirs." in page.main
    assert page.value("motive") == "Mine."
    again = {**said, "motive": "Mine.", "version": page.value("version")}
    browse(cast.ann).post(f"{at.url}/edit", fields=again)


def test_promises_are_added_and_superseded_but_never_changed(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ben = browse(cast.ben)
    promise = {"kind": "embargo", "text": "Not before the vote.", "agreed_on": "2026-11-01"}
    page = ben.post(f"{at.url}/agreements", 422, fields=promise)
    assert "Say until when the embargo lasts." in page.problems()

    ben.post(f"{at.url}/agreements", fields={**promise, "until": "2099-01-31"})
    page = ben.get(at.url)
    assert "until the end of 31 Jan 2099" in page.main
    first = page.find("//select[@name='supersedes']/option/@value")[1]
    later = {"kind": "other", "text": "The vote was moved.", "agreed_on": "2026-11-20"}
    ben.post(f"{at.url}/agreements", fields={**later, "supersedes": first})

    page = ben.get(at.url)
    assert "Not before the vote." in page.main
    assert "replaced by a later one" in page.main
    assert "The vote was moved." in browse(cast.cleo).get(at.url).main
    page = ben.post(f"{at.url}/agreements", 422, fields={**later, "supersedes": first})
    browse(cast.cleo).post(f"{at.url}/agreements", 403, fields=later)


def test_a_codename_in_a_note_or_beside_a_file_links_both_ways(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ben = browse(cast.ben)
    note = ben.post(f"{cast.case.url}/notes/", title="Talk", body=f"{at.codename.title()} says so.")
    evidence = f"{cast.case.url}/evidence/{cast.case.evidence}"
    ben.post(f"{evidence}/edit", version="1", obtained_from=at.codename)

    for page in (ben.get(note.location), ben.get(evidence)):
        panel = page.find("//section[@aria-labelledby='sources-here']")[0].text_content()
        assert at.codename in panel
        assert "Confidential" in panel
    page = ben.get(at.url)
    assert "Talk" in page.main
    assert "ledger.txt" in page.main

    ben.post(f"{note.location}/edit", title="Talk", body="Somebody says so.", version="1")
    assert "Talk" not in ben.get(at.url).main
    assert ben.get(note.location).find("//section[@aria-labelledby='sources-here']") == []


def test_a_link_made_by_hand_holds_their_words_and_can_be_taken_away(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ben = browse(cast.ben)

    ben.post(f"{at.url}/links", code="[e-1]", passage="It cost double, they said.")

    page = ben.get(at.url)
    assert "It cost double, they said." in page.main
    ben.post(f"{at.url}/links", 409, code="E-1")
    ben.post(f"{at.url}/links", code="N-1")
    for wrong in ("E-99", "N-99", "X-1", "E-", "E-１", "1"):
        ben.post(f"{at.url}/links", 422, code=wrong)
    away = page.find("//form[contains(@action, '/links/')]/@action")[0]
    browse(cast.cleo).post(away, 403)
    ben.post(away)
    ben.post(away, 404)
    assert "It cost double, they said." not in ben.get(at.url).main


def test_a_note_in_the_bin_stands_on_no_source(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    note = add_note(app, cast.ben, cast.case.id, "Thrown away", f"{at.codename} said it.")
    assert "Thrown away" in browse(cast.ben).get(at.url).main

    browse(cast.ben).post(f"{cast.case.url}/notes/{note}/delete")

    assert "Thrown away" not in browse(cast.ben).get(at.url).main


def test_sources_are_offered_to_what_rests_on_them(app: Flask, cast: Cast) -> None:
    ids = [
        add_source(app, cast.ann, cast.case.id, protection=level)
        for level in ("on_record", "confidential")
    ]
    theirs = add_source(app, cast.dan, cast.other.id)
    case = open_case(app, cast.cleo, cast.case.id)

    with resources_of(app).database.reading() as session:
        found = {one.id: one for one in service.choices(session, case)}
        assert set(found) == set(ids)
        assert {found[one].protection for one in ids} == {"on_record", "confidential"}
        assert service.standing(session, case, ids[0]) == found[ids[0]]
        for stranger in (theirs, uuid4()):
            with pytest.raises(NotFoundError):
                service.standing(session, case, stranger)


def test_the_list_is_filtered_and_sorted(app: Flask, browse: Browse, cast: Cast) -> None:
    mine = new_source(app, cast.ann, cast.case.id, quotable="a clerk")
    bens = new_source(app, cast.ben, cast.case.id, protection="background")
    ann, url = browse(cast.ann), f"{cast.case.url}/sources/"

    def shown(asked: str) -> list[str]:
        rows = ann.get(url + asked).find("//tbody/tr/th/a")
        return [row.text_content() for row in rows]

    assert shown("") == [bens.codename, mine.codename]
    assert shown("?sort=protection") == [mine.codename, bens.codename]
    assert shown("?sort=codename") == sorted([mine.codename, bens.codename])
    assert shown("?mine=1") == [mine.codename]
    assert shown("?protection=background") == [bens.codename]
    assert shown("?protection=nonsense") == [bens.codename, mine.codename]
    assert shown("?q=CLERK") == [mine.codename]
    assert shown("?q=nothing") == []


def test_the_record_of_another_version_of_the_case_key_stays_readable(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    from casefile.cases import seats

    at = new_source(app, cast.ann, cast.case.id, quotable="an official")
    seat = cast.case.seats["cleo"]
    change(app, cast.ann, cast.case.id, lambda uow, case: seats.remove(uow, case, seat))

    assert "an official" in browse(cast.ben).get(at.url).main
    said = {"protection": "confidential", "quotable": "a clerk", "version": "1"}
    browse(cast.ben).post(f"{at.url}/edit", fields=said)
    assert "a clerk" in browse(cast.eva).get(at.url).main
