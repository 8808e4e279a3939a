"""How quick the sealed index is, as ratios measured in one run:

    python -m tests.bench.bench_search --notes 100000

The other side is one FTS5 index of SQLite in clear over the same notes, from the same library: once
as FTS5 comes, which finds the spelling typed and no other form of the word, and once with the same word
forms in it, which gives the same answers as ours.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import tempfile
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.bench.corpus import Note

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEARCHER_CASES = 20
QUERIES = 24
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


def build(folder: Path, corpus: Corpus) -> dict[str, object]:
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
    warm = len(memory) // 5
    return {
        "indexed per second": round(sum(corpus.sizes) / spent),
        "MiB grown while indexing the last four fifths": round(memory[-1] - memory[warm], 1),
    }


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
        match = ShardQuery(plan, Records(UUID(int=0), "", {}), paged=False, terms={})._match(
            plan.text
        )
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
        self.texts = {note.id: note.text for case in range(cases) for note in corpus.notes(case)}

    def search(self, text: str) -> int:
        results = self.index.search(self.shards, Query(text), now=NOW)
        for hit in results.hits:
            snippet(self.texts[hit.id], results.parsed)
        return results.total


@dataclass(frozen=True)
class Asked:
    """The same question in both languages."""

    ours: str
    theirs: str
    dates: tuple[int, int] | None = None


def questions(corpus: Corpus, clear: Clear) -> dict[str, list[Asked]]:
    """Drawn from the notes themselves; each finds enough to fill a page."""
    chance = Random(7)
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for case in range(SEARCHER_CASES):
        for note in corpus.notes(case):
            tokens = re.findall(r"\w+", note.text.lower())
            words.update(set(tokens))
            pairs.update({f"{a} {b}" for a, b in pairwise(tokens)})
    notes = 500 * SEARCHER_CASES
    medium = [w for w, n in words.items() if 20 <= n <= notes // 20 and len(w) > 4]
    frequent = [w for w, n in words.items() if notes // 50 <= n <= notes // 5 and len(w) > 3]
    chance.shuffle(medium)
    both: list[Asked] = []
    while len(both) < QUERIES:
        a, b = chance.sample(frequent, k=2)
        if clear.search(f'"{a}" AND "{b}"') >= SHOWN:
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


def timed(ask: Callable[[Asked], int], some: list[Asked]) -> tuple[float, float]:
    """Median milliseconds over the questions, each at its best of a few rounds; and median hits."""
    best = []
    for asked in some:
        times = []
        for _ in range(ROUNDS):
            start = perf_counter()
            found = ask(asked)
            times.append(perf_counter() - start)
        best.append((min(times) * 1_000, found))
    return median(t for t, _ in best), median(n for _, n in best)


def resident_mib() -> float:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def measure(folder: Path, notes: int, cases: int) -> dict[str, object]:
    corpus = Corpus(notes, cases)
    report: dict[str, object] = {"notes": notes, "cases": cases}
    sealed_folder, clear_path = folder / "sealed", folder / "clear.db"
    if not clear_path.exists():
        report |= build(sealed_folder, corpus)
        build_clear(clear_path, corpus)
    clear = Clear(clear_path, SEARCHER_CASES)
    before = resident_mib()
    few = Sealed(sealed_folder, corpus, SEARCHER_CASES)
    asked = questions(corpus, clear)
    few.search(asked["word"][0].ours)
    times: dict[str, dict[str, float]] = {}
    for name, some in asked.items():
        ours, found = timed(lambda a: few.search(a.ours), some)
        row = {"ms": ours, "hits": found}
        if some[0].theirs:
            theirs, their_hits = timed(lambda a: clear.search(a.theirs, a.dates), some)
            row |= {"clear ms": theirs, "clear hits": their_hits, "ratio": ours / theirs}
            same, same_hits = timed(lambda a: clear.search_forms(a.ours, a.dates), some)
            row |= {"forms ms": same, "forms hits": same_hits, "ratio to forms": ours / same}
        else:
            row["of a word"] = ours / times["word"]["ms"]
        times[name] = row
    scan, _ = timed(lambda a: clear.scan(a.ours), asked["word"][:4])
    report["scan ms"] = round(scan, 1)
    for name in ("word", "AND", "phrase", "prefix", "date filter"):
        times[name]["of a scan"] = times[name]["ms"] / scan
    few.index.close()
    before = resident_mib()
    many = Sealed(sealed_folder, corpus, cases)
    many.texts = _Anything()
    for name in ("word", "AND", "phrase", "prefix", "date filter"):
        ours, _ = timed(lambda a: many.search(a.ours), asked[name])
        times[name]["all cases"] = ours / times[name]["ms"]
    report["MiB of all shards open"] = round(resident_mib() - before, 1)
    report["save ms"] = saving(many, corpus)
    many.index.close()
    report["times"] = {
        name: {key: round(value, 3) for key, value in row.items()} for name, row in times.items()
    }
    return report


class _Anything(dict):  # type: ignore[type-arg]
    """Stands for texts that need not all be in memory while memory is measured."""

    def __missing__(self, _: object) -> str:
        return "Кол кортаң. " * 60


def saving(many: Sealed, corpus: Corpus) -> dict[str, float]:
    """One note more, a hundred times, in a shard that has all of its case already."""
    base = many.shards[0]
    notes = [_document(n, base.change + i) for i, n in enumerate(list(corpus.notes(1))[:100], 1)]
    times = []
    for change, note in enumerate(notes, base.change + 1):
        grown = CaseShard(base.case_id, base.codename, base.keys, change, lambda *_, n=note: [n])
        start = perf_counter()
        many.index.catch_up(grown)
        times.append((perf_counter() - start) * 1_000)
    many.index.forget(base.case_id)
    times.sort()
    return {"p50": round(median(times), 2), "p95": round(times[94], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=100_000)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="keep the indexes here for the next run")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    os.nice(0)
    try:
        print(json.dumps(measure(folder, options.notes, options.cases), indent=1))
    finally:
        if options.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
