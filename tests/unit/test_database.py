from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from casefile import db

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from casefile.db import Database

LOG = "newsroom.db-wal"
PLENTY = 30


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = db.open_file(tmp_path / "newsroom.db", bytes(32))
    write(opened, "CREATE TABLE word (word TEXT)")
    yield opened
    opened.close()


def write(database: Database, statement: str) -> None:
    with database.writing() as session:
        session.execute(text(statement))
        session.commit()


def test_a_checkpoint_leaves_an_empty_log(database: Database, tmp_path: Path) -> None:
    assert (tmp_path / LOG).stat().st_size > 0

    assert db.checkpoint(database)
    assert (tmp_path / LOG).stat().st_size == 0


def test_a_checkpoint_waits_for_readers_and_stands_in_no_writers_way(
    database: Database, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool, database.reading() as reader:
        reader.execute(text("SELECT * FROM word"))
        write(database, "INSERT INTO word VALUES ('pier')")
        emptied = pool.submit(db.checkpoint, database)
        time.sleep(0.3)
        began = time.monotonic()
        write(database, "INSERT INTO word VALUES ('quay')")

        assert time.monotonic() - began < db.BUSY_SECONDS / 3
        assert not emptied.done()
        reader.rollback()
        assert emptied.result(PLENTY)
    assert (tmp_path / LOG).stat().st_size == 0


def test_a_checkpoint_that_a_reader_never_lets_through_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.2)
    with database.reading() as reader:
        reader.execute(text("SELECT * FROM word"))
        write(database, "INSERT INTO word VALUES ('pier')")

        assert not db.checkpoint(database)
