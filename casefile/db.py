"""The database: one sealed SQLite file (SQLCipher) or PostgreSQL, and the types columns repeat."""

from __future__ import annotations

import functools
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from uuid import UUID, uuid4

import sqlcipher3.dbapi2
from sqlalchemy import (
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import QueuePool

from casefile.errors import BusyError, ConfigError, DamagedError, FullError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Table
    from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry

VERSION_LETTERS = len("20261121_1953")
# What the driver raises for several statements in one; SQLAlchemy lets it through as it is.
StatementWarning = sqlcipher3.dbapi2.Warning
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 15
_CHECKPOINT_PAUSE = 0.05
POOL_SIZE = 24
CACHE_KIB = 4096
IDENTITIES = 8192
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a time without a zone"
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        if dialect.name == "sqlite":
            return _read_moment
        return super().result_processor(dialect, coltype)


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


class Identity(Uuid[UUID]):
    """A UUID. A page meets the same few people and cases in every row: each is read once."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        if dialect.name == "sqlite":
            return _read_identity
        usual: Callable[[Any], Any] | None = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return usual


@functools.lru_cache(IDENTITIES)
def _read_identity(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


class Base(DeclarativeBase):
    """Where every table is registered."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Moment, bytes: LargeBinary, UUID: Identity}  # noqa: RUF012


def table(model: type[Base]) -> Table:
    """Return the plain table of a model, for what every page asks.

    A statement over plain columns, made once, costs a third of one made of mapped attributes anew.
    """
    return cast("Table", model.__table__)


PrimaryKey = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]
Name = Annotated[str, mapped_column(String(120))]
Word = Annotated[str, mapped_column(String(32))]


class Database:
    """An engine, and the one writer's turn when the database is a file."""

    def __init__(self, engine: Engine, path: Path | None = None) -> None:
        self.engine = engine
        self.path = path
        self.turn = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            with refusals():
                yield session
            session.expunge_all()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that holds the writer's turn; the caller commits.

        Raises BusyError when the turn does not come in time.
        """
        if not self.turn.acquire(timeout=BUSY_SECONDS):
            msg = "The database is busy. Nothing was changed; try again in a moment."
            raise BusyError(msg)
        try:
            with (
                refusals(),
                self.engine.connect().execution_options(writer=True) as connection,
                Session(connection, expire_on_commit=False) as session,
            ):
                yield session
        finally:
            self.turn.release()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the database refuses into errors that say what to do."""
    try:
        yield
    except DatabaseError as error:
        raise explain(error) from error


def explain(error: DatabaseError) -> Exception:
    words = str(error.orig).lower()
    if "disk i/o" in words:
        return FullError(
            "The disk cannot be used: there is no room left on it, or it fails. Nothing already saved was "
            "touched. Ask the administrator to look at the free space and run `casefile doctor`."
        )
    if "disk is full" in words:
        return FullError(
            "There is no room left to save this. Nothing already saved was touched. "
            "Ask the administrator to free disk space, then try again."
        )
    if "locked" in words or "busy" in words:
        return BusyError("The database is busy. Nothing was changed; try again in a moment.")
    if "readonly" in words or "read-only" in words or "unable to open" in words:
        return BusyError(
            "The database cannot be written to at the moment. Nothing was changed. "
            "Ask the administrator to check the disk and run `casefile doctor`."
        )
    if "malformed" in words or "not a database" in words:
        return DamagedError(
            "The database is damaged or was opened with the wrong key. Nothing was changed. "
            "Ask the administrator to run `casefile doctor`."
        )
    return error


def open_file(path: Path, key: bytes) -> Database:
    """Open the sealed SQLite file with its raw 32-byte key, making it when absent."""

    def connect() -> Any:
        connection = sqlcipher3.dbapi2.connect(
            str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        cursor = connection.cursor()
        cursor.execute("PRAGMA cipher_log_level=NONE")
        cursor.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "temp_store=MEMORY",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            f"cache_size=-{CACHE_KIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        return connection

    engine = create_engine(
        "sqlite://",
        module=sqlcipher3.dbapi2,
        creator=connect,
        poolclass=QueuePool,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_reset_on_return="rollback",
        query_cache_size=1000,
    )
    engine.dialect.statement_compiler = _SteadyCompiler
    _explicit_transactions(engine)
    return Database(engine, path)


class _SteadyCompiler(SQLiteCompiler):
    """Writes LIMIT as a sum.

    SQLite looks at the value of a bare bound LIMIT when it plans, and so prepares the statement
    anew each time one is given, which takes longer than running it.
    """

    def limit_clause(self, select: Any, **given: Any) -> str:
        text: str = super().limit_clause(select, **given)  # type: ignore[no-untyped-call]
        return text.replace(" OFFSET", " + 0 OFFSET", 1)


def _explicit_transactions(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _plain(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writer = connection.get_execution_options().get("writer")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def open_url(url: str) -> Database:
    """Open a PostgreSQL database by its address."""
    try:
        return Database(create_engine(url, pool_size=POOL_SIZE, pool_pre_ping=True))
    except Exception as error:
        msg = "database_url cannot be used: it must look like postgresql://user@host/name."
        raise ConfigError(msg) from error


def migrate(database: Database) -> None:
    """Bring the tables to the newest version."""
    # Alembic is a fifth of the time the server takes to start, and only this needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    with refusals(), database.turn, database.engine.connect() as connection:
        configuration = Config()
        configuration.set_main_option("script_location", str(MIGRATIONS))
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        connection.commit()


def newest_version() -> str:
    """Return the newest migration: files are named by when they were written, in one line."""
    return max(path.stem[:VERSION_LETTERS] for path in (MIGRATIONS / "versions").glob("2*.py"))


def is_current(database: Database) -> bool:
    """Say whether the tables are of the version this program wants."""
    with refusals(), database.engine.connect() as connection:
        there = inspect(connection).has_table("alembic_version")
        found = connection.scalar(text("SELECT version_num FROM alembic_version")) if there else ""
    return found == newest_version()


def checkpoint(database: Database) -> bool:
    """Empty the write-ahead log, so deleted pages do not stay in it; say whether that was possible.

    It is asked for again and again rather than waited for: SQLite would keep the writer's place for
    itself while it waits for readers, and a reader that wants to write next would wait for it.
    """
    until = time.monotonic() + BUSY_SECONDS
    while not _emptied(database):
        if time.monotonic() > until:
            return False
        time.sleep(_CHECKPOINT_PAUSE)
    return True


def _emptied(database: Database) -> bool:
    if database.path is None:
        return True
    with refusals(), database.turn, database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        try:
            return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")


__all__ = [
    "Base",
    "Database",
    "Identity",
    "Moment",
    "Name",
    "OperationalError",
    "PrimaryKey",
    "StatementWarning",
    "Word",
    "checkpoint",
    "explain",
    "is_current",
    "migrate",
    "open_file",
    "open_url",
    "refusals",
    "table",
]
