from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile import audit
from casefile.evidence.models import Item
from casefile.notes.models import Note, NoteVersion
from tests.cast import LEDGER, open_session, resources_of
from tests.intruder import case_row, read, writing
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

PEOPLE = 8
EACH = 12


def _browsers(app: Flask, cast: Cast) -> list[StrictBrowser]:
    """Return eight browsers of three people, each with a token at hand."""
    who = [cast.ann, cast.ben, cast.eva]
    browsers = [StrictBrowser(app, open_session(app, who[n % 3])) for n in range(PEOPLE)]
    for browser in browsers:
        browser.token()
    return browsers


def _trail_holds(app: Flask) -> bool:
    with resources_of(app).database.reading() as session:
        return all(isinstance(found, int) for found in audit.verify(session))


def test_eight_people_saving_at_once_lose_nothing(app: Flask, browse: Browse, cast: Cast) -> None:
    def save(number: int, browser: StrictBrowser) -> None:
        for count in range(EACH):
            word = f"wagtail{number}x{count}"
            browser.post(f"{cast.case.url}/notes/", title=word, body=f"{word} by the river")

    with ThreadPoolExecutor(PEOPLE) as pool:
        saved = [pool.submit(save, *pair) for pair in enumerate(_browsers(app, cast))]
    for one in saved:
        one.result()

    total = PEOPLE * EACH
    numbers = read(app, select(Note.number).where(Note.case_id == cast.case.id))
    assert sorted(numbers) == list(range(1, total + 2))
    changes = read(app, select(Note.change_number).where(Note.case_id == cast.case.id))
    assert len(set(changes)) == total + 1
    with writing(app) as session:
        assert case_row(session, cast.case.id).note_count == total + 1
    page = browse(cast.cleo).get("/search?q=river")
    assert page.find("//*[@data-total]/@data-total") == [str(total)]
    assert _trail_holds(app)


def test_of_eight_people_saving_one_note_at_once_each_version_is_one_persons(
    app: Flask, cast: Cast
) -> None:
    url = f"{cast.case.url}/notes/{cast.case.note}/edit"

    def save(number: int, browser: StrictBrowser) -> int:
        won = 0
        for version in range(1, EACH + 1):
            response = browser.client.post(
                url,
                base_url="http://localhost",
                data={
                    "title": f"By {number}",
                    "body": f"Version {version + 1} by {number}",
                    "version": str(version),
                    "csrf_token": browser.token(),
                },
            )
            assert response.status_code in {303, 409}
            won += response.status_code == 303
        return won

    with ThreadPoolExecutor(PEOPLE) as pool:
        won = [pool.submit(save, *pair) for pair in enumerate(_browsers(app, cast))]
    saved = sum(one.result() for one in won)

    versions = read(
        app,
        select(NoteVersion.version)
        .where(NoteVersion.note_id == cast.case.note)
        .order_by(NoteVersion.version),
    )
    assert versions == list(range(1, saved + 2))
    assert saved >= 1
    assert _trail_holds(app)


def test_eight_files_put_in_at_once_are_all_there_and_whole(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    def put(number: int, browser: StrictBrowser) -> None:
        name = f"page-{number}.txt"
        browser.post(f"{cast.case.url}/evidence/", files=[(name, LEDGER * (number + 1) * 400)])

    with ThreadPoolExecutor(PEOPLE) as pool:
        done = [pool.submit(put, *pair) for pair in enumerate(_browsers(app, cast))]
    for one in done:
        one.result()

    items = read(app, select(Item).where(Item.case_id == cast.case.id).order_by(Item.number))
    assert [item.number for item in items] == list(range(1, PEOPLE + 2))
    contents = {
        browse(cast.cleo).get(f"{cast.case.url}/evidence/{item.id}/content").content
        for item in items[1:]
    }
    assert contents == {LEDGER * (number + 1) * 400 for number in range(PEOPLE)}


def test_a_seat_taken_while_eight_people_save_leaves_nothing_sealed_with_the_old_key(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    def save(browser: StrictBrowser) -> list[int]:
        answers = []
        for count in range(EACH):
            response = browser.client.post(
                f"{cast.case.url}/notes/",
                base_url="http://localhost",
                data={"title": f"T{count}", "body": "x", "csrf_token": browser.token()},
            )
            answers.append(response.status_code)
        return answers

    with ThreadPoolExecutor(PEOPLE + 1) as pool:
        saved = [pool.submit(save, browser) for browser in _browsers(app, cast)]
        browse(cast.ann).post(f"{cast.case.url}/members/{cast.case.seats['cleo']}/delete")
    answers = [status for one in saved for status in one.result()]

    assert set(answers) <= {303, 409, 503}
    rows = read(app, select(Note).where(Note.case_id == cast.case.id).order_by(Note.change_number))
    assert len(rows) == answers.count(303) + 1
    with resources_of(app).database.reading() as session:
        generations = [session.get_one(NoteVersion, (row.id, 1)).generation for row in rows]
    assert generations == sorted(generations), "an old key was used after the new one"
    assert generations[-1] == 2 or answers[-1] != 303
