"""What is written of a source is looked for in every file of the newsroom, its log and its temporary files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.faults.traces import leaks, nameless_files
from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor

WORDS = {
    "name": "zjqxkwvhqgfpdszkxjqwvb",
    "name in Cyrillic": "жъщыфэхцъжщэфыхцъжщэ",
    "contacts": "qwzkxjvqfhpgdzwkqxjvbn",
    "circumstances": "xwqjzkvqhpfgdzxjwqkvbm",
    "reliability": "kzxqwjvqpghfdzkqwxjvbs",
    "motive": "wjkxzqvqghpfdzwqjkxvbn",
    "quotable": "zkjwxqvqpfhgdzjkxqwvbm",
    "contact": "jwzqxkvqfgphdzjxwkqvbn",
    "where": "qjxwkzvqhgfpdzqkjxwvbs",
    "promise": "xkzjqwvqgfhpdzxjkwqvbm",
    "passage": "kjzwqxvqpgfhdzkwjqxvbs",
    "refused form": "wqkjxzvqfphgdzwxkjqvbn",
    "search": "zqjkwxvqhfgpdzqxjkwvbm",
    "note": "jxqkzwvqgphfdzjqkxwvbs",
}


def plant(visitor: Visitor, case: str) -> str:
    """Bring a word in through every door that has to do with sources; returns the source's address."""
    w = WORDS
    about = {name: w[name] for name in ("reliability", "motive", "quotable")}
    who = {
        "name": f"{w['name']} {w['name in Cyrillic']}",
        "contacts": w["contacts"],
        "circumstances": w["circumstances"],
    }
    answer, _body = visitor.post(f"{case}/sources/", protection="confidential", **about, **who)
    assert answer.status == 303
    source = str(answer.headers["Location"])
    met = {"met_on": "2026-11-20", "how": "call", "where": w["where"], "summary": w["contact"]}
    promise = {"kind": "other", "text": w["promise"], "agreed_on": "2026-11-20"}
    for path, form in (
        ("contacts", met),
        ("agreements", promise),
        ("links", {"code": "E-1", "passage": w["passage"]}),
        ("identity/edit", {**who, "version": "1"}),
    ):
        answer, _body = visitor.post(f"{source}/{path}", **form)
        assert answer.status == 303, path
    answer, _body = visitor.post(f"{source}/identity/edit", name=w["refused form"], version="1")
    assert answer.status == 409
    answer, _body = visitor.post(f"{source}/shred", codename=w["refused form"])
    assert answer.status == 422
    answer, _body = visitor.get(f"{case}/sources/?q={w['search']}")
    assert answer.status == 200
    answer, _body = visitor.post(f"{case}/notes/", title="n", body=f"{w['note']} {who['name']}")
    assert answer.status == 422, "it gives the source away"
    answer, body = visitor.post(f"{source}/identity")
    assert answer.status == 200
    assert w["name"].encode() in body
    return source


@pytest.mark.slow
def test_no_word_of_an_identity_lies_in_clear_in_any_file(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    server = start()
    visitor = ben(server)
    source = plant(visitor, cast.case.url)
    for name in ("name", "name in Cyrillic", "contacts", "contact", "promise"):
        _answer, body = visitor.get(f"/search?q={quote(WORDS[name])}")
        assert b'data-total="1"' in body, f"the {name} is not found, so it may not have been kept"
    places = [instance, server.temporary, server.log]
    assert list((instance / "index").glob(f"{source.rsplit('/', 1)[1]}.db*"))
    assert leaks(places, WORDS.values()) == []
    assert leaks(nameless_files(server.process.pid), WORDS.values()) == []

    _answer, body = visitor.get(source)
    codename = body.decode().split("<h1>")[1].split("</h1>")[0]
    answer, _body = visitor.post(f"{source}/shred", codename=codename)
    assert answer.status == 303
    server.kill()
    assert leaks(places, WORDS.values()) == []
    assert run(instance, "audit", "verify").returncode == 0
    assert run(instance, "index", "verify").returncode == 0
