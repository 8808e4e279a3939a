"""Time-stamps of an outside authority (RFC 3161): the query, and what its answer proves."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from casefile.errors import ConfigError, DamagedError

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509
    from rfc3161_client import TimeStampResponse, VerifierBuilder


class UnreadableStampError(DamagedError):
    """The answer is not in the form the standard asks for, such as certificates out of order."""


class StampRequest:
    """A query for some content: its SHA-256 and a random number go out, nothing else."""

    __slots__ = ("_content", "_request")

    def __init__(self, content: bytes, *, certificates: bool = True) -> None:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415

        self._content = content
        self._request = (
            TimestampRequestBuilder()
            .data(content)
            .hash_algorithm(HashAlgorithm.SHA256)
            .cert_request(cert_request=certificates)
            .build()
        )

    def to_bytes(self) -> bytes:
        return self._request.as_bytes()

    def check(self, answer: bytes, trusted: bytes) -> datetime:
        """Return the time the answer tells for the content of this very query.

        `trusted` are PEM certificates: roots, and if need be the authority's own. DamagedError
        when the answer does not hold; UnreadableStampError when it cannot be read at all.
        """
        from rfc3161_client import VerifierBuilder  # noqa: PLC0415

        return _check(VerifierBuilder.from_request(self._request), answer, self._content, trusted)


def check_stamp(answer: bytes, content: bytes, trusted: bytes) -> datetime:
    """Return the time a kept answer tells for this content; the same errors."""
    from rfc3161_client import VerifierBuilder  # noqa: PLC0415

    return _check(VerifierBuilder(), answer, content, trusted)


def _check(builder: VerifierBuilder, answer: bytes, content: bytes, trusted: bytes) -> datetime:
    from rfc3161_client import PKIStatus, VerificationError  # noqa: PLC0415

    opened = _read(answer)
    if opened.status != PKIStatus.GRANTED:
        raise DamagedError(_REFUSED)
    try:
        with_certificates = bool(opened.signed_data.certificates)
        builder = _trusting(builder, trusted, own=not with_certificates)
        if opened.tst_info.message_imprint.message != sha256(content).digest():
            raise DamagedError(_WRONG)
        builder.build().verify_message(opened, content)
    except VerificationError as error:
        raise DamagedError(_WRONG) from error
    except ValueError as error:
        raise UnreadableStampError(_UNREADABLE) from error
    return opened.tst_info.gen_time


def _read(answer: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415

    try:
        return decode_timestamp_response(answer)
    except ValueError as error:
        raise UnreadableStampError(_UNREADABLE) from error


def _trusting(builder: VerifierBuilder, trusted: bytes, *, own: bool) -> VerifierBuilder:
    from cryptography import x509  # noqa: PLC0415

    try:
        certificates = x509.load_pem_x509_certificates(trusted)
    except ValueError as error:
        raise ConfigError(_NO_CERTIFICATES) from error
    for certificate in certificates:
        if certificate.subject == certificate.issuer:
            builder = builder.add_root_certificate(certificate)
        elif own and _stamps_times(certificate):
            builder = builder.tsa_certificate(certificate)
        else:
            builder = builder.add_intermediate_certificate(certificate)
    return builder


def _stamps_times(certificate: x509.Certificate) -> bool:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage


_REFUSED: Final = "The time-stamping authority refused the query. Ask whoever runs it."
_WRONG: Final = (
    "The time-stamp does not hold: it is for something else, or was signed by an authority that the "
    "certificates in timestamp_roots do not lead to."
)
_UNREADABLE: Final = (
    "The time-stamping authority's answer cannot be read. If it sends its certificates out of order "
    "(OpenSSL 3.0 does), put its own certificate into timestamp_roots, beside the root."
)
_NO_CERTIFICATES: Final = (
    "timestamp_roots holds no certificates in PEM form. Put the root certificate of the "
    "time-stamping authority there."
)
