"""A time-stamping authority of one's own: `openssl ts`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[authority]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class Authority:
    """Answers queries with `openssl ts -reply`, or as a test tells it to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chain = False
        self.misbehave: Callable[[bytes], tuple[int, bytes]] | None = None
        self.asked: list[bytes] = []
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self.root, self.own = folder / "root.pem", folder / "authority.pem"
        self._openssl(
            *(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "root.key",
                "-days",
                "99",
            ),
            *("-out", "root.pem", "-config", "tsa.cnf", "-extensions", "root", "-subj", "/CN=Root"),
        )
        self._openssl(
            *("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "authority.key"),
            *("-out", "authority.csr", "-config", "tsa.cnf", "-subj", "/CN=Authority"),
        )
        self._openssl(
            *("x509", "-req", "-in", "authority.csr", "-CA", "root.pem", "-CAkey", "root.key"),
            *("-CAcreateserial", "-out", "authority.pem", "-days", "99"),
            *("-extfile", "tsa.cnf", "-extensions", "authority"),
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def answer(self, query: bytes) -> tuple[int, bytes]:
        self.asked.append(query)
        if self.misbehave is not None:
            return self.misbehave(query)
        return 200, self.reply(query)

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        self._openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query"),
            *("-signer", "authority.pem", "-inkey", "authority.key", "-out", "answer"),
            *(("-chain", "root.pem") if self.chain else ()),
        )
        return (self.folder / "answer").read_bytes()
