"""Every key and every cipher in one place: the only package that imports `cryptography`."""

from casefile.keys.case import CaseKey, issue_grant, open_grant
from casefile.keys.codes import (
    app_address,
    app_code,
    app_secret,
    app_secret_text,
    app_step,
    paper_code,
)
from casefile.keys.commitment import Committed, commitment_hash, make_commitment, opens
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
from casefile.keys.recovery_codes import code_key, last_group, new_code, read_code, write_code
from casefile.keys.security_keys import (
    Credential,
    Site,
    answered_by,
    check_creation,
    check_request,
    creation_options,
    request_options,
)
from casefile.keys.shares import OfflineKey, join, read_share
from casefile.keys.signed_note import NoteSigner, NoteVerifier
from casefile.keys.source import (
    SourceKey,
    check_origin,
    issue_source_grant,
    open_source_grant,
    origin_statement,
)
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
    "Committed",
    "Credential",
    "FileEncryptor",
    "FileReader",
    "NoteSigner",
    "NoteVerifier",
    "OfflineKey",
    "PasswordKeys",
    "PasswordSettings",
    "PublicKeys",
    "Site",
    "SourceKey",
    "StampRequest",
    "UnreadableStampError",
    "answered_by",
    "app_address",
    "app_code",
    "app_secret",
    "app_secret_text",
    "app_step",
    "authenticate",
    "certify",
    "check_chain",
    "check_creation",
    "check_issuer",
    "check_origin",
    "check_request",
    "check_stamp",
    "code_key",
    "commitment_hash",
    "creation_options",
    "derive",
    "digest",
    "fingerprint",
    "issue_grant",
    "issue_source_grant",
    "join",
    "last_group",
    "make_commitment",
    "new_code",
    "open_grant",
    "open_source_grant",
    "opens",
    "origin_statement",
    "packed",
    "paper_code",
    "password_keys",
    "plain_size",
    "random_key",
    "read_code",
    "read_share",
    "request_options",
    "same",
    "sealed_size",
    "unwrap",
    "wrap",
    "write_code",
]
