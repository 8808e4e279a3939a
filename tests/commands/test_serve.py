from __future__ import annotations

import socket
import stat
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.real_server import RealServer, free_port, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

GRACE = 10
LONGEST_START = 10  # on an idle machine under 3; here others may be at work


@pytest.fixture
def server(instance: Path, tmp_path: Path) -> Iterator[RealServer]:
    running = RealServer(instance, tmp_path)
    yield running
    running.stop()


def test_without_a_newsroom_there_is_nothing_to_serve(tmp_path: Path) -> None:
    done = run(tmp_path / "nothing", "serve")

    assert done.returncode == 2
    assert "There is no newsroom in" in done.stderr
    assert "casefile init" in done.stderr
    assert "casefile demo" in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_a_taken_port_is_said_with_the_way_out(
    casefile: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = casefile("serve", port=taken.getsockname()[1])

    assert done.returncode == 2
    assert done.stderr.startswith("casefile: Port")
    assert "CASEFILE_PORT" in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - to be refused
def test_an_address_others_can_reach_wants_https_in_front(
    host: str, casefile: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = casefile("serve", host=host, port=free_port())

    assert done.returncode == 2
    assert "HTTPS" in done.stderr
    assert "CASEFILE_TRUSTED_PROXIES=1" in done.stderr


def test_a_server_prints_one_line_answers_and_ends_when_told(server: RealServer) -> None:
    assert server.log.read_text() == f"Casefile answers at http://localhost:{server.port}\n"
    for path in ("/healthz", "/readyz"):
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
            assert answer.status == 200

    began = time.monotonic()
    server.process.terminate()
    assert server.process.wait(GRACE + 5) == 0
    assert time.monotonic() - began < GRACE
    assert "Traceback" not in server.log.read_text()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=2)


def test_nobody_else_on_the_machine_can_look_into_what_a_server_keeps(
    found: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert found().returncode == 0
    running = RealServer(tmp_path / "new", tmp_path)
    try:
        places = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
        assert any(place.name == "casefile.db-wal" for place in places)
        for place in places:
            wanted = 0o700 if place.is_dir() else 0o600
            assert stat.S_IMODE(place.stat().st_mode) == wanted, place
    finally:
        running.stop()


def test_an_open_connection_does_not_keep_the_server_from_ending(server: RealServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as idle:
        idle.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"
        )
        time.sleep(0.3)
        began = time.monotonic()
        server.process.terminate()
        server.process.wait(GRACE + 10)
    assert time.monotonic() - began < GRACE + 5


def test_the_server_ends_on_interrupt_without_a_trace(server: RealServer) -> None:
    server.process.send_signal(2)

    assert server.process.wait(GRACE + 5) == 0
    assert "Traceback" not in server.log.read_text()


def test_a_second_start_is_quick_and_keeps_what_was_there(
    instance: Path, tmp_path: Path, server: RealServer
) -> None:
    server.stop()
    files = {path.name for path in (instance / "vault").iterdir()}
    pepper = (instance / "pepper").read_bytes()
    beside = tmp_path / "second"
    beside.mkdir()

    began = time.monotonic()
    second = RealServer(instance, beside)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{second.port}/readyz") as answer:
            assert answer.status == 200
        assert time.monotonic() - began < LONGEST_START
    finally:
        second.stop()
    assert (instance / "pepper").read_bytes() == pepper
    assert {path.name for path in (instance / "vault").iterdir()} == files


def test_a_server_killed_before_starts_again(instance: Path, tmp_path: Path) -> None:
    RealServer(instance, tmp_path).kill()
    beside = tmp_path / "second"
    beside.mkdir()

    second = RealServer(instance, beside)
    with urllib.request.urlopen(f"http://127.0.0.1:{second.port}/readyz") as answer:
        assert answer.status == 200
    second.stop()
