from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from casefile import audit, operator_sql
from casefile.app import open_resources
from casefile.errors import InvalidError
from tests.cast import settings_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from casefile.uow import Resources

COUNTS = (
    "SELECT (SELECT count(*) FROM audit_entry) AS entries, (SELECT count(*) FROM note) AS notes"
)
ANOTHER_KEY = "PRAGMA rekey=\"x'" + "11" * 32 + "'\""


def test_rows_come_as_json_and_sealed_columns_stay_sealed(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = casefile(
        *("database", "sql"),
        "SELECT sequence, hash, NULL AS empty, 'ы' AS letter FROM audit_entry "
        "ORDER BY sequence LIMIT 2",
    )
    record = casefile("database", "sql", "SELECT record FROM note_version LIMIT 1")

    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert [row["sequence"] for row in rows] == [1, 2]
    assert len(bytes.fromhex(rows[0]["hash"])) == 32
    assert (rows[0]["empty"], rows[0]["letter"]) == (None, "ы")
    assert "pier" not in record.stdout
    assert len(json.loads(record.stdout)[0]["record"]) == 65, "long values are cut"


CHANGES = [
    "UPDATE audit_entry SET action = 'x'",
    "DELETE FROM note",
    "INSERT INTO worker VALUES (1, 2, 3)",
    "DROP TABLE note",
    "CREATE TABLE t (x)",
    "VACUUM",
    "REPLACE INTO worker VALUES (1, 2, 3)",
    "WITH x AS (SELECT 1) DELETE FROM note",
]
BEYOND_TABLES = [
    ANOTHER_KEY,
    "PRAGMA key='another'",
    "PRAGMA user_version=7",
    "PRAGMA query_only=OFF",
    "PRAGMA journal_mode=DELETE",
    "PRAGMA writable_schema=ON",
    "PRAGMA cipher_page_size=1024",
    "ATTACH 'in-clear.db' AS other KEY ''",
    "DETACH main",
]


@pytest.mark.parametrize(
    ("statement", "write", "message"),
    [
        *((statement, False, "add --write") for statement in CHANGES + BEYOND_TABLES),
        *((statement, True, "did not run") for statement in BEYOND_TABLES),
    ],
)
def test_reading_changes_nothing_and_even_writing_does_not_reach_past_the_tables(
    statement: str, message: str, resources: Resources, instance: Path, *, write: bool
) -> None:
    before = operator_sql.run(resources, COUNTS, write=False)

    with pytest.raises(InvalidError, match=message):
        operator_sql.run(resources, statement, write=write)

    assert_whole(resources, instance, before)


def assert_whole(resources: Resources, instance: Path, before: list[dict[str, object]]) -> None:
    """The database opens with its own key and says what it said before."""
    resources.database.close()
    again = open_resources(settings_for(instance))
    try:
        assert operator_sql.run(again, COUNTS, write=False) == before
        assert operator_sql.run(again, "PRAGMA user_version", write=False)[0]["user_version"] == 0
        assert (
            operator_sql.run(again, "PRAGMA journal_mode", write=False)[0]["journal_mode"] == "wal"
        )
    finally:
        again.database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELEC 1",
        "",
        " \n",
        "SELECT * FROM nowhere",
        "SELECT 1; SELECT 2",
        "SELECT :name",
        "SELECT ?",
        "SELECT 1/",
        "SELECT '",
        "SELECT load_extension('x')",
        "\udcff",
        "SELECT '\0'",
    ],
)
@pytest.mark.parametrize("write", [False, True], ids=["reading", "writing"])
def test_a_statement_that_does_not_run_is_refused_and_leaves_no_entry(
    statement: str,
    resources: Resources,
    *,
    write: bool,
) -> None:
    before = operator_sql.run(resources, COUNTS, write=False)

    with pytest.raises(InvalidError) as refusal:
        operator_sql.run(resources, statement, write=write)

    assert len(refusal.value.message) < 300
    assert operator_sql.run(resources, COUNTS, write=False) == before


def test_a_bad_statement_is_one_line_on_standard_error(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    for more in ((), ("--write",)):
        done = casefile("database", "sql", "SELECT * FROM nowhere", *more)

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(
            "casefile: The statement did not run: no such table: nowhere."
        )
        assert len(done.stderr.splitlines()) == 1


def test_the_tables_can_be_looked_over(resources: Resources) -> None:
    columns = operator_sql.run(resources, "PRAGMA table_info(audit_entry)", write=False)
    plan = operator_sql.run(resources, f"EXPLAIN QUERY PLAN {COUNTS}", write=False)

    assert {"sequence", "action"} <= {column["name"] for column in columns}
    assert plan


def test_writing_is_an_entry_in_the_trail_that_tells_the_statement_by_its_hash(
    casefile: Callable[..., subprocess.CompletedProcess[str]], resources: Resources
) -> None:
    done = casefile("database", "sql", "UPDATE worker SET seen_at = seen_at", "--write")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"changed": 0}]
    with resources.database.reading() as session:
        last = audit.entries(session, limit=1)[0]
        assert (last.action, last.actor_id) == ("database.written", None)
        assert last.detail is not None
        assert b"seen_at" not in last.detail
        assert all(isinstance(found, int) for found in audit.verify(session))
