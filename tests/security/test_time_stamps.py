"""Time-stamps against a real authority: `openssl ts`, answered over loopback HTTP."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from casefile import audit, keys
from casefile.audit import stamps
from casefile.audit.models import Stamp
from casefile.errors import ConfigError, DamagedError
from casefile.uow import UnitOfWork
from tests import bag_scene
from tests.authority import Authority
from tests.cast import resources_of
from tests.intruder import flipped, read, writing
from tests.strict_browser import signed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from casefile.uow import Resources
    from tests.cast import Cast, Clock

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here"),
    pytest.mark.xdist_group("time-stamps"),
]


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def authority(_made: Authority) -> Iterator[Authority]:
    _made.chain, _made.misbehave, _made.asked = False, None, []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            status, body = _made.answer(query)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_what: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _made.url = f"http://127.0.0.1:{server.server_port}/tsa"  # type: ignore[attr-defined]
    yield _made
    server.shutdown()
    server.server_close()


@pytest.fixture
def stamped(make_app: Callable[..., Flask], authority: Authority) -> Flask:
    return make_app(timestamp_url=authority.url, timestamp_roots=str(authority.root))


def sign(app: Flask) -> str:
    with UnitOfWork(resources_of(app), None) as uow:
        audit.record(uow, "test.added")
        return audit.checkpoints.sign(uow)


def work_off(app: Flask, *, now: bool = True) -> list[str]:
    return [reason for _size, reason in stamps.work_off(resources_of(app), now=now)]


def rows(app: Flask) -> list[Stamp]:
    return list(read(app, select(Stamp).order_by(Stamp.size)))


def test_nobody_is_asked_while_no_authority_is_configured(app: Flask) -> None:
    sign(app)

    assert rows(app) == []
    assert work_off(app) == []


def test_a_checkpoint_gets_its_time_stamp_which_openssl_too_holds_for_right(
    stamped: Flask, authority: Authority, tmp_path: Path
) -> None:
    note = sign(stamped)
    assert [row.state for row in rows(stamped)] == ["pending"]
    assert authority.asked == [], "the change did not wait for the network"

    assert work_off(stamped) == [""]

    (row,) = rows(stamped)
    assert (row.state, row.reason) == ("done", "")
    assert row.stamped_at is not None
    assert abs((row.stamped_at - resources_of(stamped).clock()).total_seconds()) < 60
    (tmp_path / "note").write_text(note)
    (tmp_path / "answer").write_bytes(row.answer or b"")
    asked = ("openssl", "ts", "-verify", "-data", "note", "-in", "answer", "-CAfile")
    done = subprocess.run([*asked, authority.root], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    found = audit.examine(resources_of(stamped))
    assert found.holds
    assert found.stamps == {"done": 1}


def test_nothing_of_the_trail_goes_out_but_a_hash(stamped: Flask, authority: Authority) -> None:
    note = sign(stamped)
    work_off(stamped)

    (query,) = authority.asked
    assert keys.digest(note.encode()) in query
    assert len(query) < 120
    assert note.split("\n")[0].encode() not in query


def test_an_answer_with_certificates_out_of_order_is_asked_for_without_them(
    make_app: Callable[..., Flask], authority: Authority, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(authority.root.read_bytes() + authority.own.read_bytes())
    authority.chain = True
    app = make_app(timestamp_url=authority.url, timestamp_roots=str(both))
    query = keys.StampRequest(b"x")
    try:
        query.check(authority.reply(query.to_bytes()), both.read_bytes())
        out_of_order = False
    except keys.UnreadableStampError:
        out_of_order = True
    sign(app)

    assert work_off(app) == [""]

    assert len(authority.asked) == 1 + out_of_order
    assert audit.examine(resources_of(app)).stamps == {"done": 1}
    assert audit.examine(resources_of(app)).holds


def test_without_the_authoritys_own_certificate_the_reason_says_what_to_do(
    stamped: Flask, authority: Authority
) -> None:
    authority.misbehave = lambda _query: (200, b"nonsense")
    sign(stamped)

    (reason,) = work_off(stamped)
    assert "put its own certificate into timestamp_roots" in reason


def _another(authority: Authority) -> Callable[[bytes], tuple[int, bytes]]:
    return lambda _query: (200, authority.reply(keys.StampRequest(b"something else").to_bytes()))


MISBEHAVIOURS = {
    "refuses": (lambda _a: lambda _q: (503, b""), "answers 503"),
    "redirects": (lambda _a: lambda _q: (302, b""), "answers 302"),
    "nothing": (lambda _a: lambda _q: (200, b""), "cannot be read"),
    "page": (lambda _a: lambda _q: (200, b"<html>login</html>"), "cannot be read"),
    "rejects": (lambda _a: lambda _q: (200, bytes.fromhex("30053003020102")), "refused"),
    "floods": (lambda _a: lambda _q: (200, bytes(200_000)), "far too large"),
    "another": (_another, "something else"),
    "forges": (lambda a: lambda q: (200, flipped(a.reply(q))), "does not hold"),
}


@pytest.mark.parametrize("how", MISBEHAVIOURS)
def test_a_bad_answer_is_not_kept_and_the_queue_goes_on_later(
    stamped: Flask, authority: Authority, clock: Clock, how: str
) -> None:
    make, said = MISBEHAVIOURS[how]
    authority.misbehave = make(authority)
    sign(stamped)

    (reason,) = work_off(stamped)

    assert re.search(said, reason), reason
    (row,) = rows(stamped)
    assert (row.state, row.answer, row.tries) == ("pending", None, 1)
    assert row.reason == reason
    authority.misbehave = None
    assert work_off(stamped, now=False) == [], "not at once again"
    clock.forward(minutes=5)
    assert work_off(stamped, now=False) == [""]
    assert rows(stamped)[0].state == "done"


def test_a_time_stamp_of_another_authority_is_not_believed(
    stamped: Flask, authority: Authority, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    authority.misbehave = lambda query: (200, Authority(stranger).reply(query))
    sign(stamped)

    assert "timestamp_roots do not lead to" in work_off(stamped)[0]


def test_an_authority_that_cannot_be_reached_keeps_nobody_from_working(
    make_app: Callable[..., Flask], authority: Authority
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        app = make_app(
            timestamp_url=f"http://127.0.0.1:{port}/", timestamp_roots=str(authority.root)
        )
        sign(app)
        assert "does not answer" in work_off(app)[0]
    sign(app)
    assert [row.state for row in rows(app)] == ["pending", "pending"]
    assert audit.examine(resources_of(app)).holds, "waiting is not wrong"


def test_an_authority_that_dribbles_is_hung_up_on(
    make_app: Callable[..., Flask], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "ANSWER_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def dribble() -> None:
            connection, _address = server.accept()
            with connection:
                try:
                    for _ in range(200):
                        connection.sendall(b"H")
                        time.sleep(0.1)
                except OSError:
                    return

        threading.Thread(target=dribble, daemon=True).start()
        app = make_app(
            timestamp_url=f"http://127.0.0.1:{server.getsockname()[1]}/",
            timestamp_roots=str(authority.root),
        )
        sign(app)
        began = time.monotonic()
        (reason,) = work_off(app)

    assert "does not answer" in reason
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("what", ["changed", "another checkpoint's", "time", "no checkpoint"])
def test_a_time_stamp_changed_in_the_database_is_found(stamped: Flask, what: str) -> None:
    for _ in range(2):
        sign(stamped)
    assert work_off(stamped) == ["", ""]
    with writing(stamped) as session:
        one, two = session.scalars(select(Stamp).order_by(Stamp.size))
        if what == "changed":
            one.answer = flipped(one.answer or b"")
        elif what == "another checkpoint's":
            one.answer = two.answer
        elif what == "time":
            assert one.stamped_at is not None
            one.stamped_at = one.stamped_at.replace(year=2020)
        else:
            one.size = 3

    found = audit.examine(resources_of(stamped))

    assert len(found.stamp_faults) == 1
    assert not found.holds


def test_the_worker_asks_by_itself_after_a_checkpoint(
    stamped: Flask, until: Callable[[Callable[[], object]], None]
) -> None:
    jobs = resources_of(stamped).jobs
    jobs.start()
    try:
        sign(stamped)
        until(lambda: [row.state for row in rows(stamped)] == ["done"])
    finally:
        jobs.stop()


def test_certificates_that_cannot_be_read_are_a_setting_to_mend(
    stamped: Flask, authority: Authority, tmp_path: Path
) -> None:
    resources: Resources = resources_of(stamped)
    sign(stamped)
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    for path, said in ((empty, "no certificates"), (tmp_path / "gone.pem", "cannot be read")):
        resources.settings = replace(resources.settings, timestamp_roots=str(path))
        assert said in work_off(stamped)[0]
    assert rows(stamped)[0].state == "pending"


def test_a_kept_answer_holds_without_the_query_and_only_for_its_content(
    authority: Authority,
) -> None:
    trusted: Any = authority.root.read_bytes()
    query = keys.StampRequest(b"content")
    answer = authority.reply(query.to_bytes())

    assert query.check(answer, trusted) == keys.check_stamp(answer, b"content", trusted)
    with pytest.raises(DamagedError):
        keys.check_stamp(answer, b"another", trusted)
    with pytest.raises(DamagedError):
        keys.StampRequest(b"content").check(answer, trusted)  # replayed for another query
    with pytest.raises(ConfigError):
        keys.check_stamp(answer, b"content", b"")


def test_custody_in_a_bag_stands_under_the_first_stamp_after_it(
    stamped: Flask, authority: Authority, cast: Cast, tmp_path: Path
) -> None:
    sign(stamped)
    assert work_off(stamped) == [""]
    first = rows(stamped)[0].size
    sign(stamped)
    work_off(stamped)

    page = bag_scene.send(signed_in(stamped, cast.ann), cast.ann, bag_scene.url(cast))

    bag = bag_scene.read_bag(page.content)
    assert bag.wrong == []
    proofs = [json.loads(line) for line in bag.text("data/custody/proofs.jsonl").splitlines()]
    assert proofs[0]["entry"]["action"] == "evidence.added"
    assert proofs[0]["checkpoint"] == first
    assert proofs[-1]["entry"]["action"] == "evidence.exported"
    assert proofs[-1]["checkpoint"] > rows(stamped)[1].size
    assert f"data/custody/stamps/{first}.tsr" in bag.payload
    asked = [sys.executable, "check_bag.py", ".", "--trusted", authority.root]
    folder = bag_scene.unpack(page.content, tmp_path)
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 time-stamps" in done.stdout
    (folder / f"data/custody/stamps/{first}.tsr").write_bytes(b"forged")
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    assert f"the time-stamp of checkpoint {first} does not hold" in done.stdout
