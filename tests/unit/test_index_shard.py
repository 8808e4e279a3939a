from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlcipher3 import dbapi2 as sqlite

from casefile.errors import BusyError, FullError
from casefile.index import CatchUp, Index, Query, sealed, verify, verify_open
from casefile.index.writing import FIRST_WINDOW
from tests.index_scene import ANN, BEN, NOW, Scene, found, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from casefile.index import Results

OLD, NEW = b"\x07" * 32, b"\x08" * 32
PLANTED = "Aardvarkington муравьедова кумурскажегич"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    opened = Index(folder)
    yield opened
    opened.close()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def path_of(folder: Path, scene: Scene) -> Path:
    return folder / f"{scene.case_id}.db"


def raw(folder: Path, scene: Scene, key: bytes | None = None) -> sqlite.Connection:
    connection = sqlite.connect(path_of(folder, scene), isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{(key or scene.keys[0][1]).hex()}'\"")
    return connection


def test_a_shard_follows_its_case(index: Index, scene: Scene) -> None:
    assert index.catch_up(scene.shard()) == CatchUp(0, 0)
    note = scene.save("bank")
    assert index.catch_up(scene.shard()) == CatchUp(1, 1)
    assert found(index, scene, "bank") == {note.id}
    scene.save("court", id=note.id)
    assert index.catch_up(scene.shard()).complete
    assert found(index, scene, "bank") == set()
    assert found(index, scene, "court") == {note.id}
    scene.delete(note)
    assert index.catch_up(scene.shard()).complete
    assert found(index, scene, "court") == set()
    assert search(index, scene, "-nothing").total == 0


def test_a_search_brings_its_shards_up_to_date(index: Index, scene: Scene) -> None:
    scene.save("bank")
    assert search(index, scene, "bank").total == 1
    scene.save("bank")
    assert search(index, scene, "bank").total == 2
    search(index, scene, "bank")
    assert scene.asked == [(0, 1), (1, 2)]


def test_all_pages_of_a_document_go_with_it(index: Index, scene: Scene) -> None:
    file = scene.save("statement", kind="evidence", tags=("land",))
    scene.save("bank", id=file.id, page=1)
    scene.save("court", id=file.id, page=2)
    other = scene.save("orchard")
    assert len(found(index, scene, "-nothing")) == 2
    scene.delete(file)

    assert found(index, scene, "-nothing") == {other.id}
    assert found(index, scene, "bank OR court OR statement OR tag:land") == set()


def test_a_document_can_be_written_again(index: Index, scene: Scene) -> None:
    file = scene.save("statement", title="Before", author_id=ANN, tags=("land",))
    scene.save("bank", id=file.id, page=1, author_id=ANN)
    assert found(index, scene, "bank author:айбек tag:land before") == {file.id}
    after = scene.save("statement", title="After", id=file.id, author_id=BEN)
    scene.keep(replace(after, title="", text="bank", page=1))

    assert found(index, scene, "bank author:ben after") == {file.id}
    assert found(index, scene, "bank author:айбек") == set()
    assert found(index, scene, "tag:land OR before") == set()


def test_changes_come_in_windows_and_gaps_are_stepped_over(index: Index, scene: Scene) -> None:
    note = scene.save("first bank")
    for _ in range(3 * FIRST_WINDOW):
        scene.save("bank again", id=note.id)
    for _ in range(FIRST_WINDOW):
        scene.save("bank")

    assert index.catch_up(scene.shard()).complete
    assert search(index, scene, "bank").total == FIRST_WINDOW + 1
    spans = [until - since for since, until in scene.asked]
    assert spans[0] == FIRST_WINDOW
    assert len(spans) <= 4


def test_a_catch_up_that_runs_out_of_time_says_how_far_it_came_and_goes_on(
    index: Index, scene: Scene
) -> None:
    for _ in range(FIRST_WINDOW + 40):
        scene.save("bank " * 20)

    done = [index.catch_up(scene.shard(), budget_seconds=0).done]
    results = search_with_no_time(index, scene)
    assert results.behind[scene.case_id].total == FIRST_WINDOW + 40
    assert f"of {FIRST_WINDOW + 40:,} indexed" in results.notices[-1]
    while done[-1] < scene.change:
        done.append(index.catch_up(scene.shard(), budget_seconds=0.02).done)
        assert len(done) < 1000
    assert done == sorted(done)
    assert search(index, scene, "bank").total == FIRST_WINDOW + 40


def search_with_no_time(index: Index, scene: Scene) -> Results:
    return index.search([scene.shard()], Query("bank"), now=NOW, catch_up_seconds=0)


def test_a_file_of_very_many_pages_is_done_even_in_short_steps(index: Index, scene: Scene) -> None:
    file = scene.save("statement", kind="evidence")
    for page in range(1, 60):
        scene.keep(replace(file, change=2, page=page, text=f"bank page{page}"))

    for _ in range(200):
        if index.catch_up(scene.shard(), budget_seconds=0.001).complete:
            break
    assert [hit.page for hit in search(index, scene, "page59").hits] == [59]
    assert search(index, scene, "bank").total == 1


def test_what_is_written_in_one_change_may_come_in_any_order(index: Index, scene: Scene) -> None:
    documents = [scene.save(f"bank number{number}") for number in range(20)]
    scene.documents = dict(reversed(scene.documents.items()))

    assert found(index, scene, "bank") == {document.id for document in documents}


def test_a_failing_source_leaves_the_shard_as_it_was(index: Index, scene: Scene) -> None:
    first = scene.save("bank")
    index.catch_up(scene.shard())
    scene.save("court")

    def failing(since: int, until: int) -> Iterator[object]:
        yield from scene.since(since, until)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        index.catch_up(scene.shard(documents=failing))
    assert found(index, scene, "bank") == {first.id}
    assert search(index, scene, "court").total == 1


def test_a_database_that_was_put_back_has_its_shard_built_anew(index: Index, scene: Scene) -> None:
    kept = scene.save("bank")
    lost = scene.save("bank and court")
    index.catch_up(scene.shard())
    del scene.documents[lost.id, 0]
    scene.change = 1

    assert index.catch_up(scene.shard()) == CatchUp(1, 1)
    assert found(index, scene, "bank") == {kept.id}


def test_a_caller_whose_number_is_old_throws_nothing_away(
    index: Index, folder: Path, scene: Scene
) -> None:
    scene.save("bank")
    old = scene.shard()
    scene.save("bank")
    index.catch_up(scene.shard())
    before = path_of(folder, scene).stat().st_ino

    assert index.catch_up(old) == CatchUp(1, 1)
    assert path_of(folder, scene).stat().st_ino == before
    assert search(index, scene, "bank").total == 2


def test_a_forgotten_shard_leaves_no_file_and_comes_back(
    index: Index, folder: Path, scene: Scene
) -> None:
    scene.save("bank")
    assert search(index, scene, "bank").total == 1
    index.forget(scene.case_id)
    assert list(folder.iterdir()) == []
    index.forget(scene.case_id)
    assert search(index, scene, "bank").total == 1


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


def test_two_threads_that_catch_up_at_once_write_everything_once(
    index: Index, scene: Scene
) -> None:
    for number in range(400):
        scene.save(f"bank number{number}")
    barrier = Barrier(8)

    def catch_up(_: int) -> CatchUp:
        barrier.wait()
        return index.catch_up(scene.shard())

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(catch_up, range(8))) == {CatchUp(400, 400)}
    assert search(index, scene, "bank").total == 400
    assert len(scene.asked) == 2


PROCESS = """
import sys
from pathlib import Path
from casefile.index import Index
from tests.index_scene import Scene, search
scene = Scene()
for number in range(600):
    scene.save(f"bank number{number}")
index = Index(Path(sys.argv[1]))
done = index.catch_up(scene.shard())
print(done.done, search(index, scene, "bank").total, search(index, scene, "number599").total)
"""


def test_processes_that_catch_up_at_once_end_with_one_shard(folder: Path, scene: Scene) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=120) for process in running]

    assert answers == [("600 600 1\n", "")] * 3
    for number in range(600):
        scene.save(f"bank number{number}")
    assert verify_open(folder, scene.shard()) == []


def test_a_locked_shard_is_busy_to_a_writer_and_named_to_a_reader(
    index: Index, folder: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casefile.index.writing.LOCK_SECONDS", 0.1)
    scene.save("bank")
    index.catch_up(scene.shard())
    index.close()
    scene.save("bank")
    holder = raw(folder, scene)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(BusyError, match="Try again"):
        index.catch_up(scene.shard())
    results = search(index, scene, "bank")
    assert results.total == 1
    assert results.behind == {scene.case_id: CatchUp(1, 2)}
    assert results.notices == ["1 of 2 indexed so far."]
    assert index.catch_up(scene.shard(), budget_seconds=0.1) == CatchUp(1, 2)
    holder.execute("ROLLBACK")
    holder.close()
    assert search(index, scene, "bank").total == 2


def test_a_full_disk_is_said_to_a_writer_and_named_to_a_reader(index: Index, scene: Scene) -> None:
    scene.save("bank")
    index.catch_up(scene.shard())
    for number in range(200):
        scene.save(f"bank {number} " + " ".join(f"word{number}x{i}" for i in range(60)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises((FullError, BusyError)):
            index.catch_up(scene.shard())
        results = search(index, scene, "bank")
        assert list(results.behind) == [scene.case_id]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert search(index, scene, "bank").total == 201


def test_a_folder_that_cannot_be_used_is_no_error_to_a_reader(tmp_path: Path, scene: Scene) -> None:
    index = Index(tmp_path / "index")
    scene.save("bank")
    path_of(tmp_path / "index", scene).mkdir()

    assert list(search(index, scene, "bank").behind) == [scene.case_id]
    with pytest.raises(BusyError):
        index.catch_up(scene.shard())


def test_odd_documents_are_indexed(index: Index, scene: Scene) -> None:
    odd = [
        scene.save(""),
        scene.save("", title="only title"),
        scene.save("bank\0court \ud800 half"),
        scene.save("x" * 100_000 + " bank"),
        scene.save("| + # ! bank" + "\u0301" * 1000),
        scene.save("bank", title="\ud800", author="\ud800", tags=("\ud800", "", "a" * 1000)),
        scene.save("1" * 5000 + " bank"),
        scene.save("bank " * 50_000),
    ]

    assert search(index, scene, "bank").total == 6
    assert search(index, scene, "-nothing").total == len(odd)
    assert search(index, scene, "title").total == 1


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


def test_open_shards_stay_within_their_memory(tmp_path: Path) -> None:
    scenes = [Scene(number) for number in range(1, 61)]
    for scene in scenes:
        for number in range(30):
            scene.save(f"bank number{number} " * 10)
    index = Index(tmp_path, memory_mb=4)
    search(index, scenes, "bank")
    shards = index._shards._open
    held = sum(opened.connections for opened in shards._open.values())
    assert held == shards._connections
    assert held * (96 + 130) <= 4 * 1024
    for opened in shards._open.values():
        for lease in opened.idle:
            assert lease.connection.execute("PRAGMA cache_size").fetchone() == (-lease.cache_kib,)
            assert lease.cache_kib == shards._cache_kib
    index.close()
    assert shards._connections == 0


def test_a_save_among_many_does_not_read_the_others_again(index: Index, scene: Scene) -> None:
    for number in range(300):
        scene.save(f"bank number{number}")
    index.catch_up(scene.shard())
    scene.asked.clear()
    start = time.perf_counter()
    for _ in range(30):
        scene.save("bank")
        index.catch_up(scene.shard())

    assert time.perf_counter() - start < 10
    assert scene.asked == [(300 + number, 301 + number) for number in range(30)]


def test_pages_a_file_no_longer_has_are_not_found(index: Index, scene: Scene) -> None:
    file = scene.save("the record", kind="evidence")
    for page in (1, 2, 3):
        scene.keep(replace(file, page=page, text=f"bank leaf{page}"))
    assert found(index, scene, "leaf3") == {file.id}

    scene.documents.clear()
    again = scene.keep(replace(file, change=scene.change + 1))
    scene.keep(replace(again, page=1, text="bank leaf1"))

    assert found(index, scene, "leaf3") == found(index, scene, "leaf2") == set()
    assert found(index, scene, "leaf1") == found(index, scene, "record") == {file.id}
