"""Who a person is to the keys: a private bundle, its public half, and the certificates over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from casefile.errors import DamagedError
from casefile.keys.symmetric import derive, digest, packed, same, unwrap, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

_MLKEM_PUBLIC: Final = 1184
_CURVE_BYTES: Final = 32
_ENCRYPTION_PUBLIC: Final = _MLKEM_PUBLIC + _CURVE_BYTES
_SIGNATURE: Final = 64
_BUNDLE: Final = 160
_SEED: Final = slice(0, 64)
_X25519: Final = slice(64, 96)
_ED25519: Final = slice(96, 128)
_PRIVATE: Final = slice(0, 128)
_ANCHOR: Final = slice(128, 160)
_PUBLIC: Final = _ENCRYPTION_PUBLIC + _CURVE_BYTES
_CERTIFICATE_VERSION: Final = b"\x01"
_CERTIFICATE: Final = 1 + 16 + 16 + 8 + 1 + _PUBLIC + _SIGNATURE
# Longer than any newsroom's line of invitations; bounds the work a forged chain can cause.
_LONGEST_CHAIN: Final = 64

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What others need to send a person secrets and to check their signatures.

    `encryption` is an ML-KEM-768 key (FIPS 203, 1,184 bytes) followed by an X25519 key (RFC 7748,
    32 bytes); `signing` is an Ed25519 key (RFC 8032, 32 bytes). DamagedError when they are not.
    """

    encryption: bytes
    signing: bytes
    _recipient: MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)
    _verifier: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            recipient = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.encryption[:_MLKEM_PUBLIC]),
                X25519PublicKey.from_public_bytes(self.encryption[_MLKEM_PUBLIC:]),
            )
            verifier = Ed25519PublicKey.from_public_bytes(self.signing)
        except ValueError:
            raise DamagedError(_BAD_PUBLIC_KEYS) from None
        object.__setattr__(self, "_recipient", recipient)
        object.__setattr__(self, "_verifier", verifier)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `to_bytes` wrote: 1,248 bytes. DamagedError for anything else."""
        return cls(raw[:_ENCRYPTION_PUBLIC], raw[_ENCRYPTION_PUBLIC:])

    def to_bytes(self) -> bytes:
        return self.encryption + self.signing

    def fingerprint(self) -> bytes:
        """32 bytes that stand for both keys (SHA-256)."""
        return fingerprint(self.to_bytes())

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """Seal for this person alone; 1,136 bytes longer than the plaintext.

        HPKE base mode (RFC 9180) with MLKEM768-X25519, HKDF-SHA-256 and AES-256-GCM. It says
        nothing about who sealed it: sign the result where that matters.
        """
        return _SUITE.encrypt(plaintext, self._recipient, info=info)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when the signature is this person's over the message; DamagedError otherwise."""
        try:
            self._verifier.verify(signature, message)
        except InvalidSignature:
            raise DamagedError(_BAD_SIGNATURE) from None


def fingerprint(public: bytes) -> bytes:
    """The fingerprint of public keys that are only shown, not used: they need not be valid."""
    encryption, signing = public[:_ENCRYPTION_PUBLIC], public[_ENCRYPTION_PUBLIC:]
    return digest(packed("casefile public keys", encryption, signing))


class Bundle:
    """A person's private keys, and the founder's public signing key they trust (the anchor).

    A bundle is opened for every request and most need only one of its keys, or none, so each key
    is expanded when it is first used.
    """

    def __init__(self, raw: bytes) -> None:
        if len(raw) != _BUNDLE:
            raise DamagedError(_BAD_BUNDLE)
        self._raw = raw

    @classmethod
    def create(cls, anchor: bytes | None) -> Self:
        """Make new keys. Without an anchor (32 bytes) the person is the founder: their own."""
        signer = Ed25519PrivateKey.generate()
        if anchor is None:
            anchor = signer.public_key().public_bytes_raw()
        if len(anchor) != _CURVE_BYTES:
            msg = "An anchor is an Ed25519 public key of 32 bytes."
            raise ValueError(msg)
        return cls(
            MLKEM768PrivateKey.generate().private_bytes_raw()
            + X25519PrivateKey.generate().private_bytes_raw()
            + signer.private_bytes_raw()
            + anchor
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `to_bytes` wrote. DamagedError for any other length."""
        return cls(raw)

    def to_bytes(self) -> bytes:
        """160 secret bytes: ML-KEM seed (64), X25519 (32), Ed25519 (32), anchor (32)."""
        return self._raw

    @property
    def anchor(self) -> bytes:
        return self._raw[_ANCHOR]

    @cached_property
    def public(self) -> PublicKeys:
        return PublicKeys(
            self._mlkem.public_key().public_bytes_raw()
            + self._x25519.public_key().public_bytes_raw(),
            self._signer.public_key().public_bytes_raw(),
        )

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what was sealed for this person with the same info (RFC 9180); else DamagedError."""
        try:
            return _SUITE.decrypt(sealed, self._recipient, info=info)
        except (InvalidTag, ValueError):
            raise DamagedError(_NOT_FOR_THIS_PERSON) from None

    def keep(self, plaintext: bytes, *associated: bytes | str | int | UUID) -> bytes:
        """Seal something only I can open and, unlike with HPKE, only I can have sealed."""
        return wrap(self._own, plaintext, *associated)

    def kept(self, sealed: bytes, *associated: bytes | str | int | UUID) -> bytes:
        """Open what `keep` sealed; DamagedError when anybody else made or moved it."""
        return unwrap(self._own, sealed, *associated)

    def sign(self, message: bytes) -> bytes:
        """Ed25519 (RFC 8032), 64 bytes."""
        return self._signer.sign(message)

    def derive(self, label: str, *context: bytes | str | int | UUID) -> bytes:
        """A 32-byte key for what only this person is to seal and to open again.

        HKDF-Expand (RFC 5869, 2.3) over the 128 secret random bytes; the anchor is public.
        """
        return derive(self._raw[: _ANCHOR.start], label, *context)

    @cached_property
    def _own(self) -> bytes:
        return derive(self._raw[_PRIVATE], "own")

    @cached_property
    def _mlkem(self) -> MLKEM768PrivateKey:
        return MLKEM768PrivateKey.from_seed_bytes(self._raw[_SEED])

    @cached_property
    def _x25519(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self._raw[_X25519])

    @cached_property
    def _signer(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._raw[_ED25519])

    @cached_property
    def _recipient(self) -> MLKEM768X25519PrivateKey:
        return MLKEM768X25519PrivateKey(self._mlkem, self._x25519)


@dataclass(frozen=True, slots=True)
class Certificate:
    """An issuer's word that these public keys are this user's, and whether the user may certify."""

    user_id: UUID
    issuer_id: UUID
    public: PublicKeys
    generation: int
    may_certify: bool
    signature: bytes

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `to_bytes` wrote. DamagedError for anything else; signatures are not checked.

        Check the whole chain with `check_chain` before believing any of it.
        """
        if len(raw) != _CERTIFICATE or raw[:1] != _CERTIFICATE_VERSION or raw[41] > 1:
            raise DamagedError(_BAD_CERTIFICATE)
        return cls(
            user_id=UUID(bytes=raw[1:17]),
            issuer_id=UUID(bytes=raw[17:33]),
            generation=int.from_bytes(raw[33:41], "big"),
            may_certify=bool(raw[41]),
            public=PublicKeys.from_bytes(raw[42 : 42 + _PUBLIC]),
            signature=raw[42 + _PUBLIC :],
        )

    def to_bytes(self) -> bytes:
        """1,354 bytes: version, user, issuer, generation, flag, both public keys, signature."""
        return (
            _CERTIFICATE_VERSION
            + self.user_id.bytes
            + self.issuer_id.bytes
            + self.generation.to_bytes(8, "big")
            + bytes([self.may_certify])
            + self.public.to_bytes()
            + self.signature
        )


def certify(
    issuer: Bundle,
    *,
    issuer_id: UUID,
    user_id: UUID,
    public: PublicKeys,
    generation: int = 1,
    may_certify: bool = False,
) -> Certificate:
    """Sign that `public` are the keys of `user_id`. The founder certifies itself the same way."""
    statement = _statement(user_id, issuer_id, public, generation, may_certify=may_certify)
    return Certificate(user_id, issuer_id, public, generation, may_certify, issuer.sign(statement))


def check_chain(anchor: bytes, chain: Sequence[Certificate]) -> None:
    """Return when the first certificate can be traced to the founder; DamagedError otherwise.

    The chain goes from the person to the founder, whose certificate is self-signed and comes last.
    Every certificate must be signed by the next one's user, who must be allowed to certify. The
    caller compares the first one's user, and its generation, with whom it is asking about.
    """
    if not 1 <= len(chain) <= _LONGEST_CHAIN or not same(chain[-1].public.signing, anchor):
        raise DamagedError(_BAD_CHAIN)
    for certificate, issuer in zip(chain, [*chain[1:], chain[-1]], strict=True):
        check_issuer(certificate, issuer)


def check_issuer(certificate: Certificate, issuer: Certificate) -> None:
    """Return when one certificate was signed by the user of the other; DamagedError otherwise."""
    if certificate.issuer_id != issuer.user_id or not issuer.may_certify:
        raise DamagedError(_BAD_CHAIN)
    statement = _statement(
        certificate.user_id,
        certificate.issuer_id,
        certificate.public,
        certificate.generation,
        may_certify=certificate.may_certify,
    )
    issuer.public.verify(certificate.signature, statement)


def _statement(
    user_id: UUID, issuer_id: UUID, public: PublicKeys, generation: int, *, may_certify: bool
) -> bytes:
    return packed(
        "casefile certificate", user_id, issuer_id, public.to_bytes(), generation, int(may_certify)
    )


_BAD_PUBLIC_KEYS: Final = (
    "A person's public keys are damaged. Ask an administrator to look at that account."
)
_BAD_SIGNATURE: Final = (
    "A signature does not match: something was changed by someone who may not. "
    "Nothing was opened. Tell whoever runs this server."
)
_BAD_BUNDLE: Final = (
    "Your keys are damaged and cannot be opened. Use your recovery code, or ask an administrator."
)
_NOT_FOR_THIS_PERSON: Final = (
    "A key stored for you cannot be opened: it was changed, or it was made for someone else. "
    "Ask a member of the case to give you access again."
)
_BAD_CERTIFICATE: Final = (
    "A person's certificate is damaged. Ask an administrator to look at that account."
)
_BAD_CHAIN: Final = (
    "A person's keys cannot be traced back to the founder of this newsroom, so they are not "
    "trusted. Ask an administrator to look at that account."
)
