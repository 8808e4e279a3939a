"""A BagIt bag (RFC 8493) as a ZIP file that is made while it is sent: nothing of it is ever on a disk.

Manifests need hashes, and hashes need the files to have passed: so they come after them, and `bagit.txt`,
without which there is no bag, comes last of all. Whatever ends before its end is no bag and no ZIP file.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import TYPE_CHECKING, Final

from casefile.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
READABLE: Final = 0o644 << 16
STEP: Final = 256 * 1024
FIRST_YEAR: Final = 1980


@dataclass(frozen=True, slots=True)
class Packed:
    """A file in the bag: where, how long, and its hashes."""

    path: str
    size: int
    sha256: str
    sha512: str


class _Sink:
    """Takes what zipfile writes. It has no place to seek to, so zipfile writes sizes after files."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self.waiting = 0

    def write(self, content: bytes | bytearray | memoryview) -> int:
        self._kept.append(bytes(content))
        self.waiting += len(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is between here and whoever takes it."""

    def take(self) -> bytes:
        taken = b"".join(self._kept)
        self._kept, self.waiting = [], 0
        return taken


class Bag:
    """Everything is yielded as bytes of the ZIP file; `sha256` and `size` are of what was taken so far."""

    def __init__(self, folder: str, at: datetime) -> None:
        self._folder = folder
        self._at = (max(at.year, FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second)
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)  # type: ignore[call-overload]
        self._payload: list[Packed] = []
        self._tags: list[Packed] = []
        self._hashed = sha256()
        self.size = 0

    @property
    def oxum(self) -> str:
        """How many bytes and files the payload has so far (RFC 8493, 2.2.2)."""
        return f"{sum(one.size for one in self._payload)}.{len(self._payload)}"

    @property
    def octets(self) -> int:
        return sum(one.size for one in self._payload)

    @property
    def sha256(self) -> str:
        return self._hashed.hexdigest()

    def payload(
        self, path: str, blocks: Iterable[bytes], wanted: Packed | None = None
    ) -> Iterator[bytes]:
        """Put a file under `data/`. Raises DamagedError when it is not the one that was wanted."""
        yield from self._put(f"data/{path}", blocks, self._payload, wanted)

    def tag(self, path: str, content: bytes) -> Iterator[bytes]:
        """Put a file beside `data/`."""
        yield from self._put(path, (content,), self._tags, None)

    def finish(self) -> Iterator[bytes]:
        """Write manifests, and as the last block what makes it a bag and a ZIP file."""
        for name in ("sha256", "sha512"):
            yield from self.tag(f"manifest-{name}.txt", _manifest(name, self._payload))
        declared: list[Packed] = []
        listed = [*self._tags, _packed("bagit.txt", DECLARATION)]
        for name in ("sha256", "sha512"):
            content = _manifest(name, listed)
            yield from self._put(f"tagmanifest-{name}.txt", (content,), declared, None)
        yield self._given()
        yield from self._put("bagit.txt", (DECLARATION,), declared, None)
        self._archive.close()
        yield self._given()

    def _put(
        self, path: str, blocks: Iterable[bytes], kept: list[Packed], wanted: Packed | None
    ) -> Iterator[bytes]:
        info = zipfile.ZipInfo(f"{self._folder}/{path}", self._at)
        info.external_attr = READABLE
        info.file_size = wanted.size if wanted else 0
        short, long, size = sha256(), sha512(), 0
        with self._archive.open(info, "w") as out:
            for block in blocks:
                short.update(block)
                long.update(block)
                size += len(block)
                out.write(block)
                if self._sink.waiting >= STEP:
                    yield self._given()
        found = Packed(path, size, short.hexdigest(), long.hexdigest())
        if wanted is not None and (found.sha256, found.sha512) != (wanted.sha256, wanted.sha512):
            raise DamagedError(_NOT_THAT_FILE)
        kept.append(found)

    def _given(self) -> bytes:
        taken = self._sink.take()
        self._hashed.update(taken)
        self.size += len(taken)
        return taken


def _packed(path: str, content: bytes) -> Packed:
    return Packed(path, len(content), sha256(content).hexdigest(), sha512(content).hexdigest())


def _manifest(name: str, packed: Sequence[Packed]) -> bytes:
    lines = [f"{getattr(one, name)}  {escaped(one.path)}\n" for one in packed]
    return "".join(lines).encode()


def escaped(path: str) -> str:
    """Write a path as manifests have it (RFC 8493, 2.1.3): these three signs and no others."""
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


_NOT_THAT_FILE: Final = (
    "A file is not the one that was put on record, so the bag was broken off. "
    "Tell whoever runs this server to restore it from a backup."
)
