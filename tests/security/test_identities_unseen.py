"""Who is no handler of a source sees nothing of its identity on any page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sources_scene import (
    CIRCUMSTANCES,
    CONTACTS,
    NAME,
    look,
    new_source,
)
from tests.strict_browser import HOST

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse


def test_nothing_of_an_identity_is_on_any_page_of_somebody_else(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    contact = {
        "met_on": "2026-11-20",
        "how": "call",
        "where": "Tash-Rabat",
        "summary": "Zhety-Oguz",
    }
    browse(cast.ann).post(f"{at.url}/contacts", fields=contact)
    look(browse(cast.ann), at)
    browse(cast.ann).get(f"/search?q={NAME}")
    planted = [*NAME.split(), CONTACTS, CIRCUMSTANCES, "Tash-Rabat", "Zhety-Oguz", "31 31 31"]
    case = cast.case.url
    pages = [
        "/", "/cases/", f"{case}/", f"{case}/activity/", f"{case}/members/", f"{case}/notes/",
        f"{case}/evidence/", f"{case}/sources/", at.url, f"{at.url}/edit",
        f"{case}/notes/{cast.case.note}", f"{case}/evidence/{cast.case.evidence}",
        "/search?q=quarry", "/search?q=signal+nights", "/search?kind=source", "/account/trail",
        "/search/complete?q=zam", "/admin/audit",
    ]  # fmt: skip

    for person in (cast.ben, cast.cleo, cast.eva, cast.dan, cast.ada):
        client = browse(person).client
        for path in pages:
            seen = client.get(path, base_url=HOST).get_data(as_text=True)
            assert [word for word in planted if word in seen] == [], (person.username, path)
