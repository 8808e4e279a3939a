"""What a page that enrols a factor has to remember until its form comes back, sealed into the form."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from casefile import keys
from casefile.accounts.factors import opening
from casefile.errors import DamagedError, InvalidError

if TYPE_CHECKING:
    from casefile.uow import UnitOfWork
    from casefile.web import Visit

LASTS = timedelta(minutes=15)
CLOCKS_DIFFER = timedelta(minutes=1)
OVER = "This page was open for too long. Nothing was changed; here is a fresh one."
WRONG_CODE = (
    "This is not the code the app should show now. Type the newest one. If it stays so, the clock of the "
    "device with the app is not right."
)


def begin(visit: Visit, kind: str, now: datetime) -> tuple[str, bytes]:
    """Return what the form carries, and the secret in it: an app's, or the challenge for a key."""
    secret = keys.app_secret() if kind == opening.APP else keys.random_key()
    plain = json.dumps({"secret": secret.hex(), "at": now.timestamp()}).encode()
    key = visit.bundle.derive("factor setups")
    sealed = keys.wrap(key, plain, "factor setup", kind, visit.person.id)
    return base64.urlsafe_b64encode(sealed).decode(), secret


def secret_of(visit: Visit, kind: str, token: str, now: datetime) -> bytes:
    """Return the secret that a form carries. Raises InvalidError when its page is too old."""
    key = visit.bundle.derive("factor setups")
    try:
        sealed = base64.b64decode(token, altchars=b"-_", validate=True)
        told = json.loads(keys.unwrap(key, sealed, "factor setup", kind, visit.person.id))
    except (binascii.Error, ValueError, DamagedError):
        raise InvalidError(OVER) from None
    if not -CLOCKS_DIFFER <= now - datetime.fromtimestamp(told["at"], UTC) <= LASTS:
        raise InvalidError(OVER)
    return bytes.fromhex(told["secret"])


def app_secrets(uow: UnitOfWork, secret: bytes, code: str) -> tuple[dict[str, str], int]:
    """Return what to keep of an app and the step its code has used up, so that it signs nobody in.

    Raises InvalidError when the code is not the app's.
    """
    step = keys.app_step(secret, code, uow.now.timestamp())
    if step is None:
        raise InvalidError(WRONG_CODE)
    return {"secret": secret.hex()}, step


def key_secrets(site: keys.Site, challenge: bytes, answer: str) -> tuple[dict[str, str], int]:
    """Return what to keep of a key that has answered, and its counter."""
    made = keys.check_creation(site, answer=answer, challenge=challenge)
    kept = {
        "credential": made.id.hex(),
        "public_key": made.public_key.hex(),
        "host": site.host,
    }
    return kept, made.counter


def handle(visit: Visit) -> bytes:
    """Return the name under which a key keeps this account: the same each time, and nobody's id."""
    return visit.bundle.derive("factor handle")
