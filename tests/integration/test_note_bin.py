from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cast import open_case

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def test_a_note_in_the_bin_is_in_no_list_and_no_search_and_comes_back_whole(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben, case = browse(cast.ben), cast.case
    note = f"{case.url}/notes/{case.note}"
    assert ben.get("/search?q=pier&kind=note").find("//article")

    ben.post(f"{note}/delete")

    assert "It can be restored" in ben.get(f"{case.url}/notes/").text
    assert "paid for twice" not in ben.get(f"{case.url}/notes/").main
    assert not ben.get("/search?q=pier&kind=note").find("//article")
    assert open_case(app, cast.ben, case.id).note_count == 0
    assert note in ben.get(f"{case.url}/notes/?bin=1").find("//main//a/@href")
    assert "This note is deleted" in ben.get(note).main

    ben.post(f"{note}/restore")

    assert "The note is back." in ben.get(note).text
    assert ben.get("/search?q=pier&kind=note").find("//*[@data-total='1']")
    assert "paid for twice" in ben.get(f"{case.url}/notes/").main
    assert open_case(app, cast.ben, case.id).note_count == 1
    log = ben.get(f"{case.url}/activity/").main
    assert "deleted the note Pier" in log
    assert "brought back the note Pier" in log


def test_deleting_twice_counts_once(app: Flask, browse: Browse, cast: Cast) -> None:
    ben, note = browse(cast.ben), f"{cast.case.url}/notes/{cast.case.note}"

    for path in ("delete", "delete", "restore", "restore", "delete"):
        ben.post(f"{note}/{path}")

    assert open_case(app, cast.ben, cast.case.id).note_count == 0
    assert ben.get(f"{cast.case.url}/activity/").main.count("deleted the note") == 2


def test_the_versions_of_a_binned_note_can_still_be_read(browse: Browse, cast: Cast) -> None:
    ben, note = browse(cast.ben), f"{cast.case.url}/notes/{cast.case.note}"
    ben.post(f"{note}/edit", title="Pier", body="Second.", version=1)
    ben.post(f"{note}/delete")

    assert "Second." in ben.get(f"{note}/versions/").main


def test_a_binned_note_no_longer_stands_beside_the_evidence_it_cites(
    browse: Browse, cast: Cast
) -> None:
    ben, file = browse(cast.ben), f"{cast.case.url}/evidence/{cast.case.evidence}"
    note = ben.post(f"{cast.case.url}/notes/", title="Cites", body="[E-1]").location
    assert ben.get(file).find(f"//section[@aria-labelledby='citing']//a[@href='{note}']")

    ben.post(f"{note}/delete")

    assert not ben.get(file).find(f"//section[@aria-labelledby='citing']//a[@href='{note}']")
