"""Every key and every cipher in one place: the only package that imports `cryptography`."""

from casefile.keys.case import CaseKey, issue_grant, open_grant
from casefile.keys.codes import code_key, last_group, new_code, read_code, write_code
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
    check_issuer,
    fingerprint,
)
from casefile.keys.passwords import PasswordKeys, PasswordSettings, password_keys
from casefile.keys.shares import OfflineKey, join, read_share
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
    "OfflineKey",
    "PasswordKeys",
    "PasswordSettings",
    "PublicKeys",
    "authenticate",
    "certify",
    "check_chain",
    "check_issuer",
    "code_key",
    "derive",
    "digest",
    "fingerprint",
    "issue_grant",
    "join",
    "last_group",
    "new_code",
    "open_grant",
    "packed",
    "password_keys",
    "plain_size",
    "random_key",
    "read_code",
    "read_share",
    "same",
    "sealed_size",
    "unwrap",
    "wrap",
    "write_code",
]
