"""Source keys: one per source, for its handlers only, given on the way a case key is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from casefile.errors import DamagedError
from casefile.keys.symmetric import (
    KEY_BYTES,
    authenticate,
    derive,
    digest,
    packed,
    same,
    unwrap,
    wrap,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from casefile.keys.identity import Bundle, PublicKeys


@dataclass(frozen=True, slots=True)
class SourceKey:
    """One generation of a source's key: 32 secret bytes that its identity hangs from.

    ValueError when the secret is not 32 bytes.
    """

    source_id: UUID
    generation: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            msg = "A source key has exactly 32 bytes."
            raise ValueError(msg)

    def seal(self, plaintext: bytes, table: str, row: UUID, field: str, version: int = 1) -> bytes:
        """Seal one field, bound to table, row, field, version, source and generation."""
        return wrap(
            self.derive("record"),
            plaintext,
            table,
            row,
            field,
            version,
            self.source_id,
            self.generation,
        )

    def open(self, sealed: bytes, table: str, row: UUID, field: str, version: int = 1) -> bytes:
        """Open one field. DamagedError when it was changed or sealed for any other place."""
        return unwrap(
            self.derive("record"),
            sealed,
            table,
            row,
            field,
            version,
            self.source_id,
            self.generation,
        )

    def derive(self, label: str, *context: bytes | str | int | UUID) -> bytes:
        """A 32-byte key for another purpose, bound to source and generation."""
        return derive(self.secret, label, "source", self.source_id, self.generation, *context)

    def after(self, older: SourceKey) -> str:
        """Prove that whoever made this generation held the one before."""
        return authenticate(older.derive("succession"), self.secret).hex()

    def commitment(self) -> str:
        """Tell this key from any other, and nothing about it."""
        return authenticate(self.derive("commitment"), b"casefile source key").hex()

    def follows(self, older: SourceKey, proof: str) -> bool:
        return same(self.after(older).encode(), proof.encode())


def origin_statement(case_id: UUID, first: SourceKey) -> bytes:
    """What whoever adds a source signs: that its line of keys begins with this one, in this case."""
    commitment = authenticate(first.derive("origin"), b"casefile source origin")
    return packed("casefile source", case_id, first.source_id, commitment)


def check_origin(
    adders: Sequence[PublicKeys], signature: bytes, case_id: UUID, first: SourceKey
) -> None:
    """Return when one of these keys signed the beginning of the line; DamagedError otherwise."""
    statement = origin_statement(case_id, first)
    for public in adders:
        try:
            public.verify(signature, statement)
        except DamagedError:
            continue
        return
    raise DamagedError(_BAD_GRANT)


def issue_source_grant(
    granter: Bundle, recipient: PublicKeys, *, user_id: UUID, key: SourceKey
) -> tuple[bytes, bytes]:
    """Give a handler one generation of a source's key: (sealed, signature).

    As with a case key: HPKE names no sender, so the granter signs whom it is for and what it holds.
    """
    sealed = recipient.seal(key.secret, _info(key.source_id, user_id, key.generation))
    statement = _statement(
        key.source_id, user_id, recipient.fingerprint(), key.generation, digest(sealed)
    )
    return sealed, granter.sign(statement)


def open_source_grant(
    holder: Bundle,
    granters: Sequence[PublicKeys],
    *,
    source_id: UUID,
    user_id: UUID,
    generation: int,
    sealed: bytes,
    signature: bytes,
) -> SourceKey:
    """Get the source key out of a grant.

    DamagedError when none of the granter's keys signed it for this source, user and generation, or
    when it was sealed for other keys.
    """
    own = holder.public.fingerprint()
    statement = _statement(source_id, user_id, own, generation, digest(sealed))
    for granter in granters:
        try:
            granter.verify(signature, statement)
        except DamagedError:
            continue
        secret = holder.open(sealed, _info(source_id, user_id, generation))
        if len(secret) == KEY_BYTES:
            return SourceKey(source_id, generation, secret)
    raise DamagedError(_BAD_GRANT)


def _info(source_id: UUID, user_id: UUID, generation: int) -> bytes:
    return packed("casefile source grant", source_id, user_id, generation)


def _statement(
    source_id: UUID, user_id: UUID, fingerprint: bytes, generation: int, digested: bytes
) -> bytes:
    return packed("casefile source grant", source_id, user_id, fingerprint, generation, digested)


_BAD_GRANT: Final = (
    "The key to this source was changed outside Casefile, so its identity stays closed. Nothing was "
    "lost. Tell the other handlers, the lead of the case and the administrator."
)
