from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.faults.moments import begin_upload, staged, wait_for
from tests.faults.traces import ENCODINGS, leaks, nameless_files
from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor

MEBIBYTE = 1024 * 1024
WORDS = {
    "case title": "qzvkxwjphrqdzkvxbwqgjz",
    "case summary": "xjqvzwkkfhgqzxvbnmwqrt",
    "note title": "wqxzjkvvphdgqzkxwbjfqz",
    "note body": "жщъфыцчшэюжщъхцфыж",
    "note tag": "vqwxzkjjfpqhdgzxkvwqzb",
    "file name": "kzqxwvjqgphfzdqxkwvbjq",
    "file text": "zxqwkvjfqpghdzkqxwvjbz",
    "file in Cyrillic": "щчъэыюфжцшъщчэыюфж",
    "shows": "jqzxkwvqfhpgdzxkqjwvbq",
    "obtained from": "xwqzkjvqhfgpzdxqkwjvbx",
    "obtained how": "qkxzwjvfqghpdzqxkvwjbk",
    "evidence tag": "zkqxvwjqpfhgdxzkqwvjbw",
    "note with files": "vxqzkwjqfgphdzxvkqwjbv",
    "search": "wzxqkvjqhpfgdzwxqkvjbh",
    "completion": "kqzwxjvqgfhpdzkxqwjvbg",
    "preview": "jxzqwkvqpghfdzjxqkwvbp",
    "filter": "qwzxvkjqfpghdzqwxkvjbf",
    "refused form": "zwqkxjvqhgpfdzwqxkjvbd",
    "wrong password": "xkqwzvjqgpfhdzxkwqvjbc",
    "wrong name": "vkqxwzjqpfghdzvkxqwjbn",
    "wrong address": "kwqxzjvqfghpdzkwxqjvbm",
    "cookie": "jkqwxzvqhfpgdzjkxwqvbs",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("word", [WORDS["note title"], WORDS["note body"]])
def test_the_search_for_planted_words_finds_one_that_is_there(
    encoding: str, word: str, tmp_path: Path
) -> None:
    (tmp_path / "inside").mkdir()
    sealed = word.encode(encoding)
    (tmp_path / "inside" / "page").write_bytes(os.urandom(5001) + sealed[4:16] + os.urandom(77))

    assert f"page holds {word}" in leaks([tmp_path], WORDS.values())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what is held open")
def test_a_file_without_a_name_is_looked_through_too(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path) as file:
        file.write(WORDS["file text"].encode())
        file.flush()
        assert leaks(nameless_files(os.getpgid(0)), [WORDS["file text"]])


def plant(visitor: Visitor, nobody: Visitor, case: str) -> None:
    """Bring a word in through every door there is."""
    w = WORDS
    answer, _body = visitor.post("/cases/", title=w["case title"], summary=w["case summary"])
    assert answer.status == 303
    answer, _body = visitor.post(
        f"{case}/notes/", title=w["note title"], body=w["note body"], tags=w["note tag"]
    )
    assert answer.status == 303
    told = f"{w['file text']} and {w['file in Cyrillic']}.\n"
    answer, _body = visitor.upload(
        f"{case}/evidence/",
        f"{w['file name']}.txt",
        (told * (MEBIBYTE // len(told.encode()))).encode(),
        shows=w["shows"],
        obtained_from=w["obtained from"],
        obtained_how=w["obtained how"],
        tags=w["evidence tag"],
        note=w["note with files"],
    )
    assert answer.status == 303
    for address in (
        f"/search?q={w['search']}",
        f"/search/complete?q={w['completion']}",
        f"{case}/notes/?q={w['filter']}",
        f"{case}/evidence/?q={w['filter']}",
    ):
        answer, _body = visitor.get(address)
        assert answer.status == 200
    answer, _body = visitor.post(f"{case}/notes/preview", body=w["preview"])
    assert answer.status == 200
    answer, _body = visitor.post(f"{case}/notes/", title="", body=w["refused form"])
    assert answer.status == 422
    answer, _body = visitor.post(f"{case}/notes/", title="x" * 5000, body=w["refused form"] * 5000)
    assert answer.status == 422
    answer, _body = visitor.get(f"/cases/{w['wrong address']}?q={w['wrong address']}")
    assert answer.status == 404
    answer, _body = nobody.get("/account/", Cookie=f"casefile={w['cookie']}")
    assert answer.status == 302


def sign_in_wrongly(server: RealServer) -> None:
    nobody = server.visitor()
    answer, body = nobody.get("/sign-in")
    cookie = answer.headers["Set-Cookie"].split(";")[0].removeprefix("casefile=")
    stranger = server.visitor(cookie)
    stranger._token = body.decode().split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    for name, password in (("ben", WORDS["wrong password"]), (WORDS["wrong name"], "green mills")):
        answer, _body = stranger.post("/sign-in", username=name, password=password)
        assert answer.status == 422


@pytest.mark.slow
def test_no_planted_word_lies_in_clear_in_any_file_nor_after_a_kill(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    server = start()
    visitor, case = ben(server), cast.case.url
    plant(visitor, server.visitor(), case)
    sign_in_wrongly(server)

    def found(name: str) -> bool:
        return b'data-total="0"' not in visitor.get(f"/search?q={quote(WORDS[name])}")[1]

    wait_for("the file was read", lambda: found("file text"))
    for name in ("note title", "note body", "file in Cyrillic", "note with files", "file name"):
        assert found(name), f"the {name} cannot be found, so it is not known to have been kept"
    places = [instance, server.temporary, server.log]
    assert list(instance.glob("casefile.db-wal")), "the log of the database is looked through too"
    assert leaks(places, WORDS.values()) == []

    half = begin_upload(
        visitor,
        f"{case}/evidence/",
        f"{WORDS['file name']}.txt",
        (WORDS["file text"] * (4 * MEBIBYTE // 22)).encode(),
        promised=32 * MEBIBYTE,
    )
    wait_for("half an upload", lambda: staged(instance) > MEBIBYTE)
    assert leaks(nameless_files(server.process.pid), WORDS.values()) == []
    server.kill()
    half.close()
    assert run(instance, "audit", "verify").returncode == 0
    assert leaks(places, WORDS.values()) == []
