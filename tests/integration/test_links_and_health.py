from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

import pytest

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.strict_browser import Browse

MOST = 400


@pytest.mark.parametrize("name", ["ann", "ben", "cleo", "dan", "eva", "ada"])
def test_every_link_a_person_is_shown_leads_somewhere_and_every_page_is_well_made(
    browse: Browse, cast: Cast, name: str
) -> None:
    browser, seen, waiting = browse(getattr(cast, name)), set(), ["/"]

    while waiting and len(seen) < MOST:
        path = waiting.pop()
        place = urlsplit(path).path
        if path in seen or place.startswith(("/static/", "/bootstrap/")):
            continue
        seen.add(path)
        page = browser.get(path, status=None)
        if page.status >= 300:
            waiting.append(page.location)
        elif page.type == "text/html":
            waiting += [urldefrag(link).url for link in page.find("//a/@href") if link[0] == "/"]

    assert len(seen) > (7 if name == "ada" else 15)


def test_signed_out_pages_are_well_made(browse: Browse) -> None:
    browse().get("/sign-in")
    browse().get("/nowhere", status=404)
    browse().get("/invitations/nothing", status=404)


def test_health_is_told_to_anybody(browse: Browse) -> None:
    assert browse().get("/healthz").content == b"ok\n"
    assert browse().get("/readyz").content == b"ready\n"


def test_styles_and_scripts_are_served_from_here(browse: Browse) -> None:
    page = browse().get("/sign-in")
    addresses = page.find("//link[@rel='stylesheet']/@href | //script/@src")

    assert len(addresses) > 3
    for address in addresses:
        browse().get(address)
