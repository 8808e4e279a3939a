"""Sealed objects by name, wherever they lie. What is in them is not this module's business."""

from __future__ import annotations

import errno
import re
from abc import ABC, abstractmethod
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote, urlsplit

from casefile.errors import BusyError, ConfigError, ConflictError, DamagedError, FullError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

STALE_SECONDS: Final = 60 * 60

NAME: Final = re.compile(r"[0-9a-f]{32}")
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ObjectWriter(Protocol):
    """One new object. Nothing of it can be read before `commit`, nothing stays after `abort`.

    Whoever begins one ends it with one of the two.
    """

    def write(self, sealed: bytes) -> None:
        """Take the next bytes. FullError when there is no room."""

    def commit(self) -> None:
        """Return when the object would survive a power cut. ConflictError when it exists."""

    def abort(self) -> None:
        """Give up and leave nothing behind. Does nothing after `commit` or a second time."""


class Vault(ABC):
    """Sealed objects by name: 32 lower-case hexadecimal digits, anything else is a ValueError.

    BusyError from any method when the folder or the bucket cannot be reached.
    """

    @staticmethod
    def open(url: str | Path) -> Vault:
        """Open a folder (a path or `file:` URL, made if missing) or a bucket (`s3://name/prefix`).

        The bucket's region, endpoint and credentials come from the usual `AWS_` variables.
        ConfigError when the address cannot be used.
        """
        # Imported here: the two build on this module, and obstore is large for those without it.
        parts = urlsplit(str(url))
        if parts.scheme == "s3":
            from casefile.vault.bucket import BucketVault  # noqa: PLC0415

            return BucketVault.at(str(url))
        if parts.scheme in {"", "file"}:
            from casefile.vault.folder import FolderVault  # noqa: PLC0415

            return FolderVault(Path(unquote(parts.path) if parts.scheme else url).absolute())
        msg = "Files can be kept in a folder or in a bucket (s3://bucket/prefix) only."
        raise ConfigError(msg)

    @abstractmethod
    def writer(self, name: str) -> ObjectWriter:
        """Begin a new object. It never replaces one: `commit` raises ConflictError instead."""

    @abstractmethod
    def size(self, name: str) -> int:
        """Size in bytes. DamagedError when the object is missing."""

    @abstractmethod
    def read(self, name: str, start: int, stop: int) -> bytes:
        """Read bytes `start` to `stop`, fewer if it ends before. DamagedError when missing."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove an object; one that is missing is fine."""

    @abstractmethod
    def names(self) -> Iterator[tuple[str, int, datetime]]:
        """Yield name, size in bytes and time stored (UTC) of every object, in no order."""

    @abstractmethod
    def sweep_staging(self, older_than: float = STALE_SECONDS) -> int:
        """Remove pieces of uploads that a dead process left, and return how many.

        A piece counts as left when nothing was written to it for `older_than` seconds.
        """


def checked(name: str) -> str:
    if not NAME.fullmatch(name):
        msg = "The name of an object has 32 lower-case hexadecimal digits."
        raise ValueError(msg)
    return name


@contextmanager
def storing(*unreachable: type[Exception]) -> Iterator[None]:
    """Turn what the system or a bucket says into what a person can do about it."""
    failures: tuple[type[Exception], ...] = (OSError, *unreachable)
    try:
        yield
    except FileExistsError:
        raise ConflictError(_EXISTS) from None
    except failures as error:
        if getattr(error, "errno", None) in _NO_ROOM:
            raise FullError(_FULL) from error
        raise BusyError(_UNREACHABLE) from error


@contextmanager
def reading(*unreachable: type[Exception]) -> Iterator[None]:
    with storing(*unreachable):
        try:
            yield
        except FileNotFoundError:
            raise DamagedError(_MISSING) from None


_MISSING: Final = (
    "The file is missing from the store. Tell whoever runs this server to restore it from a backup."
)
_EXISTS: Final = "A file with this id is already stored. Upload it again."
_FULL: Final = (
    "There is no room left to store this file. Nothing was saved. "
    "Tell whoever runs this server, then upload it again."
)
_UNREACHABLE: Final = (
    "The place where files are kept cannot be reached. "
    "Try again soon; if it stays so, tell whoever runs this server."
)
