"""Opens, re-keys and throws away the SQLCipher file of one case; nothing in it is readable without
the case's index key.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from hashlib import blake2b
from time import monotonic, sleep
from typing import TYPE_CHECKING, TypeAlias

from sqlcipher3 import dbapi2 as sqlite

from casefile.errors import BusyError, CasefileError, FullError
from casefile.index.analysis import VERSION
from casefile.index.compile import BORDER, NAME, NOTHING, STEM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


# Of the tables and of the words in them: a file of another format is built anew.
FORMAT = int.from_bytes(blake2b(f"1 {VERSION}".encode(), digest_size=4).digest(), "big") >> 1
SUFFIXES = ("", "-wal", "-shm", "-journal")
LOCK_SECONDS = 5.0
_PAUSE_SECONDS = 0.01
KEY_BYTES = 32

_CORRUPT, _NOT_A_DATABASE, _INPUT_OUTPUT = 11, 26, 10
_BUSY, _LOCKED, _READ_ONLY, _FULL = 5, 6, 8, 13
# A leaf of FTS5 fits a page of ours: it reads a longer one in two pieces, and takes it for empty,
# without a word, when the second fails its seal.
_LEAF_BYTES = 3_900
_SCHEMA = f"""
CREATE TABLE state (
    only INTEGER PRIMARY KEY CHECK (only = 1), case_id BLOB NOT NULL, change INTEGER NOT NULL,
    pages INTEGER NOT NULL, words INTEGER NOT NULL, paged INTEGER NOT NULL);
CREATE TABLE facet (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, author_id BLOB NOT NULL, author TEXT NOT NULL,
    language TEXT NOT NULL, UNIQUE (kind, author_id, language));
CREATE TABLE document (id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, title TEXT NOT NULL);
CREATE TABLE page (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, number INTEGER NOT NULL,
    facet INTEGER NOT NULL, created INTEGER NOT NULL, words INTEGER NOT NULL, uuid BLOB NOT NULL,
    change INTEGER NOT NULL, language TEXT NOT NULL, UNIQUE (document, number));
CREATE INDEX page_created ON page (created);
CREATE TABLE tag (tag TEXT NOT NULL, document INTEGER NOT NULL, PRIMARY KEY (tag, document))
    WITHOUT ROWID;
CREATE INDEX tag_document ON tag (document);
CREATE TABLE ending (backwards TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE fts USING fts5(
    title, exact, stems, names, content='', contentless_delete=1,
    tokenize="ascii tokenchars '{STEM}{NAME}{BORDER}{NOTHING}'");
INSERT INTO fts (fts, rank) VALUES ('pgsz', {_LEAF_BYTES});
CREATE VIRTUAL TABLE occurrence USING fts5vocab(fts, instance);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(fts, row);
PRAGMA user_version = {FORMAT};
"""

Connection: TypeAlias = sqlite.Connection
DatabaseError: TypeAlias = sqlite.DatabaseError


class UnreadableError(Exception):
    """No key that was given opens the file, or what it holds is not this case's index."""


def fingerprint(key: bytes) -> bytes:
    return blake2b(key, digest_size=16).digest()


def is_damage(error: Exception) -> bool:
    """Whether only building the file anew will help."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {_CORRUPT, _NOT_A_DATABASE, _INPUT_OUTPUT}


def is_busy(error: Exception) -> bool:
    """Whether another connection is in the way, for a moment."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {_BUSY, _LOCKED}


def only_stops_writing(error: Exception) -> bool:
    """Whether what is there can be read all the same."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return is_busy(error) or code in {_READ_ONLY, _FULL}


def refusal(error: Exception) -> CasefileError:
    """What to tell a person about an error that building anew cannot repair."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == _FULL or getattr(error, "errno", None) == errno.ENOSPC:
        return FullError("The disk of the search index is full. Free some space and try again.")
    if is_busy(error):
        return BusyError("The search index is being written to. Try again in a moment.")
    return BusyError("The folder of the search index cannot be written to. Tell the operator.")


def connect(path: Path, key: bytes, *, cache_kib: int, new: bool = True) -> Connection:
    """A connection whose key has been tried on the file."""
    if len(key) != KEY_BYTES:
        # SQLCipher would take any other length for a passphrase.
        message = "An index key has 32 bytes."
        raise ValueError(message)
    mode = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if new else 0)
    descriptor = os.open(path, mode, 0o600)
    os.close(descriptor)
    connection = sqlite.connect(
        path,
        timeout=LOCK_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=24,
    )
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        # Not `execute`, whose cache of statements would remember the key.
        connection.executescript(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA secure_delete = ON")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 1048576")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: Connection) -> None:
    """SQLite does not wait its turn here: two processes that make the same file would end with one
    of them refused at once.
    """
    until = monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except DatabaseError as error:
            if not is_busy(error) or monotonic() > until:
                raise
            sleep(_PAUSE_SECONDS)
        else:
            return


def open_sealed(
    path: Path, case_id: bytes, keys: Sequence[tuple[int, bytes]], *, cache_kib: int
) -> Connection:
    """Opens with the newest key; a file under an older one is re-keyed. `UnreadableError` if it
    has to be built anew.
    """
    (_, newest), *older = keys
    for key in (newest, *(key for _, key in older)):
        try:
            connection = connect(path, key, cache_kib=cache_kib)
        except DatabaseError as error:
            if not is_damage(error):
                raise
            continue
        try:
            _expect(connection, case_id)
            if key != newest:
                connection.executescript(f"PRAGMA rekey = \"x'{newest.hex()}'\"")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except DatabaseError as error:
            connection.close()
            if is_damage(error):
                raise UnreadableError from error
            raise
        except BaseException:
            connection.close()
            raise
        return connection
    raise UnreadableError


def open_existing(path: Path, key: bytes) -> Connection:
    """For looking at a file that must not be made or changed."""
    connection = connect(path, key, cache_kib=2_048, new=False)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != FORMAT:
        connection.close()
        raise UnreadableError
    return connection


def _expect(connection: Connection, case_id: bytes) -> None:
    """Makes the tables in a new file; refuses another case's file and another format's."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                _create(connection, case_id)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(DatabaseError):
                connection.execute("ROLLBACK")
            raise
    elif version != FORMAT:
        raise UnreadableError
    found = connection.execute("SELECT case_id FROM state").fetchone()
    if found is None or found[0] != case_id:
        raise UnreadableError


def _create(connection: Connection, case_id: bytes) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise UnreadableError
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO state VALUES (1, ?, 0, 0, 0, 0)", (case_id,))


def discard(path: Path) -> None:
    """Takes the file and what SQLite keeps beside it away."""
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def identity(path: Path | str) -> tuple[int, int] | None:
    """Which file is there now: another process may have thrown the old one away."""
    try:
        status = os.stat(path)  # noqa: PTH116 - asked of every shard in every search
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
