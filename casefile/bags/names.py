"""What files are called in a bag: readable on every system, and never a way out of its folder."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_BYTES: Final = 180
LONGEST_ENDING: Final = 16
# What one system or another does not allow; `%` would have to be escaped in manifests, and not every
# program that checks bags undoes that.
FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*%]')
INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(code: str, name: str) -> str:
    """Return the name of a file that begins with its number, so that no two are the same anywhere."""
    text = unicodedata.normalize("NFC", name)
    shown = "".join(" " if unicodedata.category(sign) in INVISIBLE else sign for sign in text)
    words = " ".join(FORBIDDEN.sub("_", shown).split()).strip(". ")
    stem, dot, ending = words.rpartition(".")
    if not stem or len(ending.encode()) > LONGEST_ENDING:
        stem, dot, ending = words, "", ""
    room = LONGEST_BYTES - len(f"{code} {dot}{ending}".encode())
    cut = stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return f"{code} {cut}{dot}{ending}" if cut else code
