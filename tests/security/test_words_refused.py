"""Words also go in through the doors that refuse them, and are kept nowhere in clear either."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.cast import open_session
from tests.faults.traces import leaks
from tests.real_server import BOUNDARY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor

pytestmark = pytest.mark.slow


class Words:
    """Words that nobody uses, each for one door."""

    def __init__(self) -> None:
        self.used: list[str] = []

    def __call__(self, door: str) -> str:
        self.used += [f"zqx{door.replace(' ', '')}vexlejwq", f"щвъ{len(self.used)}ыжъщчэю"]
        return " ".join(self.used[-2:])


def _parts(fields: dict[str, str], file: tuple[str, bytes]) -> bytes:
    name, content = file
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    )
    return "".join([*lines, head]).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def _found(visitor: Visitor, word: str) -> bool:
    _answer, body = visitor.get(f"/search?q={quote(word)}")
    return b"<article" in body


def _wait_for(visitor: Visitor, word: str) -> None:
    until = time.monotonic() + 40
    while not _found(visitor, word):
        assert time.monotonic() < until, f"{word} was not found in time"
        time.sleep(0.2)


def test_no_word_lies_in_clear_whatever_door_it_came_in_by(
    app: Flask,
    cast: Cast,
    instance: Path,
    tmp_path: Path,
    real_server: Callable[..., RealServer],
) -> None:
    words = Words()
    server = real_server(upload_limit_mb=1)
    ann = server.visitor(open_session(app, cast.ann))
    ben = server.visitor(open_session(app, cast.ben))
    case = cast.case.url

    def post(visitor: Visitor, path: str, wanted: int, **fields: str) -> str:
        answer, body = visitor.post(path, **fields)
        assert answer.status == wanted, body[:2000]
        return answer.headers.get("Location") or ""

    def upload(path: str, wanted: int, fields: dict[str, str], name: str, content: bytes) -> None:
        body = _parts({**fields, "csrf_token": ben.token}, (name, content))
        answer, page = ben.send(path, body, f"multipart/form-data; boundary={BOUNDARY}")
        assert answer.status == wanted, page[:2000]

    post(ann, "/cases/", 303, title=words("case title"), summary=words("case summary"))
    post(ann, "/cases/", 422, title=words("a title too long") * 40, summary=words("lost summary"))
    post(ann, f"{case}/edit", 303, title=words("new title"), summary="", status="open", version="1")
    post(
        ann, f"{case}/edit", 409, title=words("late title"), summary="", status="open", version="1"
    )
    note = post(
        ben, f"{case}/notes/", 303, title=words("title"), body=words("body"), tags=words("tag")
    )
    post(ben, f"{note}/edit", 303, title=words("edit"), body=words("edited"), version="1")
    post(ben, f"{note}/edit", 409, title=words("stale"), body=words("stale body"), version="1")
    post(ben, f"{case}/notes/", 422, title="", body=words("refused body"))
    post(ben, f"{case}/notes/preview", 200, body=words("preview"))
    post(ben, f"{note}/delete", 303)
    post(ben, f"{note}/restore", 303)
    origin = {
        "shows": words("shows"),
        "obtained_from": words("from"),
        "obtained_how": words("how"),
        "tags": words("evidence tag"),
        "note": words("note with a file"),
    }
    content = words("content")
    upload(f"{case}/evidence/", 303, origin, f"{words('name')}.txt", content.encode() * 50)
    html = f"<html><body><p>{words('html')}</p><img src='http://{words('address')}'>"
    upload(f"{case}/evidence/", 303, {}, "page.html", html.encode())
    upload(
        f"{case}/evidence/", 422, {"obtained_at": words("day")}, "x.txt", words("refused").encode()
    )
    upload(f"{case}/evidence/", 413, {}, "x.bin", words("too large").encode() * 40_000)
    upload(f"{case}/notes/", 415, {}, "x.txt", words("wrong door").encode() * 30_000)
    upload(
        f"{case}/evidence/", 303, {}, f"{words('sound name')}.mp3", words("sound").encode() * 9000
    )
    for path in (
        "/search?q=",
        "/search/complete?q=",
        "/cases/?q=",
        f"{case}/notes/?q=",
        f"{case}/evidence/?q=",
    ):
        assert ben.get(path + quote(words(f"asked {len(words.used)}")))[0].status == 200
    for path in ("/", f"{case}/notes/", "/invitations/", "/search?case=", "/account/?next="):
        assert ben.get(path + quote(words(f"path {len(words.used)}")))[0].status in {200, 404}
    _wait_for(ben, content.split()[0])
    assert _found(ben, words.used[words.used.index("zqxbodyvexlejwq")]) is False
    assert _found(ben, "zqxeditedvexlejwq")

    assert leaks([instance, server.temporary, server.log, tmp_path], words.used) == []

    server.kill()
    assert leaks([instance, server.temporary, server.log, tmp_path], words.used) == []
