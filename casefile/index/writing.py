"""Brings one shard up to date with its case, in windows of change numbers, each in one transaction."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from casefile.index.analysis import index_terms
from casefile.index.compile import BORDER, NAME, STEM
from casefile.index.conditions import FacetRow, microseconds, tag_key
from casefile.index.sealed import LOCK_SECONDS, DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from casefile.index.records import CaseShard, Document
    from casefile.index.sealed import Connection

FIRST_WINDOW = 256
_WORDS_PER_TRANSACTION = 60_000
_WORTH_OPTIMIZING = 200
_REMEMBERED_WORDS = 50_000


@dataclass(frozen=True, slots=True)
class State:
    """What a shard says of itself."""

    change: int
    pages: int
    words: int
    paged: bool
    facets: Mapping[int, FacetRow]


def read_state(connection: Connection) -> State:
    change, pages, words, paged = connection.execute(
        "SELECT change, pages, words, paged FROM state"
    ).fetchone()
    facets = {
        number: FacetRow(kind, UUID(bytes=author_id), author, language)
        for number, kind, author_id, author, language in connection.execute(
            "SELECT id, kind, author_id, author, language FROM facet"
        )
    }
    return State(change, pages, words, bool(paged), facets)


def catch_up(connection: Connection, shard: CaseShard, deadline: float | None) -> State:
    """Reads the case's changes until the shard has them all or the time is over. What was written
    stays; a page already there at its change number is not read again.
    """
    wait = LOCK_SECONDS if deadline is None else max(deadline - monotonic(), 0.0)
    connection.execute(f"PRAGMA busy_timeout = {int(min(wait, LOCK_SECONDS) * 1000)}")
    writer = _Writer(connection, deadline)
    window = FIRST_WINDOW
    state = read_state(connection)
    first = state.change
    while state.change < shard.change and not writer.late():
        until = min(state.change + window, shard.change)
        before = writer.written
        writer.window(shard, state.change, until)
        # Numbers of rows changed again since then bring no documents: take longer steps there.
        if writer.written - before < FIRST_WINDOW // 4:
            window *= 2
        state = read_state(connection)
    if writer.written >= _WORTH_OPTIMIZING and first == 0 and not writer.late():
        writer.optimize()
    return state


class _Writer:
    def __init__(self, connection: Connection, deadline: float | None) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.deadline = deadline
        self.written = 0
        self._facets: dict[tuple[str, bytes, str], tuple[int, str]] = {}
        self._endings: set[str] = set()
        self._pages = self._words = 0
        self._paged: bool | None = None
        self._touched: set[int] = set()

    def late(self) -> bool:
        return self.deadline is not None and monotonic() > self.deadline

    def window(self, shard: CaseShard, since: int, until: int) -> None:
        """Writes the changes in (since, until]. Ends early when late, or when another process has
        been quicker.
        """
        waiting = iter(shard.documents(since, until))
        while True:
            with self._transaction():
                if self._change() != since:
                    return
                more = self._batch(waiting)
                self._settle()
                self._count(until if not more else since)
            if not more or self.late():
                return

    def _batch(self, waiting: Iterator[Document]) -> bool:
        """Whether there may be more after this transaction's share."""
        words = 0
        for document in waiting:
            words += self._put(document)
            self.written += 1
            # Late or not, something new is written each time: or a big file would never be done.
            if words > _WORDS_PER_TRANSACTION or (words and self.late()):
                return True
        return False

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._pages = self._words = 0
        self._touched.clear()
        self._facets.clear()
        self.execute("BEGIN IMMEDIATE")
        try:
            self._paged = self.execute("SELECT paged FROM state").fetchone()[0]
            yield
            self.execute("COMMIT")
        except BaseException:
            self._endings.clear()
            with suppress(DatabaseError):
                self.execute("ROLLBACK")
            raise

    def _change(self) -> int:
        return int(self.execute("SELECT change FROM state").fetchone()[0])

    def _count(self, change: int) -> None:
        self.execute(
            "UPDATE state SET change = ?, pages = pages + ?, words = words + ?, paged = ?",
            (change, self._pages, self._words, self._paged),
        )

    def _put(self, document: Document) -> int:
        """Writes or removes one page; gives back how much work it was, in words."""
        uuid = document.id.bytes
        found = self.execute("SELECT id FROM document WHERE uuid = ?", (uuid,)).fetchone()
        if document.deleted:
            if found:
                self._delete(found[0])
            return 1
        page = (
            found
            and self.execute(
                "SELECT id, change, words FROM page WHERE document = ? AND number = ?",
                (found[0], document.page),
            ).fetchone()
        )
        if page and page[1] == document.change:
            return 0
        owner = found[0] if found else self._new_document(document)
        if document.page == 0 or not found:
            self._describe(owner, document, known=found is not None)
        if document.page == 0 and found:
            # The pages it has now follow; those it had before may have been more.
            self._delete_pages(owner, "number > 0 AND change < ?", document.change)
        if document.page or found:
            self._touched.add(owner)
        return self._write(owner, document, page)

    def _new_document(self, document: Document) -> int:
        return int(
            self.execute(
                "INSERT INTO document (uuid, title) VALUES (?, ?)",
                (document.id.bytes, _clean(document.title)),
            ).lastrowid
        )

    def _describe(self, owner: int, document: Document, *, known: bool) -> None:
        if known:
            title = _clean(document.title)
            self.execute("UPDATE document SET title = ? WHERE id = ?", (title, owner))
            self.execute("DELETE FROM tag WHERE document = ?", (owner,))
        tags = {tag_key(_clean(tag)) for tag in document.tags}
        self.executemany("INSERT INTO tag VALUES (?, ?)", [(tag, owner) for tag in tags])

    def _write(self, owner: int, document: Document, page: tuple[int, int, int] | None) -> int:
        title = _clean(document.title) if document.page == 0 else ""
        columns, language, words = _columns(title, _clean(document.text))
        values = (
            owner,
            document.page,
            self._facet(document, language),
            microseconds(document.created_at),
            words,
            document.id.bytes,
            document.change,
            language,
        )
        if page:
            number = page[0]
            self.execute("DELETE FROM fts WHERE rowid = ?", (number,))
            self.execute("REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (number, *values))
            self._words -= page[2]
        else:
            number = self.execute(
                "INSERT INTO page VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", values
            ).lastrowid
            self._pages += 1
        self._words += words
        self.execute(
            "INSERT INTO fts (rowid, title, exact, stems, names) VALUES (?, ?, ?, ?, ?)",
            (number, *columns),
        )
        self._remember_endings(columns[1])
        return words + 1

    def _remember_endings(self, exact: str) -> None:
        new = set(exact.split()) - self._endings
        new.discard(BORDER)
        self.executemany(
            "INSERT OR IGNORE INTO ending VALUES (?)", [(word[::-1],) for word in sorted(new)]
        )
        if len(self._endings) > _REMEMBERED_WORDS:
            self._endings.clear()
        self._endings |= new

    def _delete(self, owner: int) -> None:
        self._delete_pages(owner, "number >= ?", 0)
        self.execute("DELETE FROM tag WHERE document = ?", (owner,))
        self.execute("DELETE FROM document WHERE id = ?", (owner,))
        self._touched.discard(owner)

    def _delete_pages(self, owner: int, which: str, bound: int) -> None:
        for number, words in self.execute(
            f"SELECT id, words FROM page WHERE document = ? AND {which}", (owner, bound)
        ).fetchall():
            self.execute("DELETE FROM fts WHERE rowid = ?", (number,))
            self.execute("DELETE FROM page WHERE id = ?", (number,))
            self._pages -= 1
            self._words -= words

    def _facet(self, document: Document, language: str) -> int:
        author = _clean(document.author)
        return self._facet_number(document.kind, document.author_id.bytes, author, language)

    def _facet_number(self, kind: str, author_id: bytes, author: str, language: str) -> int:
        key = (kind, author_id, language)
        known = self._facets.get(key)
        if known is None or known[1] != author:
            self.execute(
                "INSERT INTO facet (kind, author_id, author, language) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (kind, author_id, author, language),
            )
            # A person who is called something else now is so on everything they wrote. Not for
            # nothing: a change of many rows makes FTS5 write out what it holds in memory.
            renamed = self.execute(
                "SELECT 1 FROM facet WHERE author_id = ? AND author <> ?", (author_id, author)
            ).fetchone()
            if renamed:
                self.execute("UPDATE facet SET author = ? WHERE author_id = ?", (author, author_id))
            number = self.execute(
                "SELECT id FROM facet WHERE kind = ? AND author_id = ? AND language = ?", key
            ).fetchone()[0]
            known = self._facets[key] = (number, author)
        return known[0]

    def _settle(self) -> None:
        """The pages of a document share kind, author, time, and the language most of it is in."""
        for owner in self._touched:
            pages = self.execute(
                "SELECT number FROM page WHERE document = ? LIMIT 2", (owner,)
            ).fetchall()
            if len(pages) == 1:
                continue
            self._paged = True
            kind, author_id, author, created = self.execute(
                "SELECT kind, author_id, author, created FROM page JOIN facet"
                " ON facet.id = page.facet WHERE document = ? ORDER BY number LIMIT 1",
                (owner,),
            ).fetchone()
            language = self.execute(
                "SELECT language FROM page WHERE document = ? GROUP BY language"
                " ORDER BY sum(words) DESC, language LIMIT 1",
                (owner,),
            ).fetchone()[0]
            facet = self._facet_number(kind, author_id, author, language)
            self.execute(
                "UPDATE page SET facet = ?, created = ? WHERE document = ?"
                " AND (facet <> ? OR created <> ?)",
                (facet, created, owner, facet, created),
            )

    def optimize(self) -> None:
        """One segment instead of many: every look-up then reads one place."""
        with self._transaction():
            self.execute("INSERT INTO fts (fts) VALUES ('optimize')")
        self.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _columns(title: str, text: str) -> tuple[tuple[str, str, str, str], str, int]:
    """The four columns of FTS5, the language and the number of words. A title stands in all of them,
    and once more, in every form, in its own.
    """
    body = index_terms(text)
    stems, names = _marked(STEM, body.stems), _marked(NAME, body.names)
    if not title:
        return ("", body.exact, stems, names), body.language, body.length
    head = index_terms(title)
    head_stems, head_names = _marked(STEM, head.stems), _marked(NAME, head.names)
    border = f" {BORDER} "
    columns = (
        border.join((head.exact, head_stems, head_names)),
        head.exact + border + body.exact,
        head_stems + border + stems,
        f"{head_names} {names}",
    )
    language = body.language if body.length else head.language
    return columns, language, head.length + body.length


def _marked(sign: str, terms: str) -> str:
    return sign + terms.replace(" ", " " + sign) if terms else ""


def _clean(text: str) -> str:
    """Half a character, as broken files have them, cannot be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
