from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from casefile.index import Document, Index, Query
from casefile.index.expansion import MOST_TERMS
from tests.index_scene import ANN, BEN, EARLY, WORDS, Scene, search

if TYPE_CHECKING:
    from pathlib import Path


def test_a_day_begins_when_it_does_for_the_searcher(index: Index, scene: Scene) -> None:
    scene.save("late", created_at=datetime(2024, 4, 30, 19, tzinfo=UTC))

    assert search(index, scene, "after:2024-05-01").total == 0
    assert search(index, scene, "after:2024-05-01", timezone=ZoneInfo("Asia/Bishkek")).total == 1


def test_title_counts_more_than_exact_more_than_name_more_than_stem(
    index: Index, scene: Scene
) -> None:
    stem = scene.save("Матраимовым заплачено за дом и сад")
    exact = scene.save("Матраимов платил за дом и сад там")
    name = scene.save("Matraimov paid for house and garden")
    title = scene.save("Платил за дом и сад вчера", title="Матраимов")

    order = [hit.id for hit in search(index, scene, "Матраимов").hits]
    assert order.index(title.id) == 0
    assert order.index(exact.id) == 1
    assert {name.id, stem.id} == set(order[2:])


def test_the_newest_comes_first_among_equals(index: Index) -> None:
    scenes = [Scene(1), Scene(2), Scene(3)]
    notes = [scene.save("The same bank.") for _ in range(4) for scene in scenes]
    notes.sort(key=lambda note: (note.created_at, -note.id.int), reverse=True)

    for query in ("bank", "bank same", '"same bank"', "ba*", "-pier", "kind:note"):
        hits = search(index, scenes, query).hits
        assert [hit.created_at for hit in hits] == [note.created_at for note in notes], query


def crowd(number: int) -> list[Document]:
    chance = random.Random(number)
    scene = Scene(9)
    for _ in range(number):
        scene.save(
            " ".join(chance.choices(WORDS, k=chance.randint(3, 40))),
            title=" ".join(chance.choices(WORDS, k=chance.randint(0, 3))),
            author_id=chance.choice([ANN, BEN]),
            created_at=EARLY + timedelta(days=chance.randrange(40)),
        )
    return list(scene.documents.values())


def split(documents: list[Document], cases: int) -> list[Scene]:
    scenes = [Scene(number + 1) for number in range(cases)]
    chance = random.Random(cases)
    for document in documents:
        # Uneven on purpose: what is rare in a small case may be frequent elsewhere.
        scene = scenes[min(int(chance.random() ** 2 * cases), cases - 1)]
        scene.change += 1
        scene.keep(replace(document, change=scene.change))
    return [scene for scene in scenes if scene.documents]


@pytest.mark.slow
def test_the_order_is_that_of_one_index_however_the_cases_are_cut(tmp_path: Path) -> None:
    documents = crowd(300)
    orders: dict[str, list[list[tuple[UUID, float]]]] = {}
    for cases in (1, 5, 50):
        index = Index(tmp_path / str(cases), memory_mb=8)
        scenes = split(documents, cases)
        for query in [
            "bank",
            "bank court",
            "Матраимов orchard",
            "bank OR pier OR loan",
            '"bank court" OR суд',
            "ban* court",
            "b*k 77",
            "bank -court",
            "pier (суд OR -bank)",
            "banc~ loan",
            "kind:note",
            "bank court author:ben",
            "школа жол after:2024-01-20",
        ]:
            hits = search(index, scenes, query, size=200).hits
            assert hits, query
            orders.setdefault(query, []).append([(hit.id, round(hit.score, 9)) for hit in hits])
        index.close()
    for query, (whole, *parts) in orders.items():
        for part in parts:
            assert part == whole, query


def test_a_rare_word_in_a_small_case_is_not_overrated(index: Index) -> None:
    large, small = Scene(1), Scene(2)
    for _ in range(50):
        large.save("bank and court and pier")
    rare = large.save("bank and orchard and pier")
    small.save("court and court and pier")
    many = [small.save("other things altogether") for _ in range(3)]

    hits = search(index, [large, small], "court OR orchard").hits
    assert hits[0].id == rare.id
    assert not {note.id for note in many} & {hit.id for hit in hits}


def test_pages_of_results_are_cut_from_one_order(index: Index) -> None:
    scenes = split(crowd(120), 7)
    for query in ("bank", "bank court", "kind:note", "-bank", "ban*"):
        whole = search(index, scenes, query, size=200)
        pages = [
            search(index, scenes, query, page=number, size=9)
            for number in range(1, whole.total // 9 + 3)
        ]
        assert [hit.id for page in pages for hit in page.hits] == [hit.id for hit in whole.hits]
        assert {page.total for page in pages} == {whole.total}
        assert pages[0].pages == -(-whole.total // 9)
    assert search(index, scenes, "bank", page=10**30).hits == []
    assert search(index, scenes, "bank", page=-5).page == 1


def test_facets_count_what_a_filter_would_leave(index: Index) -> None:
    scenes = split(crowd(120), 4)
    fields: dict[str, str] = {
        "kind": "kind",
        "author": "author_id",
        "language": "language",
        "case": "case_id",
    }
    for text in ("bank", "bank court", "-bank", "ban* OR суд"):
        facets = search(index, scenes, text).facets
        for name, field in fields.items():
            for facet in facets[name]:
                value = UUID(facet.value) if name in {"author", "case"} else facet.value
                asked: dict[str, Any] = {field: value}
                filtered = search(index, scenes, Query(text, **asked))
                assert filtered.total == facet.count, (text, facet)
    labels = {facet.label for facet in search(index, scenes, "bank").facets["author"]}
    assert labels == {"Айбек Касымов", "Ben Stone"}


def test_an_author_is_shown_by_the_newest_name(index: Index, scene: Scene) -> None:
    scene.save("bank", author_id=BEN)
    search(index, scene, "bank")
    scene.save("court", author_id=BEN, author="Ben Rock")

    assert [hit.author for hit in search(index, scene, "bank").hits] == ["Ben Rock"]
    assert search(index, scene, "author:rock").total == 2
    assert search(index, scene, "author:stone").total == 0


def test_a_pattern_that_fits_very_many_words_is_bounded_and_says_so(
    index: Index, scene: Scene
) -> None:
    scene.save(" ".join(f"word{number}x" for number in range(MOST_TERMS + 1)))
    assert search(index, scene, "w*x").total == 1
    assert "words fit" in search(index, scene, "w*x").notices[0]
    assert search(index, scene, "word1*x").notices == []
    assert search(index, scene, "word*").notices == []
