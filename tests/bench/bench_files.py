"""A large file on its way in and out, sealed, against the same file in clear."""

from __future__ import annotations

import os
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from tests.bench import servers
from tests.bench.client import Browser
from tests.bench.measure import Row, in_turn, ratio, tell
from tests.bench.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.measure import Scale
    from tests.bench.servers import Process

READ_BYTES = 1024 * 1024


def run(folder: Path, scale: Scale) -> list[Row]:
    tell("files: a newsroom with one case")
    room = Newsroom(folder / "instance", 2)
    with room.opened() as resources:
        case_id = room.new_case(resources, room.people)
        secret = room.session(resources, room.people[1])
    clear = folder / "clear"
    clear.mkdir()
    with servers.casefile(room.settings.instance) as server, servers.plain(clear) as bare:
        mine, theirs = Browser(server.port, secret), Browser(bare.port)
        mine.take_token(f"/cases/{case_id}/evidence/new")
        return _measure(server, mine, theirs, f"/cases/{case_id}/evidence/", scale)


def _measure(server: Process, mine: Browser, theirs: Browser, path: str, scale: Scale) -> list[Row]:
    size = f"{scale.file_bytes >> 20} MiB"
    content = memoryview(os.urandom(scale.file_bytes))
    upload = partial(mine.upload, path, content, 303)
    upload_plain = partial(theirs.upload, "/upload", content, 200)
    tell(f"files: sending {size}, {scale.rounds} times each")
    sent = in_turn([upload, upload_plain], scale.rounds)
    grown, grown_reading = [], []
    for _ in range(3):
        with server.growth() as more:
            upload()
        grown += more
    where = upload().decode()
    name = upload_plain().decode().split('"')[3]
    into = bytearray(READ_BYTES)
    download = partial(_whole, mine, f"{where}/content", into, scale.file_bytes)
    download_plain = partial(_whole, theirs, f"/file/{name}", into, scale.file_bytes)
    tell(f"files: fetching {size}, {scale.rounds} times each")
    fetched = in_turn([download, download_plain], scale.rounds)
    for _ in range(3):
        with server.growth() as more:
            download()
        grown_reading += more
    up, up_said = ratio(*sent)
    down, down_said = ratio(*fetched)
    return [
        Row(f"upload {size}, against file.save() in clear", up, 1.3, up_said),
        Row("  memory it takes at most", _middle(grown), 32, "peak over before", "MiB"),
        Row(f"download {size}, against send_file", down, 1.5, down_said),
        Row("  memory it takes at most", _middle(grown_reading), None, "peak over before", "MiB"),
    ]


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def _whole(browser: Browser, path: str, into: bytearray, expected: int) -> None:
    got = browser.download(path, into)
    if got != expected:
        msg = f"{path} gave {got} bytes instead of {expected}"
        raise RuntimeError(msg)
