"""One-time passwords: the codes an authenticator app shows (RFC 6238), and codes on paper."""

from __future__ import annotations

import base64
import os
import secrets
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from casefile.keys.symmetric import same

DIGITS: Final = 6
STEP_SECONDS: Final = 30
SECRET_BYTES: Final = 20
EITHER_SIDE: Final = 1
# Without i, l, o, 0 and 1, which paper and haste mix up: 49 bits in ten letters.
PAPER_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
PAPER_LENGTH: Final = 10


def app_secret() -> bytes:
    """Make the 20 bytes that an authenticator app and this server share (RFC 4226, 4)."""
    return os.urandom(SECRET_BYTES)


def app_secret_text(secret: bytes) -> str:
    """Write a secret as authenticator apps take it by hand: Base32 (RFC 4648, 6)."""
    return base64.b32encode(secret).decode()


def app_address(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the `otpauth:` address that an authenticator app reads from a picture."""
    return _codes(secret).get_provisioning_uri(account, issuer)


def app_code(secret: bytes, step: int) -> str:
    """Return the code of a time step."""
    return _codes(secret).generate(step * STEP_SECONDS).decode()


def app_step(secret: bytes, code: str, seconds: float) -> int | None:
    """Return the time step whose code this is: the one of now, before or after it; else None.

    A code works once only if the caller takes no step that is not later than the last one taken.
    """
    now = int(seconds // STEP_SECONDS)
    found = None
    for step in range(max(0, now - EITHER_SIDE), now + EITHER_SIDE + 1):
        if same(app_code(secret, step).encode(), code.encode()):
            found = step
    return found


def paper_code() -> str:
    """Make a code to be printed and used once."""
    return "".join(secrets.choice(PAPER_LETTERS) for _ in range(PAPER_LENGTH))


def _codes(secret: bytes) -> TOTP:
    # Six digits of SHA-1 every 30 seconds is what all authenticator apps know; RFC 6238 builds on
    # HMAC, which the collisions of SHA-1 do not touch.
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303
