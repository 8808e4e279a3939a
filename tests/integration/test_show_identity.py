from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.intruder import actions
from tests.sources_scene import (
    CIRCUMSTANCES,
    CONTACTS,
    NAME,
    add_handler,
    look,
    new_source,
)

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


def test_a_handler_sees_it_and_the_look_stands_in_the_trail(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)

    page = look(browse(cast.ann), at)

    for told in (NAME, CONTACTS, CIRCUMSTANCES):
        assert told in page.main
    assert actions(app)[-1] == "source.identity_opened"
    assert "looked at the identity of" in browse(cast.cleo).get(f"{cast.case.url}/activity/").main


@pytest.mark.parametrize("who", ["ben", "cleo", "eva"])
def test_nobody_else_on_the_case_sees_it(app: Flask, browse: Browse, cast: Cast, who: str) -> None:
    at = new_source(app, cast.ann, cast.case.id)

    page = look(browse(getattr(cast, who)), at, 403)

    assert NAME not in page.html
    assert "source.identity_opened" not in actions(app)


def test_a_source_of_another_case_is_not_there(app: Flask, browse: Browse, cast: Cast) -> None:
    theirs = new_source(app, cast.dan, cast.other.id)
    ann = browse(cast.ann)
    here = f"{cast.case.url}/sources/{theirs.id}"

    for path in ("", "/edit", "/identity/edit", "/contacts/new", "/shred"):
        ann.get(f"{here}{path}", 404)
    form = {"protection": "on_record", "version": "1", "code": "E-1", "codename": theirs.codename}
    more = {"kind": "other", "text": "x", "agreed_on": "2026-01-01", "met_on": "2026-01-01"}
    for path in (
        "/identity",
        "/edit",
        "/identity/edit",
        "/contacts",
        "/handlers",
        "/shred",
        "/links",
        "/agreements",
        f"/handlers/{cast.dan.id}/delete",
    ):
        fields = {**form, **more, "summary": "x", "how": "call", "person": str(cast.ann.id)}
        ann.post(f"{here}{path}", 404, fields=fields)


def test_the_password_is_asked_again_after_five_minutes(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ann = browse(cast.ann)
    ann.get(at.url)
    clock.forward(minutes=6)

    page = look(ann, at, 403)

    assert "Your password again" in page.main
    assert NAME not in page.html
    page = ann.post(f"{at.url}/identity", 200, confirm_password=cast.ann.password)
    assert NAME in page.main


def test_the_other_handlers_are_told_who_looked(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)

    look(browse(cast.ben), at)

    told = browse(cast.ann).get("/notices/").main
    assert "Somebody looked at the identity of a source you handle" in told
    assert at.codename not in told
    for other in (cast.ben, cast.cleo, cast.eva):
        assert "looked at the identity" not in browse(other).get("/notices/").main
    page = browse(cast.ann).get(at.url)
    assert "Since your last look, others looked at the identity: Ben Writer" in page.main
    assert "Ben Writer" in page.find("//section[@aria-labelledby='looks']")[0].text_content()
    assert "others looked" not in browse(cast.ben).get(at.url).main
    look(browse(cast.ann), at)
    assert "others looked" not in browse(cast.ann).get(at.url).main
    assert browse(cast.cleo).get(at.url).find("//section[@aria-labelledby='looks']") == []


def test_no_clock_set_back_and_no_search_of_ones_own_hides_a_look(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    look(browse(cast.ann), at)
    clock.forward(minutes=-3)
    look(browse(cast.ben), at)
    assert "others looked" in browse(cast.ann).get(at.url).main

    browse(cast.ann).get(f"/search?q={NAME.split()[0]}")

    assert actions(app)[-1] == "source.identity_matched"
    assert "others looked" in browse(cast.ann).get(at.url).main


def test_a_change_is_a_version_and_two_at_once_are_both_kept(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    ann, ben = browse(cast.ann), browse(cast.ben)
    mine = ann.get(f"{at.url}/identity/edit")
    assert mine.value("name") == NAME

    ben.post(f"{at.url}/identity/edit", name="Zamira O.", contacts="moved", version="1")
    page = ann.post(f"{at.url}/identity/edit", 409, name="Mine", version=mine.value("version"))

    assert "Ben Writer saved version 2 while you were writing." in page.problems()
    assert "Zamira O." in page.main
    assert page.value("name") == "Mine"
    ann.post(f"{at.url}/identity/edit", name="Mine", version=page.value("version"))
    shown = look(ann, at).main
    assert "version 3 by Ann Lead" in shown
    assert "2 earlier versions" in shown
    assert NAME in shown


def test_what_a_refused_save_shows_of_the_identity_is_a_look_on_record(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    """Else a handler who sends an old version number would look without anybody knowing."""
    at = new_source(app, cast.ann, cast.case.id)

    page = browse(cast.ann).post(f"{at.url}/identity/edit", 409, name="x", version="7")

    assert NAME in page.main
    assert actions(app)[-2:] == ["source.identity_opened", "request.refused"]


def test_the_contact_log_is_for_handlers_and_only_grows(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ann = browse(cast.ann)
    first = {
        "met_on": "2026-11-20",
        "how": "in person",
        "where": "Bridge",
        "summary": "Gave copies.",
    }

    ann.post(f"{at.url}/contacts", fields=first)
    page = look(ann, at)
    correct = page.find("//a[text()='Correct it']/@href")[0]
    corrects = correct.rsplit("=", 1)[1]
    assert ann.get(correct).value("corrects") == corrects
    ann.post(f"{at.url}/contacts", fields={**first, "summary": "Lent them.", "corrects": corrects})

    shown = look(ann, at).main
    assert shown.index("Lent them.") < shown.index("Gave copies.")
    assert "corrected by a later entry" in shown
    assert "Gave copies." not in ann.get(at.url).html
    browse(cast.ben).get(f"{at.url}/contacts/new", 403)
    browse(cast.ben).post(f"{at.url}/contacts", 403, fields=first)
    ann.post(f"{at.url}/contacts", 404, fields={**first, "corrects": str(at.id)})
    wrong = ann.post(f"{at.url}/contacts", 422, met_on="never", summary="Kept text")
    assert wrong.value("summary") == "Kept text"
