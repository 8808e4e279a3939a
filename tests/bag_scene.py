"""An evidence bag as somebody gets it, and a reader of RFC 8493 that shares nothing with its writer."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.audit import Entry
from tests.intruder import read
from tests.newsdesk import confirm
from tests.strict_browser import HOST, Page

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from flask import Flask

    from tests.cast import Actor, Cast
    from tests.strict_browser import StrictBrowser

RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\..*)?", re.IGNORECASE)
LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+\*?(.+)")
WHY = "For the court of the first of March"


@dataclass(slots=True)
class ReadBag:
    """What is in a ZIP file, once it was found to be a bag."""

    name: str
    files: dict[str, bytes]
    info: list[tuple[str, str]]
    wrong: list[str] = field(default_factory=list)

    @property
    def payload(self) -> set[str]:
        return {path for path in self.files if path.startswith("data/")}

    def text(self, path: str) -> str:
        return self.files[path].decode()

    def everything(self) -> bytes:
        return b"\n".join([*self.files.values(), *(path.encode() for path in self.files)])


def read_bag(content: bytes) -> ReadBag:
    """Read a serialized bag and hold it against RFC 8493; `wrong` says what does not fit."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names)), "a name stands there twice"
        tops = {name.split("/")[0] for name in names}
        assert len(tops) == 1, "section 4.2: one folder at the top"
        top = tops.pop()
        files = {name[len(top) + 1 :]: archive.read(name) for name in names}
    bag = ReadBag(top, files, [])
    bag.wrong += [f"{path} is no safe name" for path in files if not is_safe(path)]
    # 2.1.1: exactly these two lines.
    lines = files["bagit.txt"].decode().splitlines()
    if lines != ["BagIt-Version: 1.0", "Tag-File-Character-Encoding: UTF-8"]:
        bag.wrong.append("bagit.txt")
    for algorithm in ("sha256", "sha512"):
        _check(bag, algorithm, f"manifest-{algorithm}.txt", bag.payload)
        tags = {p for p in files if not p.startswith(("data/", "tagmanifest-"))}
        _check(bag, algorithm, f"tagmanifest-{algorithm}.txt", tags)
    for line in files["bag-info.txt"].decode().splitlines():
        label, colon, value = line.partition(": ")
        if not colon:
            bag.wrong.append(f"bag-info.txt: {line}")
        bag.info.append((label, value))
    octets = sum(len(files[path]) for path in bag.payload)
    if ("Payload-Oxum", f"{octets}.{len(bag.payload)}") not in bag.info:
        bag.wrong.append("Payload-Oxum")
    return bag


def is_safe(path: str) -> bool:
    parts = path.split("/")
    return (
        all(part.strip(" .") == part and part and len(part.encode()) <= 255 for part in parts)
        and not any(RESERVED.fullmatch(part) for part in parts)
        and not re.search(r'[<>:"\\|?*\x00-\x1f\x7f]', path)
    )


def _check(bag: ReadBag, algorithm: str, manifest: str, wanted: set[str]) -> None:
    listed = {}
    for line in bag.files[manifest].decode().split("\n"):
        if not line:
            continue
        fits = LINE.fullmatch(line)
        if fits is None:
            bag.wrong.append(f"{manifest}: {line}")
            continue
        path = fits[2].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        if path in listed:
            bag.wrong.append(f"{manifest} lists {path} twice")
        listed[path] = fits[1].lower()
    if set(listed) != wanted:
        bag.wrong.append(f"{manifest} does not list exactly {wanted ^ set(listed)}")
    for path, said in listed.items():
        if hashlib.new(algorithm, bag.files.get(path, b"?")).hexdigest() != said:
            bag.wrong.append(f"{manifest}: {path} is another file")


def url(cast: Cast) -> str:
    return f"{cast.case.url}/export/"


def send(browser: StrictBrowser, actor: Actor, where: str, status: int = 200, **asked: Any) -> Page:
    """Ask for a bag, with the password given a moment ago."""
    confirm(browser, actor)
    return browser.post(where, status, fields=fields(browser, where, **asked))


def fields(browser: StrictBrowser, where: str, **asked: Any) -> dict[str, Any]:
    """Look at what would be in the bag, and return what its form then sends."""
    sent = {"evidence": "all", "reason": WHY, **asked}
    answer = browser.client.get(f"{where}new", base_url=HOST, query_string=sent)
    if answer.status_code == HTTPStatus.OK:
        sent = {"shown": Page(answer).value("shown"), **sent}
    return sent


def get_bag(browser: StrictBrowser, actor: Actor, where: str, **asked: Any) -> ReadBag:
    page = send(browser, actor, where, **asked)
    assert page.type == "application/zip"
    bag = read_bag(page.content)
    assert bag.wrong == []
    return bag


def unpack(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return folder / archive.namelist()[0].split("/")[0]


def entries(app: Flask, action: str, case_id: UUID) -> list[Entry]:
    wanted = select(Entry).where(Entry.action == action, Entry.case_id == case_id)
    return list(read(app, wanted.order_by(Entry.sequence)))
