import json
import random
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from hypothesis import given
from hypothesis import strategies as st

from casefile.errors import DamagedError, RangeError
from casefile.keys import (
    SEALED_OVERHEAD,
    FileEncryptor,
    FileReader,
    plain_size,
    random_key,
    sealed_size,
)

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "chunked_encryption.json").read_text()
)["tests"]
KEY = bytes(range(32))
CONTEXT = b"case 1, file 1"
CHUNK = 16 * 1024
SEALED_CHUNK = CHUNK + 16
HEADER = 56
BORDERS = [
    at + near
    for at in (0, CHUNK, 2 * CHUNK, 64 * CHUNK, 128 * CHUNK)
    for near in (-1, 0, 1)
    if at + near >= 0
]


def _plaintext(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def _sealed(plaintext: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    encryptor = FileEncryptor(key, context)
    return encryptor.update(plaintext) + encryptor.finalize()


def _reader(sealed: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> FileReader:
    return FileReader(key, context, len(sealed), lambda start, stop: sealed[start:stop])


def _read(sealed: bytes, *part: int, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return b"".join(_reader(sealed, key, context).blocks(*part))


def _chunks(sealed: bytes) -> list[bytes]:
    body = sealed[HEADER:]
    return [body[start : start + SEALED_CHUNK] for start in range(0, len(body), SEALED_CHUNK)]


# Long enough to be fetched and opened ahead in threads.
LONG = _plaintext(5 * 1024 * 1024 + 777)
LONG_SEALED = _sealed(LONG)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"c2sp-{each['tcId']}")
def test_reading_agrees_with_the_vectors_of_c2sp(vector: dict[str, Any]) -> None:
    key, context = bytes.fromhex(vector["key"]), bytes.fromhex(vector["ctx"])
    sealed = zlib.decompress(bytes.fromhex(vector["ct"]))

    if vector["result"] == "valid":
        plaintext = _read(sealed, key=key, context=context)
        assert len(plaintext) == vector["msgLength"]
        assert sha512(plaintext).hexdigest() == vector["msgSha512"]
        parts = [(at, min(at + 1000, len(plaintext))) for at in range(0, len(plaintext), 1000)]
        assert b"".join(_read(sealed, *part, key=key, context=context) for part in parts) == (
            plaintext
        )
    elif "InvalidKeySize" in vector["flags"]:
        with pytest.raises(ValueError, match="32 bytes"):
            _reader(sealed, key, context)
    elif "ValidFinalChunk" in vector["flags"]:
        reader = _reader(sealed, key, context)
        with pytest.raises(DamagedError):
            b"".join(reader.blocks())
        with pytest.raises(DamagedError):
            b"".join(reader.blocks(0, reader.size - 1))
    else:
        with pytest.raises(DamagedError):
            _reader(sealed, key, context)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"c2sp-{each['tcId']}")
def test_no_byte_beyond_the_good_beginning_of_a_vector_is_handed_out(
    vector: dict[str, Any],
) -> None:
    if vector["result"] == "valid" or "ValidFinalChunk" not in vector["flags"]:
        return
    sealed = zlib.decompress(bytes.fromhex(vector["ct"]))
    reader = _reader(sealed, bytes.fromhex(vector["key"]), bytes.fromhex(vector["ctx"]))
    good = vector.get("msgLength", 0)

    if good:
        beginning = b"".join(reader.blocks(0, good))
        assert sha512(beginning).hexdigest() == vector["msgSha512"]
    with pytest.raises(DamagedError):
        reader.blocks(good, good + 1)


@pytest.mark.parametrize("size", BORDERS)
def test_what_was_sealed_is_read_back_and_agrees_with_the_library(size: int) -> None:
    plaintext = _plaintext(size)
    sealed = _sealed(plaintext)
    library = Cobblestone256Decryptor(KEY, CONTEXT)

    assert len(sealed) == sealed_size(size)
    assert plain_size(len(sealed)) == size
    assert _reader(sealed).size == size
    assert _read(sealed) == plaintext
    assert library.update(sealed) + library.finalize() == plaintext
    for at in {0, 1, size // 2, size - CHUNK, size - 1, size}:
        start = min(max(at, 0), size)
        assert _read(sealed, start) == plaintext[start:]
        assert _read(sealed, 0, start) == plaintext[:start]


def test_the_chunk_counter_goes_past_one_byte() -> None:
    plaintext = bytes(257 * CHUNK + 5)
    sealed = _sealed(plaintext)

    assert _read(sealed) == plaintext
    assert _read(sealed, 255 * CHUNK, 257 * CHUNK + 1) == bytes(2 * CHUNK + 1)


def test_an_empty_file_takes_the_overhead_and_nothing_else() -> None:
    assert sealed_size(0) == SEALED_OVERHEAD == len(_sealed(b""))
    assert list(_reader(_sealed(b"")).blocks()) == []


@given(st.integers(0, 2**40))
def test_sizes_go_there_and_back(size: int) -> None:
    assert plain_size(sealed_size(size)) == size


@given(st.integers(0, 4 * SEALED_CHUNK))
def test_a_size_no_file_can_have_is_refused(size: int) -> None:
    possible = {sealed_size(plain) for plain in range(size)}
    if size in possible:
        assert sealed_size(plain_size(size)) == size
    else:
        with pytest.raises(DamagedError, match="not complete"):
            plain_size(size)


def test_a_file_of_more_chunks_than_the_format_has_is_refused() -> None:
    with pytest.raises(DamagedError):
        plain_size(sealed_size(2**38 * CHUNK))


@pytest.mark.slow
@given(st.data())
def test_any_part_is_the_same_slice_of_the_plaintext(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(BORDERS))
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(start, size))

    assert _read(_sealed(_plaintext(size)), start, stop) == _plaintext(size)[start:stop]


@given(st.integers(0, len(LONG)), st.integers(0, len(LONG)))
def test_any_part_of_a_long_file_is_the_same_slice(one: int, other: int) -> None:
    start, stop = sorted((one, other))

    assert _read(LONG_SEALED, start, stop) == LONG[start:stop]


@given(st.lists(st.binary(max_size=3 * CHUNK), max_size=6))
def test_it_does_not_matter_in_what_pieces_a_file_arrives(pieces: list[bytes]) -> None:
    encryptor = FileEncryptor(KEY, CONTEXT)
    sealed = b"".join(encryptor.update(memoryview(piece)) for piece in pieces)

    assert _read(sealed + encryptor.finalize()) == b"".join(pieces)


def test_blocks_are_large_but_not_too_large() -> None:
    sizes = [len(block) for block in _reader(LONG_SEALED).blocks()]

    assert max(sizes) == 256 * 1024
    assert sizes[:-2] == [256 * 1024] * (len(sizes) - 2)


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (5, 4), (0, 11), (11, 11)])
def test_a_part_outside_the_file_is_refused_with_its_size(start: int, stop: int) -> None:
    with pytest.raises(RangeError) as refused:
        _reader(_sealed(bytes(10))).blocks(start, stop)
    assert refused.value.size == 10
    assert str(refused.value) == "The part that was asked for lies outside the file."


def _swapped(chunks: list[bytes]) -> list[bytes]:
    return [chunks[1], chunks[0], *chunks[2:]]


@pytest.mark.parametrize(
    "damage",
    [
        _swapped,
        lambda chunks: [chunks[0], chunks[0], *chunks[2:]],
        lambda chunks: chunks[1:],
        lambda chunks: [chunks[0], *chunks[2:]],
        lambda chunks: [*chunks, chunks[-1]],
        lambda chunks: [*chunks[:-1], chunks[0], chunks[-1]],
        lambda chunks: chunks[:-1],
        lambda chunks: [*chunks[:-1], chunks[-1][:-1]],
        lambda chunks: [*chunks[:-1], chunks[-1] + b"\0"],
        lambda chunks: [*chunks[:-1], chunks[-2][: len(chunks[-1])]],
        lambda _chunks: [],
    ],
    ids=[
        "swapped",
        "repeated",
        "first-missing",
        "middle-missing",
        "last-repeated",
        "lengthened",
        "cut-between-chunks",
        "cut-by-a-byte",
        "one-byte-more",
        "last-replaced",
        "header-only",
    ],
)
def test_chunks_that_were_moved_are_refused(
    damage: Callable[[list[bytes]], list[bytes]],
) -> None:
    sealed = _sealed(_plaintext(3 * CHUNK + 100))
    damaged = sealed[:HEADER] + b"".join(damage(_chunks(sealed)))

    with pytest.raises(DamagedError):
        _read(damaged)


@pytest.mark.parametrize("cut", [0, 1, 24, 55, 56, 71])
def test_a_file_cut_to_almost_nothing_is_refused(cut: int) -> None:
    with pytest.raises(DamagedError, match="not complete"):
        _read(_sealed(b"words")[:cut])


def test_a_cut_file_is_refused_before_its_first_byte() -> None:
    sealed = LONG_SEALED[: HEADER + 70 * SEALED_CHUNK + 500]

    with pytest.raises(DamagedError):
        _reader(sealed)


@given(st.integers(0, sealed_size(2 * CHUNK + 10) - 1))
def test_a_changed_byte_anywhere_is_refused(at: int) -> None:
    changed = bytearray(_sealed(_plaintext(2 * CHUNK + 10)))
    changed[at] ^= 0x80

    with pytest.raises(DamagedError):
        _read(bytes(changed))


def test_another_key_context_or_file_is_refused() -> None:
    sealed = _sealed(b"words")
    other = _sealed(b"words")

    with pytest.raises(DamagedError, match="not the file"):
        _reader(sealed, key=random_key())
    with pytest.raises(DamagedError, match="not the file"):
        _reader(sealed, context=b"case 2, file 1")
    with pytest.raises(DamagedError):
        _reader(sealed[:HEADER] + other[HEADER:])


def test_a_store_that_gives_less_than_it_was_asked_for_is_noticed() -> None:
    def short(start: int, stop: int) -> bytes:
        return LONG_SEALED[start : stop - 1] if start > HEADER else LONG_SEALED[start:stop]

    with pytest.raises(DamagedError, match="not complete"):
        FileReader(KEY, CONTEXT, len(LONG_SEALED), short)


@pytest.mark.parametrize("part", [(), (1,)], ids=["whole", "part"])
def test_damage_far_into_a_file_is_told_after_nothing_but_good_bytes(part: tuple[int, ...]) -> None:
    changed = bytearray(LONG_SEALED)
    changed[HEADER + 200 * SEALED_CHUNK] ^= 1
    seen = b""

    with pytest.raises(DamagedError, match="changed"):  # noqa: PT012 - what came before counts
        for block in _reader(bytes(changed)).blocks(*part):
            seen += block

    start = part[0] if part else 0
    assert LONG[start:].startswith(seen)
    assert len(seen) >= 192 * CHUNK - start
    _threads_are_gone()


def test_damage_at_the_beginning_is_told_before_any_block() -> None:
    changed = bytearray(LONG_SEALED)
    changed[HEADER] ^= 1

    with pytest.raises(DamagedError, match="changed"):
        _reader(bytes(changed)).blocks()
    _threads_are_gone()


def test_leaving_early_ends_the_threads() -> None:
    blocks = _reader(LONG_SEALED).blocks()
    next(blocks)
    with closing(blocks):
        assert _threads()
    _threads_are_gone()

    next(_reader(LONG_SEALED).blocks())
    _threads_are_gone()
    _reader(LONG_SEALED).blocks()
    _threads_are_gone()


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "sealed-file"]


def _threads_are_gone() -> None:
    patience = time.monotonic() + 5
    while _threads() and time.monotonic() < patience:
        time.sleep(0.01)
    assert _threads() == []


def test_a_reader_of_a_long_file_does_not_keep_the_process_from_ending() -> None:
    blocks = _reader(LONG_SEALED).blocks()
    next(blocks)

    assert [thread.daemon for thread in _threads()] == [True]
    blocks.close()
    assert _threads() == []


def test_the_first_key_must_have_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        FileEncryptor(bytes(16), CONTEXT)
    with pytest.raises(ValueError, match=r"^A file key has exactly 32 bytes\.$"):
        _reader(_sealed(b"x"), key=bytes(16))
