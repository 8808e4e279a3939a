"""How much a file may cost before reading it is given up."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` is the reader's time on the clock; waiting for the file's bytes does not count.
    `threads` is for our own pages only: the library that sets type starts one.
    """

    input_bytes: int = 256 * MEBIBYTE
    unpacked_bytes: int = 256 * MEBIBYTE
    memory_bytes: int = 1024 * MEBIBYTE
    characters: int = 20_000_000
    pages: int = 10_000
    cpu_seconds: int = 60
    seconds: float = 120.0
    threads: bool = False
