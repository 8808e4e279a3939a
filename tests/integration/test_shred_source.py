from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from sqlalchemy import select

from casefile import db, keys
from casefile.cases import restoring
from casefile.sources.models import SourceContact, SourceGrant, SourceIdentity
from tests.cast import PEPPER, change, resources_of
from tests.intruder import actions, read
from tests.sources_scene import (
    NAME,
    add_handler,
    begin_anew,
    can_open,
    count_of,
    keys_out_of,
    look,
    new_source,
    row_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse

PAGE, RESERVED, SALT = 4096, 80, 16


def test_it_asks_for_the_codename_and_the_password(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    ann = browse(cast.ann)

    assert "cannot be undone" in ann.get(f"{at.url}/shred").main
    page = ann.post(f"{at.url}/shred", 422, codename="not-it")
    assert "That is not the codename of this source." in page.problems()
    clock.forward(minutes=6)
    assert "Your password again" in ann.post(f"{at.url}/shred", 403, codename=at.codename).main
    assert can_open(app, cast.ann, cast.case.id, at.id)


def test_a_tombstone_stays_and_the_rest_is_gone(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(
        app, cast.ann, cast.case.id, motive="Revenge for a cousin.", quotable="an official"
    )
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    browse(cast.ann).post(
        f"{at.url}/contacts", met_on="2026-11-20", how="call", summary="Agreed to meet."
    )
    browse(cast.ann).post(
        f"{at.url}/agreements", kind="anonymity", text="Never named.", agreed_on="2026-11-20"
    )
    ben = browse(cast.ben)
    look(ben, at)

    browse(cast.ann).post(f"{at.url}/shred", codename=f" {at.codename.upper()} ")

    page = browse(cast.cleo).get(at.url)
    for stays in (at.codename, "Confidential", "an official", "Never named.", "Ann Lead shredded"):
        assert stays in page.main
    assert "Revenge" not in page.html
    for model in (SourceGrant, SourceIdentity, SourceContact):
        assert count_of(app, model, at.id) == 0
    assert row_of(app, at.id).manifest == b""
    assert f"Ann Lead shredded the source {at.codename}" in ben.get("/").main
    assert "shredded the source" in ben.get(f"{cast.case.url}/activity/").main
    assert "source.shredded" in actions(app)


def test_after_it_nobody_opens_it_nor_adds_to_it(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    add_handler(app, cast.ann, cast.case.id, at.id, cast.ben)
    ann, ben = browse(cast.ann), browse(cast.ben)
    look(ben, at)

    ann.post(f"{at.url}/shred", codename=at.codename)

    for browser in (ann, ben, browse(cast.ben, fresh=True)):
        assert "was shredded" in look(browser, at, 409).text
        browser.get(f"{at.url}/identity/edit", 409)
        browser.get(f"{at.url}/shred", 409)
        browser.post(f"{at.url}/shred", 409, codename=at.codename)
    contact = {"met_on": "2026-11-20", "how": "call", "summary": "x"}
    ann.post(f"{at.url}/contacts", 409, fields=contact)
    promise = {"kind": "other", "text": "x", "agreed_on": "2026-11-20"}
    ann.post(f"{at.url}/agreements", 409, fields=promise)
    ann.post(f"{at.url}/links", 409, code="E-1")
    ann.post(f"{at.url}/edit", 409, protection="on_record", version="2")
    for person in (cast.ann, cast.ben):
        assert keys_out_of(app, person.bundle, at.id) == set()


def test_keys_are_overwritten_on_disk_and_in_the_log_of_the_database(
    app: Flask, browse: Browse, cast: Cast, instance: Path, until: Callable[..., None]
) -> None:
    at = new_source(app, cast.ann, cast.case.id)
    look(browse(cast.ann), at)
    browse(cast.ann).get(f"/search?q={NAME}")
    [grant] = read(app, select(SourceGrant.sealed).where(SourceGrant.source_id == at.id))
    shard = instance / "index" / f"{at.id}.db"
    assert shard.exists()
    db.checkpoint(resources_of(app).database)
    assert grant[100:160] in _pages(instance)

    browse(cast.ann).post(f"{at.url}/shred", codename=at.codename)

    until(lambda: (instance / "casefile.db-wal").stat().st_size == 0)
    assert not list((instance / "index").glob(f"{at.id}*"))
    pages = _pages(instance)
    assert b"CREATE TABLE source_grant" in pages, "else nothing was decrypted"
    assert all(grant[at : at + 16] not in pages for at in range(0, len(grant), 16))


def _pages(instance: Path) -> bytes:
    """Decrypt every page of the database as SQLCipher 4 seals them, free ones too."""
    key = keys.derive(PEPPER, "database")
    raw = (instance / "casefile.db").read_bytes()
    found = []
    for at in range(0, len(raw), PAGE):
        page = raw[at + (SALT if at == 0 else 0) : at + PAGE]
        content, vector = page[:-RESERVED], page[-RESERVED : -RESERVED + 16]
        decryptor = Cipher(AES(key), CBC(vector)).decryptor()
        found.append(decryptor.update(content) + decryptor.finalize())
    return b"".join(found)


def test_only_a_handler_shreds(app: Flask, browse: Browse, cast: Cast) -> None:
    at = new_source(app, cast.ann, cast.case.id)

    for person in (cast.ben, cast.cleo, cast.eva):
        browse(person).post(f"{at.url}/shred", 403, codename=at.codename)
    assert can_open(app, cast.ann, cast.case.id, at.id)


def test_what_nobody_can_open_any_more_is_shredded_by_who_handled_it(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    at = new_source(app, cast.ben, cast.case.id)
    ben = begin_anew(app, cast, cast.ben)
    seat = cast.case.seats["ben"]
    change(app, cast.ann, cast.case.id, lambda uow, case: restoring.restore(uow, case, seat))
    page = browse(ben, fresh=True).get(at.url)
    assert "Nobody can open the identity at the moment" in page.main

    browse(ben).post(f"{at.url}/shred", codename=at.codename)

    assert "Shredded" in browse(cast.ann).get(at.url).main
