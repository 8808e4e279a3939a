"""What people hold in their hands: a security key made of software, an app, a sheet of codes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from casefile import keys
from casefile.accounts.factors import opening, service
from casefile.uow import UnitOfWork
from tests.cast import resources_of, visit_of

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.cast import Actor, Clock
    from tests.strict_browser import Page, StrictBrowser

ORIGIN = "http://localhost"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


@dataclass
class SoftwareKey:
    """Answers as a security key does (Web Authentication, level 2); counts each use."""

    id: bytes = field(default_factory=keys.random_key)
    counter: int = 0
    counts: bool = True
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: dict[str, Any], origin: str = ORIGIN) -> str:
        numbers = self.private.public_key().public_numbers()
        public = encode_cbor(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        told = self._told(options["rp"]["id"], ATTESTED) + attested
        made = encode_cbor({"fmt": "none", "attStmt": {}, "authData": told})
        client = self._client("webauthn.create", options["challenge"], origin)
        return self._answer({"clientDataJSON": _text(client), "attestationObject": _text(made)})

    def get(self, options: dict[str, Any], origin: str = ORIGIN) -> str:
        told = self._told(options["rpId"], 0)
        client = self._client("webauthn.get", options["challenge"], origin)
        signed = told + hashlib.sha256(client).digest()
        signature = self.private.sign(signed, ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(told),
                "signature": _text(signature),
            }
        )

    def _told(self, host: str, flags: int) -> bytes:
        self.counter += self.counts
        state = bytes([PRESENT | VERIFIED | flags])
        return hashlib.sha256(host.encode()).digest() + state + self.counter.to_bytes(4, "big")

    @staticmethod
    def _client(kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        name = _text(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


@dataclass
class App:
    """An authenticator app on a telephone whose clock is the newsroom's."""

    clock: Clock
    secret: bytes = field(default_factory=keys.app_secret)

    def __post_init__(self) -> None:
        # However slow the machine, a code is of the step in which the test made it.
        self.clock.freeze()

    def step(self) -> int:
        return int(self.clock().timestamp()) // 30

    def code(self, steps: int = 0) -> str:
        return keys.app_code(self.secret, self.step() + steps)


def options_of(page: Page) -> dict[str, Any]:
    """Return what a page asks a key."""
    found: dict[str, Any] = json.loads(page.find("//form[@data-options]/@data-options")[0])
    return found


def give_app(app: Flask, actor: Actor, clock: Clock, name: str = "Telephone") -> App:
    """Enrol an app through the service, as this person."""
    phone = App(clock)
    _add(app, actor, opening.APP, name, {"secret": phone.secret.hex()})
    return phone


def _add(
    app: Flask, actor: Actor, kind: str, name: str, secrets: dict[str, str], counter: int = 0
) -> UUID:
    with UnitOfWork(resources_of(app), actor.id, actor.bundle) as uow:
        visit = visit_of(actor)
        return service.add(uow, visit, kind=kind, name=name, secrets=secrets, counter=counter)


def give_key(
    app: Flask,
    actor: Actor,
    name: str = "Blue key",
    host: str = "localhost",
    *,
    counts: bool = True,
) -> SoftwareKey:
    """Enrol a key through the service, as this person."""
    key = SoftwareKey(counts=counts)
    site = keys.Site(host, f"http://{host}")
    challenge = keys.random_key()
    options = {"rp": {"id": host}, "challenge": _text(challenge)}
    made = keys.check_creation(site, answer=key.create(options, site.origin), challenge=challenge)
    secrets = {"credential": made.id.hex(), "public_key": made.public_key.hex(), "host": host}
    _add(app, actor, opening.KEY, name, secrets, made.counter)
    return key


def give_codes(app: Flask, actor: Actor) -> list[str]:
    """Print a sheet of codes, as this person."""
    with UnitOfWork(resources_of(app), actor.id, actor.bundle) as uow:
        return service.make_codes(uow, "Codes on paper")


def factors_of(app: Flask, actor: Actor) -> opening.Factors:
    with resources_of(app).database.reading() as session:
        return opening.of(session, actor.id, actor.bundle)


def give_password(browser: StrictBrowser, actor: Actor, **more: Any) -> Page:
    """Do the first step of signing in; the answer leads to the second."""
    page = browser.post("/sign-in", username=actor.username, password=actor.password, **more)
    assert page.location.startswith("/sign-in/factor"), page.location
    return page


def secret_on(page: Page) -> bytes:
    """Read an app's secret as a person would type it."""
    shown = "".join(page.find("//*[@id='secret']")[0].text_content().split())
    assert re.fullmatch(r"[A-Z2-7]{32}", shown)
    return base64.b32decode(shown)
