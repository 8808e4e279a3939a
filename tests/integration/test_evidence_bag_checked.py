"""Whoever gets a bag checks it without Casefile: with the program in it, with coreutils, with bagit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import bagit
import pytest

from casefile import audit
from tests import bag_scene, newsdesk
from tests.bag_scene import send, unpack
from tests.cast import add_evidence, resources_of
from tests.intruder import writing
from tests.trail_scene import NO_OPENSSL, add_entries, cut, sign_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

LEDGER_PATH = "data/evidence/E-1 ledger.txt"


def check(bag: Path, *more: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program that lies in the bag, somewhere where there is no Casefile."""
    return subprocess.run(
        [sys.executable, bag / "check_bag.py", bag, *more],
        capture_output=True,
        text=True,
        cwd=bag.parent,
        env={"PATH": os.environ["PATH"] if path is None else path},
        timeout=60,
        check=False,
    )


@pytest.fixture
def bag(app: Flask, browse: Browse, cast: Cast, tmp_path: Path) -> Path:
    add_evidence(app, cast.ben, cast.case.id, "Эсеп №5, 100%.pdf", b"%PDF- no")
    add_evidence(app, cast.ben, cast.case.id, "empty", b"")
    add_entries(app, 21)
    sign_now(app)
    page = send(browse(cast.ann), cast.ann, bag_scene.url(cast))
    return unpack(page.content, tmp_path / "unpacked")


def key_of(app: Flask) -> str:
    return str(audit.checkpoints.signer(resources_of(app)).verifier)


@NO_OPENSSL
def test_the_program_in_the_bag_finds_that_it_holds(app: Flask, bag: Path) -> None:
    done = check(bag)
    told = check(bag, "--key", key_of(app))

    assert (done.returncode, done.stderr) == (0, "")
    assert "the bag holds" in done.stdout
    assert "NOT CHECKED" not in done.stdout
    assert "of the bag: compare it" in done.stdout
    assert told.returncode == 0
    assert "compare it" not in told.stdout
    assert not (bag / "__pycache__").exists()


def test_without_openssl_it_says_what_was_not_checked(bag: Path) -> None:
    done = check(bag, path="/nonexistent")

    assert done.returncode == 0
    assert "NOT CHECKED: signatures" in done.stdout


@NO_OPENSSL
def test_the_entry_of_the_bag_is_proven_by_the_program_of_the_trail(app: Flask, bag: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "verify_export.py",
            "--key",
            key_of(app),
            "data/custody/export.tlog-proof",
        ],
        cwd=bag,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "(bag.exported, " in done.stdout


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils are missing here")
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_coreutils_check_it_as_the_readme_says(bag: Path, algorithm: str) -> None:
    for manifest in (f"manifest-{algorithm}.txt", f"tagmanifest-{algorithm}.txt"):
        done = subprocess.run(
            [f"{algorithm}sum", "-c", "--strict", manifest],
            cwd=bag,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_library_of_congress_finds_it_valid(bag: Path) -> None:
    bagit.Bag(str(bag)).validate()


def _json_lines(path: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _listed_again(bag: Path) -> None:
    """Make every manifest anew, as somebody who changed a bag can."""
    import hashlib

    for start, paths in (
        ("manifest", [p for p in bag.rglob("*") if "data" in p.relative_to(bag).parts]),
        ("tagmanifest", [p for p in bag.iterdir() if not p.name.startswith("tagmanifest")]),
    ):
        for name in ("sha256", "sha512"):
            lines = [
                f"{hashlib.new(name, p.read_bytes()).hexdigest()}  {p.relative_to(bag).as_posix()}\n"
                for p in paths
                if p.is_file()
            ]
            (bag / f"{start}-{name}.txt").write_text("".join(lines))


FORGED: dict[str, Callable[[Path], object]] = {
    "content": lambda bag: (bag / LEDGER_PATH).write_bytes(b"x" * 64),
    "custody list": lambda bag: _json_lines(
        bag / "data/custody/evidence.jsonl", lambda lines: lines[0].update(obtained_from="a bin")
    ),
    "entry": lambda bag: _json_lines(
        bag / "data/custody/proofs.jsonl", lambda lines: lines[0]["entry"].update(at="2020-01-01")
    ),
    "entry gone": lambda bag: _json_lines(
        bag / "data/custody/proofs.jsonl", lambda lines: lines.pop(0)
    ),
    "checkpoint": lambda bag: _json_lines(
        bag / "data/custody/checkpoints.jsonl",
        lambda lines: lines[0].update(note=lines[0]["note"].replace("\n", "\n1", 1)),
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_bag_that_was_changed_is_found_out_even_with_new_manifests(bag: Path, what: str) -> None:
    FORGED[what](bag)
    assert check(bag, path="/nonexistent").returncode == 1

    _listed_again(bag)
    done = check(bag, path="/nonexistent")

    assert done.returncode == 1, done.stdout
    assert "WRONG" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("what", ["added", "taken", "tag", "outside", "no bag"])
def test_a_file_too_many_or_too_few_is_found_out(bag: Path, what: str) -> None:
    if what == "added":
        (bag / "data/evidence/E-9 planted.txt").write_text("planted")
    elif what == "taken":
        (bag / LEDGER_PATH).unlink()
    elif what == "tag":
        (bag / "README.txt").write_text("Believe me.")
    elif what == "outside":
        (bag / "manifest-sha256.txt").write_text(f"{'0' * 64}  ../../etc/passwd\n")
    else:
        (bag / "bagit.txt").write_text("BagIt-Version: 0.97\n")

    done = check(bag, path="/nonexistent")

    assert done.returncode == 1
    assert "WRONG" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_trail_that_does_not_hold_is_said_and_the_evidence_goes_out(
    app: Flask, browse: Browse, cast: Cast, tmp_path: Path
) -> None:
    add_entries(app, 3)
    sign_now(app)
    with writing(app) as session:
        cut(session, 12, thoroughly=False)

    page = send(browse(cast.ann), cast.ann, bag_scene.url(cast))

    found = bag_scene.read_bag(page.content)
    assert found.wrong == []
    assert "NO PROOFS" in found.text("README.txt")
    assert ("Casefile-Proofs", "none: the audit trail did not hold") in found.info
    assert "data/custody/proofs.jsonl" not in found.payload
    done = check(unpack(page.content, tmp_path), path="/nonexistent")
    assert done.returncode == 0
    assert "NOT CHECKED: the trail" in done.stdout


def test_stories_and_notes_are_checked_with_the_rest(
    app: Flask, browse: Browse, cast: Cast, tmp_path: Path
) -> None:
    newsdesk.begin(app, cast)
    page = send(browse(cast.ann), cast.ann, bag_scene.url(cast), stories="1", notes="1")

    done = check(unpack(page.content, tmp_path), path="/nonexistent")

    assert done.returncode == 0, done.stdout
