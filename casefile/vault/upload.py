"""A file part of a form, sealed and hashed in one pass as it arrives."""

from __future__ import annotations

import weakref
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256, sha512
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from casefile.errors import TooLargeError
from casefile.keys import FileEncryptor, FileReader, random_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from casefile.vault.objects import ObjectWriter, Vault

HEAD_BYTES: Final = 4096

# What is handed from the request to the working threads at a time, and how many may wait there.
_BLOCK_BYTES: Final = 1024 * 1024
_BLOCKS_WAITING: Final = 2


class SealedUpload:
    """One file: `write` the pieces, then `finish`, and it exists in the vault as `file_id.hex`.

    Memory is flat, and nothing is ever stored in clear. `seal` ends the data without keeping it,
    so that size and hashes can be looked at first. `abort` leaves nothing behind; so does any
    exception from here, and dropping the upload. The hashes are of the plaintext, SHA-256 and
    SHA-512 (FIPS 180-4) in hexadecimal; `head` is its first 4 KiB; `size` counts bytes.
    """

    file_id: UUID
    key: bytes
    size: int
    head: bytes
    sha256: str
    sha512: str

    def __init__(self, vault: Vault, case_id: UUID, *, limit: int) -> None:
        self.file_id = uuid4()
        self.key = random_key()
        self.size = 0
        self.head = b""
        self._limit = limit
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._sealed = self._kept = False
        self._vault = vault
        self._sha256, self._sha512 = sha256(), sha512()
        self._encryptor = FileEncryptor(self.key, _context(case_id, self.file_id))
        self._writer = vault.writer(self.file_id.hex)
        self._lanes = (
            _Lane(self._sha512.update),
            _Lane(self._sha256.update),
            _Lane(partial(_store, self._encryptor, self._writer)),
        )
        self._abandon = weakref.finalize(self, _abandon, self._lanes, self._writer)

    def write(self, piece: bytes | bytearray) -> int:
        """Take the next bytes. TooLargeError past the limit, FullError when there is no room."""
        if self._sealed or not self._abandon.alive:
            msg = "This upload has ended."
            raise ValueError(msg)
        with self._or_abort():
            self.size += len(piece)
            if self.size > self._limit:
                raise TooLargeError(_TOO_LARGE)
            if len(self.head) < HEAD_BYTES:
                self.head += piece[: HEAD_BYTES - len(self.head)]
            self._pieces.append(bytes(piece))
            self._waiting += len(piece)
            if self._waiting >= _BLOCK_BYTES:
                self._hand_on()
        return len(piece)

    def seal(self) -> None:
        """End the data: the threads end, `sha256` and `sha512` are known, nothing is kept yet."""
        if not self._abandon.alive:
            msg = "This upload has ended."
            raise ValueError(msg)
        if self._sealed:
            return
        with self._or_abort():
            self._hand_on()
            for lane in self._lanes:
                lane.end()
            for lane in self._lanes:
                lane.wait()
            self._writer.write(self._encryptor.finalize())
        self.sha256, self.sha512 = self._sha256.hexdigest(), self._sha512.hexdigest()
        self._sealed = True

    def finish(self) -> None:
        """Keep the file: when this returns, it would survive a power cut."""
        if self._kept:
            return
        self.seal()
        with self._or_abort():
            self._writer.commit()
        self._abandon.detach()
        self._kept = True

    def abort(self) -> None:
        """Keep nothing. After `finish` this does nothing: see `discard`."""
        self._pieces.clear()
        self._abandon()

    def discard(self) -> None:
        """Keep nothing, even after `finish`: for a form that was refused after its files came."""
        self.abort()
        if self._kept:
            self._vault.delete(self.file_id.hex)

    @contextmanager
    def _or_abort(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.abort()
            raise

    def _hand_on(self) -> None:
        block = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        for lane in self._lanes:
            lane.put(block)


def open_sealed(vault: Vault, key: bytes, case_id: UUID, file_id: UUID) -> FileReader:
    """Open a kept file. DamagedError when it is missing, was cut, or is not this case's file."""
    name = file_id.hex
    return FileReader(key, _context(case_id, file_id), vault.size(name), partial(vault.read, name))


class _Lane:
    """One kind of work on the blocks of an upload, in its own thread if there are several."""

    def __init__(self, work: Callable[[bytes], object]) -> None:
        self._work = work
        self._blocks: Queue[bytes | None] = Queue(_BLOCKS_WAITING)
        self._thread: Thread | None = None
        self._failure: BaseException | None = None

    def put(self, block: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        if self._thread is None and len(block) < _BLOCK_BYTES:
            self._work(block)
            return
        if self._thread is None:
            self._thread = Thread(target=self._run, name="sealed-upload", daemon=True)
            self._thread.start()
        self._blocks.put(block)

    def end(self) -> None:
        if self._thread is not None:
            self._blocks.put(None)

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            raise self._failure

    def cancel(self) -> None:
        self._failure = self._failure or ValueError("cancelled")
        self.end()
        with suppress(BaseException):
            self.wait()

    def _run(self) -> None:
        # After a failure blocks are still taken, so that the request never waits for this thread.
        while (block := self._blocks.get()) is not None:
            if self._failure is None:
                try:
                    self._work(block)
                except BaseException as error:  # noqa: BLE001 - raised again in the request
                    self._failure = error


def _store(encryptor: FileEncryptor, writer: ObjectWriter, block: bytes) -> None:
    view = memoryview(block)
    for start in range(0, len(view), _BLOCK_BYTES):
        writer.write(encryptor.update(view[start : start + _BLOCK_BYTES]))


def _abandon(lanes: Sequence[_Lane], writer: ObjectWriter) -> None:
    for lane in lanes:
        lane.cancel()
    writer.abort()


def _context(case_id: UUID, file_id: UUID) -> bytes:
    return case_id.bytes + file_id.bytes


_TOO_LARGE: Final = "This file is larger than allowed here. Nothing of it was saved."
