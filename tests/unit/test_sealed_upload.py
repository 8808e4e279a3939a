import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256, sha512
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from casefile.errors import ConflictError, DamagedError, TooLargeError
from casefile.keys import random_key, sealed_size
from casefile.vault import SealedUpload, Vault, open_sealed
from casefile.vault.bucket import BucketVault

CASE, OTHER_CASE = UUID(int=1), UUID(int=2)
MEBIBYTE = 1024 * 1024
PIECE = 64 * 1024
WORDS = b"Unmistakable words of a source. "


@pytest.fixture(params=["folder", "bucket"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    if request.param == "folder":
        return Vault.open(tmp_path / "vault")
    return BucketVault(MemoryStore())


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    patience = time.monotonic() + 5
    while _threads() and time.monotonic() < patience:
        time.sleep(0.01)
    assert _threads() == []


def _threads() -> list[str]:
    names = {"sealed-upload", "bucket-upload", "sealed-file"}
    return [thread.name for thread in threading.enumerate() if thread.name in names]


def _upload(vault: Vault, content: bytes, piece: int = PIECE) -> SealedUpload:
    upload = SealedUpload(vault, CASE, limit=1024 * MEBIBYTE)
    for start in range(0, len(content), piece):
        upload.write(content[start : start + piece])
    return upload


@pytest.mark.parametrize(
    "size", [0, 1, 4096, 16384, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 5 * MEBIBYTE + 3]
)
def test_an_upload_is_sealed_hashed_and_read_back(vault: Vault, size: int) -> None:
    content = os.urandom(size)
    upload = _upload(vault, content)
    upload.finish()

    assert upload.size == size
    assert upload.head == content[:4096]
    assert upload.sha256 == sha256(content).hexdigest()
    assert upload.sha512 == sha512(content).hexdigest()
    assert vault.size(upload.file_id.hex) == sealed_size(size)
    reader = open_sealed(vault, upload.key, CASE, upload.file_id)
    assert b"".join(reader.blocks()) == content
    assert b"".join(reader.blocks(size // 3, size // 2)) == content[size // 3 : size // 2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.integers(0, MEBIBYTE), max_size=5))
def test_it_does_not_matter_in_what_pieces_an_upload_arrives(
    tmp_path: Path, sizes: list[int]
) -> None:
    vault = Vault.open(tmp_path / "vault")
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    upload = SealedUpload(vault, CASE, limit=1024 * MEBIBYTE)
    for piece in pieces:
        assert upload.write(piece) == len(piece)
    upload.finish()

    whole = b"".join(pieces)
    assert upload.sha256 == sha256(whole).hexdigest()
    assert upload.head == whole[:4096]
    assert b"".join(open_sealed(vault, upload.key, CASE, upload.file_id).blocks()) == whole


def test_a_piece_may_be_reused_by_its_owner_after_it_was_written(vault: Vault) -> None:
    upload = SealedUpload(vault, CASE, limit=MEBIBYTE)
    piece = bytearray(b"first")
    upload.write(piece)
    piece[:] = b"other"
    upload.finish()

    assert upload.sha256 == sha256(b"first").hexdigest()


def test_nothing_is_stored_in_clear(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "vault")
    upload = _upload(vault, WORDS * 100_000)
    staged = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert staged
    for path in staged:
        assert WORDS not in path.read_bytes()
    upload.finish()

    assert WORDS not in (tmp_path / "vault" / upload.file_id.hex).read_bytes()


def test_every_upload_has_its_own_id_and_key(vault: Vault) -> None:
    uploads = [_upload(vault, b"same") for _ in range(2)]
    for upload in uploads:
        upload.finish()

    first, second = uploads
    assert first.file_id != second.file_id
    assert first.key != second.key


def test_a_file_opens_only_with_its_key_in_its_case_under_its_id(vault: Vault) -> None:
    upload, other = _upload(vault, b"words"), _upload(vault, b"words")
    upload.finish()
    other.finish()

    with pytest.raises(DamagedError):
        open_sealed(vault, random_key(), CASE, upload.file_id)
    with pytest.raises(DamagedError):
        open_sealed(vault, upload.key, OTHER_CASE, upload.file_id)
    with pytest.raises(DamagedError):
        open_sealed(vault, upload.key, CASE, other.file_id)
    with pytest.raises(DamagedError, match="missing"):
        open_sealed(vault, upload.key, CASE, uuid4())


def test_a_file_put_in_the_place_of_another_is_refused(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "vault")
    upload, other = _upload(vault, b"words"), _upload(vault, b"words")
    upload.finish()
    other.finish()
    (tmp_path / "vault" / other.file_id.hex).replace(tmp_path / "vault" / upload.file_id.hex)

    with pytest.raises(DamagedError):
        open_sealed(vault, upload.key, CASE, upload.file_id)


@pytest.mark.parametrize("size", [0, 20, MEBIBYTE // 2])
def test_a_file_cut_on_the_disk_is_refused(tmp_path: Path, size: int) -> None:
    vault = Vault.open(tmp_path / "vault")
    upload = _upload(vault, bytes(MEBIBYTE))
    upload.finish()
    os.truncate(tmp_path / "vault" / upload.file_id.hex, size)

    with pytest.raises(DamagedError):
        open_sealed(vault, upload.key, CASE, upload.file_id)


@pytest.mark.parametrize("size", [10, 3 * MEBIBYTE])
def test_an_aborted_upload_leaves_nothing(vault: Vault, tmp_path: Path, size: int) -> None:
    upload = _upload(vault, bytes(size))
    upload.abort()
    upload.abort()

    _nothing_is_left(vault, tmp_path)
    for use in (lambda: upload.write(b"x"), upload.seal, upload.finish):
        with pytest.raises(ValueError, match="ended"):
            use()


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 3 * MEBIBYTE])
def test_an_upload_that_is_let_go_of_leaves_nothing(
    vault: Vault, tmp_path: Path, size: int
) -> None:
    upload = _upload(vault, bytes(size))
    del upload
    gc.collect()

    _nothing_is_left(vault, tmp_path)


def test_an_upload_can_be_looked_at_before_it_is_kept(vault: Vault, tmp_path: Path) -> None:
    content = os.urandom(2 * MEBIBYTE + 1)
    upload = _upload(vault, content)
    upload.seal()
    upload.seal()

    assert upload.sha256 == sha256(content).hexdigest()
    assert "sealed-upload" not in _threads()
    assert list(vault.names()) == []
    with pytest.raises(ValueError, match="ended"):
        upload.write(b"more")
    upload.abort()
    _nothing_is_left(vault, tmp_path)


def test_finishing_twice_is_finishing_once(vault: Vault) -> None:
    upload = _upload(vault, b"words")
    upload.finish()
    upload.finish()

    assert vault.size(upload.file_id.hex) == sealed_size(5)


@pytest.mark.slow
def test_an_abort_after_the_end_destroys_nothing(vault: Vault) -> None:
    upload = _upload(vault, b"words")
    upload.finish()
    upload.abort()
    del upload
    gc.collect()

    assert len(list(vault.names())) == 1


def test_a_discard_leaves_nothing_at_any_time(vault: Vault, tmp_path: Path) -> None:
    running, finished = _upload(vault, bytes(3 * MEBIBYTE)), _upload(vault, b"words")
    finished.finish()
    for upload in (running, finished):
        upload.discard()
        upload.discard()

    _nothing_is_left(vault, tmp_path)


def test_one_byte_past_the_limit_ends_the_upload(vault: Vault, tmp_path: Path) -> None:
    upload = SealedUpload(vault, CASE, limit=2 * MEBIBYTE)
    for _ in range(2 * MEBIBYTE // PIECE):
        upload.write(bytes(PIECE))

    with pytest.raises(TooLargeError, match="larger than allowed"):
        upload.write(b"x")
    _nothing_is_left(vault, tmp_path)


def test_a_file_of_exactly_the_limit_is_taken(vault: Vault) -> None:
    upload = SealedUpload(vault, CASE, limit=10)
    upload.write(bytes(10))
    upload.finish()

    assert upload.size == 10


def test_a_name_that_is_taken_is_not_replaced(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "vault")
    upload = _upload(vault, b"new")
    taken = tmp_path / "vault" / upload.file_id.hex
    taken.write_bytes(b"old")

    with pytest.raises(ConflictError):
        upload.finish()
    assert taken.read_bytes() == b"old"
    assert list((tmp_path / "vault" / ".staging").iterdir()) == []


FILLED = """
import os, sys, threading
from uuid import UUID
from casefile.errors import FullError
from casefile.vault import SealedUpload, Vault
vault = Vault.open(sys.argv[1])
for mebibytes in (2, 30):
    upload = SealedUpload(vault, UUID(int=1), limit=2**40)
    try:
        for _ in range(mebibytes * 16):
            upload.write(bytes(64 * 1024))
        upload.finish()
    except FullError as error:
        print(error)
    print(list(vault.names()), os.listdir(sys.argv[1] + "/.staging"), threading.active_count())
"""


def test_a_disk_that_fills_up_ends_the_upload_and_leaves_nothing(tmp_path: Path) -> None:
    # In a mount namespace of its own, so that the small disk is gone however the test ends.
    mount = 'mount -t tmpfs -o size=2m tmpfs "$1" || exit 77; exec "$2" -c "$3" "$1"/vault'
    told = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, FILLED],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode in {1, 77} and "ermi" in told.stderr:
        pytest.skip("mounting a small disk takes root")

    assert told.returncode == 0, told.stderr
    full, left, full_again, left_again = told.stdout.splitlines()
    assert "no room" in full
    assert "no room" in full_again
    assert left == left_again == "[] [] 1"


MEASURED = """
import sys
from uuid import UUID
from casefile.vault import SealedUpload, Vault, open_sealed
vault = Vault.open(sys.argv[1])
piece = bytes(64 * 1024)

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

def there_and_back(mebibytes):
    upload = SealedUpload(vault, UUID(int=1), limit=2**40)
    for _ in range(mebibytes * 16):
        upload.write(piece)
    upload.finish()
    blocks = open_sealed(vault, upload.key, UUID(int=1), upload.file_id).blocks()
    assert sum(len(block) for block in blocks) == mebibytes * 1024 * 1024
    upload.discard()

there_and_back(16)
before = peak()
there_and_back(256)
print(peak() - before)
"""


@pytest.mark.slow
def test_memory_stays_flat_however_large_the_file_is(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "vault")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(told.stdout) < 8 * 1024


def _nothing_is_left(vault: Vault, tmp_path: Path) -> None:
    assert list(vault.names()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
