"""Somebody writes into the tables of the audit trail, past all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, text

from casefile import audit, keys
from casefile.audit import tree
from casefile.audit.checkpoints import Head, newest, signer
from casefile.audit.models import Checkpoint, Entry, TreeNode
from casefile.errors import ConflictError
from tests.cast import resources_of
from tests.intruder import actions, copied, flipped, read, writing
from tests.trail_scene import add_entries, cut, forge_chain, report, sign_now

if TYPE_CHECKING:
    from flask import Flask

    from tests.cast import Cast, Clock
    from tests.strict_browser import Browse


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
    ben.sign_in(cast.ben)
    ben.post(f"{cast.case.url}/notes/", title="On", body="Work goes on.")
    assert "The audit trail is not the one" in ben.get("/").main
    assert "does not continue" in browse(cast.ada).get("/admin/audit").main
    assert "does not continue" in ben.get(f"{cast.case.url}/activity/").main


def test_a_clock_set_back_changes_nothing_about_the_trail(
    app: Flask, browse: Browse, cast: Cast, clock: Clock
) -> None:
    ben = browse(cast.ben)
    ben.sign_in(cast.ben)
    clock.forward(hours=-30)
    ben.sign_in(cast.ben)
    add_entries(app, 3)
    clock.forward(hours=60)
    ben.sign_in(cast.ben)

    assert "audit trail is" not in ben.get("/").main
    assert report(app).holds


def test_checkpoints_are_signed_now_and_then_and_when_there_is_much(
    app: Flask, browse: Browse, cast: Cast, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizes() -> list[int]:
        return list(read(app, select(Checkpoint.size).order_by(Checkpoint.size)))

    ben = browse(cast.ben)
    ben.sign_in(cast.ben)
    before = sizes()
    ben.sign_in(cast.ben)
    assert sizes() == before
    clock.forward(minutes=11)
    ben.sign_in(cast.ben)
    assert len(sizes()) == len(before) + 1
    clock.forward(minutes=11)
    ben.post("/sign-out")
    assert len(sizes()) == len(before) + 2
    monkeypatch.setattr(audit.checkpoints, "ENTRIES_BETWEEN", 5)
    add_entries(app, 6)
    ben.sign_in(cast.ben)
    assert len(sizes()) == len(before) + 3
    assert report(app).holds
