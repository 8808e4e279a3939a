"""One SQL statement by the operator: reading changes nothing, writing is an entry in the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from casefile import audit, keys
from casefile.db import StatementWarning
from casefile.errors import InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from sqlalchemy import CursorResult
    from sqlalchemy.orm import Session

    from casefile.uow import Resources

SHOWN_BYTES = 32
# What SQLite asks its authorizer, and the answers (sqlite3.h). `PRAGMA rekey` alone would seal
# the whole database under a key that nobody holds.
ALLOWED, DENIED = 0, 1
PRAGMA, ATTACH, DETACH = 19, 24, 25
READ, SELECT, FUNCTION, RECURSIVE = 20, 21, 31, 33
READING = frozenset({PRAGMA, READ, SELECT, FUNCTION, RECURSIVE})
LOOKING = frozenset(
    {
        "foreign_key_check",
        "foreign_key_list",
        "index_info",
        "index_list",
        "integrity_check",
        "quick_check",
        "table_info",
        "table_list",
    }
)


def run(resources: Resources, statement: str, *, write: bool) -> list[dict[str, Any]]:
    """Return the rows of a statement; bytes as hexadecimal, long ones cut.

    Raises InvalidError with the database's own words when the statement does not run, or
    changes something without `write`.
    """
    if not statement.strip():
        msg = "There is no statement to run."
        raise InvalidError(msg)
    if write:
        with UnitOfWork(resources, None) as uow:
            rows = _ask(uow.session, statement, write=True)
            digest = keys.digest(statement.encode()).hex()
            audit.record(uow, "database.written", detail={"statement_sha256": digest})
        return rows
    with resources.database.reading() as session:
        return _ask(session, statement, write=False)


def _ask(session: Session, statement: str, *, write: bool) -> list[dict[str, Any]]:
    connection = session.connection()
    sealed = connection.dialect.name == "sqlite"
    raw: Any = connection.connection.dbapi_connection
    try:
        if sealed:
            raw.set_authorizer(_allow_writing if write else _allow_reading)
        return _rows(connection.exec_driver_sql(statement))
    except (DBAPIError, StatementWarning, ValueError) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        msg = f"The statement did not run: {said}." + (
            "" if write else " To change something, add --write."
        )
        raise InvalidError(msg) from error
    finally:
        if sealed:
            raw.set_authorizer(_allow_all)


def _allow_all(*_what: object) -> int:
    return ALLOWED


def _allow_writing(what: int, first: str | None, second: str | None, *_where: object) -> int:
    """Refuse what reaches past the tables: another file, another key, another way of storing."""
    if what in (ATTACH, DETACH) or (what == PRAGMA and second and first not in LOOKING):
        return DENIED
    return ALLOWED


def _allow_reading(what: int, first: str | None, second: str | None, *where: object) -> int:
    return _allow_writing(what, first, second, *where) if what in READING else DENIED


def _rows(result: CursorResult[Any]) -> list[dict[str, Any]]:
    if not result.returns_rows:
        return [{"changed": result.rowcount}]
    return [
        {
            name: f"{value[:SHOWN_BYTES].hex()}{'…' if len(value) > SHOWN_BYTES else ''}"
            if isinstance(value, bytes)
            else value
            for name, value in row._mapping.items()  # noqa: SLF001
        }
        for row in result
    ]
