"""A commitment to a file: it shows later that the file existed unchanged, and says nothing before."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from casefile.keys.symmetric import KEY_BYTES, authenticate, same

if TYPE_CHECKING:
    from uuid import UUID

DOMAIN: Final = "casefile milestone commitment 1"
HEX: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commitment is to: a file by hash and length, in its place."""

    milestone: UUID
    version: int
    sha256: str
    length: int

    def __post_init__(self) -> None:
        if not HEX.fullmatch(self.sha256) or self.length < 0 or self.version < 1:
            msg = (
                "A commitment names a SHA-256 in small hexadecimal letters, a length and a version."
            )
            raise ValueError(msg)

    def canonical(self) -> bytes:
        """Write it the one way that is hashed: JSON, names in order, no blanks (as RFC 8785 does)."""
        plain = {
            "domain": DOMAIN,
            "length": self.length,
            "milestone": str(self.milestone),
            "sha256": self.sha256,
            "version": self.version,
        }
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii")


def make_commitment(nonce: bytes, committed: Committed) -> bytes:
    """HMAC-SHA-256 (RFC 2104) under a random nonce, 32 bytes. ValueError for any other nonce."""
    if len(nonce) != KEY_BYTES:
        msg = "The nonce of a commitment has exactly 32 bytes."
        raise ValueError(msg)
    return authenticate(nonce, committed.canonical())


def opens(commitment: bytes, nonce: bytes, committed: Committed) -> bool:
    """Say whether nonce and file are the ones this commitment was made of."""
    return len(nonce) == KEY_BYTES and same(make_commitment(nonce, committed), commitment)


def commitment_hash(text: str) -> bool:
    """Say whether this is a SHA-256 as commitments name it."""
    return HEX.fullmatch(text) is not None
