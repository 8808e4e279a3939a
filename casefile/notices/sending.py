"""Mail over SMTP: one conversation with the mail server, and a reason for whatever did not go."""

from __future__ import annotations

import smtplib
import ssl
import threading
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from casefile.errors import ConfigError

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.config import Settings

SECONDS = 20
LONGEST_EXCHANGE = 60
SUBJECT = "Casefile"


class Mailer:
    """One conversation with the mail server, begun with the first mail."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._where = urlsplit(settings.smtp_url)
        self._server: smtplib.SMTP | None = None
        self._refused = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server = None

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def send(self, mail_id: UUID, address: str, body: str) -> str:
        """Send one mail; return why it did not go, or nothing. The reason names no address."""
        if self._refused:
            return self._refused
        watch = threading.Timer(LONGEST_EXCHANGE, self._hang_up)
        watch.daemon = True
        watch.start()
        try:
            if self._server is None:
                self._open()
            if self._server is not None:
                self._server.send_message(self._message(mail_id, address, body))
        except smtplib.SMTPRecipientsRefused as error:
            with suppress(OSError, smtplib.SMTPException):
                if self._server is not None:
                    self._server.rset()
            code = next(iter(error.recipients.values()))[0]
            return f"The mail server does not take mail for this address ({code})."
        except (OSError, smtplib.SMTPException, ValueError, ConfigError) as error:
            reason = _reason(error)
            self._drop()
            if not isinstance(error, smtplib.SMTPDataError):
                self._refused = reason  # the others of this round would fare no better
            return reason
        finally:
            watch.cancel()
        return ""

    def _hang_up(self) -> None:
        """A server that sends a byte now and then would outlast every timeout."""
        server = self._server
        with suppress(OSError):
            if server is not None and server.sock is not None:
                server.sock.shutdown(2)

    def _open(self) -> None:
        host, port = self._where.hostname or "", self._where.port
        if self._where.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port or 465, "localhost", timeout=SECONDS, context=self._trust()
            )
        else:
            server = smtplib.SMTP(host, port or 587, "localhost", timeout=SECONDS)
        self._server = server
        if self._where.scheme == "smtp":
            server.starttls(context=self._trust())
        if self._where.username:
            server.login(self._where.username, self._password())

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._settings.smtp_roots or None)
        except (OSError, ssl.SSLError) as error:
            msg = "smtp_roots cannot be read as certificates."
            raise ConfigError(msg) from error

    def _password(self) -> str:
        try:
            return Path(self._settings.smtp_password_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = "smtp_password_file cannot be read."
            raise ConfigError(msg) from error

    def _message(self, mail_id: UUID, address: str, body: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._settings.mail_from
        message["To"] = address
        message["Subject"] = SUBJECT
        message["Date"] = formatdate()
        # The same when it is sent again, so that a mailbox can tell.
        message["Message-ID"] = f"<{mail_id}@{self._settings.mail_from.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        return message


def _reason(error: Exception) -> str:
    """Say what went wrong without quoting the server, which may repeat the address."""
    if isinstance(error, ConfigError):
        return error.message
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "The mail server refused user name or password. Look at smtp_url and smtp_password_file."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered {error.smtp_code}."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server offers no TLS or no sign-in, and nothing is sent without."
    if isinstance(error, ssl.SSLError):
        return "The mail server's certificate is not one this machine trusts. See smtp_roots."
    return f"The mail server does not answer ({type(error).__name__})."
