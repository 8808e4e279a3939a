"""Sealed files harmed in the vault, as a browser sees them through the real server."""

from __future__ import annotations

import http.client
import random
from typing import TYPE_CHECKING

import pytest

from tests.cast import LEDGER, add_evidence, open_session, take_seat
from tests.intruder import object_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor
    from tests.strict_browser import Browse

HEADER, CHUNK = 56, 16_400
SIZE = 5 * 16_384 + 777
CONTENT = random.Random(11).randbytes(SIZE)
MEBI = 1024 * 1024


def _chunks(sealed: bytes) -> tuple[bytes, list[bytes]]:
    body = sealed[HEADER:]
    return sealed[:HEADER], [body[i : i + CHUNK] for i in range(0, len(body), CHUNK)]


def _swapped(one: int, other: int) -> Callable[[bytes], bytes]:
    def harm(sealed: bytes) -> bytes:
        header, chunks = _chunks(sealed)
        chunks[one], chunks[other] = chunks[other], chunks[one]
        return header + b"".join(chunks)

    return harm


def _without(gone: int) -> Callable[[bytes], bytes]:
    def harm(sealed: bytes) -> bytes:
        header, chunks = _chunks(sealed)
        del chunks[gone]
        return header + b"".join(chunks)

    return harm


def _flipped(place: int) -> Callable[[bytes], bytes]:
    def harm(sealed: bytes) -> bytes:
        changed = bytearray(sealed)
        changed[place] ^= 0x40
        return bytes(changed)

    return harm


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _sealed: b"",
    "its header only": lambda sealed: sealed[:HEADER],
    "cut by one byte": lambda sealed: sealed[:-1],
    "cut at a chunk": lambda sealed: sealed[: HEADER + 4 * CHUNK],
    "cut in the middle": lambda sealed: sealed[: len(sealed) // 2],
    "cut in its header": lambda sealed: sealed[:20],
    "a byte longer": lambda sealed: sealed + b"\0",
    "its last chunk twice": lambda sealed: sealed + sealed[HEADER + 5 * CHUNK :],
    "two chunks swapped": _swapped(1, 2),
    "first and last swapped": _swapped(0, -1),
    "without its second chunk": _without(1),
    "without its last chunk": _without(-1),
    "a bit flipped in its header": _flipped(40),
    "a bit flipped at its start": _flipped(HEADER + 5),
    "a bit flipped in the middle": _flipped(HEADER + 3 * CHUNK + 99),
    "a bit flipped at its end": _flipped(-1),
    "in clear": lambda _sealed: CONTENT,
}


def _download(visitor: Visitor, url: str, **headers: str) -> tuple[int, bytes, bool]:
    """Return status, what came, and whether it looked complete."""
    try:
        answer, body = visitor.get(url, **headers)
    except http.client.IncompleteRead as cut:
        return 200, cut.partial, False
    except (ConnectionError, http.client.RemoteDisconnected):
        return 0, b"", False
    return answer.status, body, True


@pytest.mark.slow
def test_a_harmed_file_never_looks_complete_and_hurts_nobody_else(
    app: Flask,
    cast: Cast,
    instance: Path,
    real_server: Callable[..., RealServer],
) -> None:
    items: dict[str, UUID] = {}
    for name, harm in HARMS.items():
        items[name] = add_evidence(app, cast.ben, cast.case.id, "file.bin", CONTENT)
        stored = object_of(instance, items[name])
        harmed = harm(stored.read_bytes())
        assert harmed != stored.read_bytes()
        stored.write_bytes(harmed)
    items["missing"] = add_evidence(app, cast.ben, cast.case.id, "file.bin", CONTENT)
    object_of(instance, items["missing"]).unlink()
    items["a folder"] = add_evidence(app, cast.ben, cast.case.id, "file.bin", CONTENT)
    object_of(instance, items["a folder"]).unlink()
    object_of(instance, items["a folder"]).mkdir()
    one, two = (add_evidence(app, cast.ben, cast.case.id, "x", CONTENT) for _ in range(2))
    first = object_of(instance, one).read_bytes()
    object_of(instance, one).write_bytes(object_of(instance, two).read_bytes())
    object_of(instance, two).write_bytes(first)
    items["swapped for another file"], items["and the other way"] = one, two
    server = real_server()
    visitor = server.visitor(open_session(app, cast.cleo))

    for name, item in items.items():
        url = f"{cast.case.url}/evidence/{item}/content"
        status, body, complete = _download(visitor, url)
        assert status in {200, 503, 0}, name
        if status == 503:
            assert b"<h1>" in body, name
            assert CONTENT[:64] not in body, name
        else:
            assert not complete, f"{name} looked complete"
            assert CONTENT.startswith(body), f"{name} gave bytes that were never put in"
        for part in ("bytes=0-99", "bytes=40000-40099", f"bytes={SIZE - 50}-"):
            status, body, complete = _download(visitor, url, Range=part)
            first_byte = int(part[6:].partition("-")[0])
            if status == 206 and complete:
                assert body == CONTENT[first_byte : first_byte + len(body)], name
            else:
                assert status in {503, 416, 200, 0}, (name, status)
                assert CONTENT[first_byte : first_byte + 50] not in body, name

    whole = f"{cast.case.url}/evidence/{cast.case.evidence}/content"
    assert _download(visitor, whole) == (200, LEDGER, True)
    assert "Traceback" not in server.log.read_text()


def test_a_harmed_file_is_refused_before_the_first_byte_where_that_can_be_known(
    app: Flask, browse: Browse, cast: Cast, instance: Path
) -> None:
    known = [
        name for name in HARMS if name not in {"a bit flipped in the middle", "two chunks swapped"}
    ]
    for name in known:
        item = add_evidence(app, cast.ben, cast.case.id, "file.bin", CONTENT)
        stored = object_of(instance, item)
        stored.write_bytes(HARMS[name](stored.read_bytes()))

        page = browse(cast.cleo).get(f"{cast.case.url}/evidence/{item}/content", 503)

        assert page.type == "text/html", name
        assert page.headers["Retry-After"] == "5"


@pytest.mark.parametrize("harm", HARMS)
def test_verifying_a_harmed_file_says_that_it_is_not_what_was_put_in(
    app: Flask, browse: Browse, cast: Cast, instance: Path, harm: str
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "file.bin", CONTENT)
    stored = object_of(instance, item)
    stored.write_bytes(HARMS[harm](stored.read_bytes()))
    url = f"{cast.case.url}/evidence/{item}"

    browse(cast.cleo).post(f"{url}/verify")

    assert "NOT what was put in" in browse(cast.cleo).get(url).problems()


@pytest.mark.slow
def test_a_seat_taken_during_a_long_download_ends_it(
    app: Flask, cast: Cast, real_server: Callable[..., RealServer]
) -> None:
    content = bytes(48 * MEBI)
    item = add_evidence(app, cast.ben, cast.case.id, "long.bin", content)
    visitor = real_server().visitor(open_session(app, cast.cleo))
    connection = visitor.open()
    connection.request("GET", f"{cast.case.url}/evidence/{item}/content", headers=visitor.headers())
    answer = connection.getresponse()
    assert answer.status == 200
    assert len(answer.read(MEBI)) == MEBI

    take_seat(app, cast.ann, cast.case.id, cast.cleo)

    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()
