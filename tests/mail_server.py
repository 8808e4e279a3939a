"""A real mail server on this machine, and the certificate it shows."""

from __future__ import annotations

import ssl
import subprocess
import warnings
from typing import TYPE_CHECKING, Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.real_server import free_port

if TYPE_CHECKING:
    from pathlib import Path

USER, PASSWORD = "casefile", "a-mail-password"


class Mailbox:
    """Keeps what arrives; refuses addresses that begin with `nobody`."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str]] = []
        self.answers: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the library names it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address.startswith("nobody"):
            return f"550 no such mailbox {address}"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append((list(envelope.rcpt_tos), content.decode()))
        return "250 kept"


class MailServer:
    def __init__(self, folder: Path | None = None, *, signed_in: bool = False) -> None:
        self.box = Mailbox()
        more: dict[str, Any] = {}
        if folder is not None:
            more["tls_context"] = _certificate(folder)
            more["require_starttls"] = True
        if signed_in:
            more["auth_required"] = True
            more["authenticator"] = _knows
        self.port = free_port()
        self._controller = Controller(self.box, hostname="127.0.0.1", port=self.port, **more)
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


def _knows(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
    return AuthResult(success=right and given.login == USER.encode())


def _certificate(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "roots.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
