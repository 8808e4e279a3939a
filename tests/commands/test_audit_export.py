from __future__ import annotations

import base64
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from casefile.audit import tree
from casefile.audit.exports import script
from tests.trail_scene import NO_OPENSSL, key_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from casefile.uow import Resources

    Command = Callable[..., subprocess.CompletedProcess[str]]


def rewritten(file: Path, changes: Mapping[str, Callable[[str], str]]) -> Path:
    """Write an export anew with some of its members changed."""
    changed = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            new.writestr(name, changes.get(name, str)(content))
    return changed


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
