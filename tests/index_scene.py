"""Small cases to search in, and what a search of them must find by looking at every word."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlcipher3 import dbapi2 as sqlite

from casefile.index import CaseShard, Document, Query
from casefile.index.analysis import index_terms, query_forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from casefile.index import Index, Results

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EARLY = datetime(2024, 1, 1, tzinfo=UTC)
ANN, BEN = UUID(int=1), UUID(int=2)
PLANTED = "Aardvarkington муравьедова кумурскажегич"
NAMES = {ANN: "Айбек Касымов", BEN: "Ben Stone"}

WORDS = (
    "bank banks banking court courts pier orchard loan банк банка банктар банкта банку суд суда"
    " сот соттун жол жолдор жолдун школа школы школой Матраимов Матраимовдун Матраимовой Matraimov"
    " Matraimova Джумабеков Zhumabekov 2024 77 и жана the менен"
).split()


@dataclass
class Scene:
    """A case as the database holds it: the newest change of each document."""

    number: int = 1
    codename: str = "quiet-harbour"
    key: bytes = b""
    documents: dict[tuple[UUID, int], Document] = field(default_factory=dict)
    change: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)

    @property
    def case_id(self) -> UUID:
        return UUID(int=1000 + self.number)

    @property
    def keys(self) -> Sequence[tuple[int, bytes]]:
        return [(1, self.key or bytes([self.number % 255 + 1]) * 32)]

    def save(self, text: str, title: str = "", **changes: object) -> Document:
        """Put a document in, or another version or page of one."""
        self.change += 1
        document = Document(
            id=UUID(int=self.number * 1_000_000 + self.change),
            kind="note",
            title=title,
            text=text,
            author_id=ANN,
            author=NAMES[ANN],
            created_at=EARLY + timedelta(hours=self.change),
            tags=(),
            change=self.change,
        )
        if "author_id" in changes:
            changes.setdefault("author", NAMES[changes["author_id"]])  # type: ignore[index]
        return self.keep(replace(document, **changes))  # type: ignore[arg-type]

    def keep(self, document: Document) -> Document:
        self.change = max(self.change, document.change)
        if document.deleted:
            for key in [key for key in self.documents if key[0] == document.id]:
                del self.documents[key]
            self.documents[document.id, -1] = document
        else:
            self.documents[document.id, document.page] = document
        return document

    def delete(self, document: Document) -> None:
        self.keep(replace(document, change=self.change + 1, deleted=True))

    def since(self, since: int, until: int) -> Iterator[Document]:
        self.asked.append((since, until))
        for document in list(self.documents.values()):
            if since < document.change <= until:
                yield document

    def shard(self, **changes: object) -> CaseShard:
        shard = CaseShard(self.case_id, self.codename, self.keys, self.change, self.since)
        return replace(shard, **changes)  # type: ignore[arg-type]

    def living(self) -> Iterator[Document]:
        return (document for document in self.documents.values() if not document.deleted)


def search(
    index: Index,
    scenes: Scene | Iterable[Scene],
    text: str | Query,
    *,
    page: int = 1,
    size: int = 100,
    timezone: tzinfo = UTC,
) -> Results:
    query = text if isinstance(text, Query) else Query(text)
    shards = [scene.shard() for scene in ([scenes] if isinstance(scenes, Scene) else scenes)]
    return index.search(
        shards,
        query,
        page=page,
        size=size,
        now=NOW,
        timezone=timezone,
        catch_up_seconds=60,
    )


def found(index: Index, scenes: Scene | Iterable[Scene], text: str | Query) -> set[UUID]:
    """The ids found, after checking that they are as many as the results say."""
    results = search(index, scenes, text, size=200)
    ids = {hit.id for hit in results.hits}
    assert len(results.hits) == len(ids) == results.total
    assert not results.behind
    for name in ("kind", "case", "author", "language"):
        assert sum(facet.count for facet in results.facets.get(name, ())) == results.total
    return ids


class Page:
    """The words of one document's page as the language layer gives them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        head, body = index_terms(document.title), index_terms(document.text)
        self.parts = [(part.exact.split(), part.stems.split()) for part in (head, body)]
        self.exact = [word for exact, _ in self.parts for word in exact]
        self.stems = {stem for _, stems in self.parts for stem in stems}
        self.names = {*head.names.split(), *body.names.split()}

    def has_word(self, word: str) -> bool:
        forms = query_forms(word)
        return (
            forms.exact in self.exact
            or not self.stems.isdisjoint(forms.stems)
            or not self.names.isdisjoint(forms.names)
        )

    def has_phrase(self, words: Sequence[str]) -> bool:
        forms = [query_forms(word) for word in words]
        return any(
            all(a.exact == b for a, b in zip(forms, exact[at:], strict=False))
            or all(b in a.stems for a, b in zip(forms, stems[at:], strict=False))
            for exact, stems in self.parts
            for at in range(len(exact) - len(words) + 1)
        )

    def has_prefix(self, prefix: str) -> bool:
        return any(word.startswith(prefix) for word in self.exact)

    def has_pattern(self, first: str, last: str) -> bool:
        return any(
            len(word) >= len(first) + len(last) and word.startswith(first) and word.endswith(last)
            for word in self.exact
        )

    def has_near(self, word: str, distance: int) -> bool:
        exact = query_forms(word).exact
        return self.has_word(word) or any(letters_apart(exact, w) <= distance for w in self.exact)


def letters_apart(one: str, other: str) -> int:
    """Levenshtein's distance, by the book."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row[0] = row[0], number
        for at, against in enumerate(other, 1):
            above, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, above + (letter != against))
    return row[-1]


def path_of(folder: Path, scene: Scene) -> Path:
    return folder / f"{scene.case_id}.db"


def raw(folder: Path, scene: Scene, key: bytes | None = None) -> sqlite.Connection:
    """The file as somebody sees it who has its key, or another."""
    connection = sqlite.connect(path_of(folder, scene), isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{(key or scene.keys[0][1]).hex()}'\"")
    return connection
