from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from casefile import audit, operator_sql
from tests.cast import resources_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast
    from tests.strict_browser import Browse

SWAP = (
    "UPDATE audit_entry SET at = o.at, action = o.action, subject_id = o.subject_id "
    "FROM (SELECT * FROM audit_entry) AS o "
    "WHERE audit_entry.sequence IN (5, 6) AND o.sequence = 11 - audit_entry.sequence"
)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_entry SET action = 'note.read' WHERE sequence = 7", [7]),
        ("UPDATE audit_entry SET at = '2020-01-01 00:00:00.000000' WHERE sequence = 7", [7]),
        ("UPDATE audit_entry SET actor_id = NULL WHERE sequence = 12", [12]),
        ("DELETE FROM audit_entry WHERE sequence = 7", [7, 8]),
        ("DELETE FROM audit_entry WHERE sequence IN (5, 6)", [5, 7]),
        ("DELETE FROM audit_entry WHERE sequence = 1", [1, 2]),
        (SWAP, [5, 6]),
        ("UPDATE audit_entry SET hash = zeroblob(32) WHERE sequence = 7", [7, 8]),
    ],
    ids=["action", "time", "actor", "one", "two", "first", "swap", "hash"],
)
def test_a_change_of_the_trail_is_found_where_it_was_made(
    statement: str, broken: list[int], resources: Resources
) -> None:
    with resources.database.reading() as session:
        assert all(isinstance(found, int) for found in audit.verify(session, batch=4))
    operator_sql.run(resources, statement, write=True)

    with resources.database.reading() as session:
        found = [part for part in audit.verify(session, batch=4) if isinstance(part, audit.Broken)]
    assert sorted({part.sequence for part in found}) == broken


def test_a_broken_trail_is_said_on_standard_error_and_by_the_exit_code(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    statement = "DELETE FROM audit_entry WHERE sequence = 7"
    assert casefile("database", "sql", statement, "--write").returncode == 0

    done = casefile("audit", "verify")
    report = casefile("audit", "verify", "--json")

    assert done.returncode == 1
    assert "THE CHAIN IS BROKEN" in done.stdout
    assert "entry 7 missing" in done.stderr
    assert report.returncode == 1
    assert {entry["sequence"] for entry in json.loads(report.stdout)["broken"]} == {7, 8}


def test_a_whole_trail_is_said_to_hold(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = casefile("audit", "verify")
    report = json.loads(casefile("audit", "verify", "--json").stdout)

    assert done.returncode == 0
    assert done.stderr == ""
    assert "the chain holds" in done.stdout
    assert report["broken"] == []
    assert report["entries"] > 10


def test_the_index_is_verified_and_thrown_away_for_one_case_or_all(
    instance: Path,
    cast: Cast,
    browse: Browse,
    app: Flask,
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    browse(cast.ben).get("/search?q=pier")
    browse(cast.dan).get("/search?q=orchard")
    resources_of(app).index.close()
    shard = instance / "index" / f"{cast.case.id}.db"
    assert shard.exists()
    whole = casefile("index", "verify")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "nothing wrong" in whole.stdout

    stranger = instance / "index" / "0d2c3b1a-0000-4000-8000-000000000000.db"
    stranger.write_bytes(shard.read_bytes())
    (instance / "index" / "stranger.txt").write_text("who put me here")
    found = casefile("index", "verify", "--json")
    assert found.returncode == 1
    problems = {
        problem["file"]: problem["reason"] for problem in json.loads(found.stdout)["problems"]
    }
    assert problems[stranger.name] == "belongs to no case"
    assert "stranger.txt" in problems
    stranger.unlink()
    (instance / "index" / "stranger.txt").unlink()

    one = casefile("index", "rebuild", str(cast.other.id))
    assert (one.returncode, one.stderr) == (0, "")
    assert shard.exists()
    every = casefile("index", "rebuild")
    assert "Forgot 2 shards" in every.stdout
    assert not shard.exists()
    assert browse(cast.ben).get("/search?q=pier").find("//*[@data-total='1']")


@pytest.mark.parametrize("given", ["7d2c3b1a-0000-4000-8000-000000000000", "slate-compass", "'"])
def test_an_unknown_case_is_named_and_no_shard_is_forgotten(
    given: str, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = casefile("index", "rebuild", given)

    assert done.returncode == 2
    assert given in done.stderr
    assert "Traceback" not in done.stderr


def test_whole_files_are_said_to_be_whole(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = casefile("vault", "verify")
    report = casefile("vault", "verify", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    assert "2 files, 0 missing or cut, 0 without evidence." in done.stdout
    assert json.loads(report.stdout) == {"files": 2, "missing": [], "orphans": [], "kinds": {}}


def test_the_doctor_says_what_is_right(
    casefile: Callable[..., subprocess.CompletedProcess[str]], instance: Path
) -> None:
    done = casefile("doctor", "--check")
    report = json.loads(casefile("doctor", "--json").stdout)

    assert done.returncode == 0, done.stdout
    assert "WRONG" not in done.stdout
    looked_at = {finding["what"] for finding in report}
    assert {"settings", "key file", "database", "disk", "folder"} <= looked_at
    assert (instance / "pepper").read_bytes().hex() not in done.stdout


@pytest.mark.parametrize(
    ("name", "mode", "says"),
    [("pepper", 0o644, "chmod 600"), (".", 0o755, "chmod 700")],
    ids=["key", "folder"],
)
def test_the_doctor_finds_what_others_can_read(
    name: str,
    mode: int,
    says: str,
    instance: Path,
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    (instance / name).chmod(mode)

    done = casefile("doctor", "--check")

    assert done.returncode == 1
    assert "WRONG" in done.stdout
    assert says in done.stdout
