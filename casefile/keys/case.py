"""Case keys: how a seat gets one, and what is sealed under it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from casefile.errors import DamagedError
from casefile.keys.symmetric import (
    KEY_BYTES,
    cipher,
    derive,
    digest,
    packed,
    unwrap_with,
    wrap_with,
)

if TYPE_CHECKING:
    from uuid import UUID

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from casefile.keys.identity import Bundle, PublicKeys


def issue_grant(
    granter: Bundle,
    recipient: PublicKeys,
    *,
    case_id: UUID,
    user_id: UUID,
    generation: int,
    case_key: bytes,
) -> tuple[bytes, bytes]:
    """Give a seat one generation of a case's key: (sealed, 1,168 bytes; signature, 64 bytes).

    HPKE (RFC 9180) for the recipient with case, user and generation as info. HPKE names no sender,
    so the granter signs case, user, the recipient's fingerprint, generation and the sealed bytes.
    """
    if len(case_key) != KEY_BYTES:
        msg = "A case key has exactly 32 bytes."
        raise ValueError(msg)
    sealed = recipient.seal(case_key, _info(case_id, user_id, generation))
    statement = _statement(case_id, user_id, recipient.fingerprint(), generation, sealed)
    return sealed, granter.sign(statement)


def open_grant(
    holder: Bundle,
    granter: PublicKeys,
    *,
    case_id: UUID,
    user_id: UUID,
    generation: int,
    sealed: bytes,
    signature: bytes,
    checked: bool = False,
) -> bytes:
    """Get the 32-byte case key out of a grant; `checked` when its signature was, on another day.

    DamagedError when the granter did not sign this grant for this case, user and generation, or
    when it was sealed for other keys. The caller checks the granter's certificate chain and seat.
    """
    if not checked:
        statement = _statement(case_id, user_id, holder.public.fingerprint(), generation, sealed)
        granter.verify(signature, statement)
    case_key = holder.open(sealed, _info(case_id, user_id, generation))
    if len(case_key) != KEY_BYTES:
        raise DamagedError(_BAD_GRANT)
    return case_key


@dataclass(frozen=True, slots=True)
class CaseKey:
    """One generation of a case's key: 32 secret bytes that everything in the case hangs from.

    Sealing and opening are done for every row of a page, so the record key is derived and prepared
    once, here. ValueError when the secret is not 32 bytes.
    """

    case_id: UUID
    generation: int
    secret: bytes = field(repr=False)
    _records: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            msg = "A case key has exactly 32 bytes."
            raise ValueError(msg)
        object.__setattr__(self, "_records", cipher(self.derive("record")))

    def seal(self, plaintext: bytes, table: str, row: UUID, field: str, version: int = 1) -> bytes:
        """Seal one field, bound to its place: table, row, field, version, case and generation."""
        return wrap_with(
            self._records, plaintext, table, row, field, version, self.case_id, self.generation
        )

    def open(self, sealed: bytes, table: str, row: UUID, field: str, version: int = 1) -> bytes:
        """Open one field. DamagedError when it was changed or sealed for any other place."""
        return unwrap_with(
            self._records, sealed, table, row, field, version, self.case_id, self.generation
        )

    def derive(self, label: str, *context: bytes | str | int | UUID) -> bytes:
        """A 32-byte key for another purpose in this case, bound to case and generation."""
        return derive(self.secret, label, self.case_id, self.generation, *context)


def _info(case_id: UUID, user_id: UUID, generation: int) -> bytes:
    return packed("casefile grant", case_id, user_id, generation)


def _statement(
    case_id: UUID, user_id: UUID, fingerprint: bytes, generation: int, sealed: bytes
) -> bytes:
    return packed("casefile grant", case_id, user_id, fingerprint, generation, digest(sealed))


_BAD_GRANT: Final = (
    "The key to this case that is stored for you is damaged. "
    "Ask a member of the case to give you access again."
)
