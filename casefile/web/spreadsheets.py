"""What a person typed is text in every table that leaves, never a formula."""

from __future__ import annotations

from typing import Final

DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Blanks and signs of no width: a spreadsheet may leave them out before it looks for a formula.
UNSEEN: Final = "".join(
    chr(code)
    for code in (0x20, 0xA0, 0x1680, *range(0x2000, 0x2010), 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF)
)


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula when it opens a CSV file."""
    seen = text.lstrip(UNSEEN)
    return f"'{text}" if text.startswith(DANGEROUS) or seen.startswith(DANGEROUS) else text
