"""Sealed files: encrypted as they stream in, read back whole or in any part."""

from __future__ import annotations

from contextlib import closing
from queue import SimpleQueue
from threading import Semaphore, Thread, current_thread
from typing import TYPE_CHECKING, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from casefile.errors import DamagedError, RangeError
from casefile.keys.symmetric import KEY_BYTES, NONCE_BYTES, TAG_BYTES, cipher, same

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    _Blocks = Generator[bytes, None, None]

_SALT: Final = 24
_COMMITMENT: Final = 32
_HEADER: Final = _SALT + _COMMITMENT
_CHUNK: Final = 16 * 1024
_SEALED_CHUNK: Final = _CHUNK + TAG_BYTES
_MOST_CHUNKS: Final = 2**38
_INFO: Final = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"

# What even an empty file takes: the header and the tag of one empty chunk.
SEALED_OVERHEAD: Final = _HEADER + TAG_BYTES
# Chunks fetched, opened and handed on together: 256 KiB of plaintext, which stay in the processor's
# cache and are memory that is used again; with 1 MiB it takes twice as long.
_CHUNKS_PER_BLOCK: Final = 16
_SEALED_BLOCK: Final = _CHUNKS_PER_BLOCK * _SEALED_CHUNK
# Below sixteen blocks a thread costs more time than it saves.
_CHUNKS_READ_AHEAD: Final = 16 * _CHUNKS_PER_BLOCK
_BLOCKS_AHEAD: Final = 4


def sealed_size(plain_size: int) -> int:
    """Bytes that a file of `plain_size` bytes takes when sealed."""
    return _HEADER + plain_size + TAG_BYTES * (plain_size // _CHUNK + 1)


def plain_size(sealed_size: int) -> int:
    """Bytes of plaintext in a sealed file. DamagedError when no file can have that sealed size.

    Every chunk but the last holds 16 KiB, and the last one less (C2SP chunked-encryption), so a
    file cut between two chunks already has an impossible size.
    """
    chunks, rest = divmod(sealed_size - _HEADER, _SEALED_CHUNK)
    if not 0 <= chunks < _MOST_CHUNKS or rest < TAG_BYTES:
        raise DamagedError(_CUT)
    return chunks * _CHUNK + rest - TAG_BYTES


class FileEncryptor:
    """Seals one file as it streams by, holding at most one 16 KiB chunk of it.

    C2SP chunked-encryption (c2sp.org/chunked-encryption), Cobblestone-256. The key is 32 bytes
    (ValueError otherwise), for this file alone; the context says where the file belongs and must
    be given again to read it.
    """

    __slots__ = ("_encryptor",)

    def __init__(self, key: bytes, context: bytes) -> None:
        self._encryptor = Cobblestone256Encryptor(key, context)

    def update(self, plaintext: bytes | memoryview) -> bytes:
        """Take any number of bytes; return what is ready to be stored, perhaps nothing."""
        return self._encryptor.update(plaintext)

    def finalize(self) -> bytes:
        """Return the last, short chunk. Without it the stored file counts as cut."""
        return self._encryptor.finalize()


class FileReader:
    """Reads a sealed file, whole or in part, and never yields a byte that was not authenticated.

    `read(start, stop)` fetches sealed bytes. Making a reader checks the size, the commitment to
    key and context, and the last chunk: DamagedError when the file was cut or lengthened, or when
    key or context are not its own. Tested against C2SP's vectors (c2sp.org/chunked-encryption).
    """

    __slots__ = (
        "_base_nonce",
        "_cipher",
        "_context",
        "_header",
        "_key",
        "_read",
        "_sealed_size",
        "size",
    )

    size: int

    def __init__(
        self,
        key: bytes,
        context: bytes,
        sealed_size: int,
        read: Callable[[int, int], bytes],
    ) -> None:
        self.size = plain_size(sealed_size)
        self._key = key
        self._context = context
        self._sealed_size = sealed_size
        self._read = _whole(sealed_size, read) if sealed_size <= _SEALED_BLOCK else read
        self._header = self._fetch(0, _HEADER)
        salt, commitment = self._header[:_SALT], self._header[_SALT:]
        expanded = HKDFExpand(
            SHA512(), KEY_BYTES + NONCE_BYTES + _COMMITMENT, _INFO + salt + context
        ).derive(_checked(key))
        if not same(commitment, expanded[KEY_BYTES + NONCE_BYTES :]):
            raise DamagedError(_WRONG_KEY)
        self._cipher = cipher(expanded[:KEY_BYTES])
        self._base_nonce = int.from_bytes(expanded[KEY_BYTES : KEY_BYTES + NONCE_BYTES], "big")
        last = self.size // _CHUNK
        self._open_chunks(last, next(self._pieces(last, last + 1)))

    def blocks(self, start: int = 0, stop: int | None = None) -> _Blocks:
        """Yield plaintext bytes `start` to `stop` (the end when None) in blocks of 256 KiB or less.

        The first block is opened before this returns, so damage there is known before an answer is
        begun; damage further on is a DamagedError in the middle, after nothing but good bytes.
        RangeError unless 0 <= start <= stop <= size. Large parts are fetched and opened ahead in a
        thread, which ends with the iterator: close it when leaving early.
        """
        stop = self.size if stop is None else stop
        if not 0 <= start <= stop <= self.size:
            msg = "The part that was asked for lies outside the file."
            raise RangeError(msg, self.size)
        if start == stop:
            return _begun()
        whole = start == 0 and stop == self.size
        first = start // _CHUNK
        end = stop // _CHUNK + 1 if whole else -(-stop // _CHUNK)
        pieces = self._pieces(first, end)
        opened = self._stream(pieces) if whole else self._part(start, stop, pieces)
        if end - first > _CHUNKS_READ_AHEAD:
            opened = _ahead(opened)
        return _begun(next(opened), opened)

    def _stream(self, pieces: _Blocks) -> _Blocks:
        decryptor = Cobblestone256Decryptor(self._key, self._context)
        with closing(pieces):
            try:
                decryptor.update(self._header)
                for piece in pieces:
                    if block := decryptor.update(piece):
                        yield block
                rest = decryptor.finalize()
            except InvalidTag:
                raise DamagedError(_CHANGED) from None
            if rest:
                yield rest

    def _part(self, start: int, stop: int, pieces: _Blocks) -> _Blocks:
        with closing(pieces):
            for index, piece in enumerate(pieces):
                chunk = start // _CHUNK + index * _CHUNKS_PER_BLOCK
                begins = chunk * _CHUNK
                block = self._open_chunks(chunk, piece)
                yield block[max(start - begins, 0) : stop - begins]

    def _pieces(self, first: int, end: int) -> _Blocks:
        stop = min(_HEADER + end * _SEALED_CHUNK, self._sealed_size)
        for start in range(_HEADER + first * _SEALED_CHUNK, stop, _SEALED_BLOCK):
            yield self._fetch(start, min(start + _SEALED_BLOCK, stop))

    def _open_chunks(self, first: int, piece: bytes) -> bytes:
        sealed, decrypt, base_nonce = memoryview(piece), self._cipher.decrypt, self._base_nonce
        try:
            return b"".join(
                [
                    decrypt(
                        (base_nonce ^ chunk).to_bytes(NONCE_BYTES, "big"),
                        sealed[start : start + _SEALED_CHUNK],
                        None,
                    )
                    for chunk, start in enumerate(range(0, len(sealed), _SEALED_CHUNK), first)
                ]
            )
        except InvalidTag:
            raise DamagedError(_CHANGED) from None

    def _fetch(self, start: int, stop: int) -> bytes:
        sealed = self._read(start, stop)
        if len(sealed) != stop - start:
            raise DamagedError(_CUT)
        return sealed


def _ahead(blocks: _Blocks) -> _Blocks:
    """Yield the same blocks, made in a thread of their own while the last one is being used."""
    room = Semaphore(_BLOCKS_AHEAD)
    ready: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
    left = False

    def run() -> None:
        try:
            for block in blocks:
                room.acquire()
                if left:
                    break
                ready.put(block)
            ready.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the blocks are used
            ready.put(error)
        finally:
            blocks.close()

    thread = Thread(target=run, name="sealed-file", daemon=True)
    thread.start()
    try:
        while (block := ready.get()) is not None:
            if isinstance(block, BaseException):
                raise block
            room.release()
            yield block
    finally:
        left = True
        room.release()
        if thread is not current_thread():
            thread.join()


def _begun(first: bytes = b"", rest: Iterable[bytes] = ()) -> _Blocks:
    if first:
        yield first
    yield from rest


def _whole(size: int, read: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    # A small file is fetched once: over a network three requests cost more than the bytes.
    sealed = read(0, size)
    return lambda start, stop: sealed[start:stop]


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        msg = "A file key has exactly 32 bytes."
        raise ValueError(msg)
    return key


_CUT: Final = (
    "This file is not complete: part of it is missing from the store, so none of it is shown. "
    "Tell whoever runs this server to restore it from a backup."
)
_CHANGED: Final = (
    "This file was changed after it was stored, so the changed part is not shown. "
    "Tell whoever runs this server to restore it from a backup."
)
_WRONG_KEY: Final = (
    "This is not the file that was stored here: it was replaced or its beginning was damaged. "
    "Tell whoever runs this server to restore it from a backup."
)
