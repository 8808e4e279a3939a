from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlcipher3 import dbapi2 as sqlite

from casefile.index import Index, sealed, verify, verify_open
from tests.index_scene import PLANTED, Scene, found, path_of, raw, search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


OLD = b"\x07" * 32


def test_a_shard_thrown_away_by_another_process_is_noticed(
    index: Index, folder: Path, scene: Scene
) -> None:
    scene.save("bank")
    search(index, scene, "bank")
    other = Index(folder)
    other.forget(scene.case_id)
    assert search(index, scene, "bank").total == 1
    assert path_of(folder, scene).exists()
    scene.save("bank")
    assert search(other, scene, "bank").total == 2
    assert search(index, scene, "bank").total == 2
    other.close()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(100, len(content), 1000):
        content[at] ^= 0xFF
    path.write_bytes(content)


def flip_the_end(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4096:] = bytes(byte ^ 1 for byte in content[-4096:])
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": flip,
    "flipped at its end": flip_the_end,
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut to an odd size": lambda path: os.truncate(path, path.stat().st_size - 100),
    "cut to one page": lambda path: os.truncate(path, 4096),
    "empty": lambda path: os.truncate(path, 0),
    "noise": lambda path: path.write_bytes(os.urandom(9000)),
    "text": lambda path: path.write_text("bank " * 1000),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_is_built_anew(
    index: Index, folder: Path, scene: Scene, damage: str
) -> None:
    notes = {scene.save(f"bank number{number} court{number % 7}").id for number in range(150)}
    index.catch_up(scene.shard())
    index.close()
    DAMAGES[damage](path_of(folder, scene))

    assert found(index, scene, "bank") == notes
    assert len(found(index, scene, "court3")) == 21
    last = scene.save("bank court3")
    assert found(index, scene, "bank") == {*notes, last.id}
    index.close()
    assert verify(folder) == []
    assert verify_open(folder, scene.shard()) == []


@pytest.mark.slow
def test_no_page_of_a_shard_can_be_damaged_without_being_noticed(
    index: Index, folder: Path, scene: Scene
) -> None:
    for number in range(150):
        scene.save(f"bank number{number} court{number % 7}", title="pier")
    index.catch_up(scene.shard())
    index.close()
    content = path_of(folder, scene).read_bytes()
    for at in range(0, len(content), 4096):
        damaged = bytearray(content)
        damaged[at : at + 4096] = os.urandom(4096)
        path_of(folder, scene).write_bytes(damaged)

        assert search(index, scene, "bank").total == 150, at
        assert search(index, scene, "ban* pier").total == 150, at
        assert search(index, scene, "court3 -number3").total == 20, at
        index.close()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_shard_damaged_under_our_hands_heals_at_last(
    index: Index, folder: Path, scene: Scene, damage: str
) -> None:
    for number in range(50):
        scene.save(f"bank number{number}")
    search(index, scene, "bank")
    DAMAGES[damage](path_of(folder, scene))

    for _ in range(3):
        scene.save("bank")
        results = search(index, scene, "bank")
        assert results.total == scene.change or results.behind
    index.close()
    assert search(index, scene, "bank").total == 53


def test_another_cases_file_is_not_taken_for_ones_own(index: Index, folder: Path) -> None:
    one, other = Scene(1), Scene(2)
    other.key = one.keys[0][1]
    for scene, text in ((one, "bank"), (other, "orchard")):
        scene.save(text)
        index.catch_up(scene.shard())
    index.close()
    shutil.copyfile(path_of(folder, other), path_of(folder, one))

    assert search(index, one, "orchard").total == 0
    assert search(index, one, "bank").total == 1


def test_a_file_of_an_earlier_format_is_built_anew(
    index: Index, folder: Path, scene: Scene
) -> None:
    scene.save("bank")
    index.catch_up(scene.shard())
    index.close()
    with raw(folder, scene) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    assert search(index, scene, "bank").total == 1


def test_a_file_whose_words_were_made_otherwise_is_of_another_format() -> None:
    script = "import sys; sys.modules['Stemmer'] = None; "
    script += "from casefile.index.sealed import FORMAT; print(FORMAT)"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(other.stdout) != sealed.FORMAT


def test_the_operator_sees_what_is_not_a_sealed_shard(
    index: Index, folder: Path, scene: Scene
) -> None:
    for _ in range(300):
        scene.save(PLANTED)
    index.catch_up(scene.shard())
    assert verify(folder) == []
    index.close()
    assert verify(folder) == []
    other = folder / f"{Scene(5).case_id}.db"
    with sqlite.connect(other) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'in clear' AS text")
    connection.close()
    (folder / "notes.txt").write_text("in clear")
    (folder / f"{Scene(6).case_id}.db").write_bytes(os.urandom(5000))
    (folder / f"{Scene(7).case_id}.db-wal").write_bytes(b"")
    (folder / f"{Scene(8).case_id}.db").write_text("bank " * 4096)
    (folder / "folder").mkdir()
    (folder / "link.db").symlink_to(other)

    problems = {problem.path.name: problem.reason for problem in verify(folder)}
    assert problems == {
        other.name: "is not sealed",
        "notes.txt": "is not named after a case",
        f"{Scene(6).case_id}.db": "has an odd size",
        f"{Scene(7).case_id}.db-wal": "belongs to a shard that is gone",
        f"{Scene(8).case_id}.db": "is not sealed",
        "folder": "is not a file",
        "link.db": "is not a file",
    }


def test_a_member_can_have_a_shard_read_through(index: Index, folder: Path, scene: Scene) -> None:
    for number in range(200):
        scene.save(f"bank number{number}")
    assert "missing" in verify_open(folder, scene.shard())[0].reason
    index.catch_up(scene.shard())
    assert verify_open(folder, scene.shard()) == []
    assert "newest key" in verify_open(folder, scene.shard(keys=[(1, OLD)]))[0].reason
    index.close()
    flip_the_end(path_of(folder, scene))
    assert verify_open(folder, scene.shard())
