from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.cast import Cast

COUNT = "SELECT count(*) AS n FROM audit_entry"


def test_rows_come_as_json_and_sealed_columns_stay_sealed(
    casefile: Callable[..., subprocess.CompletedProcess[str]], cast: Cast
) -> None:
    done = casefile(
        "database", "sql", "SELECT sequence, action, hash FROM audit_entry ORDER BY sequence LIMIT 2"
    )
    record = casefile("database", "sql", "SELECT record FROM note_version LIMIT 1")

    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert [row["sequence"] for row in rows] == [1, 2]
    assert len(bytes.fromhex(rows[0]["hash"])) == 32
    assert "pier" not in record.stdout
    assert len(json.loads(record.stdout)[0]["record"]) == 65, "long values are cut"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET action = 'x'",
        "DELETE FROM note",
        "INSERT INTO worker VALUES (1, 2, 3)",
        "DROP TABLE note",
        "CREATE TABLE t (x)",
        "VACUUM",
        "REPLACE INTO worker VALUES (1, 2, 3)",
        "WITH x AS (SELECT 1) DELETE FROM note",
        "PRAGMA user_version=7",
        "PRAGMA query_only=OFF",
        "PRAGMA journal_mode=DELETE",
        "ATTACH '/tmp/other.db' AS other",
    ],
)
def test_reading_changes_nothing(
    statement: str, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = casefile("database", "sql", COUNT).stdout

    done = casefile("database", "sql", statement)

    assert "Traceback" not in done.stderr
    if not statement.startswith(("PRAGMA", "ATTACH")):
        assert done.returncode == 1
        assert "--write" in done.stderr
        assert done.stdout == ""
    assert casefile("database", "sql", COUNT).stdout == before
    version = casefile("database", "sql", "PRAGMA user_version").stdout
    assert json.loads(version) == [{"user_version": 0}]


@pytest.mark.parametrize(
    "statement",
    [
        "SELEC 1",
        "",
        "SELECT * FROM nothing",
        "SELECT 1; SELECT 2",
        "SELECT :name",
        "SELECT ?",
        "SELECT 1/",
        "-- nothing",
        "SELECT '",
        "\udcff",
    ],
)
def test_a_statement_that_does_not_run_is_one_line_and_exit_code_1(
    statement: str, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    for more in ((), ("--write",)):
        done = casefile("database", "sql", statement, *more)

        assert done.returncode == 1, done.stdout
        assert done.stderr.startswith("casefile: ")
        assert "Traceback" not in done.stderr
        assert len(done.stderr) < 500


def test_writing_is_an_entry_in_the_trail_that_tells_the_statement_by_its_hash(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = casefile("database", "sql", "UPDATE worker SET seen_at = seen_at", "--write")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"changed": 0}]
    last = casefile(
        "database", "sql", "SELECT action, actor_id FROM audit_entry ORDER BY sequence DESC LIMIT 1"
    )
    assert json.loads(last.stdout) == [{"action": "database.written", "actor_id": None}]
    assert casefile("audit", "verify").returncode == 0


def test_a_write_that_fails_leaves_nothing_not_even_an_entry(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    before = casefile("database", "sql", COUNT).stdout

    done = casefile("database", "sql", "UPDATE nothing SET x = 1", "--write")

    assert done.returncode == 1
    assert casefile("database", "sql", COUNT).stdout == before


def test_values_no_json_knows_are_written_as_text(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = casefile("database", "sql", "SELECT 1e999 AS a, NULL AS b, x'00ff' AS c, 'ы' AS d")

    assert done.returncode == 0
    assert "ы" in done.stdout
    (row,) = json.loads(done.stdout)
    assert (row["b"], row["c"], row["d"]) == (None, "00ff", "ы")
