"""The pepper as text that can be written on paper and typed: slips of the pen are found."""

from __future__ import annotations

import hashlib

from casefile.config import PEPPER_BYTES
from casefile.errors import InvalidError

CHECK_BYTES = 2
GROUP = 4


def as_text(pepper: bytes) -> str:
    """Write the pepper as seventeen groups of four letters; the last one is a check."""
    letters = (pepper + _check(pepper)).hex()
    return " ".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))


def from_text(text: str) -> bytes:
    """Read what `as_text` wrote, in any case, with or without blanks and hyphens.

    Raises InvalidError saying whether letters are missing or one is wrong.
    """
    letters = "".join(text.replace("-", "").split()).casefold()
    wanted = 2 * (PEPPER_BYTES + CHECK_BYTES)
    if len(letters) != wanted:
        msg = f"The key has {wanted} letters in groups of four, and this has {len(letters)}."
        raise InvalidError(msg)
    try:
        raw = bytes.fromhex(letters)
    except ValueError as error:
        msg = "The key holds only digits and the letters a to f. Look at it again."
        raise InvalidError(msg) from error
    pepper, check = raw[:PEPPER_BYTES], raw[PEPPER_BYTES:]
    if check != _check(pepper):
        msg = "A letter of the key is wrong: its last group does not fit. Look at it again."
        raise InvalidError(msg)
    return pepper


def _check(pepper: bytes) -> bytes:
    return hashlib.sha256(b"casefile pepper check" + pepper).digest()[:CHECK_BYTES]
