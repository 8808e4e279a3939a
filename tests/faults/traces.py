"""Looks for planted words in files: in any of the encodings, and for pieces of them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
PIECE = 6  # whatever is at least twice as long holds one whole piece


def pieces(word: str) -> Iterator[bytes]:
    """Cut a word into pieces so small that any twelve bytes of it contain one."""
    for encoding in ENCODINGS:
        sealed = word.encode(encoding)
        for at in range(0, len(sealed) - PIECE + 1, PIECE):
            yield sealed[at : at + PIECE].lower()


def leaks(places: Iterable[Path], words: Iterable[str]) -> list[str]:
    """Return which file, or name of a file, holds a piece of which word."""
    wanted = {word: list(pieces(word)) for word in words}
    found = []
    for path in _files(places):
        try:
            content = path.read_bytes().lower() + b"\0" + bytes(path).lower()
        except FileNotFoundError:  # gone while looking
            continue
        found += [
            f"{path.name} holds {word}"
            for word, parts in wanted.items()
            if any(part in content for part in parts)
        ]
    return found


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield from (p for p in place.rglob("*") if p.is_file()) if place.is_dir() else (place,)


def nameless_files(group: int) -> list[Path]:
    """Return the files that processes of this group hold open and that have no name any more."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getpgid(int(process.name)) == group:
                found += [handle for handle in (process / "fd").iterdir() if _is_nameless(handle)]
    return found


def _is_nameless(handle: Path) -> bool:
    try:
        return str(handle.readlink()).endswith(" (deleted)")
    except OSError:  # closed meanwhile
        return False
