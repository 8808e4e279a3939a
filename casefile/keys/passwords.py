"""From a password to the two keys it stands for: one that proves it, one that opens the bundle."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casefile.errors import ConfigError, InvalidError
from casefile.keys.symmetric import KEY_BYTES, derive

if TYPE_CHECKING:
    from uuid import UUID

FLOOR_KIB: Final = 64 * 1024
SALT_FLOOR_BYTES: Final = 16
# Two derivations with several lanes at once in one process wait for each other for ever in
# OpenSSL's thread pool. One alone uses every core it has lanes for, so nothing is lost by a queue.
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class PasswordSettings:
    """The price of one guess at a password (RFC 9106, section 4).

    `memory_kib` is in KiB per guess, `iterations` passes over that memory, `lanes` threads.
    ConfigError below 64 MiB, the RFC's second recommended option.
    """

    memory_kib: int = 128 * 1024
    iterations: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        if self.memory_kib < FLOOR_KIB:
            msg = (
                f"The memory for one password check must be at least {FLOOR_KIB} KiB "
                f"(64 MiB), not {self.memory_kib}."
            )
            raise ConfigError(msg)
        if self.iterations < 1 or self.lanes < 1:
            msg = "Password checks need at least one iteration and one lane."
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True)
class PasswordKeys:
    """`auth` (32 bytes) proves the password: keep only its digest. `kek` (32 bytes) opens."""

    auth: bytes = field(repr=False)
    kek: bytes = field(repr=False)


def password_keys(
    password: str,
    *,
    salt: bytes,
    pepper: bytes,
    user_id: UUID,
    settings: PasswordSettings,
    second_secret: bytes | None = None,
) -> PasswordKeys:
    """Turn a password into its keys. Slow and large on purpose; the interpreter lock is released.

    Argon2id (RFC 9106) over the password in Unicode NFC and UTF-8, with `salt` (16 bytes or more,
    one per person), the pepper (32 bytes) as its secret and the user's id as its associated data;
    then HKDF-Extract (RFC 5869, 2.2) with the second secret, or zeros, as salt. A wrong password
    is no error: it gives other keys. InvalidError when the password cannot be written in UTF-8.
    """
    if len(salt) < SALT_FLOOR_BYTES or len(pepper) != KEY_BYTES:
        msg = "A password needs a salt of at least 16 bytes and a pepper of 32."
        raise ValueError(msg)
    try:
        material = normalize("NFC", password).encode()
    except UnicodeEncodeError:
        msg = "This password holds characters that cannot be used. Type it again."
        raise InvalidError(msg) from None
    with _ONE_AT_A_TIME:
        stretched = Argon2id(
            salt=salt,
            length=KEY_BYTES,
            iterations=settings.iterations,
            lanes=settings.lanes,
            memory_cost=settings.memory_kib,
            ad=user_id.bytes,
            secret=pepper,
        ).derive(material)
    root = HKDF.extract(SHA256(), second_secret or bytes(KEY_BYTES), stretched)
    return PasswordKeys(auth=derive(root, "auth"), kek=derive(root, "kek"))
