"""Who plays on the grant side: Gina manages, Dora directs, Jo, Jan and Joy judge, Finn pays, Don gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from casefile import keys
from casefile.accounts import service as accounts
from casefile.grants import (
    applications,
    applying,
    beginning,
    calls,
    deciding,
    interests,
    keeping,
    programmes,
    questions,
    reviewing,
    submitting,
)
from casefile.grants.application_models import Application, ApplicationReview
from casefile.grants.call_models import Call
from casefile.grants.states import ApplicationState, CallState
from casefile.policy import Role
from casefile.uow import UnitOfWork
from casefile.web import Person
from tests.cast import Actor, resources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask

    from tests.cast import Cast, Clock

ROLES = {
    "gina": Role.GRANT_MANAGER,
    "dora": Role.DIRECTOR,
    "jo": Role.JUROR,
    "jan": Role.JUROR,
    "joy": Role.JUROR,
    "finn": Role.FINANCE,
    "don": Role.DONOR,
}
CRITERIA = (("Public interest", "Who is better off?", 60), ("Method", "", 40))
DRAFT = applying.Draft(
    applicant="Сельская жизнь",
    legal_form="ОО",
    title="Media for the villages",
    summary="Forty villages hear each other.",
    requested=Decimal("9000.00"),
    answers={"q1": "yes", "q2": "We go and listen."},
    contact={"name": "Person Anne", "email": "contact-anne@village.example", "phone": ""},
)


@dataclass(frozen=True, slots=True)
class Grants:
    gina: Actor
    dora: Actor
    jo: Actor
    jan: Actor
    joy: Actor
    finn: Actor
    don: Actor
    programme: UUID


def actor_of(resources: Any, founder: Actor, username: str, role: Role) -> Actor:
    """Add somebody whose password nobody knows: tests open their sessions themselves."""
    user_id, bundle = uuid4(), keys.Bundle.create(founder.bundle.anchor)
    sealed = accounts.SealedBundle(
        keys.random_key()[: accounts.SALT_BYTES],
        accounts.password_settings(resources),
        keys.random_key(),
        keys.wrap(keys.random_key(), bundle.to_bytes(), "bundle", user_id),
    )
    name = f"{username.title()} {role.value.replace('_', ' ').title()}"
    with UnitOfWork(resources, founder.id, founder.bundle) as uow:
        user = accounts.new_user(
            uow,
            user_id=user_id,
            username=username,
            name=name,
            roles=[role],
            bundle=bundle,
            sealed=sealed,
        )
        user.invited_by_id = founder.id
        accounts.certify(uow, user, founder.id, founder.bundle)
    return Actor(user_id, username, name, "", bundle)


def make(app: Flask, cast: Cast) -> Grants:
    """Add the people of the grant side and a programme."""
    resources = resources_of(app)
    people = {name: actor_of(resources, cast.ada, name, role) for name, role in ROLES.items()}
    with acting(app, people["gina"]) as uow:
        row = programmes.create(uow, programme_values(), {})
        programme = row.id
    return Grants(**people, programme=programme)


def programme_values(**more: object) -> dict[str, object]:
    blank = ("title_ky", "title_ru", "summary_ky", "summary_ru", "summary_en", "iati_identifier")
    return {
        **dict.fromkeys(blank, ""),
        "code": "TRACK",
        "title_en": "Track of the river",
        "status": "2",
        "starts_on": None,
        "starts_precision": "",
        "ends_on": None,
        "ends_precision": "",
        "currency": None,
        **more,
    }


def acting(app: Flask, actor: Actor | None) -> UnitOfWork:
    return UnitOfWork(
        resources_of(app), actor.id if actor else None, actor.bundle if actor else None
    )


def person_of(actor: Actor, role: Role | None = None) -> Person:
    roles = frozenset({role or ROLES[actor.username]})
    return Person(actor.id, actor.username, actor.name, roles, "auto", "")


def call_values(now: datetime, **more: object) -> dict[str, object]:
    return {
        "code": f"C-{uuid4().hex[:8]}",
        "title_ky": "",
        "title_ru": "",
        "title_en": "Villages and media",
        "summary_ky": "",
        "summary_ru": "",
        "summary_en": "For newsrooms outside the capital.",
        "opens_at": now + timedelta(hours=1),
        "closes_at": now + timedelta(days=10),
        "zone": "Asia/Bishkek",
        "currency": "USD",
        "envelope": Decimal("20000.00"),
        "minimum": Decimal("1000.00"),
        "maximum": Decimal("10000.00"),
        "kinds": [],
        "regions": [],
        "partners_required": 0,
        "entry": "public",
        "blind": "single",
        "sealed_until_close": True,
        "reviews_wanted": 2,
        "quorum": 2,
        "reviewers_may_decide": False,
        "agreement_id": None,
        **more,
    }


ASKED = questions.read("yes_no=yes | Are you registered here?\nparagraph* | How? | 500")


def draft_call(app: Flask, grants: Grants, **more: object) -> UUID:
    """Let Gina write a call with questions and criteria."""
    with acting(app, grants.gina) as uow:
        row = calls.create(uow, grants.programme, call_values(uow.now, **more))
        calls.save_form(uow, row.id, row.version, ASKED)
        calls.save_criteria(uow, row.id, row.version, CRITERIA)
        return row.id


def open_call(app: Flask, grants: Grants, clock: Clock, **more: object) -> UUID:
    """Write a call, publish it, and let the clock open it."""
    call_id = draft_call(app, grants, **more)
    with acting(app, grants.gina) as uow:
        version = keeping.get(uow.session, Call, call_id).version
        calls.move(uow, call_id, version, CallState.PUBLISHED, "")
    clock.forward(hours=2)
    with acting(app, None) as uow:
        calls.settle_due(uow)
    return call_id


def apply(
    app: Flask, call_id: UUID, draft: applying.Draft = DRAFT, *, submit: bool = True
) -> tuple[UUID, str]:
    """Apply as somebody outside; returns the application's id and its link."""
    with acting(app, None) as uow:
        row, token = beginning.begin(uow, call_id)
    with acting(app, None) as uow:
        applying.save(uow, row.id, row.version, draft)
    if submit:
        with acting(app, None) as uow:
            submitting.submit(uow, row.id)
    return row.id, token


def version_of(app: Flask, model: Any, row_id: UUID) -> int:
    with resources_of(app).database.reading() as session:
        return int(keeping.get(session, model, row_id).version)


def close_call(app: Flask, clock: Clock) -> None:
    clock.forward(days=11)
    with acting(app, None) as uow:
        calls.settle_due(uow)


def in_review(
    app: Flask, grants: Grants, clock: Clock, call_id: UUID, ids: Sequence[UUID], *reviewers: Actor
) -> None:
    """Close the call, find all eligible, begin the review with these reviewers."""
    close_call(app, clock)
    gina = person_of(grants.gina)
    for row_id in ids:
        with acting(app, grants.gina) as uow:
            base = keeping.get(uow.session, Application, row_id).version
            applications.move(uow, gina, row_id, base, ApplicationState.ELIGIBLE, "")
    with acting(app, grants.gina) as uow:
        base = keeping.get(uow.session, Call, call_id).version
        calls.move(uow, call_id, base, CallState.UNDER_REVIEW, "")
    for reviewer in reviewers:
        with acting(app, grants.gina) as uow:
            calls.add_reviewer(uow, call_id, reviewer.id)
    for row_id in ids:
        with acting(app, grants.gina) as uow:
            base = keeping.get(uow.session, Application, row_id).version
            applications.move(uow, gina, row_id, base, ApplicationState.IN_REVIEW, "")


def declare(app: Flask, actor: Actor, row_id: UUID, *, conflict: bool = False) -> str:
    with acting(app, actor) as uow:
        reason = "A cousin." if conflict else ""
        return interests.declare(uow, row_id, conflict=conflict, reason=reason)


def review(
    app: Flask, actor: Actor, row_id: UUID, scores: Sequence[int | None], *, send: bool = True
) -> None:
    with resources_of(app).database.reading() as session:
        row = keeping.get(session, Application, row_id)
        wanted = [one.id for one in calls.criteria(session, row.call_id)]
        mine = reviewing.own(session, row_id, actor.id)
        base = mine.version if mine else 0
    given = reviewing.Given(
        dict(zip(wanted, scores, strict=True)),
        f"Well done, says {actor.username}-voice.",
        "",
        "fund",
    )
    with acting(app, actor) as uow:
        reviewing.save(uow, person_of(actor), row_id, base, given, send=send)


def recommend(app: Flask, grants: Grants, row_id: UUID) -> None:
    with acting(app, grants.gina) as uow:
        base = keeping.get(uow.session, Application, row_id).version
        to = ApplicationState.RECOMMENDED
        applications.move(uow, person_of(grants.gina), row_id, base, to, "")


def decide(
    app: Flask, actor: Actor, call_id: UUID, present: Sequence[Actor], *lines: deciding.Line
) -> None:
    with acting(app, actor) as uow:
        base = keeping.get(uow.session, Call, call_id).version
        deciding.decide(uow, call_id, base, {one.id for one in present}, lines)


def token_in(location: str) -> str:
    found = re.search(r"/apply/applications/([\w-]+)", location)
    assert found, location
    return found[1]


def fetched(app: Flask, act: Callable[[Any], Any]) -> Any:
    with resources_of(app).database.reading() as session:
        return act(session)


def dataclass_replace(**more: Any) -> applying.Draft:
    return replace(DRAFT, **more)


def answers(**more: str) -> Mapping[str, str]:
    return {"q1": "yes", "q2": "We go and listen.", **more}


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REVIEW = ApplicationReview
