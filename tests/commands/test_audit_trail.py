from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config

from casefile import audit, db
from casefile.uow import UnitOfWork
from tests.trail_scene import NO_OPENSSL, key_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from casefile.uow import Resources

    Command = Callable[..., subprocess.CompletedProcess[str]]


def test_a_whole_trail_is_said_to_be_whole_in_all_its_parts(casefile: Command) -> None:
    signed = casefile("audit", "checkpoint")
    done = casefile("audit", "verify")
    report = json.loads(casefile("audit", "verify", "--json").stdout)

    assert done.returncode == signed.returncode == 0
    assert signed.stdout.startswith("casefile/")
    assert signed.stdout.split("\n")[1] == str(report["entries"])
    assert "the chain holds" in done.stdout
    assert "The tree over them holds" in done.stdout
    assert "all fit" in done.stdout
    assert report["key"] in done.stdout
    assert report["checkpoints"]["wrong"] == report["tree"] == []
    assert report["root"] == signed.stdout.split("\n")[2]


def test_a_cut_trail_is_said_on_standard_error_and_by_the_exit_code(casefile: Command) -> None:
    casefile("audit", "checkpoint")
    statement = "DELETE FROM audit_entry WHERE sequence > 8"
    assert casefile("database", "sql", statement, "--write").returncode == 0

    done = casefile("audit", "verify")
    report = json.loads(casefile("audit", "verify", "--json").stdout)
    refused = casefile("audit", "checkpoint")
    again = casefile("audit", "checkpoint", "--anew")

    assert done.returncode == 1
    assert "DO NOT FIT" in done.stdout
    assert "the last are gone" in done.stderr or "not of these entries" in done.stderr
    assert report["checkpoints"]["wrong"]
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "not a continuation" in refused.stderr
    assert again.returncode == 0
    assert casefile("audit", "verify").returncode == 0


@NO_OPENSSL
def test_an_entry_is_proved_to_somebody_without_casefile(
    casefile: Command, check: Command, tmp_path: Path
) -> None:
    key, file = key_of(casefile), tmp_path / "entry.tlog-proof"
    for number in (1, 7, 12):
        file.unlink(missing_ok=True)
        done = casefile("audit", "prove", str(number), "--output", str(file))
        assert (done.returncode, done.stderr) == (0, "")
        checked = check(file, "--key", key)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert f"entry {number} (" in checked.stdout
    shown = casefile("audit", "prove", "12").stdout
    assert shown == file.read_text()
    assert shown.startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert len(shown) < 3000

    lines = shown.split("\n")
    entry = json.loads(base64.b64decode(lines[1].removeprefix("extra ")))
    entry["action"] = "note.read"
    lines[1] = "extra " + base64.b64encode(json.dumps(entry).encode()).decode()
    file.write_text("\n".join(lines))
    assert "not in the tree" in check(file, "--key", key).stdout
    file.write_text(shown.replace("index 11", "index 10"))
    assert check(file, "--key", key).returncode == 1
    file.write_text(shown)
    assert check(file).returncode == 2, "a proof is worth as much as the key it is checked against"


def test_an_entry_just_made_gets_a_checkpoint_over_it(
    resources: Resources, casefile: Command
) -> None:
    casefile("audit", "checkpoint")
    with UnitOfWork(resources, None) as uow:
        number = audit.record(uow, "test.added")

    shown = casefile("audit", "prove", str(number)).stdout

    assert f"\n{number}\n" in shown.partition("\n\n")[2]


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        (("prove", "999999"), 1, "There is no entry 999999: the trail ends at"),
        (("prove", "9" * 30), 1, "There is no entry"),
        (("prove", "0"), 2, "range"),
        (("prove", "-1"), 2, "No such option"),
        (("prove", "seven"), 2, "not a valid integer"),
        (("prove",), 2, "Missing argument"),
        (("export",), 2, "Missing argument"),
        (("export", "{there}"), 1, "is there already, and nothing is overwritten"),
        (("prove", "1", "--output", "{there}"), 1, "is there already"),
        (("export", "{nowhere}/trail.zip"), 1, "No such file or directory"),
        (("export", "{folder}"), 1, "is there already"),
        (("export", "/proc/trail.zip"), 1, "/proc/trail.zip: "),
        (("timestamp",), 2, "CASEFILE_TIMESTAMP_URL"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_bad_input_is_answered_in_one_line_and_changes_nothing(
    given: tuple[str, ...], status: int, says: str, casefile: Command, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    places = {"there": there, "nowhere": tmp_path / "nowhere", "folder": tmp_path}

    done = casefile("audit", *(word.format(**places) for word in given))

    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert there.read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} <= {"there", "instance", "tmp", "elsewhere"}


def test_a_wrong_authority_setting_stops_the_start(casefile: Command) -> None:
    for settings, said in (
        ({"timestamp_url": "ftp://tsa.example"}, "timestamp_url must be"),
        ({"timestamp_url": "https://"}, "timestamp_url must be"),
        ({"timestamp_url": "https://tsa.example:99999/"}, "timestamp_url must be"),
        ({"timestamp_url": "https://tsa.example/"}, "timestamp_roots must name"),
    ):
        done = casefile("audit", "verify", **settings)
        assert done.returncode == 2
        assert said in done.stderr


def test_two_processes_appending_at_once_make_one_whole_trail(
    resources: Resources, casefile: Command
) -> None:
    done: list[subprocess.CompletedProcess[str]] = []

    def beside() -> None:
        statement = "UPDATE user SET theme = theme"
        done.extend(casefile("database", "sql", statement, "--write") for _ in range(4))

    others = [threading.Thread(target=beside) for _ in range(2)]
    for other in others:
        other.start()
    for _ in range(300):
        with UnitOfWork(resources, None) as uow:
            audit.record(uow, "test.added")
            audit.record(uow, "test.added")
    for other in others:
        other.join()

    assert [one.returncode for one in done] == [0] * 8
    report = audit.examine(resources)
    assert report.holds
    assert report.entries >= 608


def test_an_older_newsroom_gets_its_tree_when_its_tables_are_brought_up_to_date(
    resources: Resources, casefile: Command
) -> None:
    for _ in range(9):
        with UnitOfWork(resources, None) as uow:
            audit.record(uow, "test.added")
    configuration = Config()
    configuration.set_main_option("script_location", str(db.MIGRATIONS))
    with resources.database.engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, "20261121_1953")
        connection.commit()
    assert not db.is_current(resources.database)

    brought = casefile("init", "--username", "x", "--name", "X")
    report = json.loads(casefile("audit", "verify", "--json").stdout)

    assert "up to date" in brought.stdout
    assert report["broken"] == report["tree"] == []
    assert report["entries"] > 20
