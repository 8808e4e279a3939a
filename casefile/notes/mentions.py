"""A note that names colleagues with @ tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from casefile.cases import mentions
from casefile.notes.markdown import named
from casefile.notes.models import Note
from casefile.notices.service import Thing

if TYPE_CHECKING:
    from uuid import UUID

    from casefile.cases.access import OpenCase
    from casefile.uow import UnitOfWork


def follow(uow: UnitOfWork, case: OpenCase, kind: str, thing_id: UUID, text: str) -> None:
    """Tell those whom a note names, once for each mention of theirs."""
    said = named(text) if kind == "note" else {}
    if said:
        number = uow.session.scalar(select(Note.number).where(Note.id == thing_id))
        place = Thing(f"{case.codename} N-{number}", f"/cases/{case.id}/notes/{thing_id}")
        mentions.tell(uow, case, place, said)
