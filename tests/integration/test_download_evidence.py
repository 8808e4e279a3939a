from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from casefile import audit
from tests.cast import LEDGER, add_evidence, resources_of

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Cast
    from tests.strict_browser import Browse

HTML = b"<!DOCTYPE html><html><body><script>alert(document.domain)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def content(cast: Cast, item: UUID) -> str:
    return f"{cast.case.url}/evidence/{item}/content"


def test_a_download_is_the_file_and_cannot_run_here(browse: Browse, cast: Cast) -> None:
    file = browse(cast.cleo).get(content(cast, cast.case.evidence))

    assert file.content == LEDGER
    assert file.headers["Content-Disposition"] == "attachment; filename=ledger.txt"
    assert file.headers["Content-Length"] == str(len(LEDGER))
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Accept-Ranges"] == "bytes"
    policy = file.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert file.headers["Cache-Control"] == "no-store"
    assert file.headers["X-Accel-Buffering"] == "no"


@pytest.mark.parametrize(
    ("name", "file"),
    [("page.html", HTML), ("drawing.svg", SVG), ("page.txt", HTML), ("x.xml", b"<?xml?>" + SVG)],
)
def test_what_a_browser_would_run_is_not_served_as_what_it_is(
    app: Flask, browse: Browse, cast: Cast, name: str, file: bytes
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, name, file)

    answer = browse(cast.ben).get(content(cast, item))

    assert answer.content == file
    assert answer.type == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Эсеп №5.pdf", "%D0%AD%D1%81%D0%B5%D0%BF%20%E2%84%965.pdf"),
        ('a "quoted" name.txt', "a%20%22quoted%22%20name.txt"),
        ("100% of; a=b.txt", None),
        ("semi;colon, comma.txt", None),
        ("ө" * 255, "%D3%A9" * 255),
    ],
)
def test_the_name_of_a_download_follows_rfc_6266(
    app: Flask, browse: Browse, cast: Cast, name: str, header: str | None
) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, name, b"some")

    given = browse(cast.ben).get(content(cast, item)).headers["Content-Disposition"]

    assert given.isascii()
    assert given.startswith("attachment; filename=")
    if header is None:
        assert given == f'attachment; filename="{name}"'
    else:
        assert given.endswith(f"; filename*=UTF-8''{header}")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, None),
        ("bytes=-7", -7, None),
        ("bytes=0-0", 0, 1),
        ("bytes=70000-70009", 70_000, 70_010),
        ("bytes=65530-65550", 65_530, 65_551),
        ("bytes=0-999999999", 0, None),
        ("bytes=-999999999", 0, None),
    ],
)
def test_a_part_of_a_file_is_that_part(
    app: Flask, browse: Browse, cast: Cast, asked: str, start: int, stop: int | None
) -> None:
    file = os.urandom(200_001)
    item = add_evidence(app, cast.ben, cast.case.id, "large.bin", file)

    part = browse(cast.ben).get(content(cast, item), 206, headers={"Range": asked})

    wanted = file[start:stop]
    assert part.content == wanted
    first = file.index(wanted)
    last = first + len(wanted) - 1
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(file)}"
    assert part.headers["Content-Length"] == str(len(wanted))


@pytest.mark.parametrize("asked", ["bytes=65-70", "bytes=64-", "bytes=999999999999999999999-"])
def test_a_part_outside_the_file_is_refused_with_its_size(
    browse: Browse, cast: Cast, asked: str
) -> None:
    page = browse(cast.ben).get(content(cast, cast.case.evidence), 416, headers={"Range": asked})

    assert page.headers["Content-Range"] == f"bytes */{len(LEDGER)}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,3-4", "lines=1-2", "bytes=x-y", "bytes=", "nonsense", "bytes=9-3", "bytes=--5"],
)
def test_what_is_no_single_part_gives_the_whole_file(
    browse: Browse, cast: Cast, asked: str
) -> None:
    file = browse(cast.ben).get(content(cast, cast.case.evidence), headers={"Range": asked})

    assert file.content == LEDGER


def test_a_download_can_go_on_where_it_stopped_only_with_the_same_file(
    browse: Browse, cast: Cast
) -> None:
    ben, path = browse(cast.ben), content(cast, cast.case.evidence)
    etag = ben.get(path).headers["ETag"]

    same = ben.get(path, 206, headers={"Range": "bytes=10-", "If-Range": etag})
    other = ben.get(path, headers={"Range": "bytes=10-", "If-Range": '"another"'})

    assert same.content == LEDGER[10:]
    assert other.content == LEDGER


def test_an_empty_file_can_be_downloaded(app: Flask, browse: Browse, cast: Cast) -> None:
    item = add_evidence(app, cast.ben, cast.case.id, "empty.txt", b"")

    assert browse(cast.ben).get(content(cast, item)).content == b""
    browse(cast.ben).get(content(cast, item), 416, headers={"Range": "bytes=0-0"})


def test_every_download_is_in_the_custody_log_with_its_part(
    app: Flask, browse: Browse, cast: Cast
) -> None:
    cleo, path = browse(cast.cleo), content(cast, cast.case.evidence)

    cleo.get(path)
    cleo.get(path, 206, headers={"Range": "bytes=0-9"})
    cleo.get(path, 416, headers={"Range": "bytes=9999-"})

    with resources_of(app).database.reading() as session:
        entries = audit.entries(session, case_id=cast.case.id, subject_id=cast.case.evidence)
    found = [entry.actor_id for entry in entries if entry.action == "evidence.downloaded"]
    assert found == [cast.cleo.id, cast.cleo.id]
    custody = cleo.get(path.removesuffix("/content")).main
    assert custody.count("Cleo Reader downloaded it") == 2
