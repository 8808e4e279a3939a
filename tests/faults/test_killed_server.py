from __future__ import annotations

import hashlib
import http.client
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.moments import begin_upload, staged, stored, wait_for
from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor

pytestmark = pytest.mark.slow

WRITERS = 4
MEBIBYTE = 1024 * 1024
CUT_OFF = (http.client.HTTPException, OSError)


def rows(instance: Path, statement: str) -> list[dict[str, Any]]:
    done = run(instance, "database", "sql", statement)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_what_was_answered_is_there_after_a_kill_in_a_burst_of_saves(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    server = start()
    visitor = ben(server)
    assert visitor.token
    answered: dict[str, str] = {}
    sent: list[str] = []

    def write(writer: int) -> None:
        for number in range(1000):
            word = f"burst{writer}x{number}"
            sent.append(word)
            try:
                answer, _body = visitor.post(
                    f"{cast.case.url}/notes/", title=f"Note {word}", body=f"It says {word}."
                )
            except CUT_OFF:
                return
            assert answer.status == 303
            answered[word] = answer.headers["Location"]

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    wait_for("forty saves", lambda: len(answered) >= 40)
    server.kill()
    for writer in writers:
        writer.join()

    again = start()
    visitor = ben(again)
    for word, where in answered.items():
        answer, body = visitor.get(where)
        assert answer.status == 200
        assert f"It says {word}.".encode() in body
    for word in [*list(answered)[:5], *list(answered)[-15:]]:
        _answer, body = visitor.get(f"/search?q={word}")
        assert b'data-total="1"' in body, f"{word} is not found"
    again.stop()

    counts = rows(
        instance,
        "SELECT note_count AS said, (SELECT count(*) FROM note WHERE case_id = c.id) AS notes, "
        "(SELECT count(*) FROM note_version v JOIN note n ON n.id = v.note_id "
        "WHERE n.case_id = c.id) AS versions, (SELECT count(*) FROM audit_entry a "
        "WHERE a.case_id = c.id AND action = 'note.added') AS entries "
        f"FROM \"case\" c WHERE id = '{cast.case.id.hex}'",
    )[0]
    assert len(set(counts.values())) == 1, f"something is half there: {counts}"
    assert len(answered) + 1 <= counts["notes"] <= len(sent) + 1
    assert run(instance, "audit", "verify").returncode == 0


def test_a_kill_during_uploads_leaves_whole_files_and_no_half_ones(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    server = start()
    visitor = ben(server)
    where = f"{cast.case.url}/evidence/"
    before = stored(instance)
    answered: dict[str, str] = {}
    big = begin_upload(visitor, where, "big.bin", os.urandom(8 * MEBIBYTE), promised=64 * MEBIBYTE)

    def put_on_record(writer: int) -> None:
        for number in range(1000):
            content = os.urandom(200_000 + number)
            try:
                answer, _body = visitor.upload(where, f"{writer}-{number}.bin", content)
            except CUT_OFF:
                return
            assert answer.status == 303
            answered[answer.headers["Location"]] = hashlib.sha256(content).hexdigest()

    writers = [threading.Thread(target=put_on_record, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    wait_for("ten uploads and half a big one", lambda: len(answered) >= 10 and staged(instance))
    server.kill()
    for writer in writers:
        writer.join()
    big.close()

    visitor = ben(start())
    for place, digest in answered.items():
        answer, content = visitor.get(f"{place}/content")
        assert answer.status == 200
        assert hashlib.sha256(content).hexdigest() == digest
    _answer, body = visitor.get(where)
    assert b"big.bin" not in body
    kept = {f"{place.rsplit('/', 1)[1].replace('-', '')}" for place in answered}
    assert kept <= stored(instance) - before
    said = run(instance, "vault", "verify", "--json")
    assert json.loads(said.stdout)["missing"] == []
    assert run(instance, "audit", "verify").returncode == 0


def test_a_file_stored_before_its_row_is_found_as_an_orphan_and_can_be_removed(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    server = start()
    before = stored(instance)
    half = begin_upload(
        ben(server),
        f"{cast.case.url}/evidence/",
        "orphan.bin",
        os.urandom(MEBIBYTE),
        promised=MEBIBYTE * 2,
        complete=True,
    )
    wait_for("the file is stored", lambda: stored(instance) - before)
    rest = begin_upload(
        ben(server),
        f"{cast.case.url}/evidence/",
        "rest.bin",
        os.urandom(4 * MEBIBYTE),
        promised=2**26,
    )
    wait_for("a piece of the other", lambda: staged(instance))
    server.kill()
    half.close()
    rest.close()
    (orphan,) = stored(instance) - before

    young = run(instance, "vault", "verify", "--json")
    assert json.loads(young.stdout)["orphans"] == [], "an upload may still be arriving"
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(instance / "vault" / orphan, (two_days_ago, two_days_ago))
    for piece in (instance / "vault" / ".staging").iterdir():
        os.utime(piece, (two_days_ago, two_days_ago))

    found = run(instance, "vault", "verify")
    assert f"{orphan}: no evidence refers to this file" in found.stderr
    assert orphan in stored(instance), "looking removes nothing"

    run(instance, "vault", "verify", "--remove-orphans")
    assert stored(instance) == before
    assert staged(instance) == 0
