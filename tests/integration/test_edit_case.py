from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cast import open_case

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def fields(**other: object) -> dict[str, object]:
    return {"title": "Pier, revised", "summary": "New", "status": "open", "version": 1, **other}


def test_title_summary_and_status_can_be_changed(browse: Browse, cast: Cast) -> None:
    ann = browse(cast.ann)
    form = ann.get(f"{cast.case.url}/edit")
    assert form.value("title") == "The second pier"
    assert form.value("version") == "1"

    ann.post(f"{cast.case.url}/edit", fields=fields(status="dormant"))

    page = browse(cast.cleo).get(f"{cast.case.url}/")
    assert "Pier, revised" in page.main
    assert page.find("//*[@data-status='dormant']")
    assert "changed the status of the case" in page.main
    assert "open → dormant" in ann.get(f"{cast.case.url}/activity/").main


def test_an_older_version_is_refused_with_both_texts(browse: Browse, cast: Cast) -> None:
    ann, eva = browse(cast.ann), browse(cast.eva)
    eva.post(f"{cast.case.url}/edit", fields=fields(title="Eva's title", summary="Eva's words"))

    page = ann.post(
        f"{cast.case.url}/edit", 409, fields=fields(title="Ann's title", summary="Ann's words")
    )

    assert "Somebody else changed the case" in page.problems()
    assert "Eva's title" in page.main
    assert "Eva's words" in page.main
    assert page.value("title") == "Ann's title"
    assert page.value("summary") == "Ann's words"
    assert "Eva's title" in ann.get(f"{cast.case.url}/").main

    again = fields(title="Settled", version=page.value("version"))
    ann.post(f"{cast.case.url}/edit", fields=again)

    assert "Settled" in eva.get(f"{cast.case.url}/").main


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"status": "burnt"},
        {"version": ""},
        {"version": "one"},
        {"version": "-1"},
        {"version": "9" * 30},
        {"summary": "s" * 20_001},
    ],
)
def test_what_makes_no_sense_is_shown_again_and_changes_nothing(
    browse: Browse, cast: Cast, wrong: dict[str, str]
) -> None:
    page = browse(cast.ann).post(f"{cast.case.url}/edit", 422, fields=fields(**wrong))

    assert page.problems()
    assert "The second pier" in browse(cast.ann).get(f"{cast.case.url}/").main


def test_an_archived_case_can_be_read_and_takes_nothing_new(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ann, ben, case = browse(cast.ann), browse(cast.ben), cast.case
    ann.post(f"{case.url}/edit", fields=fields(status="archived"))
    writes = [
        ("/notes/", {"title": "Late", "body": "Too late."}),
        (f"/notes/{case.note}/edit", {"title": "Late", "body": "Too late.", "version": 1}),
        (f"/notes/{case.note}/delete", {}),
        (f"/evidence/{case.evidence}/edit", {"shows": "Late", "version": 1}),
    ]

    for path, given in writes:
        page = ben.post(case.url + path, 409, fields=given)
        assert "This case is archived" in page.problems(), path
    kept = ben.post(f"{case.url}/evidence/", 409, files=[("late.txt", b"too late")])
    assert "This case is archived" in kept.problems()
    seat = ann.post(f"{case.url}/members/", 409, username="dan", role="reader")
    assert "This case is archived" in seat.problems()

    assert open_case(app, cast.ben, case.id).note_count == 1
    assert open_case(app, cast.ben, case.id).evidence_count == 1
    assert "paid for twice" in ben.get(f"{case.url}/notes/{case.note}").main
    assert ben.get("/search?q=pier").find("//article")
    ben.get(f"{case.url}/evidence/{case.evidence}/content")


def test_an_archived_case_can_be_opened_again(browse: Browse, cast: Cast) -> None:
    ann = browse(cast.ann)
    ann.post(f"{cast.case.url}/edit", fields=fields(status="archived"))

    ann.post(f"{cast.case.url}/edit", fields=fields(version=2))

    browse(cast.ben).post(f"{cast.case.url}/notes/", title="In time", body="Just so.")
