from __future__ import annotations

import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from casefile.errors import BusyError, FullError
from casefile.index import CatchUp, Index, sealed, verify_open
from tests.index_scene import Scene, path_of, raw, search


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


def programme(text: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", text, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


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


@pytest.mark.slow
def test_processes_that_catch_up_at_once_end_with_one_shard(folder: Path, scene: Scene) -> None:
    running = [programme(PROCESS, folder) for _ in range(3)]
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_whoever_opens_a_file_that_another_is_making_waits(folder: Path, scene: Scene) -> None:
    folder.mkdir()
    maker = raw(folder, scene)
    maker.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(
            sealed.open_sealed,
            *(path_of(folder, scene), scene.case_id.bytes, scene.keys),
            cache_kib=1_000,
        )
        with pytest.raises(TimeoutError):
            opening.result(0.2)
        maker.execute("ROLLBACK")
        opening.result(10).close()
    maker.close()
