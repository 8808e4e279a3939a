"""Every key and every cipher in one place: the only package that imports `cryptography`."""

from casefile.keys.case import CaseKey, issue_grant, open_grant
from casefile.keys.file import (
    SEALED_OVERHEAD,
    FileEncryptor,
    FileReader,
    plain_size,
    sealed_size,
)
from casefile.keys.identity import (
    Bundle,
    Certificate,
    PublicKeys,
    certify,
    check_chain,
    fingerprint,
)
from casefile.keys.passwords import PasswordKeys, PasswordSettings, password_keys
from casefile.keys.signed_note import NoteSigner, NoteVerifier
from casefile.keys.symmetric import (
    authenticate,
    derive,
    digest,
    packed,
    random_key,
    same,
    unwrap,
    wrap,
)
from casefile.keys.timestamps import StampRequest, UnreadableStampError, check_stamp

__all__ = [
    "SEALED_OVERHEAD",
    "Bundle",
    "CaseKey",
    "Certificate",
    "FileEncryptor",
    "FileReader",
    "NoteSigner",
    "NoteVerifier",
    "PasswordKeys",
    "PasswordSettings",
    "PublicKeys",
    "StampRequest",
    "UnreadableStampError",
    "authenticate",
    "certify",
    "check_chain",
    "check_stamp",
    "derive",
    "digest",
    "fingerprint",
    "issue_grant",
    "open_grant",
    "packed",
    "password_keys",
    "plain_size",
    "random_key",
    "same",
    "sealed_size",
    "unwrap",
    "wrap",
]
