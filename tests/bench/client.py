"""A browser as small as can be: one kept connection, one cookie."""

from __future__ import annotations

import base64
import html
import re
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.bench.servers import HERE

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')
TOTAL = re.compile(rb'data-total="(\d+)"')
BOUNDARY = "casefile-bench-3f1c9d2e"
PIECE = 256 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """`secret` is the one a session's cookie holds; `address` the loopback address it comes from."""

    def __init__(self, port: int, secret: bytes | None = None, address: str = HERE) -> None:
        self._connection = HTTPConnection(HERE, port, timeout=60, source_address=(address, 0))
        self._cookie = ""
        self._token = ""
        if secret is not None:
            self._cookie = f"casefile={base64.urlsafe_b64encode(secret).decode()}"

    def close(self) -> None:
        self._connection.close()

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, bytes, str]:
        """Return status, content and where the answer points to."""
        given = {"Cookie": self._cookie, **headers} if self._cookie else dict(headers)
        self._connection.request(method, path, body, given)
        answer = self._connection.getresponse()
        cookie = answer.headers.get("Set-Cookie", "")
        if cookie.startswith("casefile="):
            self._cookie = cookie.partition(";")[0]
        return answer.status, answer.read(), answer.headers.get("Location", "")

    def get(self, path: str) -> bytes:
        status, content, _where = self.send("GET", path)
        _expect(200, status, path)
        return content

    def token(self, path: str) -> str:
        """Return the forgery token of a page with a form."""
        found = TOKEN.search(self.get(path))
        if found is None:
            msg = f"no form on {path}"
            raise RuntimeError(msg)
        return html.unescape(found[1].decode())

    def take_token(self, path: str) -> None:
        """Keep the token of this page for the forms that follow: it lasts as long as the session."""
        self._token = self.token(path)

    def post(self, path: str, **fields: str) -> str:
        """Send a form and return where its answer points to."""
        body = urlencode({"csrf_token": self._token, **fields}).encode()
        status, _content, where = self.send("POST", path, body, FORM)
        _expect(303, status, path)
        return where

    def sign_in(self, username: str, password: str) -> None:
        self.take_token("/sign-in")
        self.post("/sign-in", username=username, password=password)

    def upload(self, path: str, content: memoryview, expected: int) -> bytes:
        """Send one file of a multipart form in pieces, as it comes from a disk."""
        part = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="bench.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        connection = self._connection
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        connection.putheader("Content-Length", str(len(part) + len(content) + len(tail)))
        if self._cookie:
            connection.putheader("Cookie", self._cookie)
            connection.putheader("X-CSRFToken", self._token)
        connection.endheaders(part)
        for start in range(0, len(content), PIECE):
            connection.send(content[start : start + PIECE])
        connection.send(tail)
        answer = connection.getresponse()
        _expect(expected, answer.status, path)
        body = answer.read()
        return answer.headers.get("Location", "").encode() or body

    def download(self, path: str, into: bytearray) -> int:
        """Read a file without keeping it and return how long it was."""
        headers = {"Cookie": self._cookie} if self._cookie else {}
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        _expect(200, answer.status, path)
        length = 0
        while got := answer.readinto(into):
            length += got
        return length

    def found(self, words: str) -> int:
        """Search for these words and return the total the page shows."""
        total = TOTAL.search(self.get("/search?" + urlencode({"q": words})))
        return int(total[1]) if total else 0


def _expect(wanted: int, status: int, path: str) -> None:
    if status != wanted:
        msg = f"{path} answered {status} instead of {wanted}"
        raise RuntimeError(msg)
