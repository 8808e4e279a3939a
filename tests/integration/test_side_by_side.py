from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from casefile import audit
from tests.cast import open_case, open_session, resources_of
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

THREADS, EACH = 8, 5


def at_once(act: Callable[[int], None]) -> None:
    """Run this in eight threads that begin together; what one raises is raised here."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> None:
        start.wait()
        act(number)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(run, number) for number in range(THREADS)]:
            done.result(timeout=60)


@pytest.fixture
def browsers(app: Flask, cast: Cast) -> list[StrictBrowser]:
    people = [cast.ann, cast.ben, cast.eva]
    found = [StrictBrowser(app, open_session(app, people[number % 3])) for number in range(THREADS)]
    for browser in found:
        browser.token()
    return found


def check_trail(app: Flask) -> None:
    with resources_of(app).database.reading() as session:
        broken = [found for found in audit.verify(session) if isinstance(found, audit.Broken)]
    assert not broken


def test_eight_people_saving_notes_at_once_lose_none(
    app: Flask, browse: Browse, cast: Cast, browsers: list[StrictBrowser]
) -> None:
    def write(number: int) -> None:
        for turn in range(EACH):
            browsers[number].post(
                f"{cast.case.url}/notes/", title=f"Heron {number}-{turn}", body="At once."
            )

    at_once(write)

    case = open_case(app, cast.ben, cast.case.id)
    assert case.note_count == 1 + THREADS * EACH
    page = browse(cast.ben).get(f"{cast.case.url}/notes/?sort=title")
    titles = [title.text_content() for title in page.find("//a[@class='note-row-title']")]
    wanted = {f"Heron {number}-{turn}" for number in range(THREADS) for turn in range(EACH)}
    assert set(titles) == {"Pier", *wanted}
    numbers = page.find("//li[@class='note-row']//*[@class='number']/text()")
    assert sorted(int(text[2:]) for text in numbers) == list(range(1, 42))
    found = browse(cast.ben).get("/search?q=heron")
    assert found.find(f"//*[@data-total='{THREADS * EACH}']")
    check_trail(app)


def test_eight_people_editing_one_note_all_have_their_words_in_its_versions(
    app: Flask, browse: Browse, cast: Cast, browsers: list[StrictBrowser]
) -> None:
    path = f"{cast.case.url}/notes/{cast.case.note}"

    def edit(number: int) -> None:
        version, words = "1", f"Words of {number}."
        for _ in range(30):
            answer = browsers[number].client.post(
                f"{path}/edit",
                base_url="http://localhost",
                data={
                    "title": "Pier",
                    "body": words,
                    "version": version,
                    "csrf_token": browsers[number].token(),
                },
            )
            if answer.status_code == 303:
                return
            assert answer.status_code == 409, answer.status_code
            assert words in answer.text
            version = browsers[number].get(f"{path}/edit").value("version")
        pytest.fail("never saved")

    at_once(edit)

    ben = browse(cast.ben)
    versions = ben.get(f"{path}/versions/").find("//input[@name='to']/@value")
    assert versions == [str(number) for number in range(THREADS + 1, 0, -1)]
    said = {
        ben.get(f"{path}/versions/?from={number}&to={number + 1}").main
        for number in range(1, THREADS + 1)
    }
    for number in range(THREADS):
        assert any(f"Words of {number}." in text for text in said)
    check_trail(app)


def test_eight_files_at_once_get_eight_numbers(
    app: Flask, browse: Browse, cast: Cast, browsers: list[StrictBrowser]
) -> None:
    def put(number: int) -> None:
        browsers[number].post(
            f"{cast.case.url}/evidence/", files=[(f"{number}.bin", b"\x00" * (number + 1))]
        )

    at_once(put)

    page = browse(cast.ben).get(f"{cast.case.url}/evidence/")
    codes = [cell.text_content() for cell in page.find("//td[@class='cell-code']")]
    assert codes == [f"E-{number}" for number in range(THREADS + 1, 0, -1)]
    assert open_case(app, cast.ben, cast.case.id).evidence_count == 1 + THREADS
    check_trail(app)


def test_searching_while_others_save_never_fails(
    browse: Browse, cast: Cast, browsers: list[StrictBrowser]
) -> None:
    def do(number: int) -> None:
        for turn in range(EACH):
            if number % 2:
                page = browsers[number].get("/search?q=pier")
                assert page.find("//article")
            else:
                browsers[number].post(
                    f"{cast.case.url}/notes/", title=f"{number}-{turn}", body="A heron."
                )

    at_once(do)

    found = browse(cast.ben).get("/search?q=heron")
    assert found.find(f"//*[@data-total='{EACH * THREADS // 2}']")
