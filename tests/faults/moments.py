"""Waiting for a moment, and stopping in the middle of an upload."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.real_server import BOUNDARY
from tests.strict_browser import HOST

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable
    from pathlib import Path

    from werkzeug.test import TestResponse

    from tests.real_server import Visitor
    from tests.strict_browser import StrictBrowser

LONGEST = 30
# More than a server reads at a time, so that it gets past the end of the file before it.
NEXT_FIELD = 'Content-Disposition: form-data; name="note"\r\n\r\n' + "words " * 50_000


def wait_for(what: str, happened: Callable[[], object], *, seconds: float = LONGEST) -> None:
    """Return as soon as it happened; the test fails when it does not."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"never happened: {what}"
        time.sleep(0.02)


def begin_upload(
    visitor: Visitor,
    path: str,
    name: str,
    beginning: bytes,
    *,
    promised: int,
    complete: bool = False,
) -> http.client.HTTPConnection:
    """Send the first part of an upload and leave it there.

    `complete` ends the file, so that it is stored, but not the form it belongs to.
    """
    start, _end = visitor.parts(name, {"shows": "half a file"})
    after = f"\r\n--{BOUNDARY}\r\n{NEXT_FIELD}".encode() if complete else b""
    connection = visitor.open()
    connection.putrequest("POST", path)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for header, value in visitor.headers(Content_Type=kind).items():
        connection.putheader(header, value)
    connection.putheader("Content-Length", str(promised))
    connection.endheaders()
    connection.send(start + beginning + after)
    return connection


def send_file(browser: StrictBrowser, path: str, name: str, content: bytes) -> TestResponse:
    """Send a large file without the temporary file that a test client would make of it."""
    start = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n'
        f"{browser.token()}\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="files"; filename="{name}"\r\n\r\n'
    )
    return browser.client.post(
        path,
        base_url=HOST,
        data=start.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )


def staged(instance: Path) -> int:
    """Return how many bytes of unfinished uploads lie in the vault's folder."""
    found = 0
    for piece in (instance / "vault" / ".staging").iterdir():
        found += piece.stat().st_size
    return found


def stored(instance: Path) -> set[str]:
    """Return the names of the files in the vault."""
    return {path.name for path in (instance / "vault").iterdir() if path.is_file()}
