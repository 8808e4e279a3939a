"""A vault in a folder of this server: written beside, made durable, then given its name."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from casefile.errors import ConfigError
from casefile.vault.objects import NAME, STALE_SECONDS, Vault, checked, reading, storing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STAGING: Final = ".staging"
# Begun on the disk while the rest still arrives, so that the final fsync has little left to do.
_WRITE_BACK_BYTES: Final = 8 * 1024 * 1024


class FolderVault(Vault):
    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / _STAGING).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            msg = f"The folder for files cannot be used ({error.strerror}): {folder}"
            raise ConfigError(msg) from None
        self._folder = folder

    def writer(self, name: str) -> FolderWriter:
        return FolderWriter(self._folder, checked(name))

    def size(self, name: str) -> int:
        with reading():
            return (self._folder / checked(name)).stat().st_size

    def read(self, name: str, start: int, stop: int) -> bytes:
        with reading():
            file = os.open(self._folder / checked(name), os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.pread(file, max(stop - start, 0), start)
            finally:
                os.close(file)

    def delete(self, name: str) -> None:
        with storing():
            (self._folder / checked(name)).unlink(missing_ok=True)

    def names(self) -> Iterator[tuple[str, int, datetime]]:
        with storing(), os.scandir(self._folder) as entries:
            for entry in entries:
                if NAME.fullmatch(entry.name):
                    with suppress(FileNotFoundError):
                        found = entry.stat(follow_symlinks=False)
                        yield entry.name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC)

    def sweep_staging(self, older_than: float = STALE_SECONDS) -> int:
        removed = 0
        with storing():
            for piece in (self._folder / _STAGING).iterdir():
                with suppress(FileNotFoundError):
                    if time.time() - piece.stat().st_mtime > older_than:
                        piece.unlink()
                        removed += 1
        return removed


class FolderWriter:
    """Writes under another name inside the vault's folder, and links the final name at the end."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._final = folder / name
        self._staged = folder / _STAGING / f"{name}.{os.urandom(4).hex()}"
        self._written = self._begun = 0
        with storing():
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            self._file = os.open(self._staged, flags, 0o600)

    def write(self, sealed: bytes) -> None:
        rest = memoryview(sealed)
        with storing():
            while rest:
                rest = rest[os.write(self._file, rest) :]
        self._written += len(sealed)
        fresh = self._written - self._begun
        if fresh >= _WRITE_BACK_BYTES:
            # Linux starts to write dirty pages out when told that they are not needed soon.
            os.posix_fadvise(self._file, self._begun, fresh, os.POSIX_FADV_DONTNEED)
            self._begun = self._written

    def commit(self) -> None:
        try:
            with storing():
                os.fsync(self._file)
                # A link, unlike a rename, fails when the name is taken.
                os.link(self._staged, self._final)
                _sync_folder(self._folder)
        finally:
            self.abort()

    def abort(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._staged.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
