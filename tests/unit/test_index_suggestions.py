from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.index_scene import Scene, search

if TYPE_CHECKING:
    from casefile.index import Index


@pytest.fixture
def mine() -> Scene:
    scene = Scene(1)
    for _ in range(12):
        scene.save(
            "The prosecutor asked the bank. Прокуратура запросила банк. Прокурор жооп берди."
        )
    scene.save("The protector and the orchard.")
    return scene


@pytest.fixture
def theirs() -> Scene:
    scene = Scene(2)
    for _ in range(40):
        scene.save("The procedure of the banquet hall. Прокуренный банкет.")
    return scene


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("prosecuter", "prosecutor"),
        ("prosecutro", "prosecutor"),
        ("Prosecuter", "Prosecutor"),
        ("прокуратара", "прокуратура"),
        ("bamk", "bank"),
        ("bamk prosecuter", "bank prosecutor"),
        ("prosecuter OR nothing", "prosecutor OR nothing"),
        ("(prosecuter) kind:note", "(prosecutor) kind:note"),
        ("prosecuter -orchard", "prosecutor -orchard"),
    ],
)
def test_a_misspelt_word_is_put_right(index: Index, mine: Scene, query: str, expected: str) -> None:
    results = search(index, mine, query)

    assert results.suggestion == expected
    assert search(index, mine, expected).total == 12


@pytest.mark.parametrize(
    "query",
    [
        "bank",
        "prosecutors",
        "банка",
        "bank orchard",
        "orchard",
        "-bank",
        "xqzw",
        "bonk*",
        '"bamk"',
        "kind:evidence",
        "12345",
        "",
        "bank kind:evidence",
    ],
)
def test_what_is_known_or_like_nothing_gets_no_suggestion(
    index: Index, mine: Scene, query: str
) -> None:
    assert search(index, mine, query).suggestion is None


def test_suggestions_come_from_ones_own_cases_only(
    index: Index, mine: Scene, theirs: Scene
) -> None:
    search(index, theirs, "banquet")

    assert search(index, mine, "banquat").suggestion is None
    assert search(index, [mine, theirs], "banquat").suggestion == "banquet"
    assert index.complete([mine.shard()], "banq") == []
    assert index.complete([theirs.shard()], "pros") == []


def test_the_frequent_neighbour_is_suggested(index: Index, mine: Scene, theirs: Scene) -> None:
    mine.save("The banks of the bans.")

    assert search(index, [mine, theirs], "bamk").suggestion == "bank"


def test_a_word_is_completed_most_frequent_first(index: Index, mine: Scene, theirs: Scene) -> None:
    search(index, [mine, theirs], "bank")

    assert index.complete([mine.shard()], "pro") == ["prosecutor", "protector"]
    assert index.complete([mine.shard(), theirs.shard()], "pro") == [
        "procedure",
        "prosecutor",
        "protector",
    ]
    assert index.complete([mine.shard()], "прок") == ["прокуратура", "прокурор"]
    assert index.complete([mine.shard()], "PRO", limit=1) == ["prosecutor"]


def test_what_was_typed_before_stays(index: Index, mine: Scene) -> None:
    search(index, mine, "bank")

    assert index.complete([mine.shard()], "orchard -pros") == ["orchard -prosecutor"]
    assert index.complete([mine.shard()], "author:ann ba") == ["author:ann bank"]


@pytest.mark.parametrize("text", ["", " ", "bank ", "!", "*", "xqzw", "\ud800", "\0", "x" * 10_000])
def test_nothing_can_become_of_nothing(index: Index, mine: Scene, text: str) -> None:
    search(index, mine, "bank")

    assert index.complete([mine.shard()], text) == []
    assert index.complete([], "ba") == []


def test_a_deleted_word_is_not_offered(index: Index, mine: Scene) -> None:
    note = mine.save("Quixotic.")
    search(index, mine, "bank")
    assert index.complete([mine.shard()], "quix") == ["quixotic"]
    mine.delete(note)

    assert search(index, mine, "quixotik").suggestion is None
    assert index.complete([mine.shard()], "quix") == []
