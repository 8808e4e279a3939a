from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from casefile import db, operator_sql
from casefile.app import open_resources
from casefile.errors import BusyError
from tests.cast import settings_for
from tests.faults.moments import staged, stored
from tests.real_server import ROOT, environment, run
from tests.strict_browser import Browse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast

HOLD = """
import sys
from casefile import config, db, keys
settings = config.load()
database = db.open_file(settings.database_path, keys.derive(config.read_pepper(settings), "database"))
with database.writing() as session:
    session.connection()
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(instance: Path) -> Iterator[None]:
    """Another process has the writer's turn and keeps it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=ROOT,
        env=environment(instance),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin
    assert holder.stdout
    try:
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.stdin.close()
        holder.wait(20)
        holder.stdout.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, make_app: Callable[..., Flask]) -> Browse:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.3)
    return Browse(make_app())


def test_a_locked_database_is_said_loses_nothing_and_works_again(
    impatient: Browse, instance: Path, cast: Cast
) -> None:
    ben, case = impatient(cast.ben), cast.case.url
    files = stored(instance)
    with held(instance):
        refused = ben.post(f"{case}/notes/", 503, title="Second note", body="while locked")
        assert refused.headers["Retry-After"] == "5"
        assert "Nothing was changed; try again in a moment." in refused.text
        refused = ben.post(f"{case}/evidence/", 503, files=[("a.txt", b"some words")], shows="A")
        assert "try again" in refused.text
        assert "The pier was paid for twice." in ben.get(f"{case}/notes/{cast.case.note}").text
        assert "Paid for twice" in ben.get(case + "/").text
    assert stored(instance) == files, "the file of a refused form is gone"
    assert staged(instance) == 0

    ben.post(f"{case}/notes/", 303, title="Second note", body="after the lock")
    ben.post(f"{case}/evidence/", 303, files=[("a.txt", b"some words")], shows="A")
    assert "after the lock" in ben.get(f"{case}/notes/").text
    assert "while locked" not in ben.get(f"{case}/notes/").text
    assert run(instance, "audit", "verify").returncode == 0


def test_search_and_lists_are_read_while_the_database_is_locked(
    impatient: Browse, instance: Path, cast: Cast
) -> None:
    ben = impatient(cast.ben)
    with held(instance):
        assert ben.get("/search?q=pier").find("//article")
        assert "ledger.txt" in ben.get(f"{cast.case.url}/evidence/").text
        assert "was paid for twice" in ben.get(f"{cast.case.url}/notes/").text


def test_an_operator_reads_a_locked_database_and_is_told_that_it_cannot_be_changed(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.3)
    resources = open_resources(settings_for(instance))
    try:
        with held(instance):
            rows = operator_sql.run(resources, "SELECT count(*) AS n FROM note", write=False)
            assert rows == [{"n": 2}]
            with pytest.raises(BusyError, match="Nothing was changed"):
                operator_sql.run(resources, "UPDATE note SET number = 7", write=True)
    finally:
        resources.database.close()
