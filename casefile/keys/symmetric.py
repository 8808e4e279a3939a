"""Secret-key building blocks: derive a key, seal a small thing, compare without leaking time."""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from casefile.errors import DamagedError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16

_VERSION: Final = b"\x01"
_OVERHEAD: Final = len(_VERSION) + NONCE_BYTES + TAG_BYTES
_SHA256: Final = SHA256()


def packed(*parts: bytes | str | int | UUID) -> bytes:
    """Join parts so that no two lists of parts give the same bytes.

    Each part is preceded by its length as four big-endian bytes. Text is UTF-8, a number is eight
    big-endian bytes (0 to 2**64 - 1, OverflowError outside), a UUID is its sixteen bytes.
    """
    joined: list[bytes] = []
    for part in parts:
        if isinstance(part, str):
            raw = part.encode()
        elif isinstance(part, UUID):
            raw = part.int.to_bytes(16, "big")
        elif isinstance(part, int):
            raw = part.to_bytes(8, "big")
        else:
            raw = part
        joined += (len(raw).to_bytes(4, "big"), raw)
    return b"".join(joined)


def derive(key: bytes, label: str, *context: bytes | str | int | UUID) -> bytes:
    """Make a 32-byte key for one purpose out of a key of 32 bytes or more.

    HKDF-Expand with SHA-256 (RFC 5869, 2.3); `info` is `packed(label, *context)`. The key must
    already be uniformly random: this is no way to turn a password into a key. ValueError when the
    key is shorter than the hash, as the RFC demands.
    """
    if len(key) < KEY_BYTES:
        msg = "A key to derive from needs at least 32 bytes."
        raise ValueError(msg)
    return HKDFExpand(_SHA256, KEY_BYTES, packed(label, *context)).derive(key)


def wrap(key: bytes, plaintext: bytes, *associated: bytes | str | int | UUID) -> bytes:
    """Seal a small thing under a 32-byte key, bound to where it belongs.

    Version byte, 96-bit random nonce, then AES-256-GCM (NIST SP 800-38D) with `packed(*associated)`
    as additional data: 29 bytes longer than the plaintext. ValueError when the key is not 32 bytes.
    """
    return wrap_with(cipher(key), plaintext, *associated)


def unwrap(key: bytes, sealed: bytes, *associated: bytes | str | int | UUID) -> bytes:
    """Open what `wrap` sealed.

    DamagedError when the key, the associated parts or any byte differs from what was sealed.
    """
    return unwrap_with(cipher(key), sealed, *associated)


def cipher(key: bytes) -> AESGCM:
    """Prepare a 32-byte key for many uses. AES-128 and AES-192 keys are refused: ValueError."""
    if len(key) != KEY_BYTES:
        msg = "A key to seal with has exactly 32 bytes."
        raise ValueError(msg)
    return AESGCM(key)


def wrap_with(prepared: AESGCM, plaintext: bytes, *associated: bytes | str | int | UUID) -> bytes:
    """`wrap` with a prepared key."""
    nonce = os.urandom(NONCE_BYTES)
    return _VERSION + nonce + prepared.encrypt(nonce, plaintext, packed(*associated))


def unwrap_with(prepared: AESGCM, sealed: bytes, *associated: bytes | str | int | UUID) -> bytes:
    """`unwrap` with a prepared key."""
    start = len(_VERSION) + NONCE_BYTES
    if len(sealed) < _OVERHEAD or sealed[: len(_VERSION)] != _VERSION:
        raise DamagedError(_UNREADABLE)
    try:
        return prepared.decrypt(sealed[len(_VERSION) : start], sealed[start:], packed(*associated))
    except InvalidTag:
        raise DamagedError(_UNREADABLE) from None


def random_key() -> bytes:
    """Return 32 bytes from the system's generator."""
    return os.urandom(KEY_BYTES)


def digest(content: bytes) -> bytes:
    """SHA-256, 32 bytes (FIPS 180-4)."""
    return sha256(content).digest()


def authenticate(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes (RFC 2104)."""
    return hmac.digest(key, message, "sha256")


def same(first: bytes, second: bytes) -> bool:
    """Compare in a time that tells nothing about where the two differ."""
    return hmac.compare_digest(first, second)


_UNREADABLE: Final = (
    "Something stored here has been changed or damaged and cannot be opened. "
    "Nothing of it is shown. Tell whoever runs this server."
)
