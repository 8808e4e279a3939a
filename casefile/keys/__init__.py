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

__all__ = [
    "SEALED_OVERHEAD",
    "Bundle",
    "CaseKey",
    "Certificate",
    "FileEncryptor",
    "FileReader",
    "PasswordKeys",
    "PasswordSettings",
    "PublicKeys",
    "authenticate",
    "certify",
    "check_chain",
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
