from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlcipher3 import dbapi2 as sqlite

from casefile.index import CatchUp, Index, Query
from tests.index_scene import NOW, PLANTED, Scene, path_of, raw, search

if TYPE_CHECKING:
    from pathlib import Path


OLD, NEW = b"\x07" * 32, b"\x08" * 32


def test_a_shard_under_an_older_key_is_sealed_with_the_newest(
    index: Index, folder: Path, scene: Scene
) -> None:
    scene.save("bank")
    index.catch_up(scene.shard(keys=[(1, OLD)]))
    inode = path_of(folder, scene).stat().st_ino
    scene.asked.clear()

    assert index.catch_up(scene.shard(keys=[(2, NEW), (1, OLD)])).complete
    assert scene.asked == []
    assert path_of(folder, scene).stat().st_ino == inode
    index.close()
    with raw(folder, scene, NEW) as connection:
        assert connection.execute("SELECT change FROM state").fetchone() == (1,)
    connection.close()
    connection = raw(folder, scene, OLD)
    with pytest.raises(sqlite.DatabaseError):
        connection.execute("SELECT change FROM state")
    connection.close()


def test_a_shard_of_which_no_key_is_held_is_built_anew(index: Index, scene: Scene) -> None:
    scene.save("bank")
    index.catch_up(scene.shard(keys=[(1, OLD)]))
    index.close()

    assert index.catch_up(scene.shard(keys=[(2, NEW)])).complete
    assert scene.asked == [(0, 1), (0, 1)]


def test_whoever_has_another_key_gets_nothing_of_an_open_shard(index: Index, scene: Scene) -> None:
    scene.save("bank")
    index.catch_up(scene.shard(keys=[(2, NEW)]))

    def nothing(_since: int, _until: int) -> list[object]:
        return []

    for keys in ([(1, OLD)], [(1, NEW[:31] + b"x")], [(2, OLD)], [(3, OLD)]):
        thief = scene.shard(keys=keys, documents=nothing)
        results = index.search([thief], Query("bank"), now=NOW)
        assert results.total == 0
        assert results.hits == []
        assert index.complete([thief], "ba") == []
    assert index.search([scene.shard(keys=[(4, NEW)])], Query("bank"), now=NOW).total == 1


def test_a_caller_with_an_old_generation_does_not_disturb_the_shard(
    index: Index, folder: Path, scene: Scene
) -> None:
    scene.save("bank")
    index.catch_up(scene.shard(keys=[(2, NEW), (1, OLD)]))
    inode = path_of(folder, scene).stat().st_ino

    assert index.catch_up(scene.shard(keys=[(1, OLD)])) == CatchUp(0, 1)
    assert path_of(folder, scene).stat().st_ino == inode


def test_nothing_is_on_disk_in_clear(index: Index, folder: Path, scene: Scene) -> None:
    note = scene.save(PLANTED, title=PLANTED, author=PLANTED, tags=(PLANTED,))
    for _ in range(300):
        scene.save("bank " + PLANTED)
    index.catch_up(scene.shard())
    search(index, scene, PLANTED)
    search(index, scene, "Aardvark* муравьедов~")
    scene.delete(note)
    index.catch_up(scene.shard())

    def clear_words() -> set[tuple[str, bytes]]:
        content = {path.name: path.read_bytes().lower() for path in folder.rglob("*")}
        words = [
            part.encode(code)
            for part in (*PLANTED.lower().split(), "aardvark", "кумурска")
            for code in ("utf-8", "utf-16-le")
        ] + [scene.keys[0][1], b"sqlite format"]
        return {(name, w) for name, data in content.items() for w in words if w in data}

    names = {path.name for path in folder.iterdir()}
    assert f"{scene.case_id}.db-wal" in names
    assert clear_words() == set()
    index.close()
    assert clear_words() == set()
    assert path_of(folder, scene).stat().st_mode & 0o077 == 0


def test_the_text_itself_is_not_kept(index: Index, folder: Path, scene: Scene) -> None:
    scene.save("Whole sentences of a text are not in the shard.", title="Bank")
    index.catch_up(scene.shard())
    index.close()
    with raw(folder, scene) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        values = [
            value
            for table in tables
            if table not in {"fts", "occurrence", "vocabulary"}
            for row in connection.execute(f"SELECT * FROM {table}")
            for value in row
        ]
    connection.close()
    texts = [value for value in values if isinstance(value, str)]
    assert not [text for text in texts if "sentences of" in text.lower()]
    assert not [value for value in values if isinstance(value, bytes) and b"sentences of" in value]


def test_the_pragmas_that_keep_it_sealed_are_set(index: Index, scene: Scene) -> None:
    scene.save("bank")
    opened = index._shards.current(scene.shard(), None)
    execute = opened.idle[0].connection.execute
    pragmas = "journal_mode secure_delete temp_store trusted_schema cell_size_check".split()
    assert [execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas] == ["wal", 1, 2, 0, 1]


def test_a_key_of_another_length_is_refused(index: Index, scene: Scene) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        index.catch_up(scene.shard(keys=[(1, b"short")]))
