"""Somebody writes into the tables of the audit trail, past all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, func, select, text, update

from casefile import audit, keys
from casefile.audit import tree
from casefile.audit.chain import hash_of
from casefile.audit.checkpoints import Head, newest, sign, signer
from casefile.audit.memory import Seen
from casefile.audit.models import Checkpoint, Entry, Memory, TreeNode
from casefile.errors import ConflictError
from casefile.uow import UnitOfWork
from tests.cast import resources_of
from tests.intruder import actions, copied, flipped, read, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.cast import Actor, Cast, Clock
    from tests.strict_browser import Browse, StrictBrowser

COOKIE = "casefile-trail"


def sign_now(app: Flask, *, anew: bool = False) -> str:
    with UnitOfWork(resources_of(app), None) as uow:
        return sign(uow, anew=anew)


def add_entries(app: Flask, count: int, action: str = "test.added") -> None:
    for _ in range(count):
        with UnitOfWork(resources_of(app), None) as uow:
            audit.record(uow, action)


def report(app: Flask) -> audit.Report:
    return audit.examine(resources_of(app))


def sign_in(browser: StrictBrowser, actor: Actor) -> None:
    browser.post("/sign-in", username=actor.username, password=actor.password)


def cut(session: Session, size: int, *, thoroughly: bool = True) -> None:
    """Take away every entry after this one and, when thorough, all that tells of them."""
    session.execute(delete(Entry).where(Entry.sequence > size))
    if thoroughly:
        session.execute(delete(Checkpoint).where(Checkpoint.size > size))
        session.execute(delete(TreeNode).where((TreeNode.position + 1) * (1 << 0) > size))
        for level in range(1, 12):
            beyond = (TreeNode.level == level) & (TreeNode.position >= size >> level)
            session.execute(delete(TreeNode).where(beyond))


def forge_chain(session: Session, sequence: int, **changed: Any) -> None:
    """Change an entry and make every hash after it anew, as somebody who knows the format can."""
    previous = None
    for entry in session.scalars(
        select(Entry).where(Entry.sequence >= sequence).order_by(Entry.sequence)
    ):
        if entry.sequence == sequence:
            for name, value in changed.items():
                setattr(entry, name, value)
        if previous is not None:
            entry.previous_hash = previous
        entry.hash = previous = hash_of(entry)


def test_a_whole_trail_has_nothing_wrong(app: Flask, browse: Browse, cast: Cast) -> None:
    for count in range(1, 6):
        sign_now(app)
        add_entries(app, count)
    browse(cast.ben).get("/")
    found = report(app)

    assert found.holds
    assert found.checkpoints >= 5
    assert found.root is not None
    with resources_of(app).database.reading() as session:
        size = tree.size(session)
        assert found.root == audit.memory.root(size, tree.hashes_of(session))


def test_a_chain_made_anew_is_found_by_tree_and_checkpoint(app: Flask) -> None:
    sign_now(app)
    add_entries(app, 4)
    with writing(app) as session:
        forge_chain(session, 3, action="case.read")
    found = report(app)

    assert found.broken == []
    assert found.tree
    assert len(found.checkpoint_faults) == found.checkpoints
    assert "changed, taken out or put in" in found.checkpoint_faults[0]


def test_a_chain_and_a_tree_made_anew_are_found_by_the_checkpoint(app: Flask) -> None:
    sign_now(app)
    add_entries(app, 4)
    with writing(app) as session:
        forge_chain(session, 3, action="case.read")
        session.flush()
        tree.rebuild(session)
    found = report(app)

    assert (found.broken, found.tree) == ([], [])
    assert found.checkpoint_faults
    with pytest.raises(ConflictError, match="not a continuation"):
        sign_now(app)


def test_last_entries_deleted_are_found_by_the_checkpoint_over_them(app: Flask) -> None:
    add_entries(app, 7)
    sign_now(app)
    with writing(app) as session:
        size = tree.size(session)
        cut(session, size - 3, thoroughly=False)
    found = report(app)

    assert found.broken == []
    assert f"the trail ends at {size - 3}: the last are gone" in found.checkpoint_faults[0]
    assert any("entries that are not there" in fault for fault in found.tree)


def test_entries_written_over_those_that_were_cut_are_found(app: Flask) -> None:
    add_entries(app, 9)
    sign_now(app)
    with writing(app) as session:
        size = tree.size(session)
        cut(session, size - 6, thoroughly=False)
    add_entries(app, 20, "test.replaced")
    found = report(app)

    assert found.broken == []
    assert found.tree == [], "what was appended since is what the tree is of"
    assert f"checkpoint {size} is not of these entries" in found.checkpoint_faults[0]


@pytest.mark.parametrize("what", ["changed", "deleted", "swapped", "planted", "rolled back"])
def test_a_tree_that_is_not_of_its_entries_is_found(app: Flask, what: str) -> None:
    with resources_of(app).database.reading() as session:
        older = [copied(row) for row in session.scalars(select(TreeNode))]
    add_entries(app, 6)
    with writing(app) as session:
        nodes = session.scalars(select(TreeNode).where(TreeNode.level == 1)).all()
        if what == "changed":
            nodes[2].hash = flipped(nodes[2].hash)
        elif what == "deleted":
            session.delete(nodes[2])
        elif what == "swapped":
            nodes[1].hash, nodes[2].hash = nodes[2].hash, nodes[1].hash
        elif what == "planted":
            session.add(TreeNode(level=3, position=1000, hash=bytes(32)))
        else:
            session.execute(delete(TreeNode))
            session.add_all(TreeNode(**row) for row in older)
    found = report(app)

    assert found.tree
    assert not found.holds
    add_entries(app, 1)


@pytest.mark.parametrize("forged", ["signature", "root", "size", "origin", "key", "row"])
def test_a_forged_checkpoint_is_found_and_never_the_newest(app: Flask, forged: str) -> None:
    note = sign_now(app)
    own = signer(resources_of(app))
    with resources_of(app).database.reading() as session:
        size = tree.size(session)
    stranger = keys.NoteSigner("casefile", bytes(32))
    forgeries = {
        "signature": note.replace("\n\n", f"\n\n— {own.verifier.name} AAAA\n").rsplit("\n", 2)[0],
        "root": note.replace(note.split("\n")[2], "A" * 43 + "="),
        "size": note.replace(f"\n{size}\n", f"\n{size + 5}\n"),
        "origin": own.sign(Head(size, bytes(32)).text("casefile/another")),
        "key": stranger.sign(Head(size, bytes(32)).text(stranger.verifier.name)),
        "row": note,
    }
    add_entries(app, 8)
    with writing(app) as session:
        session.add(
            Checkpoint(size=size + 5, note=forgeries[forged], signed_at=resources_of(app).clock())
        )
    found = report(app)

    assert found.checkpoint_faults == [f"checkpoint {size + 5} was not signed by this newsroom"]
    with resources_of(app).database.reading() as session:
        last = newest(session, own.verifier)
    assert last is not None
    assert last[0].size == size


def test_a_writer_of_the_database_does_not_hold_the_signing_key(app: Flask) -> None:
    signed = signer(resources_of(app))
    raw = signed.verifier.public
    for table in ("audit_checkpoint", "audit_memory", "user", "sign_in_session"):
        with resources_of(app).database.reading() as session:
            for row in session.execute(text(f'SELECT * FROM "{table}"')):
                assert keys.derive(resources_of(app).pepper, "checkpoint") not in list(row)
                assert raw not in list(row)


def test_cut_entries_are_told_to_who_signs_in_and_entered_in_the_trail(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    ben = browse(cast.ben)
    add_entries(app, 12)
    sign_in(ben, cast.ben)
    assert "Go on from here" not in ben.get("/account/trail").main
    with writing(app) as session:
        cut(session, tree.size(session) - 6)
    assert report(app).holds, "the tables alone say nothing"

    sign_in(ben, cast.ben)
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
    sign_in(ben, cast.ben)
    with writing(app) as session:
        forge_chain(session, 9, action="case.read")
        session.flush()
        tree.rebuild(session)
        session.execute(delete(Checkpoint))

    sign_in(ben, cast.ben)

    assert "an earlier entry was changed, taken out or put in" in ben.get("/").main


def test_a_warning_stays_until_it_is_accepted(app: Flask, browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    add_entries(app, 5)
    sign_in(ben, cast.ben)
    with writing(app) as session:
        cut(session, tree.size(session) - 4)
    sign_in(ben, cast.ben)
    add_entries(app, 30)
    sign_in(ben, cast.ben)
    assert "its last entries are gone" in ben.get("/cases/").main
    assert actions(app).count("trail.mistrusted") == 1

    ben.post("/account/trail")
    assert "entries are gone" not in ben.get("/").main
    assert "continues from what you last saw" in ben.get("/account/trail").main
    sign_in(ben, cast.ben)
    assert "entries are gone" not in ben.get("/").main
    assert "trail.accepted" in actions(app)


@pytest.mark.parametrize("what", ["deleted", "changed", "another person's", "silenced"])
def test_a_memory_in_the_database_cannot_be_tampered_with_unnoticed(
    app: Flask, browse: Browse, cast: Cast, what: str
) -> None:
    ben, ann = browse(cast.ben), browse(cast.ann)
    for browser, actor in ((ben, cast.ben), (ann, cast.ann)):
        sign_in(browser, actor)
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

    sign_in(ben, cast.ben)

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
    sign_in(browser, cast.ben)
    browser.get("/")
    close(app)
    backup = instance.parent / "backup"
    shutil.copytree(instance, backup)
    app = make_app()
    add_entries(app, 5)
    later = StrictBrowser(app)
    sign_in(later, cast.ben)
    later.get("/")
    remembered = later.client.get_cookie(COOKIE)
    assert remembered is not None
    close(app)
    shutil.rmtree(instance)
    shutil.copytree(backup, instance)

    restored = make_app()
    back = StrictBrowser(restored)
    back.client.set_cookie(COOKIE, remembered.value)
    sign_in(back, cast.ben)
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
    sign_in(ben, cast.ben)
    ben.get("/")
    theirs = ben.client.get_cookie(COOKIE)
    assert theirs is not None
    for planted in (theirs.value, "nonsense", "ы", "A" * 136):
        sign_in(ann, cast.ann)
        ann.client.set_cookie(COOKIE, planted)
        assert "Audit trail is" not in ann.get("/").main
    assert "trail.mistrusted" not in actions(app)


def test_another_signing_key_is_told(app: Flask, browse: Browse, cast: Cast) -> None:
    ben = browse(cast.ben)
    sign_in(ben, cast.ben)
    with resources_of(app).database.reading() as session:
        size = tree.size(session)
    stranger = Seen(bytes(32), size, bytes(32))
    with writing(app) as session:
        session.get_one(Memory, cast.ben.id).sealed = stranger.seal(cast.ben.bundle, cast.ben.id)

    sign_in(ben, cast.ben)

    assert "signed with another key" in ben.get("/").main


def test_after_a_break_the_trail_goes_on_and_says_so(app: Flask) -> None:
    add_entries(app, 7)
    sign_now(app)
    with writing(app) as session:
        cut(session, tree.size(session) - 3, thoroughly=False)
    with pytest.raises(ConflictError, match="--anew"):
        sign_now(app)

    sign_now(app, anew=True)

    assert report(app).holds
    assert actions(app)[-1] == "trail.resumed"
    (entry,) = read(app, select(Entry).where(Entry.action == "trail.resumed"))
    assert b"set_aside" in entry.detail


def test_a_trail_with_a_hole_is_not_signed_even_anew_and_work_goes_on(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    sign_now(app)
    with writing(app) as session:
        session.execute(delete(Entry).where(Entry.sequence == 6))
        session.execute(delete(TreeNode))
    for anew in (False, True):
        with pytest.raises(ConflictError):
            sign_now(app, anew=anew)

    ben = browse(cast.ben)
    sign_in(ben, cast.ben)
    ben.post(f"{cast.case.url}/notes/", title="On", body="Work goes on.")
    assert "The audit trail is not the one" in ben.get("/").main
    assert "does not continue" in browse(cast.ada).get("/admin/audit").main
    assert "does not continue" in ben.get(f"{cast.case.url}/activity/").main


def test_a_clock_set_back_changes_nothing_about_the_trail(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    sign_in(ben, cast.ben)
    clock.forward(hours=-30)
    sign_in(ben, cast.ben)
    add_entries(app, 3)
    clock.forward(hours=60)
    sign_in(ben, cast.ben)

    assert "audit trail is" not in ben.get("/").main
    assert report(app).holds


def test_checkpoints_are_signed_now_and_then_and_when_there_is_much(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizes() -> list[int]:
        return list(read(app, select(Checkpoint.size).order_by(Checkpoint.size)))

    ben = browse(cast.ben)
    sign_in(ben, cast.ben)
    before = sizes()
    sign_in(ben, cast.ben)
    assert sizes() == before
    clock.forward(minutes=11)
    sign_in(ben, cast.ben)
    assert len(sizes()) == len(before) + 1
    clock.forward(minutes=11)
    ben.post("/sign-out")
    assert len(sizes()) == len(before) + 2
    monkeypatch.setattr(audit.checkpoints, "ENTRIES_BETWEEN", 5)
    add_entries(app, 6)
    sign_in(ben, cast.ben)
    assert len(sizes()) == len(before) + 3
    assert report(app).holds


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
