from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from casefile.index import CatchUp, Index, Query
from casefile.index.writing import FIRST_WINDOW
from tests.index_scene import ANN, BEN, NOW, Scene, found, path_of, search

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from casefile.index import Results


OLD, NEW = b"\x07" * 32, b"\x08" * 32


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
