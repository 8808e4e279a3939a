from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import select

from casefile import audit
from tests.access_matrix import invite
from tests.cast import open_case, resources_of

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse, StrictBrowser

HOST = "http://localhost"
HUGE, NUL, SURROGATES = b"x" * 100_000, b"a%00b", b"%ED%A0%80%FF%FE%C3"
ODD = {
    "huge": HUGE,
    "many letters": quote("ю" * 50_000).encode(),
    "nul": NUL,
    "no UTF-8": SURROGATES,
    "line breaks": b"a%0D%0Ab%E2%80%A8c",
    "markup": quote("<script>alert(1)</script>{{7*7}}").encode(),
    "a path": quote("../../../etc/passwd").encode(),
    "a negative number": b"-1",
    "a huge number": b"9" * 400,
    "nothing": b"",
}
FORMS = {
    "/account/": ("name", "theme", "timezone"),
    "/account/password": ("current", "password", "password_again"),
    "/admin/invitations": ("name", "roles"),
    "/cases/": ("title", "summary"),
    "{case}/edit": ("title", "summary", "status", "version"),
    "{case}/members/": ("username", "role", "ends_at"),
    "{case}/members/{seat}": ("role", "ends_at"),
    "{case}/notes/": ("title", "body", "tags"),
    "{case}/notes/{note}/edit": ("title", "body", "tags", "version"),
    "{case}/notes/preview": ("body",),
    "{case}/evidence/": ("shows", "obtained_at", "obtained_from", "obtained_how", "tags", "note"),
    "{case}/evidence/{evidence}/edit": (
        "shows", "obtained_at", "obtained_from", "obtained_how", "tags", "version",
    ),
}  # fmt: skip
RIGHT = {
    "name": "Some Name", "theme": "auto", "timezone": "", "title": "Title", "summary": "Words",
    "status": "open", "version": "1", "username": "dan", "role": "reader", "ends_at": "",
    "body": "Body", "tags": "tag", "shows": "Shows", "obtained_at": "", "obtained_from": "",
    "obtained_how": "", "note": "", "roles": "reporter", "current": "wrong", "password": "short",
    "password_again": "short",
}  # fmt: skip
ANSWERS = {200, 303, 409, 413, 422, 429}
WRONG_IDS = (
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
    "not-an-id",
    "1",
    "-1",
    "%00",
    "%FF%FE",
    "..%2F..%2Fadmin",
    "{" + "0" * 36 + "}",
    "x" * 2000,
)


def where(path: str, cast: Cast) -> str:
    case = cast.case
    return path.format(
        case=case.url, note=case.note, evidence=case.evidence, seat=case.seats["cleo"]
    )


def send(browser: StrictBrowser, path: str, fields: list[tuple[str, bytes]]) -> int:
    """Send a form whose values are percent-encoded already, as nothing but a script would."""
    pairs = [*fields, ("csrf_token", quote(browser.token()).encode())]
    answer = browser.client.post(
        path,
        base_url=HOST,
        data=b"&".join(name.encode() + b"=" + value for name, value in pairs),
        content_type="application/x-www-form-urlencoded",
    )
    status = answer.status_code
    assert "Traceback" not in answer.text
    assert "<script>alert" not in answer.text
    answer.close()
    return status


def refusals(app: Flask, who: object) -> int:
    with resources_of(app).database.reading() as session:
        wanted = select(audit.Entry).where(
            audit.Entry.action == "request.refused", audit.Entry.actor_id == who
        )
        return len(session.scalars(wanted).all())


@pytest.mark.parametrize("path", FORMS)
def test_no_field_of_any_form_makes_the_server_fail(browse: Browse, cast: Cast, path: str) -> None:
    browser = browse(cast.ada if path.startswith("/admin") else cast.ann)
    for field in FORMS[path]:
        for kind, value in ODD.items():
            if field == "current" and kind != "nul":
                continue  # each one costs an Argon2id; sign-in has its own tests
            sent = [
                (name, value if name == field else quote(RIGHT[name]).encode())
                for name in FORMS[path]
            ]
            status = send(browser, where(path, cast), sent)
            assert status in ANSWERS, f"{path}: {kind} in {field} answered {status}"


@pytest.mark.parametrize("path", FORMS)
def test_a_field_sent_twice_or_never_makes_no_server_fail(
    browse: Browse, cast: Cast, path: str
) -> None:
    browser = browse(cast.ada if path.startswith("/admin") else cast.ann)
    names = FORMS[path]
    every = [(name, quote(RIGHT[name]).encode()) for name in names]

    assert send(browser, where(path, cast), [*every, *every]) in ANSWERS
    assert send(browser, where(path, cast), []) in ANSWERS
    assert send(browser, where(path, cast), [*every, ("admin", b"1"), ("id", b"x")]) in ANSWERS


@pytest.mark.parametrize("value", [HUGE, NUL, SURROGATES, b"", b"%", b"a&username=b"])
def test_no_sign_in_makes_the_server_fail(browse: Browse, value: bytes) -> None:
    nobody = browse()

    for field in ("username", "next"):
        given = {"username": b"ben", "password": b"", "next": b"/"}
        assert send(nobody, "/sign-in", list({**given, field: value}.items())) == 422


def test_no_invitation_makes_the_server_fail(app: Flask, browse: Browse, cast: Cast) -> None:
    nobody, (_id, token) = browse(), invite(resources_of(app), cast)

    for field in ("username", "name", "password", "password_again"):
        for value in (HUGE, NUL, SURROGATES, b""):
            given = {"username": b"f", "name": b"Fay", "password": b"x", "password_again": b"x"}
            assert (
                send(nobody, f"/invitations/{token}", list({**given, field: value}.items())) == 422
            )
    for wrong in (*WRONG_IDS, token[:-1], token + "A", token.swapcase(), "Ж" * 43):
        answer = nobody.client.get(f"/invitations/{wrong}", base_url=HOST)
        assert answer.status_code in {404, 302, 308}, wrong
        answer.close()


@pytest.mark.parametrize("wrong", WRONG_IDS, ids=lambda text: text[:12])
def test_a_wrong_id_is_not_found(browse: Browse, cast: Cast, wrong: str) -> None:
    ann, case = browse(cast.ann), cast.case.url
    paths = [
        f"/cases/{wrong}/",
        f"{case}/notes/{wrong}",
        f"{case}/notes/{wrong}/edit",
        f"{case}/notes/{wrong}/versions/",
        f"{case}/evidence/{wrong}",
        f"{case}/evidence/{wrong}/content",
        f"{case}/evidence/number/{wrong}",
    ]
    for path in paths:
        if "number/1" in path:
            continue
        answer = ann.client.get(path, base_url=HOST)
        assert answer.status_code == 404, path
        answer.close()
    posts = (f"{case}/notes/{wrong}/delete", f"{case}/members/{wrong}/delete")
    for path in (*posts, f"{case}/evidence/{wrong}/verify", f"/account/sessions/{wrong}/delete"):
        assert send(ann, path, []) == 404, path


@pytest.mark.parametrize("number", ["0", "-1", "999999999", "9" * 30, "1.5", "one"])
def test_a_number_no_evidence_has_is_not_found(browse: Browse, cast: Cast, number: str) -> None:
    browse(cast.ann).get(f"{cast.case.url}/evidence/number/{number}", status=404)


@pytest.mark.parametrize("cited", ["[E-0]", "[E-999999999]", "[E-1]" * 2000, "[E-00001]"])
def test_no_citation_makes_the_server_fail(browse: Browse, cast: Cast, cited: str) -> None:
    ann = browse(cast.ann)

    made = ann.post(f"{cast.case.url}/notes/", title="Cites", body=cited)

    ann.get(made.location)
    ann.get(f"{cast.case.url}/evidence/{cast.case.evidence}")


def test_a_note_that_cites_more_than_there_can_be_is_kept(browse: Browse, cast: Cast) -> None:
    ann, body = browse(cast.ann), " ".join(f"[E-{number}]" for number in range(9000))

    made = ann.post(f"{cast.case.url}/notes/", title="All of them", body=body)

    assert "ledger.txt" in ann.get(made.location).main


@pytest.mark.parametrize(
    "path",
    [
        "/cases/",
        "{case}/notes/",
        "{case}/evidence/",
        "{case}/activity/",
        "{case}/notes/new",
        "{case}/notes/{note}/versions/",
        "/search",
        "/search/complete",
        "/sign-in",
    ],
)
def test_no_address_makes_the_server_fail(browse: Browse, cast: Cast, path: str) -> None:
    ann = browse(cast.ann)
    names = ("page", "sort", "q", "author", "status", "kind", "bin", "from", "to", "case", "after",
             "before", "tag", "language", "title", "body", "next")  # fmt: skip
    for value in (NUL, SURROGATES, b"-1", b"9" * 400, b"x" * 4000, b"", b"%22%27%3B--", b"%"):
        query = "&".join(f"{name}={value.decode()}" for name in names)
        for asked in (query, f"{query}&{query}"):
            answer = ann.client.get(f"{where(path, cast)}?{asked}", base_url=HOST)
            assert answer.status_code in {200, 303, 404}, value[:20]
            answer.close()


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"title": "\\ud800", "body": "b"}', 422),
        ("text/plain", b"title=a&body=b", 422),
        ("application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", 422),
        ("multipart/form-data", b"no boundary", 422),
        ("multipart/form-data; boundary=" + "x" * 500, b"--x", 422),
        ("", b"\xff" * 100, 422),
        ("application/x-www-form-urlencoded", b"=&" * 1500, 413),
        ("application/x-www-form-urlencoded", b"title=" + b"t" * (5 * 1024 * 1024), 413),
    ],
    ids=lambda given: str(given)[:24],
)
def test_a_body_of_another_kind_is_refused(
    app: Flask, browse: Browse, cast: Cast, kind: str, body: bytes, status: int
) -> None:
    ann = browse(cast.ann)

    answer = ann.client.post(
        f"{cast.case.url}/notes/",
        base_url=HOST,
        data=body,
        content_type=kind,
        headers={"X-CSRFToken": ann.token()},
    )

    assert answer.status_code in {status, 422}
    answer.close()
    assert open_case(app, cast.ann, cast.case.id).note_count == 1


@pytest.mark.parametrize(
    ("method", "status"), [("PUT", 405), ("DELETE", 405), ("PATCH", 405), ("TRACE", 405)]
)
def test_another_method_is_refused_with_those_that_are_allowed(
    browse: Browse, cast: Cast, method: str, status: int
) -> None:
    answer = browse(cast.ann).client.open(
        f"{cast.case.url}/notes/{cast.case.note}", method=method, base_url=HOST
    )

    assert answer.status_code == status
    assert "GET" in answer.headers["Allow"]
    answer.close()


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("{case}/notes/", {"title": "", "body": ""}, 422),
        ("{case}/notes/{note}/edit", {"title": "t", "body": "b", "version": "7"}, 409),
        ("{case}/members/{seat}", {"role": "king"}, 422),
        ("/cases/00000000-0000-0000-0000-000000000000/notes/", {}, 404),
        ("/admin/invitations", {"name": "x"}, 403),
    ],
)
def test_a_refusal_of_somebody_signed_in_is_on_record(
    app: Flask, browse: Browse, cast: Cast, path: str, given: dict[str, str], status: int
) -> None:
    ann = browse(cast.ann)
    ann.token()
    before = refusals(app, cast.ann.id)

    ann.post(where(path, cast), status, fields=given)

    assert refusals(app, cast.ann.id) == before + 1
    assert not refusals(app, cast.ben.id)


def test_a_request_without_its_token_is_refused_and_on_record(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browse(cast.ann).post(
        f"{cast.case.url}/notes/", 400, token="", fields={"title": "t", "body": "b"}
    )

    assert refusals(app, cast.ann.id) == 1


def test_a_flood_of_refusals_does_not_flood_the_trail(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    dan = browse(cast.dan)

    for _ in range(70):
        dan.get(f"{cast.case.url}/?{urlencode({'x': 'y'})}", status=404)

    # Thirty a minute, and a minute may end meanwhile.
    assert 30 <= refusals(app, cast.dan.id) <= 60
