"""Organisations: each once, under its own name, with the people of ours who work for it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from casefile.accounts.models import User
from casefile.accounts.service import roles_of
from casefile.errors import ConflictError, NotFoundError
from casefile.grants import keeping
from casefile.grants.models import Affiliation, Organisation, Programme, ProgrammeOrganisation
from casefile.grants.programmes import fill
from casefile.policy import Permission, roles_may

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.uow import UnitOfWork

SIGNS = str.maketrans(dict.fromkeys("«»„“”\"'‘’`.,()–—-", " "))


def folded(name: str) -> str:
    """Return a name without what people write in two ways: case, quotation marks, blanks."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(SIGNS).replace("ё", "е")
    return " ".join(text.split())


def create(uow: UnitOfWork, values: Mapping[str, Any]) -> Organisation:
    """Add an organisation. ConflictError when one of this name is there."""
    row = Organisation(**values, folded_name=folded(values["name"]))
    _check_new(uow.session, row.folded_name, row.legal_form, None)
    return keeping.add(uow, row, "organisation.added")


def save(uow: UnitOfWork, organisation_id: UUID, base: int, values: Mapping[str, Any]) -> None:
    row = keeping.held(uow, Organisation, organisation_id, base)
    _check_new(uow.session, folded(values["name"]), values["legal_form"], row.id)
    fill(row, {**values, "folded_name": folded(values["name"])})
    keeping.changed(uow, row, "organisation.changed")


def _check_new(session: Session, name: str, legal_form: str, but: UUID | None) -> None:
    there = session.scalar(
        select(Organisation.id).where(
            Organisation.folded_name == name,
            Organisation.legal_form == legal_form,
            Organisation.voided_at.is_(None),
            Organisation.id != but if but else Organisation.id.is_not(None),
        )
    )
    if there is not None:
        msg = "There is an organisation of this name and legal form already. Use that one."
        raise ConflictError(msg)


def choices(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Organisation.id, Organisation.name, Organisation.legal_form)
        .where(Organisation.voided_at.is_(None))
        .order_by(Organisation.name)
        .limit(5000)
    )
    return [(str(row.id), " ".join(filter(None, (row.legal_form, row.name)))) for row in rows]


def by_folded_names(session: Session, names: Iterable[str]) -> dict[str, UUID]:
    """Return the organisations of these names, each by its folded name."""
    wanted = list({folded(name) for name in names})
    found: dict[str, UUID] = {}
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(Organisation.folded_name, Organisation.id)
            .where(
                Organisation.folded_name.in_(wanted[start : start + 500]),
                Organisation.voided_at.is_(None),
            )
            .order_by(Organisation.created_at.desc())
        )
        found |= {row.folded_name: row.id for row in rows}
    return found


def affiliate(uow: UnitOfWork, organisation_id: UUID, username: str) -> None:
    """Say that a person with an account works for an organisation."""
    keeping.held(uow, Organisation, organisation_id)
    user = uow.session.scalars(
        select(User).where(User.username == username.strip().casefold())
    ).one_or_none()
    # The same words for a stranger and for the newsroom, whose people are nobody's business here.
    if user is None or not roles_may(roles_of(user.roles), Permission.GRANTS_VISIT):
        msg = "Nobody with work in the grants has this username. Ask an administrator how it is written."
        raise NotFoundError(msg)
    user_id = user.id
    if organisation_id in of_person(uow.session, user_id):
        msg = "This person is named with this organisation already."
        raise ConflictError(msg)
    row = Affiliation(user_id=user_id, organisation_id=organisation_id)
    keeping.add(uow, row, "affiliation.added")


def void_affiliation(uow: UnitOfWork, organisation_id: UUID, row_id: UUID, reason: str) -> None:
    row = keeping.held(uow, Affiliation, row_id, organisation_id=organisation_id)
    keeping.void(uow, row, "affiliation.voided", reason)


def of_person(session: Session, user_id: UUID) -> set[UUID]:
    """Return the organisations a person works for."""
    return set(
        session.scalars(
            select(Affiliation.organisation_id).where(
                Affiliation.user_id == user_id, Affiliation.voided_at.is_(None)
            )
        )
    )


def people_of(session: Session, organisation_id: UUID) -> Sequence[tuple[Affiliation, str]]:
    rows = session.execute(
        select(Affiliation, User.name)
        .join(User, User.id == Affiliation.user_id)
        .where(Affiliation.organisation_id == organisation_id, Affiliation.voided_at.is_(None))
        .order_by(User.name)
    )
    return [(row.Affiliation, row.name) for row in rows]


def roles_in_programmes(session: Session, organisation_id: UUID) -> Sequence[tuple[Programme, str]]:
    """Return the programmes an organisation stands behind, and in which role."""
    rows = session.execute(
        select(Programme, ProgrammeOrganisation.role)
        .join(ProgrammeOrganisation, ProgrammeOrganisation.programme_id == Programme.id)
        .where(
            ProgrammeOrganisation.organisation_id == organisation_id,
            ProgrammeOrganisation.voided_at.is_(None),
        )
        .order_by(Programme.code)
    )
    return [(row.Programme, row.role) for row in rows]
