"""What an operator can tell about the folder of shards without keys, and a member with them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from uuid import UUID

from casefile.index.records import Problem
from casefile.index.sealed import SUFFIXES, DatabaseError, UnreadableError, open_existing

if TYPE_CHECKING:
    from pathlib import Path

    from casefile.index.records import CaseShard

_PAGE = 4_096
_WAL_HEADER, _WAL_FRAME = 32, 24 + _PAGE
_IN_CLEAR = b"SQLite format 3\0"
_LEAST_LOOK = 1_024
# Sealed bytes look like chance: of so many, all 256 values come up nearly equally often.
_EVEN = 1.5


def verify(folder: Path) -> list[Problem]:
    """Files that are not sealed, wrongly named or sized, or left over."""
    problems = []
    for path in sorted(folder.iterdir()):
        reason = _wrong(path)
        if reason:
            problems.append(Problem(path, reason))
    return problems


def verify_open(folder: Path, shard: CaseShard) -> list[Problem]:
    """Reads the whole shard with its key: every page's seal, SQLite's and FTS5's own checks."""
    path = folder / f"{shard.case_id}.db"
    if not path.exists():
        return [Problem(path, "is missing; the next search of a member builds it")]
    try:
        with closing(open_existing(path, shard.keys[0][1])) as connection:
            reasons = [
                str(row[0])
                for pragma in ("cipher_integrity_check", "integrity_check")
                for row in connection.execute(f"PRAGMA {pragma}")
                if row[0] != "ok"
            ]
            connection.execute("INSERT INTO fts (fts) VALUES ('integrity-check')")
            (change,) = connection.execute("SELECT change FROM state").fetchone()
            if change > shard.change:
                reasons.append("knows more than the database, which was put back")
    except (DatabaseError, UnreadableError):
        reasons = ["cannot be read with the case's newest key"]
    return [Problem(path, reason) for reason in reasons]


def _wrong(path: Path) -> str | None:
    if path.is_symlink() or not path.is_file():
        return "is not a file"
    name = path.name
    suffix = next((s for s in sorted(SUFFIXES, reverse=True) if s and name.endswith(s)), "")
    stem = name.removesuffix(suffix)
    if not stem.endswith(".db") or not _is_case(stem.removesuffix(".db")):
        return "is not named after a case"
    if suffix == "-journal":
        return "was left over by an interrupted change"
    if suffix and not path.with_name(stem).exists():
        return "belongs to a shard that is gone"
    size = path.stat().st_size
    if suffix == "-shm":
        return None
    with path.open("rb") as file:
        beginning = file.read(2 * _PAGE)
    if suffix == "-wal":
        if size and (size - _WAL_HEADER) % _WAL_FRAME:
            return "has an odd size"
        sealed = beginning[_WAL_HEADER + 24 :]
    else:
        if size % _PAGE:
            return "has an odd size"
        sealed = beginning
    if _IN_CLEAR in beginning or not _looks_like_chance(sealed):
        return "is not sealed"
    return None


def _is_case(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _looks_like_chance(sealed: bytes) -> bool:
    """A chi-squared test against even bytes; short pieces are not judged."""
    if len(sealed) < _LEAST_LOOK:
        return True
    expected = len(sealed) / 256
    spread = sum((sealed.count(value) - expected) ** 2 / expected for value in range(256))
    return spread < 256 * _EVEN
