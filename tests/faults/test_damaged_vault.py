from __future__ import annotations

import http.client
import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from casefile import audit
from tests.cast import resources_of
from tests.faults.moments import stored
from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor
    from tests.strict_browser import Browse

MEBIBYTE = 1024 * 1024
HEADER, SEALED_CHUNK, CHUNK = 56, 16400, 16384


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 5)


def behead(path: Path) -> None:
    os.truncate(path, HEADER + 3)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def replace_by_noise(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def entries(app: Flask, subject: UUID) -> int:
    with resources_of(app).database.reading() as session:
        count = select(func.count()).select_from(audit.Entry)
        return session.scalar(count.where(audit.Entry.subject_id == subject)) or 0


@pytest.mark.parametrize(
    "damage", [remove, cut, empty, lengthen, replace_by_noise], ids=lambda damage: damage.__name__
)
def test_a_file_that_is_missing_or_damaged_is_a_page_and_no_entry_of_custody(
    damage: Callable[[Path], None], instance: Path, cast: Cast, app: Flask, browse: Browse
) -> None:
    evidence = cast.case.evidence
    before = entries(app, evidence)
    damage(instance / "vault" / evidence.hex)

    page = browse(cast.ben).get(f"{cast.case.url}/evidence/{evidence}/content", 503)

    assert page.headers["Retry-After"]
    assert page.type == "text/html"
    assert "Content-Disposition" not in page.headers
    assert entries(app, evidence) == before, "nobody downloaded it"
    part = browse(cast.ben).get(
        f"{cast.case.url}/evidence/{evidence}/content", 503, headers={"Range": "bytes=0-3"}
    )
    assert "Content-Range" not in part.headers
    assert "ledger.txt" in browse(cast.ben).get(f"{cast.case.url}/evidence/{evidence}").text
    own = browse(cast.dan).get(f"{cast.other.url}/evidence/{cast.other.evidence}/content")
    assert own.content.startswith(b"Ledger of the orchard")


def test_verifying_a_damaged_file_says_so_and_puts_it_on_record(
    instance: Path, cast: Cast, app: Flask, browse: Browse
) -> None:
    evidence, lead = cast.case.evidence, browse(cast.ann)
    lengthen(instance / "vault" / evidence.hex)

    page = lead.get(lead.post(f"{cast.case.url}/evidence/{evidence}/verify").location)

    assert "NOT what was put in" in page.text
    with resources_of(app).database.reading() as session:
        actions = session.scalars(
            select(audit.Entry.action).where(audit.Entry.subject_id == evidence)
        ).all()
    assert "evidence.mismatched" in actions


@pytest.mark.parametrize("damage", [remove, behead, empty], ids=lambda damage: damage.__name__)
def test_the_operator_finds_a_missing_or_cut_file_without_keys(
    damage: Callable[[Path], None], instance: Path, cast: Cast
) -> None:
    damage(instance / "vault" / cast.case.evidence.hex)

    done = run(instance, "vault", "verify")

    assert done.returncode == 1
    assert f"{cast.case.evidence.hex}: the file of this evidence is missing or cut" in done.stderr


def test_damage_in_the_middle_cuts_the_download_and_no_wrong_byte_arrives(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    server = start()
    visitor, content = ben(server), os.urandom(3 * MEBIBYTE)
    before = stored(instance)
    answer, _body = visitor.upload(f"{cast.case.url}/evidence/", "big.bin", content, shows="Noise")
    assert answer.status == 303
    where = f"{answer.headers['Location']}/content"
    (name,) = stored(instance) - before
    damaged_chunk = 100
    with (instance / "vault" / name).open("r+b") as file:
        file.seek(HEADER + damaged_chunk * SEALED_CHUNK + 50)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))

    with pytest.raises(http.client.IncompleteRead) as cut_off:
        visitor.get(where)
    arrived = cut_off.value.partial
    assert len(arrived) <= damaged_chunk * CHUNK
    assert content.startswith(arrived), "a wrong byte was delivered"

    answer, part = visitor.get(where, Range=f"bytes=10-{50 * CHUNK}")
    assert (answer.status, part) == (206, content[10 : 50 * CHUNK + 1])
    answer, part = visitor.get(where, Range=f"bytes={2 * MEBIBYTE}-")
    assert (answer.status, part) == (206, content[2 * MEBIBYTE :])
    answer, part = visitor.get(where, Range=f"bytes={damaged_chunk * CHUNK}-")
    assert answer.status == 503, "nothing right can be said of what begins with the damage"
    assert b"<h1" in part
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "big.bin" not in log
