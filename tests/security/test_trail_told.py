"""Somebody writes into the tables of the audit trail, past all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, func, select, update

from casefile.audit import tree
from casefile.audit.memory import Seen
from casefile.audit.models import Checkpoint, Entry, Memory
from tests.cast import resources_of
from tests.intruder import actions, flipped, read, writing
from tests.trail_scene import add_entries, cut, forge_chain, report, sign_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


COOKIE = "casefile-trail"


def test_cut_entries_are_told_to_who_signs_in_and_entered_in_the_trail(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    add_entries(app, 12)
    ben.sign_in(cast.ben)
    assert "Go on from here" not in ben.get("/account/trail").main
    with writing(app) as session:
        cut(session, tree.size(session) - 6)
    assert report(app).holds, "the tables alone say nothing"

    ben.sign_in(cast.ben)
    desk, page = ben.get("/"), ben.get("/account/trail")

    assert "its last entries are gone" in desk.main
    assert desk.find("//main//a[@href='/account/trail']")
    assert "restored from a backup" in page.main
    assert "audit verify" in page.main
    assert actions(app)[-1] == "trail.mistrusted"
    assert "trail.mistrusted" in browse(cast.ada).get("/admin/audit").text


def test_a_fork_is_told_to_who_signs_in(app: Flask, browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    add_entries(app, 12)
    ben.sign_in(cast.ben)
    with writing(app) as session:
        forge_chain(session, 9, action="case.read")
        session.flush()
        tree.rebuild(session)
        session.execute(delete(Checkpoint))

    ben.sign_in(cast.ben)

    assert "an earlier entry was changed, taken out or put in" in ben.get("/").main


def test_a_warning_stays_until_it_is_accepted(app: Flask, browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    add_entries(app, 5)
    ben.sign_in(cast.ben)
    with writing(app) as session:
        cut(session, tree.size(session) - 4)
    ben.sign_in(cast.ben)
    add_entries(app, 30)
    ben.sign_in(cast.ben)
    assert "its last entries are gone" in ben.get("/cases/").main
    assert actions(app).count("trail.mistrusted") == 1

    ben.post("/account/trail")
    assert "entries are gone" not in ben.get("/").main
    assert "continues from what you last saw" in ben.get("/account/trail").main
    ben.sign_in(cast.ben)
    assert "entries are gone" not in ben.get("/").main
    assert "trail.accepted" in actions(app)


@pytest.mark.parametrize("what", ["deleted", "changed", "another person's", "silenced"])
def test_a_memory_in_the_database_cannot_be_tampered_with_unnoticed(
    app: Flask, browse: Browse, cast: Cast, what: str
) -> None:
    ben, ann = browse(cast.ben), browse(cast.ann)
    for browser, actor in ((ben, cast.ben), (ann, cast.ann)):
        browser.sign_in(actor)
    add_entries(app, 3)
    with writing(app) as session:
        kept, theirs = (session.get_one(Memory, actor.id) for actor in (cast.ben, cast.ann))
        if what == "deleted":
            session.delete(kept)
        elif what == "changed":
            kept.sealed = flipped(kept.sealed)
        elif what == "silenced":
            cut(session, tree.size(session) - 6)
            kept.alarm = ""
        else:
            kept.sealed = theirs.sealed

    ben.sign_in(cast.ben)

    wanted = {"deleted": "is gone", "silenced": "entries are gone"}.get(what, "cannot be opened")
    assert wanted in ben.get("/").main


def test_a_database_rolled_back_whole_is_noticed_by_the_browser(
    make_app: Callable[..., Flask], cast: Cast, instance: Any, clock: Clock
) -> None:
    """A backup put back has forgotten all; the browser remembers."""
    import shutil

    from tests.cast import close
    from tests.strict_browser import StrictBrowser

    app = make_app()
    browser = StrictBrowser(app)
    browser.sign_in(cast.ben)
    browser.get("/")
    close(app)
    backup = instance.parent / "backup"
    shutil.copytree(instance, backup)
    app = make_app()
    add_entries(app, 5)
    later = StrictBrowser(app)
    later.sign_in(cast.ben)
    later.get("/")
    remembered = later.client.get_cookie(COOKIE)
    assert remembered is not None
    close(app)
    shutil.rmtree(instance)
    shutil.copytree(backup, instance)

    restored = make_app()
    back = StrictBrowser(restored)
    back.client.set_cookie(COOKIE, remembered.value)
    back.sign_in(cast.ben)
    assert report(restored).holds
    assert "its last entries are gone" in back.get("/").main
    assert "its last entries are gone" in back.get("/cases/").main
    kept = back.client.get_cookie(COOKIE)
    assert kept is not None
    assert kept.value == remembered.value, "what did not fit stays remembered"

    back.post("/account/trail")
    assert "continues from what you last saw" in back.get("/account/trail").main
    again = back.client.get_cookie(COOKIE)
    assert again is not None
    assert again.value != remembered.value


def test_a_cookie_of_somebody_else_says_nothing(app: Flask, browse: Browse, cast: Cast) -> None:
    ben, ann = browse(cast.ben), browse(cast.ann)
    ben.sign_in(cast.ben)
    ben.get("/")
    theirs = ben.client.get_cookie(COOKIE)
    assert theirs is not None
    for planted in (theirs.value, "nonsense", "ы", "A" * 136):
        ann.sign_in(cast.ann)
        ann.client.set_cookie(COOKIE, planted)
        assert "Audit trail is" not in ann.get("/").main
    assert "trail.mistrusted" not in actions(app)


def test_another_signing_key_is_told(app: Flask, browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    ben.sign_in(cast.ben)
    with resources_of(app).database.reading() as session:
        size = tree.size(session)
    stranger = Seen(bytes(32), size, bytes(32))
    with writing(app) as session:
        session.get_one(Memory, cast.ben.id).sealed = stranger.seal(cast.ben.bundle, cast.ben.id)

    ben.sign_in(cast.ben)

    assert "signed with another key" in ben.get("/").main


def test_pages_say_that_the_trail_holds(app: Flask, browse: Browse, cast: Cast) -> None:
    sign_now(app)
    size = read(app, select(func.max(Checkpoint.size)))[0]
    for person, path in ((cast.ada, "/admin/audit"), (cast.ben, f"{cast.case.url}/activity/")):
        page = browse(person).get(path)
        assert "The trail holds." in page.main
        assert f"Last signed checkpoint: entry {size} of" in page.main


def test_an_entry_changed_since_the_last_checkpoint_is_seen_on_the_page(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ada = browse(cast.ada)
    sign_now(app)
    add_entries(app, 60)
    with writing(app) as session:
        size = tree.size(session)
        session.execute(update(Entry).where(Entry.sequence == size - 55).values(action="x.seen"))

    assert "does not continue" in ada.get("/admin/audit").main
