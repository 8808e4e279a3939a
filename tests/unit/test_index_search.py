from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casefile.index import Document, Index, Query, parse
from casefile.index.compile import Plan
from casefile.index.expansion import MOST_TERMS
from tests.index_scene import ANN, BEN, EARLY, Page, Scene, found, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WORDS = (
    "bank banks banking court courts pier orchard loan банк банка банктар банкта банку суд суда"
    " сот соттун жол жолдор жолдун школа школы школой Матраимов Матраимовдун Матраимовой Matraimov"
    " Matraimova Джумабеков Zhumabekov 2024 77 и жана the менен"
).split()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index(tmp_path / "index", memory_mb=8)
    yield opened
    opened.close()


@pytest.fixture
def scene() -> Scene:
    return Scene()


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
