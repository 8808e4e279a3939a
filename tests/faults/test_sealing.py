from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from casefile import config, sealing, written_key
from casefile.errors import CasefileError
from tests.cast import PEPPER, settings_for
from tests.faults.moments import begin_upload, staged, wait_for
from tests.real_server import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cast import Cast
    from tests.real_server import RealServer, Visitor

MEBIBYTE = 1024 * 1024
CUT_OFF = (http.client.HTTPException, OSError)
WRONG = written_key.as_text(bytes(32))
RIGHT = written_key.as_text(PEPPER)


def _seal(instance: Path) -> float:
    began = time.monotonic()
    sealing.seal(settings_for(instance), datetime.now(UTC))
    return time.monotonic() - began


def _is_sealed(visitor: Visitor) -> bool:
    try:
        answer, body = visitor.get("/sign-in")
    except CUT_OFF:
        return False
    return answer.status == 503 and b"<h1>Sealed</h1>" in body


def _answers(visitor: Visitor, path: str) -> int:
    try:
        return visitor.get(path)[0].status
    except CUT_OFF:
        return 0


@pytest.mark.slow
def test_a_sealed_server_answers_one_page_holds_no_key_and_is_unsealed_with_the_key(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
) -> None:
    server = start()
    visitor = ben(server)
    assert visitor.token
    [before] = sealing.sockets(settings_for(instance))
    assert stat.S_IMODE(before.stat().st_mode) == 0o600
    assert stat.S_IMODE(before.parent.stat().st_mode) == 0o700

    assert _seal(instance) < 1
    wait_for("the sealed page", lambda: _is_sealed(visitor), seconds=10)

    pages = {visitor.get(path)[1] for path in ("/", "/sign-in", f"{cast.case.url}/", "/nothing")}
    assert len(pages) == 1
    assert cast.case.codename.encode() not in pages.pop()
    answer, _body = visitor.post(f"{cast.case.url}/notes/", title="A", body="B")
    assert answer.status == 503
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert visitor.get("/healthz")[1] == b"sealed\n"
    assert (visitor.get("/readyz")[0].status, visitor.get("/readyz")[1]) == (503, b"sealed\n")
    assert visitor.get("/static/casefile.css")[0].status == 200
    assert visitor.get("/static/js/menus.js")[0].status == 503
    with pytest.raises(ProcessLookupError):
        os.kill(int(before.stem), 0)

    wrong = run(instance, "unseal", "--ask", given=f"{WRONG}\n")
    assert wrong.returncode == 1
    assert "not the key of this newsroom" in wrong.stderr
    assert _is_sealed(visitor)
    done = run(instance, "unseal", "--ask", given=f"{RIGHT}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert _answers(visitor, "/sign-in") == 200
    assert _answers(visitor, f"{cast.case.url}/") == 302, "sessions from before are over"
    again = run(instance, "unseal")
    assert (again.returncode, "not sealed" in again.stdout) == (0, True)
    trail = run(instance, "database", "sql", "SELECT action FROM audit_entry ORDER BY sequence")
    actions = [row["action"] for row in json.loads(trail.stdout)]
    assert actions[-2:] == ["server.sealed", "server.unsealed"]
    assert run(instance, "audit", "verify").returncode == 0


@pytest.mark.slow
def test_sealing_in_the_middle_of_everything_loses_nothing_that_was_answered(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
    cast: Cast,
    cookie: Callable[..., str],
) -> None:
    again = cookie(cast.ann)
    servers = [start(), start()]
    visitors = [ben(server) for server in servers]
    answered: list[str] = []

    def write(visitor: Visitor, number: int) -> None:
        for turn in range(1000):
            try:
                answer, _body = visitor.post(
                    f"{cast.case.url}/notes/", title=f"N{number}-{turn}", body="Said before."
                )
            except CUT_OFF:
                return
            if answer.status != 303:
                return
            answered.append(answer.headers["Location"])

    assert [visitor.token for visitor in visitors]
    writers = [
        threading.Thread(target=write, args=(visitor, number))
        for number, visitor in enumerate(visitors * 2)
    ]
    for writer in writers:
        writer.start()
    upload = begin_upload(
        visitors[0],
        f"{cast.case.url}/evidence/",
        "big.bin",
        os.urandom(4 * MEBIBYTE),
        promised=64 * MEBIBYTE,
    )
    wait_for("saves and half an upload", lambda: len(answered) >= 10 and staged(instance))

    took = _seal(instance)

    assert took < 1.5, "two servers at once, and a machine that is busy"
    for visitor in visitors:
        wait_for("the sealed page", lambda v=visitor: _is_sealed(v), seconds=10)
    for writer in writers:
        writer.join()
    upload.close()
    assert run(instance, "unseal").returncode == 0
    notes = run(instance, "database", "sql", "SELECT id FROM note")
    kept = {row["id"] for row in json.loads(notes.stdout)}
    assert {where.rsplit("/", 1)[1].replace("-", "") for where in answered} <= kept
    assert run(instance, "audit", "verify").returncode == 0
    assert json.loads(run(instance, "vault", "verify", "--json").stdout)["missing"] == []
    assert servers[0].visitor(again).get("/")[0].status == 302


@pytest.mark.slow
def test_a_server_that_does_not_listen_is_killed_and_comes_back_sealed(
    instance: Path, start: Callable[..., RealServer]
) -> None:
    server = start()
    [path] = sealing.sockets(settings_for(instance))
    os.kill(int(path.stem), signal.SIGSTOP)

    assert _seal(instance) < 1.5

    wait_for("the sealed page", lambda: _is_sealed(server.visitor()), seconds=15)


@pytest.mark.slow
def test_a_server_whose_key_is_typed_starts_sealed_and_waits(
    instance: Path, start: Callable[..., RealServer], cast: Cast
) -> None:
    (instance / "pepper").unlink()
    server = start(pepper_source="typed")
    visitor = server.visitor()
    assert _is_sealed(visitor)
    assert "sealed" in server.log.read_text()

    done = run(instance, "unseal", given=f"{RIGHT}\n", pepper_source="typed")

    assert done.returncode == 0, done.stderr
    assert _answers(visitor, "/sign-in") == 200
    assert run(instance, "audit", "verify", given=f"{RIGHT}\n", pepper_source="typed").stdout
    sealed = run(instance, "seal", pepper_source="typed")
    assert "WARNING" not in sealed.stderr
    wait_for("the sealed page", lambda: _is_sealed(visitor), seconds=10)


@pytest.mark.slow
def test_sealed_stays_sealed_over_a_restart_and_without_any_server(
    instance: Path, start: Callable[..., RealServer]
) -> None:
    done = run(instance, "seal")
    assert done.returncode == 0
    assert "No server of this folder answered" in done.stdout
    assert "WARNING: the key file still lies at" in done.stderr
    assert _is_sealed(start().visitor())
    assert "nobody is signed in" in run(instance, "lock").stdout

    assert run(instance, "unseal").returncode == 0
    assert not sealing.is_sealed(settings_for(instance))


@pytest.mark.slow
def test_the_lock_command_signs_out_through_the_server_and_without_one(
    instance: Path,
    start: Callable[..., RealServer],
    ben: Callable[[RealServer], Visitor],
) -> None:
    server = start()
    visitor = ben(server)
    assert visitor.get("/")[0].status == 200

    done = run(instance, "lock")

    assert done.stdout.startswith("Locked: 1 sessions ended.")
    assert visitor.get("/")[0].status == 302
    server.stop()
    assert run(instance, "lock").stdout.startswith("Locked: 0")


def test_a_socket_left_by_a_dead_server_is_cleared_away(instance: Path) -> None:
    settings = settings_for(instance)
    settings.control_folder.mkdir(mode=0o700)
    left = settings.control_folder / "1.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        with sealing._address(left) as name:
            dead.bind(name)
        dead.listen()

    assert sealing.ask(left, {"do": "state"}, 1) == (None, None)
    assert not left.exists()
    assert sealing.ask(left, {"do": "state"}, 1) == (None, None)


def test_a_listener_of_another_user_is_told_nothing(
    instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[sealing.Act] = []
    control = sealing.Control(settings_for(instance), lambda asked: heard.append(asked) or {})
    monkeypatch.setattr(sealing, "_peer", lambda _connection: sealing.Peer(1, 12345))
    try:
        with pytest.raises(CasefileError, match="Another user listens"):
            sealing.ask(control.path, {"do": "unseal", "pepper": "00"}, 1)
    finally:
        control.close()
    assert heard == []


def test_nonsense_on_the_socket_is_survived(instance: Path) -> None:
    control = sealing.Control(settings_for(instance), lambda asked: {"heard": asked})
    try:
        for nonsense in (b"\n", b"[1]\n", b"x" * 9000, b"[" * 4000 + b"\n", b"\xff\xfe\n", b""):
            with socket.socket(socket.AF_UNIX) as client, sealing._address(control.path) as name:
                client.settimeout(5)
                client.connect(name)
                client.sendall(nonsense)
        told, peer = sealing.ask(control.path, {"do": "state"}, 5)
    finally:
        control.close()
    assert told == {"heard": {"do": "state"}}
    assert peer is None or peer.process == os.getpid()


def test_wrong_keys_are_limited_and_do_not_open(instance: Path) -> None:
    from casefile.doorway import Doorway

    settings = settings_for(instance)
    sealing.mark_sealed(settings, datetime.now(UTC))
    door = Doorway(settings)
    for given in (bytes(32).hex(), "", "zz", PEPPER.hex()[:-2], "é"):
        told = door.answer({"do": "unseal", "pepper": given})
        assert "not the key" in told["refused"]

    told = door.answer({"do": "unseal", "pepper": PEPPER.hex()})

    assert "Too many wrong keys" in told["refused"]
    assert (told["state"], door.app, sealing.is_sealed(settings)) == ("sealed", None, True)
    assert door.answer({"do": "nonsense"}) == {"state": "sealed"}
    assert door.answer({"do": "lock"}) == {"state": "sealed"}
    door.stop()


def test_the_key_on_paper_is_read_back_and_slips_are_found() -> None:
    assert written_key.from_text(RIGHT.upper().replace(" ", "-")) == PEPPER
    slipped = "f" + RIGHT[1:]
    for text, says in ((slipped, "wrong"), (RIGHT[:-5], "68 letters"), ("g" * 68, "digits")):
        with pytest.raises(CasefileError, match=says):
            written_key.from_text(text)


@pytest.mark.slow
def test_the_key_command_shows_what_unseal_takes(instance: Path, tmp_path: Path) -> None:
    shown = run(instance, "key")
    assert shown.stdout.strip() == RIGHT
    assert run(instance, "key", "--check", given=shown.stdout).stdout == "It fits.\n"
    assert run(instance, "key", "--check", given=f"{WRONG}\n").returncode == 1
    written = tmp_path / "paper"
    written.write_text(shown.stdout)
    run(instance, "seal")
    assert run(instance, "unseal", "--key-file", str(tmp_path / "none")).returncode == 2
    assert run(instance, "unseal", "--key-file", str(written)).returncode == 0


def test_the_key_can_come_as_a_credential_of_systemd(
    instance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pepper").write_bytes(PEPPER)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert config.read_pepper(settings_for(instance, pepper_source="credential")) == PEPPER
