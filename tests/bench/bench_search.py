"""How quick the sealed index is, against one FTS5 index of SQLite in clear over the same notes.

Once as FTS5 comes, which finds the spelling typed and no other form of the word; and once with the
same word forms in it, which gives the same answers as ours. Both from the same library.
"""

from __future__ import annotations

import re
import resource
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

from sqlcipher3 import dbapi2 as sqlite

from casefile.index import CaseShard, Document, Index, Query, snippet, writing
from casefile.index.compile import Plan, ShardQuery
from casefile.index.conditions import Records
from casefile.index.grammar import parse
from tests.bench.corpus import Corpus
from tests.bench.measure import Row, milliseconds, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.bench.corpus import Note
    from tests.bench.measure import Scale

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMPARED = ("word", "AND", "phrase", "prefix", "date filter")
QUERIES = 24
TRIES = 2000
ROUNDS = 5
SHOWN = 20


def documents(corpus: Corpus, case: int, since: int, until: int) -> Iterable[Document]:
    for change, note in enumerate(corpus.notes(case), 1):
        if since < change <= until:
            yield _document(note, change)


def _document(note: Note, change: int) -> Document:
    return Document(
        note.id,
        "note",
        note.title,
        note.text,
        note.author_id,
        note.author,
        note.created_at,
        note.tags,
        change,
    )


def shard(corpus: Corpus, case: int) -> CaseShard:
    key = bytes([case % 251 + 1, case // 251 + 1]) * 16
    return CaseShard(
        corpus.case_ids[case],
        f"case-{case}",
        [(1, key)],
        corpus.sizes[case],
        partial(documents, corpus, case),
    )


def build(folder: Path, corpus: Corpus) -> Row:
    """Index every case from nothing in this one process; making up the notes does not count."""
    index = Index(folder, memory_mb=16)
    spent, memory = 0.0, []
    for case in range(len(corpus.case_ids)):
        ready = list(documents(corpus, case, 0, corpus.sizes[case]))
        whole = replace(shard(corpus, case), documents=partial(_between, ready))
        start = perf_counter()
        index.catch_up(whole)
        spent += perf_counter() - start
        memory.append(resident_mib())
    index.close()
    grown = memory[-1] - memory[len(memory) // 5]
    return Row(
        "notes indexed in a second on one core",
        sum(corpus.sizes) / spent,
        1500,
        f"{sum(corpus.sizes):,} notes; {grown:.0f} MiB grown over the last four fifths",
        "",
        at_least=True,
    )


def _between(ready: list[Document], since: int, until: int) -> list[Document]:
    return [document for document in ready if since < document.change <= until]


def build_clear(path: Path, corpus: Corpus) -> None:
    connection = sqlite.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE VIRTUAL TABLE fts USING"
        " fts5(title, body); CREATE VIRTUAL TABLE forms USING fts5(title, exact, stems, names,"
        " tokenize=\"ascii tokenchars '+#|!'\"); CREATE TABLE note (id INTEGER PRIMARY KEY, case_id INT, created INT);"
        "CREATE INDEX note_case ON note (case_id);"
    )
    connection.execute("BEGIN")
    number = 0
    for case in range(len(corpus.case_ids)):
        for note in corpus.notes(case):
            number += 1
            connection.execute(
                "INSERT INTO fts (rowid, title, body) VALUES (?, ?, ?)",
                (number, note.title, note.text),
            )
            columns = writing._columns(note.title, note.text)[0]
            connection.execute(
                "INSERT INTO forms (rowid, title, exact, stems, names) VALUES (?, ?, ?, ?, ?)",
                (number, *columns),
            )
            created = int(note.created_at.timestamp())
            connection.execute("INSERT INTO note VALUES (?, ?, ?)", (number, case, created))
    connection.execute("INSERT INTO fts (fts) VALUES ('optimize')")
    connection.execute("INSERT INTO forms (forms) VALUES ('optimize')")
    connection.execute("COMMIT")
    connection.close()


class Clear:
    """One index in clear over everything, asked for some cases."""

    def __init__(self, path: Path, cases: int) -> None:
        self.connection = sqlite.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA cache_size = -65536")
        self.cases = ",".join(map(str, range(cases)))

    def search(self, match: str, dates: tuple[int, int] | None = None, table: str = "fts") -> int:
        where = f"{table} MATCH ? AND case_id IN ({self.cases})"
        values: tuple[object, ...] = (match,)
        if dates:
            where += " AND created >= ? AND created < ?"
            values += dates
        source = f"FROM {table} JOIN note ON note.id = {table}.rowid WHERE {where}"
        self.connection.execute(
            f"SELECT note.id, snippet({table}, 1, '<', '>', '…', 32) {source}"
            f" ORDER BY bm25({table}), created DESC LIMIT {SHOWN}",
            values,
        ).fetchall()
        return int(self.connection.execute(f"SELECT count(*) {source}", values).fetchone()[0])

    def search_forms(self, text: str, dates: tuple[int, int] | None = None) -> int:
        """Find what ours finds."""
        plan = Plan(parse(Query(text), NOW.date()).tree, UTC)
        query = ShardQuery(plan, Records(UUID(int=0), "", {}), paged=False, terms={})
        match = query._match(plan.text) if plan.text else ""
        return self.search(match or "", dates, "forms")

    def scan(self, word: str) -> int:
        found = self.connection.execute(
            "SELECT count(*) FROM fts WHERE lower(body) LIKE ? OR lower(title) LIKE ?",
            (f"%{word}%", f"%{word}%"),
        ).fetchone()
        return int(found[0])


class Sealed:
    """The index measured, with what a page does: search, count, facets and twenty snippets."""

    def __init__(self, folder: Path, corpus: Corpus, cases: int) -> None:
        self.index = Index(folder)
        self.shards = [shard(corpus, case) for case in range(cases)]
        self.texts = {n.id: n.text for case in range(cases) for n in corpus.notes(case)}

    def search(self, text: str) -> int:
        results = self.index.search(self.shards, Query(text), now=NOW)
        for hit in results.hits:
            snippet(self.texts[hit.id], results.parsed)
        return results.total


@dataclass(frozen=True)
class Taken:
    """How long an answer took and how much was found."""

    seconds: float
    hits: int


@dataclass(frozen=True)
class Asked:
    """The same question in both languages."""

    ours: str
    theirs: str
    dates: tuple[int, int] | None = None


def questions(corpus: Corpus, clear: Clear, cases: int) -> dict[str, list[Asked]]:
    """Drawn from the notes themselves; each finds enough to fill a page."""
    chance = Random(7)
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for case in range(cases):
        for note in corpus.notes(case):
            tokens = re.findall(r"\w+", note.text.lower())
            words.update(set(tokens))
            pairs.update({f"{a} {b}" for a, b in pairwise(tokens)})
    notes = sum(corpus.sizes[:cases])
    medium = [w for w, n in words.items() if 20 <= n <= notes // 20 and len(w) > 4]
    frequent = [w for w, n in words.items() if notes // 50 <= n <= notes // 5 and len(w) > 3]
    chance.shuffle(medium)
    both: list[Asked] = []
    enough = min(SHOWN, notes // 500)
    for _ in range(TRIES):
        a, b = chance.sample(frequent, k=2)
        if len(both) < QUERIES and clear.search(f'"{a}" AND "{b}"') >= enough:
            both.append(Asked(f"{a} {b}", f'"{a}" AND "{b}"'))
    phrases = [pair for pair, n in pairs.items() if n >= SHOWN]
    chance.shuffle(phrases)
    asked = {
        "word": [Asked(w, f'"{w}"') for w in medium],
        "AND": both,
        "phrase": [Asked(f'"{p}"', f'"{p}"') for p in phrases],
        "prefix": [Asked(f"{w[:5]}*", f'"{w[:5]}"*') for w in medium],
        "date filter": [
            Asked(f"{w} after:{year} before:{year + 1}", f'"{w}"', _seconds(year))
            for w, year in zip(medium, [2022, 2023, 2024] * len(medium), strict=False)
        ],
        "wildcard": [Asked(f"{w[:3]}*{w[-2:]}", "") for w in medium],
        "ending": [Asked(f"*{w[-4:]}", "") for w in medium],
        "fuzzy": [Asked(f"{w}~", "") for w in medium],
    }
    return {name: some[:QUERIES] for name, some in asked.items()}


def _seconds(year: int) -> tuple[int, int]:
    start, end = date(year, 1, 1), date(year + 1, 1, 1)
    return tuple(int(datetime(d.year, 1, 1, tzinfo=UTC).timestamp()) for d in (start, end))  # type: ignore[return-value]


def best(asks: Mapping[str, Callable[[Asked], int]], some: list[Asked]) -> dict[str, Taken]:
    """Median over the questions, each at its best of a few rounds, in which all sides take turns."""
    times: dict[str, list[float]] = {name: [] for name in asks}
    hits: dict[str, list[int]] = {name: [] for name in asks}
    for asked in some:
        rounds: dict[str, list[float]] = {name: [] for name in asks}
        for _ in range(ROUNDS):
            for name, ask in asks.items():
                start = perf_counter()
                found = ask(asked)
                rounds[name].append(perf_counter() - start)
                if len(rounds[name]) == 1:
                    hits[name].append(found)
        for name in asks:
            times[name].append(min(rounds[name]))
    return {name: Taken(median(times[name]), round(median(hits[name]))) for name in asks}


def resident_mib() -> float:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def run(folder: Path, scale: Scale) -> list[Row]:
    """Index all notes from nothing, then search a tenth of the cases and all of them."""
    notes, cases = scale.notes[-1], scale.cases
    corpus, some = Corpus(notes, cases), max(cases // 10, 2)
    tell(f"search: indexing {notes:,} notes in {cases} cases, sealed and in clear")
    indexing = build(folder / "sealed", corpus)
    build_clear(folder / "clear.db", corpus)
    clear = Clear(folder / "clear.db", some)
    few = Sealed(folder / "sealed", corpus, some)
    asked = questions(corpus, clear, some)
    few.search(asked["word"][0].ours)
    tell(f"search: {QUERIES} questions of each kind, {ROUNDS} rounds")
    scan = best({"scan": lambda a: clear.scan(a.ours)}, asked["word"][:4])["scan"].seconds
    rows, taken = [], {}
    for name in COMPARED:
        sides = {
            "sealed": lambda a: few.search(a.ours),
            "plain": lambda a: clear.search(a.theirs, a.dates),
            "forms": lambda a: clear.search_forms(a.ours, a.dates),
        }
        both = best(sides, asked[name])
        taken[name] = both["sealed"].seconds
        rows += _compared(name, both, scan)
    few.index.close()
    return [indexing, *rows, *_over_all(folder, corpus, asked, taken)]


def _compared(name: str, sides: dict[str, Taken], scan: float) -> list[Row]:
    ours, plain, forms = sides["sealed"], sides["plain"], sides["forms"]
    told = f"{milliseconds(ours.seconds)} / {{}}, {ours.hits} / {{}} hits"
    return [
        Row(
            f"search {name}, against FTS5 in clear with the same word forms",
            ours.seconds / forms.seconds,
            2.5,
            told.format(milliseconds(forms.seconds), forms.hits),
        ),
        Row(
            f"search {name}, against FTS5 in clear as it comes",
            ours.seconds / plain.seconds,
            2.5,
            told.format(milliseconds(plain.seconds), plain.hits),
        ),
        Row(
            f"search {name}: the SQL scan takes",
            scan / ours.seconds,
            25,
            f"{milliseconds(scan)} / {milliseconds(ours.seconds)}",
            at_least=True,
        ),
    ]


def _over_all(
    folder: Path, corpus: Corpus, asked: dict[str, list[Asked]], few: dict[str, float]
) -> list[Row]:
    many = Sealed(folder / "sealed", corpus, len(corpus.case_ids))
    rows = []
    many.search(asked["word"][0].ours)
    ask = {"all": lambda a: many.search(a.ours)}
    for name in COMPARED:
        seconds = best(ask, asked[name])["all"].seconds
        said = f"{milliseconds(seconds)} / {milliseconds(few[name])}"
        rows.append(Row(f"search {name}, all cases against a tenth", seconds / few[name], 6, said))
    many.index.close()
    part = Sealed(folder / "sealed", corpus, max(len(corpus.case_ids) // 10, 2))
    ask = {"all": lambda a: part.search(a.ours)}
    word = best(ask, asked["word"])["all"].seconds
    for name in ("wildcard", "ending", "fuzzy"):
        seconds = best(ask, asked[name])["all"].seconds
        said = f"{milliseconds(seconds)} / {milliseconds(word)}"
        rows.append(Row(f"search {name}, against a plain word", seconds / word, 5, said))
    part.index.close()
    return rows
