"""Sources as tests make and open them, through the services and past them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from casefile import keys
from casefile.accounts import recovery, renewing
from casefile.accounts import service as accounts
from casefile.cases import restoring
from casefile.errors import CasefileError
from casefile.sources import handlers, identities, service, shredding
from casefile.sources.identities import Identity
from casefile.sources.models import Source, SourceGrant
from casefile.sources.opening import Holder
from casefile.uow import UnitOfWork
from tests.cast import Actor, change, open_case, resources_of
from tests.intruder import read

if TYPE_CHECKING:
    from flask import Flask

    from casefile.cases.access import OpenCase
    from tests.cast import Cast
    from tests.strict_browser import Page, StrictBrowser

NAME = "Замира Осмонкулова"
CONTACTS = "Signal +996 000 31 31 31, nights only"
CIRCUMSTANCES = "Bookkeeper at the quarry; her cousin knows."


@dataclass(frozen=True, slots=True)
class At:
    """Where a source stands."""

    id: UUID
    url: str
    codename: str


def add_source(
    app: Flask,
    actor: Actor,
    case_id: UUID,
    *,
    name: str = NAME,
    protection: str = "confidential",
    **about: str,
) -> UUID:
    told = service.About(protection, **about)
    identity = Identity(name, CONTACTS, CIRCUMSTANCES)
    made = change(app, actor, case_id, lambda uow, case: service.add(uow, case, told, identity))
    assert isinstance(made, UUID)
    return made


def placed(app: Flask, actor: Actor, case_id: UUID, source_id: UUID) -> At:
    case = open_case(app, actor, case_id)
    with resources_of(app).database.reading() as session:
        codename = service.standing(session, case, source_id).codename
    return At(source_id, f"/cases/{case_id}/sources/{source_id}", codename)


def new_source(app: Flask, actor: Actor, case_id: UUID, **more: Any) -> At:
    return placed(app, actor, case_id, add_source(app, actor, case_id, **more))


def handle(
    app: Flask, actor: Actor, case_id: UUID, source_id: UUID, verb: str, *given: Any
) -> None:
    """Do one of the verbs of `handlers` as this person."""

    def act(uow: UnitOfWork, case: OpenCase) -> None:
        source, opened = handlers.open_for(uow, case, source_id)
        getattr(handlers, verb)(uow, case, source, opened, *given)

    change(app, actor, case_id, act)


def add_handler(app: Flask, actor: Actor, case_id: UUID, source_id: UUID, person: Actor) -> None:
    handle(app, actor, case_id, source_id, "add", person.id)


def shred(app: Flask, actor: Actor, case_id: UUID, at: At) -> None:
    change(
        app,
        actor,
        case_id,
        lambda uow, case: shredding.shred(uow, case, at.id, at.codename),
    )


def can_open(app: Flask, actor: Actor, case_id: UUID, source_id: UUID) -> bool:
    """Say whether this person gets at the identity through the services."""
    try:
        case = open_case(app, actor, case_id)
        with UnitOfWork(resources_of(app), actor.id, actor.bundle) as uow:
            source, opened = handlers.open_for(uow, case, source_id)
            identities.latest(uow.session, source, opened)
    except CasefileError:
        return False
    return True


def keys_out_of(app: Flask, bundle: keys.Bundle, source_id: UUID) -> set[int]:
    """Return the generations that a private key opens in the database, whoever they are for."""
    found = set()
    for grant in read(app, select(SourceGrant).where(SourceGrant.source_id == source_id)):
        info = keys.packed("casefile source grant", source_id, grant.user_id, grant.generation)
        try:
            bundle.open(grant.sealed, info)
        except CasefileError:
            continue
        found.add(grant.generation)
    return found


def row_of(app: Flask, source_id: UUID) -> Source:
    [found] = read(app, select(Source).where(Source.id == source_id))
    assert isinstance(found, Source)
    return found


def count_of(app: Flask, model: Any, source_id: UUID) -> int:
    return len(read(app, select(model).where(model.source_id == source_id)))


def look(browser: StrictBrowser, at: At, status: int = 200) -> Page:
    """Press Show identity."""
    return browser.post(f"{at.url}/identity", status)


def holder(actor: Actor) -> Holder:
    return Holder(actor.id, actor.bundle)


def begin_anew(app: Flask, cast: Cast, person: Actor) -> Actor:
    """Let somebody lose every key they had; returns them with the new ones, certified."""
    resources = resources_of(app)
    with UnitOfWork(resources, cast.ada.id, cast.ada.bundle) as uow:
        made, token = renewing.create(uow, person.id)
    bundle = keys.Bundle.create(made.anchor)
    password = f"{person.password} anew"
    sealed = accounts.seal_bundle(resources, person.id, person.username, password, bundle)
    with UnitOfWork(resources, None) as uow:
        renewing.accept(uow, token, sealed=sealed, bundle=bundle)
        restoring.drop_grants(uow, person.id)
        code = recovery.make(uow, person.id, bundle)
    with UnitOfWork(resources, cast.ada.id, cast.ada.bundle) as uow:
        renewing.certify_renewed(uow)
    return Actor(person.id, person.username, person.name, password, bundle, code)
