from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.moments import wait_for
from tests.real_server import ROOT, environment, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROLES = {
    "reporter",
    "editor",
    "grant_manager",
    "finance",
    "director",
    "juror",
    "verifier",
    "donor",
    "admin",
}


def count(instance: Path, what: str) -> int:
    done = run(instance, "database", "sql", f"SELECT count(*) AS n FROM {what}")
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)[0]["n"])


def check_shape(people: list[dict[str, Any]]) -> None:
    for person in people:
        assert set(person) == {"username", "password", "recovery_code", "roles", "cases"}
        assert set(person["roles"]) <= ROLES
        for case in person["cases"]:
            assert set(case) == {"id", "codename", "seat"}
    roles = [role for person in people for role in person["roles"]]
    assert roles.count("editor") >= 2
    assert "admin" in roles
    assert "reporter" in roles
    assert len({case["id"] for person in people for case in person["cases"]}) >= 4
    assert len({case["seat"] for person in people for case in person["cases"]}) >= 3


@pytest.mark.slow
def test_an_interrupted_sample_is_made_anew_and_a_second_call_keeps_it(tmp_path: Path) -> None:
    instance = tmp_path / "sample-instance"
    making = subprocess.Popen(
        [sys.executable, "-m", "casefile.cli", "demo", "--json"],
        cwd=ROOT,
        env=environment(instance),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    vault = instance / "vault"
    wait_for("files are on record", lambda: vault.exists() and len(list(vault.iterdir())) > 4)
    os.killpg(making.pid, signal.SIGKILL)
    making.wait(20)
    served = run(instance, "demo", "--json", timeout=90)

    assert served.returncode == 0, served.stderr
    people = json.loads(served.stdout)
    check_shape(people)
    assert count(instance, '"case"') >= 4
    assert count(instance, "note") >= 60
    files = count(instance, "evidence_item")
    assert files >= 15
    assert run(instance, "audit", "verify").returncode == 0
    said = json.loads(run(instance, "vault", "verify", "--json").stdout)
    assert said == {"files": files, "missing": [], "kinds": {}, "orphans": []}
    assert run(instance, "index", "verify").returncode == 0

    entries = count(instance, "audit_entry")
    again = run(instance, "demo", "--json")
    assert json.loads(again.stdout) == people
    assert count(instance, "audit_entry") == entries


def test_a_sample_is_never_put_on_top_of_a_real_newsroom(
    instance: Path, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    before = {path: path.read_bytes() for path in instance.rglob("*") if path.is_file()}

    done = casefile("demo", "--json")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "real newsroom" in done.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_a_sample_is_not_put_into_a_folder_with_a_key_and_files_of_a_newsroom(
    instance: Path, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (instance / "casefile.db").unlink()
    files = {path.name for path in (instance / "vault").iterdir()}

    done = casefile("demo", "--json", timeout=90)

    assert done.returncode == 2
    assert not (instance / "sample-unfinished").exists(), "the next sample would clear it all away"
    assert files == {path.name for path in (instance / "vault").iterdir()}
