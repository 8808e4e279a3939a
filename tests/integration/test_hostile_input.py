"""Wrong, huge, empty or malicious anything: a message and the right status, never a 500."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from casefile import audit
from casefile.audit import Entry
from tests.access_matrix import ROWS, fill, invite
from tests.intruder import read
from tests.strict_browser import HOST, Page, check_headers, check_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse, StrictBrowser

FORM = "application/x-www-form-urlencoded"
FORMS: dict[str, tuple[str, ...]] = {
    "/account/": ("name", "theme", "timezone"),
    "/cases/": ("title", "summary"),
    "/cases/{case}/edit": ("title", "summary", "status", "version"),
    "/cases/{case}/members/": ("username", "role", "ends_at"),
    "/cases/{case}/members/{seat}": ("role", "ends_at"),
    "/cases/{case}/notes/": ("title", "body", "tags"),
    "/cases/{case}/notes/{note}/edit": ("title", "body", "tags", "version"),
    "/cases/{case}/notes/preview": ("body",),
    "/cases/{case}/evidence/{evidence}/edit": (
        "shows", "obtained_at", "obtained_from", "obtained_how", "tags", "version",
    ),
    "/sign-in": ("username", "next"),
    "/invitations/{token}": ("username", "name"),
    "/admin/invitations": ("name", "roles"),
}  # fmt: skip
GOOD = {
    "title": "Fine",
    "body": "Fine",
    "name": "Fine",
    "theme": "dark",
    "timezone": "",
    "status": "open",
    "version": "1",
    "username": "dan",
    "role": "reader",
    "roles": "reporter",
}
# As they stand in a body: percent-encoded, so that what is no text can be sent too.
VALUES = {
    "empty": "",
    "blank": "+++",
    "100 kB": "x" * 100_000,
    "100 kB of Cyrillic": "%D0%B6" * 50_000,
    "a NUL": "a%00b",
    "only a NUL": "%00",
    "a lone surrogate": "a%ED%A0%80b",
    "half a pair, twice": "%ED%A0%BD%ED%A0%BD",
    "not UTF-8": "%FF%FE%C0%AF",
    "control characters": "%01%02%1B%5B31m%7F",
    "line breaks": "a%0D%0ASet-Cookie:+x=y%0A%0B%0C",
    "right to left": "%E2%80%AEtxt.exe",
    "line separators": "%E2%80%A8%E2%80%A9",
    "markup": quote("<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"),
    "template": quote("{{ 7*7 }}{% raw %}${7*7}#{7*7}%(name)s {0} {x}"),
    "SQL": quote("'; DROP TABLE note; --"),
    "a negative number": "-1",
    "a huge number": "9" * 400,
    "a number of 64 bits": str(2**63),
    "no number": "NaN",
    "full-width digits": quote("１２"),
    "a float": "1.0",
    "the 30th of February": "2024-02-30",
    "the year 0": "0000-00-00",
    "the first day": "0001-01-01",
    "the last day": "9999-12-31",
    "a day too far": "10000-01-01",
    "a time": "2024-01-01T00:00",
    "an emoji of many parts": quote("👩‍👩‍👧‍👦" * 10),
    "marks upon marks": quote("Z" + "\u0351\u036f" * 300),
}
REFUSED = {400, 403, 404, 405, 409, 413, 414, 415, 422}


def _send(
    browser: StrictBrowser, path: str, body: bytes | str, kind: str = FORM, **more: Any
) -> Page:
    response = browser.client.post(path, data=body, content_type=kind, base_url=HOST, **more)
    page = Page(response)
    assert page.status < 500, f"POST {path} answered {page.status}: {body[:200]!r}"
    check_headers(page, f"POST {path}")
    if page.type == "text/html" and b"<html" in page.content:
        check_page(page, f"POST {path}", echoes=True)
    return page


def _browser(browse: Browse, cast: Cast, url: str) -> StrictBrowser:
    if url.startswith("/admin"):
        return browse(cast.ada)
    return browse() if url.startswith(("/sign-in", "/invitations")) else browse(cast.ann)


def _body(browser: StrictBrowser, fields: Iterable[str], **odd: str) -> str:
    sent = {name: quote(GOOD.get(name, "")) for name in fields} | odd
    sent["csrf_token"] = quote(browser.token())
    return "&".join(f"{name}={value}" for name, value in sent.items())


@pytest.mark.parametrize("url", FORMS)
def test_no_value_of_a_field_is_an_error(app: Flask, browse: Browse, cast: Cast, url: str) -> None:
    _invitation, token = invite(app.extensions["casefile"], cast)
    path, fields = fill(url, cast, token=token), FORMS[url]
    browser = _browser(browse, cast, url)
    for odd in fields:
        for value in VALUES.values():
            _send(browser, path, _body(browser, fields, **{odd: value}))

    browse(cast.ann).get(f"{cast.case.url}/")
    history = f"{cast.case.url}/notes/{cast.case.note}/versions/?from=1&to=1"
    assert "[damaged note]" not in browse(cast.ben).get(history).text


@pytest.mark.parametrize("url", FORMS)
def test_no_shape_of_a_body_is_an_error(app: Flask, browse: Browse, cast: Cast, url: str) -> None:
    _invitation, token = invite(app.extensions["casefile"], cast)
    path, fields = fill(url, cast, token=token), FORMS[url]
    browser = _browser(browse, cast, url)
    good = _body(browser, fields)
    header = {"X-CSRFToken": browser.token()}
    for body, kind in (
        ("&".join([good] * 200), FORM),
        ("&".join(f"{name}[]=x&{name}[a]=x" for name in fields), FORM),
        ("&" * 5000, FORM),
        ("=" * 5000, FORM),
        ("&".join(f"f{number}=x" for number in range(3000)), FORM),
        (good, "text/plain"),
        (good, ""),
        (good, "multipart/form-data"),
        (good, "multipart/form-data; boundary="),
        (good, f"multipart/form-data; boundary={'b' * 3000}"),
        ("--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (
            '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\ncut',
            "multipart/form-data; boundary=x",
        ),
        (
            "--x\r\nContent-Disposition: nonsense\r\n\r\nv\r\n--x--",
            "multipart/form-data; boundary=x",
        ),
        (json.dumps({name: ["x"] for name in fields}), "application/json"),
        ("[" * 5000, "application/json"),
        (b"\x00\xff" * 5000, "application/octet-stream"),
        ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "application/xml"),
    ):
        _send(browser, path, body, kind, headers=header)
    _send(browser, path, "", headers=header)


def test_more_than_a_form_can_hold_is_refused_with_413(browse: Browse, cast: Cast) -> None:
    browser = browse(cast.ben)
    path = f"{cast.case.url}/notes/"

    page = _send(browser, path, _body(browser, ("title",), body="x" * 5_000_000))

    assert page.status == 413
    assert "Nothing was changed" in page.text
    part = (
        '--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n'
        + "x" * 5_000_000
        + "\r\n--x--\r\n"
    )
    assert _send(browser, path, part, "multipart/form-data; boundary=x").status == 413
    assert (
        _send(browser, f"{cast.case.url}/evidence/", part, "multipart/form-data; boundary=x").status
        == 413
    )


def test_a_file_sent_to_a_page_that_takes_none_is_refused_with_415(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for method, url, answers in ROWS:
        if method != "POST" or url == "/cases/{case}/evidence/" or answers[0] == 404:
            continue
        _invitation, token = invite(app.extensions["casefile"], cast)
        browser = browse(cast.ada) if answers[0] == 403 else browse(cast.ann, fresh=True)
        browser.token()
        response = browser.client.post(
            fill(url, cast, token=token),
            data={"files": (io.BytesIO(b"x" * 20_000), "x.txt"), "title": "x"},
            base_url=HOST,
        )
        allowed = {415} if "{session}" not in url else {404, 415}
        assert Page(response).status in allowed, url


WRONG_IDS = (
    "x", "0", "00000000-0000-0000-0000-00000000000", "g" * 36, "%00", "..%2f..%2fetc%2fpasswd", "%2e%2e/", "'", "%FF",
    "A" * 4000, "{case}", "{upper}", "{bare}", "%7B{case}%7D", "urn:uuid:{case}", "{case}%0A", "{case}/", "{case}//",
)  # fmt: skip


def test_a_wrong_id_is_not_found(browse: Browse, cast: Cast) -> None:
    case = cast.case.id
    for wrong in WRONG_IDS:
        word = wrong.format(case=case, upper=str(case).upper(), bare=case.hex)
        for url in (
            f"/cases/{word}/notes",
            f"{cast.case.url}/notes/{word}",
            f"{cast.case.url}/evidence/{word}",
            f"{cast.case.url}/evidence/{word}/content",
            f"{cast.case.url}/evidence/number/{word}",
            f"/invitations/{word}",
        ):
            response = browse(cast.ann).client.get(url, base_url=HOST)
            assert Page(response).status in {404, 308, 400}, url


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "DELETE", "POST", "TRACE", "PROPFIND", "x", "OPTIONS"]
)
def test_a_method_that_a_page_does_not_have_is_refused(
    browse: Browse, cast: Cast, method: str
) -> None:
    for path in ("/", "/search", "/cases/new", f"{cast.case.url}/", "/healthz", "/nowhere"):
        response = browse(cast.ann).client.open(path, method=method, base_url=HOST)
        page = Page(response)
        assert page.status in ({200} if method == "OPTIONS" else {405}) | {404}, (method, path)
        check_headers(page, f"{method} {path}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept-Language", "ky,ru;q=0.9,*;q=nonsense" + ",x" * 500),
        ("Accept-Encoding", "x" * 3000),
        ("Content-Length", "-1"),
        ("Content-Length", "x"),
        ("If-Modified-Since", "never"),
        ("X-Forwarded-For", "1.2.3.4, nonsense"),
        ("X-Forwarded-Host", "elsewhere.example"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Referer", "https://elsewhere.example/"),
        ("Range", "bytes=0-5"),
        ("Cookie", "casefile=" + "x" * 7000),
        ("Cookie", "; ; =; casefile; casefile=a; casefile=b"),
        ("Authorization", "Basic !!!"),
        ("X-CSRFToken", "é" * 50),
    ],
)
def test_no_header_is_an_error(browse: Browse, cast: Cast, name: str, value: str) -> None:
    for path in ("/", "/sign-in", f"{cast.case.url}/", "/search?q=pier"):
        response = browse(cast.ann).client.get(
            path, base_url=HOST, headers={name: value.encode().decode("latin-1")}
        )
        page = Page(response)
        assert page.status in {200, 302, 303, 400}, (name, path, page.status)
        assert "elsewhere.example" not in page.html


def _refusals(app: Flask, actor_id: object) -> list[dict[str, Any]]:
    wanted = select(Entry.detail).where(
        Entry.action == "request.refused", Entry.actor_id == actor_id
    )
    return [json.loads(detail) for detail in read(app, wanted)]


def test_every_refusal_of_somebody_signed_in_is_an_entry_without_content(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    browser, case = browse(cast.cleo), cast.case.url
    browser.token()
    browser.get(f"{cast.other.url}/", 404)
    browser.get(f"{case}/notes/new", 403)
    browser.post(f"{case}/notes/preview", 400, token="", body="plover")
    browser.post(f"{case}/notes/", 403, title="plover", body="plover")
    browser.post("/account/", 422, name="plover" * 100)
    browser.get("/admin/audit", 403)
    browser.get(f"{case}/notes/new?title=plover", 403)
    file = f"{case}/evidence/{cast.case.evidence}/content"
    browser.get(file, 416, headers={"Range": "bytes=999999-"})

    refused = _refusals(app, cast.cleo.id)

    assert [entry["status"] for entry in refused] == [404, 403, 400, 403, 422, 403, 403, 416]
    assert {entry["endpoint"] for entry in refused} >= {
        "cases.show",
        "notes.create",
        "accounts.audit",
    }
    assert "plover" not in str(refused)
    with app.extensions["casefile"].database.reading() as session:
        assert [found for found in audit.verify(session) if not isinstance(found, int)] == []


def test_a_flood_of_refusals_does_not_flood_the_trail(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    for _ in range(80):
        browse(cast.dan).get(f"{cast.case.url}/", 404)

    assert 0 < len(_refusals(app, cast.dan.id)) <= 60
    browse(cast.ben).get(f"{cast.other.url}/", 404)
    assert len(_refusals(app, cast.ben.id)) == 1


def test_the_words_of_an_error_page_never_come_from_the_request(browse: Browse, cast: Cast) -> None:
    for path in (
        "/<script>alert(1)</script>",
        "/cases/%3Cb%3Ehello%3C%2Fb%3E",
        "/plover?x=<b>plover</b>",
    ):
        page = browse(cast.ann).get(path, 404)
        assert "alert(1)" not in page.main
        assert "plover" not in page.main
        assert "hello" not in page.main
