"""What a sign-in costs beyond the one thing in it that is meant to cost: Argon2id."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from casefile import keys
from casefile.accounts import passwords, signing_in
from casefile.accounts import service as accounts
from casefile.accounts.factors import opening, pending, proving, service
from casefile.app import open_resources
from casefile.uow import UnitOfWork
from casefile.web import Person, Visit
from tests.bench.measure import Row, in_turn, ratio, tell
from tests.bench.newsroom import PASSWORD, Newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from casefile.uow import Resources
    from tests.bench.measure import Scale
    from tests.bench.newsroom import Colleague

DEFAULT_MB = 128
HERE = "127.0.0.1"


class Watch:
    """A clock that a sign-in puts on by half a minute, so that the app shows another code."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def run(folder: Path, scale: Scale) -> list[Row]:
    """Sign in by password and app, in this process, in turn with one bare Argon2id."""
    tell(f"keys: sign-ins with two factors, {scale.rounds * 3} times")
    room = Newsroom(folder / "instance", 2, password_mb=DEFAULT_MB)
    watch, person = Watch(), room.people[1]
    resources = open_resources(room.settings, clock=watch)
    secret = _give_app(resources, person)
    settings = accounts.password_settings(resources)
    # Behind everybody's pages, as in a sign-in: a busy machine weighs on both alike.
    behind = ThreadPoolExecutor(1, initializer=passwords._step_back)

    def bare() -> None:
        behind.submit(
            keys.password_keys,
            PASSWORD,
            salt=bytes(16),
            pepper=bytes(32),
            user_id=person.id,
            settings=settings,
        ).result()

    def both() -> None:
        watch.ahead += timedelta(seconds=30)
        _sign_in(resources, person, keys.app_code(secret, int(watch().timestamp()) // 30))

    measured, said = ratio(*in_turn([both, bare], scale.rounds * 3))
    resources.index.close()
    resources.database.close()
    return [Row("sign-in with two factors, against one bare Argon2id", measured, 1.15, said)]


def _give_app(resources: Resources, person: Colleague) -> bytes:
    secret = keys.app_secret()
    who = Person(person.id, person.username, person.username, frozenset(), "auto", "")
    visit = Visit(who, person.bundle, person.id.bytes, keys.random_key())
    with UnitOfWork(resources, person.id, person.bundle) as uow:
        kept = {"secret": secret.hex()}
        service.add(uow, visit, kind=opening.APP, name="Telephone", secrets=kept)
    return secret


def _sign_in(resources: Resources, person: Colleague, code: str) -> None:
    """Take both steps as the two forms do: each finds all it knows by the cookie."""
    entry = signing_in.sign_in(resources, username=person.username, password=PASSWORD, address=HERE)
    with resources.database.reading() as session:
        waiting = pending.find(session, entry.cookie(), resources.clock())
    if waiting is None:
        msg = "the password led to no second step"
        raise RuntimeError(msg)
    pending.prove(resources, waiting, proving.read_code(code), address=HERE, agent="bench")
