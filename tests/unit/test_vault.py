import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from casefile.errors import (
    BusyError,
    ConfigError,
    ConflictError,
    DamagedError,
)
from casefile.vault import Vault
from casefile.vault.bucket import BucketVault

NAME, OTHER = "0" * 32, "0123456789abcdef" * 2
MEBIBYTE = 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture(params=["folder", "bucket"])
def vault(request: pytest.FixtureRequest, folder: Path) -> Vault:
    return Vault.open(folder) if request.param == "folder" else BucketVault(MemoryStore())


def _put(vault: Vault, name: str, content: bytes) -> None:
    writer = vault.writer(name)
    writer.write(content)
    writer.commit()


def test_what_was_committed_is_read_back_whole_and_in_part(vault: Vault) -> None:
    content = os.urandom(3 * MEBIBYTE + 5)
    writer = vault.writer(NAME)
    for start in range(0, len(content), 100_000):
        writer.write(content[start : start + 100_000])
    writer.commit()

    assert vault.size(NAME) == len(content)
    assert vault.read(NAME, 0, len(content)) == content
    assert vault.read(NAME, 1_000_000, 1_000_010) == content[1_000_000:1_000_010]
    assert vault.read(NAME, 7, 7) == b""
    assert vault.read(NAME, len(content) - 3, len(content) + 10) == content[-3:]


def test_an_empty_object_is_kept(vault: Vault) -> None:
    vault.writer(NAME).commit()

    assert vault.size(NAME) == 0


def test_nothing_can_be_read_before_the_commit(vault: Vault) -> None:
    writer = vault.writer(NAME)
    writer.write(bytes(MEBIBYTE))

    assert list(vault.names()) == []
    with pytest.raises(DamagedError):
        vault.size(NAME)
    writer.commit()
    assert [name for name, _, _ in vault.names()] == [NAME]


def test_an_object_is_never_replaced(vault: Vault) -> None:
    _put(vault, NAME, b"first")

    writer = vault.writer(NAME)
    writer.write(b"second")
    with pytest.raises(ConflictError):
        writer.commit()
    writer.abort()

    assert vault.read(NAME, 0, 10) == b"first"


def test_an_abort_leaves_nothing_and_may_be_repeated(vault: Vault, folder: Path) -> None:
    writer = vault.writer(NAME)
    writer.write(bytes(MEBIBYTE))
    writer.abort()
    writer.abort()

    assert list(vault.names()) == []
    assert _files(folder) == []


def test_an_abort_after_the_commit_changes_nothing(vault: Vault) -> None:
    writer = vault.writer(NAME)
    writer.write(b"kept")
    writer.commit()
    writer.abort()

    assert vault.read(NAME, 0, 4) == b"kept"


def test_a_missing_object_is_damage_with_a_way_out(vault: Vault) -> None:
    for look in (lambda: vault.size(NAME), lambda: vault.read(NAME, 0, 1)):
        with pytest.raises(DamagedError, match=r"missing from the store.*backup"):
            look()


def test_deleting_removes_and_forgives(vault: Vault) -> None:
    _put(vault, NAME, b"x")
    vault.delete(NAME)
    vault.delete(NAME)

    assert list(vault.names()) == []


def test_names_come_with_size_and_time(vault: Vault) -> None:
    _put(vault, NAME, b"12345")
    _put(vault, OTHER, b"")

    found = {name: (size, stored) for name, size, stored in vault.names()}
    assert {name: size for name, (size, _) in found.items()} == {NAME: 5, OTHER: 0}
    for _, stored in found.values():
        assert abs(stored - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "name", ["", "..", "A" * 32, "0" * 31, "0" * 33, "../" + "0" * 32, "0" * 32 + "\n"]
)
def test_only_plain_hexadecimal_names_are_taken(vault: Vault, name: str) -> None:
    for use in (vault.writer, vault.size, vault.delete):
        with pytest.raises(ValueError, match="hexadecimal"):
            use(name)
    with pytest.raises(ValueError, match="hexadecimal"):
        vault.read(name, 0, 1)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_files_are_for_this_user_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        _put(Vault.open(folder), NAME, b"x")
    finally:
        os.umask(before)

    assert (folder / NAME).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".staging").stat().st_mode & 0o777 == 0o700


def test_an_object_is_staged_inside_the_folder_and_nowhere_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    writer = Vault.open(folder).writer(NAME)
    writer.write(bytes(20 * MEBIBYTE))

    assert [path.parent.name for path in _files(folder)] == [".staging"]
    assert _files(elsewhere) == []
    writer.commit()
    assert _files(folder) == [folder / NAME]


def test_files_of_others_in_the_folder_are_no_objects(folder: Path) -> None:
    vault = Vault.open(folder)
    (folder / "README").write_text("x")
    (folder / ("0" * 32 + ".old")).write_text("x")

    assert list(vault.names()) == []


KILLED = """
import sys, time
from casefile.vault import Vault
writer = Vault.open(sys.argv[1]).writer("0" * 32)
writer.write(bytes(3_000_000))
print("written", flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_left_is_swept_when_it_is_stale(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.kill()
    vault = Vault.open(folder)
    (left,) = _files(folder)

    assert list(vault.names()) == []
    assert vault.sweep_staging() == 0
    an_hour_ago = time.time() - 3601
    os.utime(left, (an_hour_ago, an_hour_ago))
    assert vault.sweep_staging() == 1
    assert _files(folder) == []


def test_sweeping_leaves_objects_and_running_uploads_alone(folder: Path) -> None:
    vault = Vault.open(folder)
    _put(vault, NAME, b"kept")
    os.utime(folder / NAME, (0, 0))
    writer = vault.writer(OTHER)
    writer.write(b"running")

    assert vault.sweep_staging() == 0
    writer.commit()
    assert vault.read(OTHER, 0, 7) == b"running"
    assert vault.read(NAME, 0, 4) == b"kept"


def test_a_bucket_has_nothing_to_sweep() -> None:
    assert BucketVault(MemoryStore()).sweep_staging() == 0


# In a mount namespace of its own, so that the small disk is gone however the test ends.
ON_A_SMALL_DISK = (
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o size=2m tmpfs "$1" || exit 77; exec "$2" -c "$3" "$1"/vault',
    "sh",
)

FULL = """
import sys
from casefile.errors import FullError
from casefile.vault import Vault
vault = Vault.open(sys.argv[1])

def put(name, content):
    writer = vault.writer(name)
    try:
        writer.write(content)
        writer.commit()
    except FullError as error:
        writer.abort()
        print(error)

put("1" * 32, b"kept")
put("0" * 32, bytes(4 << 20))
put("2" * 32, bytes(1 << 20))
print(sorted((name[0], size) for name, size, _ in vault.names()))
print(vault.read("1" * 32, 0, 4))
"""


def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path: Path) -> None:
    told = subprocess.run(
        [*ON_A_SMALL_DISK, str(tmp_path), sys.executable, FULL],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode in {1, 77} and "ermi" in told.stderr:
        pytest.skip("mounting a small disk takes root")

    assert told.returncode == 0, told.stderr
    full, names, content = told.stdout.splitlines()
    assert "no room" in full
    assert names == "[('1', 4), ('2', 1048576)]"
    assert content == "b'kept'"


LIMITED = """
import resource, sys
from casefile.errors import FullError
from casefile.vault import Vault
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
writer = Vault.open(sys.argv[1]).writer("0" * 32)
try:
    writer.write(bytes(3_000_000))
except FullError as error:
    writer.abort()
    print(error)
"""


def test_a_limit_on_file_sizes_counts_as_no_room(folder: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LIMITED, str(folder)], capture_output=True, text=True, check=True
    )

    assert "no room" in told.stdout
    assert _files(folder) == []


def test_a_folder_that_went_away_is_told_as_such(folder: Path) -> None:
    vault = Vault.open(folder)
    (folder / ".staging").rmdir()
    folder.rmdir()

    for use in (lambda: vault.writer(NAME), vault.sweep_staging, lambda: list(vault.names())):
        with pytest.raises(BusyError, match="cannot be reached"):
            use()


@pytest.mark.slow
def test_a_bucket_that_does_not_answer_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "nowhere",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)
    vault = Vault.open("s3://bucket/prefix")

    with pytest.raises(BusyError, match="cannot be reached"):
        vault.size(NAME)
    with pytest.raises(BusyError, match="cannot be reached"):
        _put(vault, NAME, bytes(20 * MEBIBYTE))


def test_a_folder_is_opened_by_path_text_and_url(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    _put(Vault.open(folder), NAME, b"x")

    assert Vault.open(str(folder)).size(NAME) == 1
    assert Vault.open(folder.as_uri()).size(NAME) == 1


@pytest.mark.parametrize("url", ["ftp://host/x", "https://host/x", "s3://", "memory:///"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        Vault.open(url)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(ConfigError, match="cannot be used"):
        Vault.open(tmp_path / "file" / "vault")
