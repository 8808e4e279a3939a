"""Security keys and passkeys (W3C Web Authentication, level 2): what a browser's answer proves."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from casefile.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_ANSWER: Final = 64 * 1024
LONGEST_CREDENTIAL_ID: Final = 1023
WAIT_MS: Final = 120_000


@dataclass(frozen=True, slots=True)
class Site:
    """Where a browser says it is: the host keys are bound to, and the whole origin."""

    host: str
    origin: str

    @property
    def takes_keys(self) -> bool:
        """Keys are bound to a name; browsers refuse them at a bare address (level 2, 5.1.3)."""
        try:
            ipaddress.ip_address(self.host.strip("[]"))
        except ValueError:
            return True
        return False


@dataclass(frozen=True, slots=True)
class Credential:
    """The public half of a key, as the key itself gave it when it was enrolled."""

    id: bytes
    public_key: bytes
    counter: int


def creation_options(
    site: Site,
    *,
    challenge: bytes,
    handle: bytes,
    username: str,
    name: str,
    known: Sequence[bytes],
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` wants to know, with bytes as base64url text."""
    from webauthn import generate_registration_options  # noqa: PLC0415
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    return _as_json(
        generate_registration_options(
            rp_id=site.host,
            rp_name="Casefile",
            user_id=handle,
            user_name=username,
            user_display_name=name,
            challenge=challenge,
            timeout=WAIT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        )
    )


def request_options(site: Site, *, challenge: bytes, known: Sequence[bytes]) -> dict[str, Any]:
    """Return what `navigator.credentials.get` wants to know, with bytes as base64url text."""
    from webauthn import generate_authentication_options  # noqa: PLC0415
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # noqa: PLC0415

    return _as_json(
        generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            timeout=WAIT_MS,
            allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        )
    )


def check_creation(site: Site, *, answer: str, challenge: bytes) -> Credential:
    """Return the credential in a browser's answer (level 2, 7.1).

    Raises InvalidError when it is not an answer to this challenge at this site.
    """
    from webauthn import verify_registration_response  # noqa: PLC0415

    told = _read(answer)
    try:
        made = verify_registration_response(
            credential=told,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
        )
    except Exception as error:  # the library lets errors of its parsers through
        raise InvalidError(_NOT_ENROLLED) from error
    if len(made.credential_id) > LONGEST_CREDENTIAL_ID:
        raise InvalidError(_NOT_ENROLLED)
    return Credential(made.credential_id, made.credential_public_key, made.sign_count)


def answered_by(answer: str) -> bytes:
    """Return the id of the credential that a browser says has answered. Nothing is proved by it."""
    from webauthn import base64url_to_bytes  # noqa: PLC0415

    try:
        return base64url_to_bytes(_read(answer)["rawId"])
    except Exception as error:
        raise InvalidError(_NOT_PROVED) from error


def check_request(
    site: Site, *, answer: str, challenge: bytes, credential_id: bytes, public_key: bytes
) -> int:
    """Return the key's new counter when it has signed this challenge at this site (level 2, 7.2).

    Raises InvalidError when it has not. Whether the counter has moved is for the caller to judge.
    """
    from webauthn import verify_authentication_response  # noqa: PLC0415

    told = _read(answer)
    try:
        proved = verify_authentication_response(
            credential=told,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
        )
    except Exception as error:  # the library lets errors of its parsers through
        raise InvalidError(_NOT_PROVED) from error
    if proved.credential_id != credential_id:
        raise InvalidError(_NOT_PROVED)
    return proved.new_sign_count


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise InvalidError(_NOT_PROVED)
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise InvalidError(_NOT_PROVED)
    return told


def _as_json(options: Any) -> dict[str, Any]:
    from webauthn import options_to_json  # noqa: PLC0415

    told: Mapping[str, Any] = json.loads(options_to_json(options))
    return dict(told)


_NOT_ENROLLED: Final = (
    "The key's answer could not be used: it was made for another page or too long ago. "
    "Nothing was changed. Open this page again and touch the key when it blinks."
)
_NOT_PROVED: Final = (
    "The key's answer did not fit: it was made for another page or too long ago, or by a key that is "
    "not yours here. Try again, or use another way."
)
