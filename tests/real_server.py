"""`casefile serve` in a process of its own, and the program's other commands."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
STARTS_WITHIN = 30
ANSWERS_WITHIN = 60
TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
BOUNDARY = "a-line-between-parts"


def environment(instance: Path, **settings: object) -> dict[str, str]:
    """Return what a process of this newsroom is started with."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEFILE_")}
    given = {f"CASEFILE_{name.upper()}": str(value) for name, value in settings.items()}
    return {
        **kept,
        "CASEFILE_INSTANCE": str(instance),
        "CASEFILE_PASSWORD_MEMORY_MB": "64",
        "CASEFILE_SECOND_FACTOR": "nobody",
        "PYTHONUNBUFFERED": "1",
        **given,
    }


def run(
    instance: Path, *arguments: str, given: str = "", timeout: float = 60, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run one command of the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "casefile.cli", *arguments],
        cwd=ROOT,
        env=environment(instance, **settings),
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RealServer:
    """A running server. Its log and its temporary files lie beside the instance folder."""

    def __init__(self, instance: Path, beside: Path, **settings: object) -> None:
        self.port = free_port()
        self.temporary = beside / "server-tmp"
        self.temporary.mkdir(exist_ok=True)
        self.log = beside / "server.log"
        with self.log.open("ab") as log:
            self._begins = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "casefile.cli", "serve"],
                cwd=ROOT,
                env={
                    **environment(instance, port=self.port, **settings),
                    "TMPDIR": str(self.temporary),
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while b"answers at" not in self.log.read_bytes()[self._begins :]:
            ended = self.process.poll()
            assert ended is None, f"the server ended with {ended}: {self.log.read_text()}"
            assert time.monotonic() < until, f"the server did not start: {self.log.read_text()}"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End server and worker at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def visitor(self, cookie: str | None = None) -> Visitor:
        return Visitor(self.port, cookie)


class Visitor:
    """One signed-in browser, as plain HTTP."""

    def __init__(self, port: int, cookie: str | None) -> None:
        self.port = port
        self.cookie = cookie
        self._token = ""

    def open(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWERS_WITHIN)

    def headers(self, **more: str) -> dict[str, str]:
        cookie = {"Cookie": f"casefile={self.cookie}"} if self.cookie else {}
        return {**cookie, **{name.replace("_", "-"): value for name, value in more.items()}}

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Return answer and body; http.client.IncompleteRead when it was cut off."""
        connection = self.open()
        try:
            connection.request("GET", path, headers=self.headers(**headers))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    @property
    def token(self) -> str:
        if not self._token:
            _answer, body = self.get("/account/")
            found = TOKEN.search(body)
            assert found, body[:300]
            self._token = found[1].decode()
        return self._token

    def post(self, path: str, **fields: Any) -> tuple[http.client.HTTPResponse, bytes]:
        body = urlencode({**fields, "csrf_token": self.token}, doseq=True)
        return self.send(path, body.encode(), "application/x-www-form-urlencoded")

    def upload(
        self, path: str, name: str, content: bytes, **fields: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        start, end = self.parts(name, fields)
        return self.send(path, start + content + end, f"multipart/form-data; boundary={BOUNDARY}")

    def parts(self, name: str, fields: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return what comes before and after the content of a file in a form."""
        lines = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in {**fields, "csrf_token": self.token}.items()
        ]
        lines.append(
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
            f'name="files"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        return "".join(lines).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()

    def send(self, path: str, body: bytes, kind: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self.open()
        try:
            connection.request("POST", path, body, headers=self.headers(Content_Type=kind))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()
