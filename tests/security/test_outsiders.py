"""Dan has a case of his own and no seat on Ann's: nothing he can ask tells him of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from casefile.policy import Seat
from tests.access_matrix import NOWHERE
from tests.cast import add_evidence, add_note, give_seat

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

WORDS = ("zirconflute", "Маралбекова", "quillwort")
QUERIES = (
    "{word}", "{start}*", "*{end}", "{word}~", '"{word}"', "-orchard", "-nothing", "kind:note", "kind:evidence",
    "author:ben", "author:Ben", "case:{codename}", "tag:quillwort", "after:2020-01-01", "before:2099-01-01",
    "orchard OR {word}", "*", "E-2",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _something_to_find(app: Flask, browse: Browse, cast: Cast) -> None:
    add_note(app, cast.ben, cast.case.id, f"About {WORDS[0]}", f"{WORDS[1]} said so.", WORDS[2])
    add_evidence(app, cast.ben, cast.case.id, f"{WORDS[0]}.txt", WORDS[1].encode(), WORDS[2])
    for path in ("/", "/cases/", "/search?q=zirconflute", f"{cast.case.url}/"):
        browse(cast.ben).get(path)


def _tells(text: str, cast: Cast) -> list[str]:
    secrets = [*WORDS, "pier", "ledger", "Ben Writer", "Ann Lead", cast.case.codename]
    ids = [cast.case.id, cast.case.note, cast.case.evidence]
    return [word for word in [*secrets, *map(str, ids)] if word.lower() in text.lower()]


def test_members_find_what_outsiders_must_not(browse: Browse, cast: Cast) -> None:
    for word in WORDS:
        assert browse(cast.ben).get(f"/search?q={word}").find("//article"), word


@pytest.mark.parametrize("query", QUERIES)
def test_no_query_finds_a_case_of_others(browse: Browse, cast: Cast, query: str) -> None:
    for word in WORDS:
        text = query.format(word=word, start=word[:5], end=word[-5:], codename=cast.case.codename)
        page = browse(cast.dan).get("/search", query_string={"q": text})
        found = page.find("//article/@data-case")
        total = page.find("//*[@data-total]/@data-total")
        assert set(found) <= {str(cast.other.id)}
        assert int(total[0]) <= 2
        assert not [told for told in _tells(page.html, cast) if told.lower() not in text.lower()]


def test_filters_for_a_case_of_others_answer_as_for_none(browse: Browse, cast: Cast) -> None:
    answers = []
    for case_id in (cast.case.id, NOWHERE):
        page = browse(cast.dan).get(f"/search?q=&case={case_id}&kind=note")
        assert page.find("//*[@data-total='0']")
        answers.append(page.html.replace(str(case_id), ""))

    strip = [_without_tokens(answer) for answer in answers]
    assert strip[0] == strip[1]


def _without_tokens(html: str) -> str:
    return "".join(line for line in html.splitlines() if "csrf_token" not in line)


def test_facets_counts_and_suggestions_are_of_ones_own_cases(browse: Browse, cast: Cast) -> None:
    for text in ("orchard", "zirconflut", "Маралбеков", "maralbekova"):
        page = browse(cast.dan).get("/search", query_string={"q": text})
        assert not [told for told in _tells(page.html, cast) if told.lower() not in text.lower()]


def test_completion_is_from_ones_own_words(browse: Browse, cast: Cast) -> None:
    for word in (*WORDS, "pier", "ledger"):
        for length in range(1, 6):
            answer = browse(cast.dan).get("/search/complete", query_string={"q": word[:length]})
            assert not _tells(json.dumps(answer.json, ensure_ascii=False), cast)


def test_lists_desk_and_activity_are_of_ones_own_cases(browse: Browse, cast: Cast) -> None:
    for person in (cast.dan, cast.ada):
        for path in (
            "/",
            "/cases/",
            "/cases/?q=pier",
            "/cases/?status=open&sort=created",
            "/search",
        ):
            page = browse(person).get(path)
            assert not _tells(page.html.replace('value="pier"', ""), cast), path
    assert cast.other.codename in browse(cast.dan).get("/cases/").text


def test_the_codename_of_a_case_says_nothing_of_its_content(cast: Cast) -> None:
    for scene in (cast.case, cast.other):
        assert not {"pier", "ledger", "bridge-works"} & set(scene.codename.split("-"))


def test_errors_repeat_nothing_of_a_case_of_others(browse: Browse, cast: Cast) -> None:
    for path in (
        f"{cast.case.url}/",
        f"{cast.case.url}/notes/{cast.case.note}",
        f"{cast.case.url}/evidence/{cast.case.evidence}/content",
        f"{cast.other.url}/notes/{cast.case.note}",
        f"{cast.other.url}/evidence/number/2",
    ):
        page = browse(cast.dan).get(path, 404)
        assert not _tells(page.html, cast)


def test_the_same_file_in_two_cases_is_pointed_out_in_neither(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    content = b"the very same bytes"
    mine = add_evidence(app, cast.dan, cast.other.id, "mine.txt", content)
    theirs = add_evidence(app, cast.ben, cast.case.id, "theirs.txt", content)

    assert "theirs.txt" not in browse(cast.dan).get(f"{cast.other.url}/evidence/{mine}").html
    assert "mine.txt" not in browse(cast.ben).get(f"{cast.case.url}/evidence/{theirs}").html


def test_even_who_has_both_cases_sees_no_link_between_equal_files(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    give_seat(app, cast.ann, cast.case.id, cast.dan, Seat.REPORTER)
    content = b"the very same bytes"
    mine = add_evidence(app, cast.dan, cast.other.id, "mine.txt", content)
    add_evidence(app, cast.ben, cast.case.id, "theirs.txt", content)

    assert "theirs.txt" not in browse(cast.dan).get(f"{cast.other.url}/evidence/{mine}").html


def test_the_administrator_sees_that_there_was_work_but_not_whose_or_what(
    browse: Browse, cast: Cast
) -> None:
    browse(cast.ben).post(f"{cast.case.url}/notes/", title="zirconflute", body="x")

    page = browse(cast.ada).get("/admin/audit")

    rows = page.find("//tbody/tr")
    assert rows
    work = [row.text_content() for row in rows if "case.work" in row.text_content()]
    assert work
    for text in work:
        assert not any(name in text for name in ("Ann", "Ben", "Cleo", "Eva", "Dan"))
    for action in ("note.", "evidence.", "seat.", "case.created", "case.opened"):
        assert action not in page.main
    assert not _tells(page.main.replace("Ben Writer", "").replace("Ann Lead", ""), cast)


def test_the_administrators_pages_name_no_case(browse: Browse, cast: Cast) -> None:
    for path in ("/admin/", "/admin/audit", "/admin/invitations/new", "/", "/account/"):
        html = browse(cast.ada).get(path).html
        assert cast.case.codename not in html
        assert str(cast.case.id) not in html


def test_a_job_tells_nothing(
    app: Flask, browse: Browse, cast: Cast, worker: None, until: Callable[..., None]
) -> None:
    queue = app.extensions["casefile"].settings.queue_path
    browse(cast.ben).get(f"{cast.case.url}/evidence/")
    until(lambda: "Ledger" in browse(cast.ben).get("/search?q=bridge").html or True)

    kept = b"".join(path.read_bytes() for path in queue.parent.glob("queue.db*"))
    for word in (*WORDS, "ledger", "pier"):
        assert word.encode() not in kept
