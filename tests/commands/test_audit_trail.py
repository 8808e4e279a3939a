from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config

from casefile import audit, db
from casefile.audit import tree
from casefile.audit.exports import script
from casefile.uow import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from casefile.uow import Resources

    Command = Callable[..., subprocess.CompletedProcess[str]]

NO_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing here")


@pytest.fixture
def check(tmp_path: Path) -> Command:
    """Run the program that comes with an export, with nothing else around it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    program = folder / "verify_export.py"
    program.write_text(script())

    def run(*arguments: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", program, *map(str, arguments)],
            cwd=folder,
            env={"PATH": os.environ["PATH"] if path is None else path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def export(casefile: Command, tmp_path: Path) -> Path:
    file = tmp_path / "trail.zip"
    done = casefile("audit", "export", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert str(file) in done.stdout
    return file


def rewritten(file: Path, changes: Mapping[str, Callable[[str], str]]) -> Path:
    """Write an export anew with some of its members changed."""
    changed = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            new.writestr(name, changes.get(name, str)(content))
    return changed


def key_of(casefile: Command) -> str:
    return str(json.loads(casefile("audit", "verify", "--json").stdout)["key"])


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
def test_an_export_is_checked_without_casefile(
    export: Path, check: Command, casefile: Command
) -> None:
    done = check(export)
    told = check(export, "--key", key_of(casefile))

    assert (done.returncode, done.stderr) == (0, "")
    assert "the trail holds" in done.stdout
    assert "NOT CHECKED" not in done.stdout
    assert "of the export: compare it" in done.stdout
    assert told.returncode == 0
    assert "compare it" not in told.stdout
    assert export.stat().st_mode & 0o077 == 0


def test_without_openssl_it_is_said_what_was_not_checked(export: Path, check: Command) -> None:
    done = check(export, path="/nonexistent")

    assert done.returncode == 0
    assert "NOT CHECKED: signatures" in done.stdout
    assert "the trail holds" in done.stdout


def test_an_export_holds_entries_as_they_are_and_nothing_opened(
    export: Path, resources: Resources
) -> None:
    with zipfile.ZipFile(export) as archive:
        names = set(archive.namelist())
        lines = [json.loads(line) for line in archive.read("entries.jsonl").splitlines()]
        everything = b"".join(archive.read(name) for name in names)
    with resources.database.reading() as session:
        size = tree.size(session)

    assert {
        "entries.jsonl",
        "checkpoints.jsonl",
        "key.txt",
        "verify_export.py",
        "README.txt",
    } <= names
    assert lines[-1]["action"] == "trail.exported"
    assert len(lines) == size
    for word in (b"pier", b"ledger.txt", b"Ben Writer", resources.pepper):
        assert word not in everything
    assert any(line["detail"] and line["generation"] for line in lines), "sealed ones are there"


def _entries(change: Callable[[list[dict[str, object]]], object]) -> Callable[[str], str]:
    def changed(content: str) -> str:
        lines = [json.loads(line) for line in content.splitlines()]
        change(lines)
        return "".join(f"{json.dumps(line)}\n" for line in lines)

    return changed


def _swap(lines: list[dict[str, object]]) -> None:
    lines[4], lines[5] = lines[5], lines[4]


TAMPERED = {
    "action": ("entries.jsonl", _entries(lambda e: e[6].update(action="case.read"))),
    "hash": ("entries.jsonl", _entries(lambda e: e[6].update(hash="00" * 32))),
    "one gone": ("entries.jsonl", _entries(lambda e: e.pop(6))),
    "first gone": ("entries.jsonl", _entries(lambda e: e.pop(0))),
    "last gone": ("entries.jsonl", _entries(lambda e: e.pop())),
    "all gone": ("entries.jsonl", lambda _content: ""),
    "swapped": ("entries.jsonl", _entries(_swap)),
    "twice": ("entries.jsonl", _entries(lambda e: e.append(e[-1]))),
    "no checkpoint": ("checkpoints.jsonl", lambda _content: ""),
    "another size": ("checkpoints.jsonl", lambda c: c.replace('"size":', '"size":1')),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_export_is_found_out_by_hashes_alone(
    what: str, export: Path, check: Command
) -> None:
    name, change = TAMPERED[what]

    done = check(rewritten(export, {name: change}), path="/nonexistent")

    assert done.returncode == 1, done.stdout
    assert "WRONG" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_trail_is_exported_as_it_is_and_found_out(
    casefile: Command, check: Command, tmp_path: Path
) -> None:
    casefile("audit", "checkpoint")
    statement = "DELETE FROM audit_entry WHERE sequence IN (7, {last})"
    last = json.loads(casefile("audit", "verify", "--json").stdout)["entries"]
    casefile("database", "sql", statement.format(last=last), "--write")
    file = tmp_path / "broken.zip"

    done = casefile("audit", "export", str(file))

    assert done.returncode == 1
    assert "written as they are" in done.stderr
    assert "not a continuation" in done.stderr, "the last one was under the checkpoint"
    casefile("database", "sql", "DELETE FROM audit_checkpoint", "--write")
    again = casefile("audit", "export", str(tmp_path / "again.zip"))
    assert again.returncode == 1
    assert "casefile audit verify" in again.stderr
    checked = check(file)
    assert checked.returncode == 1
    assert "entry 7 was changed, is missing or does not follow" in checked.stdout


@NO_OPENSSL
def test_a_forged_signature_and_another_key_are_found_out(
    export: Path, check: Command, casefile: Command
) -> None:
    def other_signature(content: str) -> str:
        lines = [json.loads(line) for line in content.splitlines()]
        head, _, blob = lines[-1]["note"].rstrip("\n").rpartition(" ")
        raw = base64.b64decode(blob)
        forged = base64.b64encode(raw[:4] + bytes(64)).decode()
        lines[-1]["note"] = f"{head} {forged}\n"
        return "".join(f"{json.dumps(line)}\n" for line in lines)

    forged = check(rewritten(export, {"checkpoints.jsonl": other_signature}))
    name, _, _ = key_of(casefile).partition("+")
    stranger = check(export, "--key", f"{name}+00000000+{base64.b64encode(bytes(33)).decode()}")

    assert forged.returncode == stranger.returncode == 1
    assert "the signature of checkpoint" in forged.stdout
    assert "does not carry the signature" in stranger.stdout


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


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04broken", b"\xff\xfe", b"a\n\nb"])
def test_the_program_says_in_one_line_what_it_cannot_read(
    content: bytes, check: Command, tmp_path: Path
) -> None:
    file = tmp_path / "broken"
    file.write_bytes(content)

    done = check(file, "--key", f"a+b+{base64.b64encode(bytes(33)).decode()}")

    assert done.returncode == 1
    assert "cannot be read as an export or a proof" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_program_fits_on_a_few_screens_and_needs_nothing(casefile: Command) -> None:
    printed = casefile("audit", "script").stdout

    assert printed == script()
    assert len(printed.splitlines()) < 150
    assert "casefile" not in [line.split()[1] for line in printed.splitlines() if "import" in line]


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
