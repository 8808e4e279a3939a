"""Decisions are signed by whoever makes them: a row somebody planted decides nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from casefile import keys
from casefile.accounts.certificates import all_certified_keys
from casefile.errors import DamagedError
from casefile.stories import records

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from casefile.stories.parts import Part
    from casefile.stories.records import Decision
    from casefile.uow import UnitOfWork


def sign(
    uow: UnitOfWork, case_id: UUID, story_id: UUID, number: int, decision: Decision
) -> Decision:
    """Return the decision with the signature of whoever makes it."""
    if uow.bundle is None:
        msg = "Only a person can decide about a story."
        raise DamagedError(msg)
    statement = _statement(case_id, story_id, number, decision)
    return replace(decision, signature=uow.bundle.sign(statement).hex())


def is_signed(session: Session, anchor: bytes, case_id: UUID, story_id: UUID, part: Part) -> bool:
    """Say whether the person named in a decision signed it, for this story and this place in it."""
    decision: Decision | None = part.record
    if decision is None or part.version != 1:
        return False
    statement = _statement(case_id, story_id, part.number, decision)
    try:
        signature, actor = bytes.fromhex(decision.signature), UUID(decision.actor)
    except ValueError:
        return False
    if part.author_id != actor:
        return False
    for public in all_certified_keys(session, anchor, actor):
        try:
            public.verify(signature, statement)
        except DamagedError:
            continue
        return True
    return False


def _statement(case_id: UUID, story_id: UUID, number: int, decision: Decision) -> bytes:
    told = records.written(replace(decision, signature=""))
    if not decision.rules:
        del told["rules"]  # as those were signed that were made before rules were kept
    plain = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
    return keys.packed("casefile story decision", case_id, story_id, number, keys.digest(plain))
