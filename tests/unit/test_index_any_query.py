from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casefile.index import Index
from tests.index_scene import ANN, BEN, EARLY, WORDS, Page, Scene, found, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID


# A question as text, and whether a document (all its pages) answers it.
Question = tuple[str, "Callable[[list[Page]], bool]"]


def any_page(ask: Callable[[Page], bool]) -> Callable[[list[Page]], bool]:
    return lambda pages: any(ask(page) for page in pages)


def pieces(word: str) -> st.SearchStrategy[Question]:
    first, last = word[:2].lower(), word[-2:].lower()
    return st.sampled_from(
        [
            (word, any_page(lambda page: page.has_word(word))),
            (f"{first}*", any_page(lambda page: page.has_prefix(first))),
            (f"*{last}", any_page(lambda page: page.has_pattern("", last))),
            (f"{first}*{last}", any_page(lambda page: page.has_pattern(first, last))),
            (f"{word}~", any_page(lambda page: page.has_near(word, 1))),
            (f"{word}~2", any_page(lambda page: page.has_near(word, 2))),
        ]
    )


LONG_WORDS = [word for word in WORDS if len(word) > 3]


PHRASES = st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(
    lambda words: (f'"{" ".join(words)}"', any_page(lambda page: page.has_phrase(words)))
)


FIELDS: list[Question] = [
    ("kind:evidence", lambda pages: pages[0].document.kind == "evidence"),
    ("author:ben", lambda pages: pages[0].document.author_id == BEN),
    ("tag:land", lambda pages: "land" in pages[0].document.tags),
    ("after:2024-01-02", lambda pages: pages[0].document.created_at >= EARLY + timedelta(days=1)),
    ("case:quiet-harbour", lambda _: True),
    ("case:nowhere", lambda _: False),
]


def negated(question: Question) -> Question:
    text, answer = question
    return f"-({text})", lambda pages: not answer(pages)


def anded(questions: list[Question]) -> Question:
    answers = [answer for _, answer in questions]
    text = " ".join(f"({text})" for text, _ in questions)
    return text, lambda pages: all(answer(pages) for answer in answers)


def ored(questions: list[Question]) -> Question:
    answers = [answer for _, answer in questions]
    text = " OR ".join(f"({text})" for text, _ in questions)
    return text, lambda pages: any(answer(pages) for answer in answers)


QUESTIONS = st.recursive(
    st.one_of(st.sampled_from(LONG_WORDS).flatmap(pieces), PHRASES, st.sampled_from(FIELDS)),
    lambda inner: st.one_of(
        inner.map(negated),
        st.lists(inner, min_size=2, max_size=3).map(anded),
        st.lists(inner, min_size=2, max_size=3).map(ored),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Index, list[Scene]]]:
    """Two cases of the same name, one of notes only, one of many-paged documents too."""
    chance = random.Random(5)
    scenes = [Scene(1), Scene(2)]
    for scene in scenes:
        for _ in range(60):
            head = scene.save(
                " ".join(chance.choices(WORDS, k=chance.randint(0, 9))),
                title=" ".join(chance.choices(WORDS, k=chance.randint(0, 2))),
                author_id=chance.choice([ANN, BEN]),
                kind=chance.choice(["note", "evidence"]),
                tags=chance.choice([("land",), (), ("land", "court")]),
            )
            for page in range(1, chance.choice([1, 1, 3]) if scene.number == 2 else 1):
                scene.save(
                    " ".join(chance.choices(WORDS, k=6)),
                    **{n: getattr(head, n) for n in ("id", "author_id", "kind", "created_at")},
                    page=page,
                )
    index = Index(tmp_path_factory.mktemp("library"), memory_mb=8)
    yield index, scenes
    index.close()


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(QUESTIONS)
def test_every_query_finds_what_looking_at_every_word_finds(
    library: tuple[Index, list[Scene]], question: Question
) -> None:
    index, scenes = library
    text, answer = question
    for scene in scenes:
        pages: dict[UUID, list[Page]] = {}
        for document in sorted(scene.living(), key=lambda document: document.page):
            pages.setdefault(document.id, []).append(Page(document))
        expected = {number for number, some in pages.items() if answer(some)}
        assert found(index, scene, text) == expected, text


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_searched_for(library: tuple[Index, list[Scene]], text: str) -> None:
    index, scenes = library
    results = search(index, scenes, text)
    assert len(results.hits) == min(results.total, 100)
    assert not results.behind


@pytest.mark.parametrize(
    "text",
    [
        "bank " * 10_000,
        "-bank " * 10_000,
        "bank OR " * 10_000,
        "b* " * 10_000,
        "*a* " * 10_000,
        "bank~2 " * 10_000,
        '"' + "bank " * 10_000 + '"',
        "(" * 1000 + "bank" + ")" * 1000,
        "x" * 100_000,
        "\0bank\0",
        "bank\ud800",
        " OR ".join(f"(a{n} -(b{n} OR -c{n}))" for n in range(200)),
        "' OR 1=1; DROP TABLE fts; --",
        "fts MATCH title : exact ^ NEAR(a b, 2) + *",
    ],
)
def test_hostile_queries_are_answered(library: tuple[Index, list[Scene]], text: str) -> None:
    index, scenes = library
    results = search(index, scenes, text)
    assert not results.behind
    assert search(index, scenes, "bank").total > 0


@pytest.mark.slow
def test_many_threads_get_what_one_gets(library: tuple[Index, list[Scene]]) -> None:
    index, scenes = library
    queries = [
        *WORDS,
        *(f"{a} {b}" for a, b in zip(WORDS, WORDS[3:], strict=False)),
        "ban*",
        "bonk~",
    ]
    alone = {text: search(index, scenes, text) for text in queries}

    def ask(seed: int) -> None:
        mine = list(queries)
        random.Random(seed).shuffle(mine)
        for text in mine:
            results = search(index, scenes, text)
            assert results.hits == alone[text].hits
            assert results.facets == alone[text].facets
            assert not results.behind

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))
