"""Recovery codes: 160 random bits a person can write down, and the key they stand for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casefile.errors import InvalidError
from casefile.keys.symmetric import KEY_BYTES, digest, packed, same

if TYPE_CHECKING:
    from uuid import UUID

# Crockford's Base32: no letter that is taken for a digit.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BYTES: Final = 20
GROUP: Final = 4
_BITS: Final = 5
_CHECK_LETTERS: Final = 4
_LETTERS: Final = CODE_BYTES * 8 // _BITS + _CHECK_LETTERS
_TAKEN_FOR: Final = str.maketrans("OILU", "011V", " -–—_.\t\r\n\u00a0")


def new_code() -> str:
    """Return a fresh code as it is written: 36 letters in nine groups; the last is its checksum."""
    return write_code(os.urandom(CODE_BYTES))


def write_code(secret: bytes) -> str:
    """Write 20 secret bytes as a code."""
    if len(secret) != CODE_BYTES:
        msg = "A recovery code stands for exactly 20 bytes."
        raise ValueError(msg)
    check = int.from_bytes(digest(packed("casefile recovery code", secret))[:3], "big") >> 4
    number = int.from_bytes(secret, "big") << (_CHECK_LETTERS * _BITS) | check
    letters = "".join(
        ALPHABET[number >> (_BITS * place) & 31] for place in reversed(range(_LETTERS))
    )
    return "-".join(letters[start : start + GROUP] for start in range(0, _LETTERS, GROUP))


def read_code(typed: str) -> bytes:
    """Return the 20 bytes behind what somebody typed, in any case, with or without dashes.

    InvalidError when letters are missing, too many or not of the alphabet, or when the checksum
    says that one was mistyped. Whether it is anybody's code, this cannot say.
    """
    letters = typed.upper().translate(_TAKEN_FOR)
    if not letters:
        msg = "Type the recovery code."
        raise InvalidError(msg)
    strange = sorted({letter for letter in letters if letter not in ALPHABET})
    if strange:
        msg = "A recovery code has only Latin letters and digits. Remove everything else."
        raise InvalidError(msg)
    if len(letters) != _LETTERS:
        msg = (
            f"A recovery code has {_LETTERS // GROUP} groups of {GROUP}. Some letters are missing "
            "or too many: compare it with your paper."
        )
        raise InvalidError(msg)
    number = 0
    for letter in letters:
        number = number << _BITS | ALPHABET.index(letter)
    secret = (number >> (_CHECK_LETTERS * _BITS)).to_bytes(CODE_BYTES, "big")
    if not same(write_code(secret).replace("-", "").encode(), letters.encode()):
        msg = "There is a slip in this recovery code. Compare it with your paper, group by group."
        raise InvalidError(msg)
    return secret


def last_group(code: str) -> str:
    """Return the end of a code as it is compared: how a person shows that they kept it."""
    return code.upper().translate(_TAKEN_FOR)[-GROUP:]


def code_key(secret: bytes, user_id: UUID) -> bytes:
    """Make the key that opens this person's bundle out of their recovery code.

    HKDF-SHA-256 (RFC 5869), extract and expand: 160 random bits need no slow derivation.
    """
    return HKDF(
        SHA256(), KEY_BYTES, salt=b"casefile recovery code", info=packed("recovery", user_id)
    ).derive(secret)
