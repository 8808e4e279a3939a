"""Signed notes (c2sp.org/signed-note): a text and, below it, a line with an Ed25519 signature."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from casefile.errors import DamagedError
from casefile.keys.symmetric import digest

_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_DASH: Final = "\N{EM DASH} "
_NAME_LETTERS: Final = 16


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """The public half: a name and an Ed25519 key (RFC 8032, 32 bytes)."""

    name: str
    public: bytes

    @classmethod
    def of(cls, prefix: str, public: bytes) -> Self:
        """Name a key after itself, so that two newsrooms never share a name and none is told."""
        return cls(f"{prefix}/{digest(public).hex()[:_NAME_LETTERS]}", public)

    @property
    def key_id(self) -> bytes:
        return digest(f"{self.name}\n".encode() + _ED25519 + self.public)[:_ID_BYTES]

    def __str__(self) -> str:
        """The key as others write it down: name, id and key joined by plus signs."""
        key = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    def open(self, note: str) -> str:
        """Return the text of a note that carries this key's signature; DamagedError otherwise."""
        text, found, lines = note.rpartition("\n\n")
        for line in lines.splitlines() if found else ():
            try:
                raw = base64.b64decode(line.rpartition(" ")[2], validate=True)
            except (binascii.Error, ValueError):
                continue
            if (line, raw[:_ID_BYTES]) != (self._line(raw), self.key_id):
                continue
            try:
                key = Ed25519PublicKey.from_public_bytes(self.public)
                key.verify(raw[_ID_BYTES:], f"{text}\n".encode())
            except (InvalidSignature, ValueError):
                continue
            return f"{text}\n"
        raise DamagedError(_NOT_SIGNED)

    def _line(self, raw: bytes) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(raw).decode()}"


class NoteSigner:
    """The private half, made from 32 secret bytes."""

    __slots__ = ("_key", "verifier")

    def __init__(self, prefix: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = NoteVerifier.of(prefix, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return the note. The text ends with a line break and has no empty line at its end."""
        if not text.endswith("\n") or text.endswith("\n\n"):
            msg = "A note ends with one line break."
            raise ValueError(msg)
        signature = base64.b64encode(self.verifier.key_id + self._key.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{self.verifier.name} {signature}\n"


_NOT_SIGNED: Final = (
    "A checkpoint does not carry the signature of this newsroom: it was changed or put there by "
    "somebody else. Run `casefile audit verify`."
)
