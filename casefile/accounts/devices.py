"""A mark in a browser where somebody signed in before: no way in, only a budget of tries of its own.

It holds a random number, a day and a MAC. Nobody without the pepper can tell whose it is.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING

from casefile import keys

if TYPE_CHECKING:
    from datetime import datetime

    from casefile.uow import Resources

ID_BYTES, DAY_BYTES, MAC_BYTES = 16, 4, 32
LASTS_DAYS = 180
DAY_SECONDS = 86_400


def mark(resources: Resources, username: str, device: bytes | None, now: datetime) -> str:
    """Return the cookie for a browser in which this account was just signed in."""
    device = device or secrets.token_bytes(ID_BYTES)
    day = _day(now).to_bytes(DAY_BYTES, "big")
    return base64.urlsafe_b64encode(device + day + _mac(resources, username, device, day)).decode()


def known(resources: Resources, username: str, cookie: str, now: datetime) -> bytes | None:
    """Return the device's number when this account was signed in there before, else None."""
    try:
        raw = base64.b64decode(cookie, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != ID_BYTES + DAY_BYTES + MAC_BYTES:
        return None
    device, day, mac = raw[:ID_BYTES], raw[ID_BYTES:-MAC_BYTES], raw[-MAC_BYTES:]
    right = keys.same(mac, _mac(resources, username, device, day))
    fresh = -1 <= _day(now) - int.from_bytes(day, "big") <= LASTS_DAYS
    return device if right and fresh else None


def _day(now: datetime) -> int:
    return int(now.timestamp()) // DAY_SECONDS


def _mac(resources: Resources, username: str, device: bytes, day: bytes) -> bytes:
    key = keys.derive(resources.pepper, "device")
    return keys.authenticate(key, keys.packed(device, day, username))
