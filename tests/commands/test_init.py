from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import PASSWORD
from tests.real_server import run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


def users(instance: Path) -> list[dict[str, str]]:
    people = """SELECT username, name, roles FROM "user" WHERE username <> '(escrow)'"""
    done = run(instance, "database", "sql", people)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def test_a_newsroom_is_founded_with_a_password_from_standard_input(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = found("--role", "admin", "--role", "editor")

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert f"The newsroom is founded in {tmp_path / 'new'}" in done.stdout
    assert "casefile serve" in done.stdout
    assert "Keep a copy of" in done.stdout
    assert users(tmp_path / "new") == [
        {"username": "founder", "name": "A. Founder", "roles": "admin editor"}
    ]
    assert run(tmp_path / "new", "audit", "verify").returncode == 0


def test_nobody_else_on_the_machine_can_look_into_a_new_instance(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    found()

    places = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    assert len(places) > 4
    for place in places:
        wanted = 0o700 if place.is_dir() else 0o600
        assert stat.S_IMODE(place.stat().st_mode) == wanted, place


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "at least 12 characters"),
        ("founderfounder", ""),
    ],
)
def test_a_weak_password_founds_nothing_and_the_next_try_works(
    password: str,
    says: str,
    found: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    refused = found(password=password)

    assert refused.returncode == 1
    assert refused.stderr.startswith("casefile: ")
    assert says in refused.stderr
    assert refused.stdout == ""
    assert password not in refused.stderr
    assert users(tmp_path / "new") == []
    again = found()
    assert again.returncode == 0, again.stderr
    assert len(users(tmp_path / "new")) == 1


@pytest.mark.parametrize("username", ["", "two words"])
def test_a_username_that_will_not_do_founds_nothing(
    username: str, found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    refused = found(username=username)

    assert refused.returncode == 1
    assert refused.stderr.startswith("casefile: ")
    assert "Traceback" not in refused.stderr
    assert users(tmp_path / "new") == []


def test_an_unknown_role_is_named_with_those_there_are_and_nothing_is_made(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    refused = found("--role", "boss")

    assert refused.returncode == 2
    assert "boss" in refused.stderr
    assert "grant_manager" in refused.stderr
    assert not (tmp_path / "new").exists()


def test_a_second_run_changes_nothing(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    found()
    pepper = (tmp_path / "new" / "pepper").read_bytes()

    again = found(username="other", password="another mill in the morning")

    assert again.returncode == 0
    assert "exists already" in again.stdout
    assert (tmp_path / "new" / "pepper").read_bytes() == pepper
    assert [user["username"] for user in users(tmp_path / "new")] == ["founder"]


def test_a_database_without_its_key_file_is_refused_and_gets_no_new_key(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    found()
    (tmp_path / "new" / "pepper").unlink()
    before = (tmp_path / "new" / "casefile.db").read_bytes()

    refused = found()

    assert refused.returncode == 2
    assert "key file" in refused.stderr
    assert "Put the key file back" in refused.stderr
    assert not (tmp_path / "new" / "pepper").exists()
    assert (tmp_path / "new" / "casefile.db").read_bytes() == before


def test_a_key_file_that_waits_is_used_and_not_overwritten(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    key = tmp_path / "somewhere" / "key"
    key.parent.mkdir()
    key.write_bytes(bytes(range(32)))

    done = found(pepper_file=key)

    assert done.returncode == 0, done.stderr
    assert key.read_bytes() == bytes(range(32))
    assert not (tmp_path / "new" / "pepper").exists()
    assert run(tmp_path / "new", "audit", "verify", pepper_file=key).returncode == 0
    assert run(tmp_path / "new", "audit", "verify").returncode == 2


def test_a_real_newsroom_is_not_founded_where_the_next_sample_would_clear_it_away(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir(mode=0o700)
    (tmp_path / "new" / "sample-unfinished").touch()

    refused = found()

    assert refused.returncode == 2
    assert "sample" in refused.stderr
    assert not (tmp_path / "new" / "pepper").exists()


def test_a_lost_database_beside_its_files_is_not_replaced_by_a_new_one(
    instance: Path, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (instance / "casefile.db").unlink()
    (instance / "pepper").unlink()

    done = casefile("init", "--username", "m", "--name", "M", "--password-stdin", given=PASSWORD)

    assert done.returncode == 2
    assert "Restore a backup" in done.stderr
    assert not (instance / "casefile.db").exists()
    assert not (instance / "pepper").exists(), "a new key would stand in the old one's place"


def test_an_instance_that_is_a_file_is_refused(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "new").write_text("in the way")

    refused = found()

    assert refused.returncode in {1, 2}
    assert refused.stderr.startswith("casefile: ")
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "new").read_text() == "in the way"
