from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from casefile import audit
from casefile.uow import UnitOfWork
from tests.cast import resources_of
from tests.strict_browser import StrictBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "///elsewhere.example/",
    "/\\elsewhere.example/",
    "\\\\elsewhere.example/",
    "/\t/elsewhere.example/",
    "\n//elsewhere.example",
    "/%0d%0aSet-Cookie:x=y\r\nSet-Cookie: x=y",
    "javascript:alert(1)",
    "data:text/html,x",
    "http:elsewhere.example",
    " //elsewhere.example",
    "elsewhere.example",
    "@elsewhere.example",
    "/\u2028/elsewhere.example",
    "",
    "\x00",
]
HERE = "http://localhost/sign-in"


def _host(location: str) -> str | None:
    """Return the host a browser would go to, which treats backslash, tab and line break its own way."""
    cleaned = location.replace("\\", "/")
    for gone in "\t\r\n":
        cleaned = cleaned.replace(gone, "")
    return urlsplit(urljoin(HERE, cleaned.strip())).hostname


@pytest.mark.parametrize("place", ELSEWHERE)
def test_signing_in_never_leads_to_another_site(
    app: Flask, browse: Browse, cast: Cast, place: str
) -> None:
    page = StrictBrowser(app).post(
        "/sign-in", username="ben", password=cast.ben.password, next=place
    )
    assert _host(page.location) == "localhost"
    assert "x=y" not in str(page.headers.getlist("Set-Cookie"))

    signed_in = browse(cast.ben).get("/sign-in", 303, query_string={"next": place})
    assert _host(signed_in.location) == "localhost"


def test_signing_in_leads_to_where_one_was_going(app: Flask, cast: Cast) -> None:
    browser = StrictBrowser(app)
    wanted = f"{cast.case.url}/notes/?sort=title"

    page = browser.get(wanted, 302)
    form = browser.get(page.location)
    done = browser.post(
        "/sign-in", username="ben", password=cast.ben.password, next=form.value("next")
    )

    assert done.location == wanted
    browser.get(done.location)


def test_what_was_searched_for_does_not_stand_in_the_address_of_the_sign_in_page(
    app: Flask,
) -> None:
    page = StrictBrowser(app).get("/search?q=plover", 302)

    assert page.location.startswith("/sign-in")


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "localhost.elsewhere.example",
        "127.0.0.1.elsewhere.example",
        "127.0.0.2",
        "[::2]",
        "x y",
        "",
        "ё",
    ],
)
def test_a_request_for_another_host_is_refused(app: Flask, host: str) -> None:
    for path in ("/sign-in", "/", "/healthz", "/nowhere"):
        answer = app.test_client().get(
            path, base_url="http://localhost", headers={"Host": host.encode().decode("latin-1")}
        )
        assert answer.status_code == 400, (path, host)
        assert b"elsewhere" not in answer.data


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:8000", "127.0.0.1:41234"])
def test_loopback_names_are_always_allowed(app: Flask, host: str) -> None:
    answer = app.test_client().get("/sign-in", headers={"Host": host})

    assert answer.status_code == 200


def test_behind_a_proxy_only_the_named_hosts_are_allowed(make_app: Callable[..., Flask]) -> None:
    app = make_app(host="0.0.0.0", trusted_proxies=1, allowed_hosts="casefile.example")  # noqa: S104
    for host, status in (("casefile.example", 200), ("elsewhere.example", 400), ("localhost", 400)):
        answer = app.test_client().get(
            "/sign-in", headers={"X-Forwarded-Host": host, "X-Forwarded-Proto": "https"}
        )
        assert answer.status_code == status, host


def test_an_invitation_link_is_of_the_host_that_was_asked(browse: Browse, cast: Cast) -> None:
    page = browse(cast.ada).post("/admin/invitations", 200, name="Fay", roles="reporter")

    assert "http://localhost/invitations/" in page.html


def test_paging_links_keep_filters_and_take_nothing_else_from_the_address(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    tricks = (
        "_scheme=javascript&_external=1&_anchor=x&_host=elsewhere.example&endpoint=x&_method=POST"
    )
    browser = browse(cast.ada)
    with UnitOfWork(resources_of(app), None) as uow:
        for _ in range(60):
            audit.record(uow, "session.refused")
    with_many = browser.get(f"/admin/audit?{tricks}&case_id=7&values=1&x=%00&page=1")

    links = with_many.find("//nav[contains(@class, 'pager')]//a/@href")
    assert links
    for link in links:
        assert urlsplit(link).netloc == ""
        assert link.startswith("/admin/audit?")
    browser.get(links[-1])
