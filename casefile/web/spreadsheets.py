"""What a person typed is text in every table that leaves, never a formula."""

from __future__ import annotations

from typing import Final

DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula when it opens a CSV file."""
    return f"'{text}" if text.startswith(DANGEROUS) else text
