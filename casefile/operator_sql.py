"""One SQL statement by the operator: reading changes nothing, writing is an entry in the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from casefile import audit, keys
from casefile.errors import InvalidError
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from sqlalchemy import CursorResult

    from casefile.uow import Resources

SHOWN_BYTES = 32


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
            with _words_of_the_database(write=True):
                rows = _rows(uow.session.connection().exec_driver_sql(statement))
            digest = keys.digest(statement.encode()).hex()
            audit.record(uow, "database.written", detail={"statement_sha256": digest})
        return rows
    with resources.database.reading() as session:
        connection = session.connection()
        if resources.database.path is not None:
            session.execute(text("PRAGMA query_only=ON"))
        try:
            with _words_of_the_database(write=False):
                return _rows(connection.exec_driver_sql(statement))
        finally:
            connection.invalidate()


@contextmanager
def _words_of_the_database(*, write: bool) -> Iterator[None]:
    """Say what the database says of a statement: the operator wrote it, and wants to mend it."""
    try:
        yield
    except (DBAPIError, Warning, ValueError) as error:
        if isinstance(error, DBAPIError) and isinstance(explain(error), (BusyError, FullError)):
            words = str(error.orig).lower()
            if "readonly" not in words:
                raise
        said = error.orig if isinstance(error, DBAPIError) else error
        msg = f"The statement did not run: {said}." + (
            "" if write else " To change something, add --write."
        )
        raise InvalidError(msg) from error


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
