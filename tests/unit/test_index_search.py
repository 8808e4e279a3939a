from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from casefile.index import Index, Query, parse
from casefile.index.compile import Plan
from tests.index_scene import BEN, Scene, found, search

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "query",
    [
        "school",
        "schools",
        "SCHOOL",
        "школа",
        "школой",
        "мектеп",
        "мектептерде",
        "Матраимов",
        "matraimov",
        "Матраимовдун",
        '"new school"',
        '"new schools"',
        "sch*",
        "*ool",
        "s*l",
        "scool~",
        "school -orchard",
        "orchard OR school",
        "-orchard",
    ],
)
def test_a_word_is_found_in_all_its_forms(index: Index, scene: Scene, query: str) -> None:
    note = scene.save(
        "The new school was paid for by Matraimov. Построили новую школу. Жаңы мектеп салынды."
    )
    scene.save("An orchard.")
    if query == "orchard OR school":
        assert len(found(index, scene, query)) == 2
    else:
        assert found(index, scene, query) == {note.id}


def test_words_are_anded_and_may_stand_in_title_and_text(index: Index, scene: Scene) -> None:
    both = scene.save("A loan for a pier.", title="Harbour bank")
    scene.save("A loan for an orchard.", title="Savings")

    assert found(index, scene, "bank loan") == {both.id}
    assert len(found(index, scene, "loan")) == 2


def test_a_phrase_does_not_run_from_the_title_into_the_text(index: Index, scene: Scene) -> None:
    scene.save("loan papers", title="The harbour")
    note = scene.save("The harbour loan")

    assert found(index, scene, '"harbour loan"') == {note.id}


def test_everything_else_is_found_with_only_barred_words(index: Index, scene: Scene) -> None:
    scene.save("bank")
    court = scene.save("court")

    assert found(index, scene, "-bank") == {court.id}
    assert found(index, scene, "-bank -court") == set()
    assert len(found(index, scene, "-pier")) == 2


def test_a_word_on_one_page_and_a_word_on_another_are_in_one_document(
    index: Index, scene: Scene
) -> None:
    file = scene.save("Statement of accounts", title="E-1.pdf", kind="evidence")
    scene.save("Paid to the pier company.", id=file.id, page=1, kind="evidence")
    scene.save("Signed by the orchard. The orchard.", id=file.id, page=2, kind="evidence")
    scene.save("accounts of nobody")

    assert found(index, scene, "accounts pier orchard") == {file.id}
    assert found(index, scene, "pier -orchard") == set()
    assert found(index, scene, '"company signed"') == set()
    results = search(index, scene, "orchard")
    assert [(hit.page, hit.title, hit.kind) for hit in results.hits] == [(2, "E-1.pdf", "evidence")]
    assert search(index, scene, "kind:evidence").hits[0].page == 0
    assert results.facets["kind"][0].count == 1


def test_the_pages_of_a_document_have_one_language_and_one_author(
    index: Index, scene: Scene
) -> None:
    file = scene.save("Statement", title="file", author_id=BEN)
    scene.save("Это было в суде, и он сказал, что так и было при нём.", id=file.id, page=1)
    scene.save("It was so.", id=file.id, page=2)

    assert found(index, scene, "lang:ru") == {file.id}
    assert found(index, scene, "statement lang:en") == set()
    results = search(index, scene, "so")
    assert [(f.label, f.count) for f in results.facets["language"]] == [("ru", 1)]
    assert [(f.label, f.count) for f in results.facets["author"]] == [("Ben Stone", 1)]


def test_filters_narrow_by_the_record(index: Index) -> None:
    harbour = Scene(1, "quiet-harbour")
    orchard = Scene(2, "Long Orchard")
    one = harbour.save(
        "bank", tags=("Land Deals", "bank"), created_at=datetime(2024, 5, 1, tzinfo=UTC)
    )
    two = harbour.save("bank", author_id=BEN, created_at=datetime(2024, 5, 31, 23, tzinfo=UTC))
    three = orchard.save("банк", kind="evidence", created_at=datetime(2025, 1, 1, tzinfo=UTC))
    scenes = [harbour, orchard]

    for text, expected in {
        "author:Айбек": {one, three},
        "author:касымов": {one, three},
        "author:Kasymov": {one, three},
        'author:"Айбек К"': {one, three},
        'author:"Айбек Б"': set(),
        "author:ben": {two},
        "-author:ben": {one, three},
        "kind:evidence": {three},
        "bank -kind:evidence": {one, two},
        "case:quiet-harbour": {one, two},
        'case:"quiet harbour"': {one, two},
        "case:LongOrchard": {three},
        "case:long-orchard OR case:quiet-harbour": {one, two, three},
        "-case:quiet-harbour": {three},
        "case:nowhere": set(),
        "tag:bank": {one},
        'tag:"land deals"': {one},
        "tag:#bank": {one},
        "tag:land": set(),
        "after:2024-05-01": {one, two, three},
        "after:2024-05-02": {two, three},
        "before:2024-06": {one, two},
        "before:2024-05-31": {one},
        "after:2024-05 before:2024-06": {one, two},
        "after:01.06.2024": {three},
        "after:2025": {three},
        "bank (kind:evidence OR author:ben)": {two},
        "банк (kind:evidence OR author:ben)": {three},
        "author:ben OR tag:bank": {one, two},
        "(author:ben bank) OR kind:evidence": {two, three},
    }.items():
        assert found(index, scenes, text) == {document.id for document in expected}, text
    for query, expected in (
        (Query("bank", author_id=BEN), {two}),
        (Query(kind="evidence"), {three}),
        (Query(case_id=orchard.case_id), {three}),
        (Query("bank", tag="bank"), {one}),
        (Query(after=date(2024, 5, 2), before=date(2024, 6, 1)), {two}),
        (Query(language="ru"), {three}),
    ):
        assert found(index, scenes, query) == {document.id for document in expected}, query


def test_nothing_asked_finds_nothing(index: Index, scene: Scene) -> None:
    scene.save("bank")

    for text in ("", " ", "()", "*", '""'):
        results = search(index, scene, text)
        assert (results.total, results.hits, results.pages) == (0, [], 0)
    assert search(index, [], "bank").total == 0
    assert search(index, Scene(7), "bank").total == 0


def test_a_case_given_twice_is_searched_once(index: Index, scene: Scene) -> None:
    scene.save("bank")

    assert search(index, [scene, scene], "bank").total == 1


@pytest.mark.slow
def test_threads_that_save_and_search_at_once_lose_nothing(index: Index) -> None:
    scenes = [Scene(number) for number in range(1, 5)]

    def save(scene: Scene) -> None:
        for number in range(25):
            scene.save(f"bank note{number}")
            index.catch_up(scene.shard())

    def ask(_: int) -> None:
        for _ in range(20):
            assert search(index, scenes, "bank").total <= 100

    with ThreadPoolExecutor(16) as pool:
        savers = [pool.submit(save, scene) for scene in scenes]
        askers = [pool.submit(ask, number) for number in range(12)]
        for done in (*savers, *askers):
            done.result()
    assert search(index, scenes, "bank").total == 100


@pytest.mark.slow
def test_more_shards_than_can_be_open_are_all_searched(tmp_path: Path) -> None:
    index = Index(tmp_path, memory_mb=1)
    scenes = [Scene(number) for number in range(1, 41)]
    for scene in scenes:
        scene.save("bank")

    for _ in range(3):
        assert search(index, scenes, "bank").total == 40
    with ThreadPoolExecutor(8) as pool:
        totals = pool.map(lambda _: search(index, scenes, "bank").total, range(24))
        assert set(totals) == {40}
    index.close()


def test_a_plan_knows_when_no_set_of_hits_must_be_built() -> None:
    def plan(text: str) -> Plan:
        return Plan(parse(text, date(2026, 1, 1)).tree, UTC)

    assert plan("bank").any_unit_will_do
    assert not plan("bank OR kind:note").any_unit_will_do
    assert plan("(bank OR court) kind:note").any_unit_will_do
    assert plan("bank -court").every_hit_has_a_unit
    assert not plan("bank OR -court").every_hit_has_a_unit
    assert plan("bank court").told_by_weights == "(f0 IS NOT NULL AND f1 IS NOT NULL)"
    assert plan("bank -court").told_by_weights is None
