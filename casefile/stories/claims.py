"""Claims: what they say, what they rest on, and the verdicts of those who did not write them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, insert

from casefile.errors import ConflictError, ForbiddenError, InvalidError
from casefile.policy import Permission
from casefile.stories import assignments, authors, keeping, service, strength, supports, telling
from casefile.stories.markers import mark_words, passages
from casefile.stories.models import StoryCitation
from casefile.stories.records import TEXT, UNCHECKED, VERIFIED, Claim, Support
from casefile.stories.rules import CLOSED, Rules
from casefile.stories.standing import Examination

if TYPE_CHECKING:
    from casefile.cases.access import OpenCase
    from casefile.stories.keeping import Held
    from casefile.stories.parts import Part
    from casefile.uow import UnitOfWork

MOST_SUPPORTS = 50
MOVED_ON = (
    "Somebody changed this claim while you were at it. Nothing of theirs was overwritten; what you "
    "wrote stands below. Look at the claim as it is now and send yours again."
)
DAMAGED = (
    "This claim cannot be read: its row was damaged. Write its statement anew, then say what it rests "
    "on and have it checked."
)
OWN_CLAIM = (
    "You wrote this claim, or the words marked with it, so somebody else has to check it. "
    "Ask the lead for a fact-checker on this case."
)
SAME_PERSON = (
    "Your account has the same name as somebody who wrote this claim, so somebody else has to check "
    "it. If you are two people, an administrator can tell the names apart."
)
CIRCLE = (
    "That claim rests on this one already, directly or by way of others: the two would prove each "
    "other. Name what stands outside of both."
)
NOT_IN_TEXT = (
    "These words do not stand in that draft outside of another claim. Copy them exactly, or leave "
    "the field empty and mark the words in the draft: [the words](c:)."
)


def _take(uow: UnitOfWork, case: OpenCase, permission: Permission, story_id: UUID) -> Held:
    held = keeping.take(uow, case, permission, story_id)
    if held.whole.state in CLOSED:
        raise ConflictError(service.CLOSED_STORY)
    return held


def _get(held: Held, claim_id: UUID, version: int) -> Part:
    part = held.whole.get("claim", claim_id)
    if part.version != version:
        raise ConflictError(MOVED_ON)
    return part


def _readable(part: Part) -> Claim:
    claim: Claim | None = part.record
    if claim is None:
        raise ConflictError(DAMAGED)
    return claim


def add(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    *,
    statement: str,
    category: str,
    language: str = "",
    words: str = "",
) -> UUID:
    """Add a claim; with `words`, mark them in the draft of `language`.

    Raises InvalidError when the words do not stand there.
    """
    held = _take(uow, case, Permission.STORY_EDIT, story_id)
    if len(held.whole.of("claim")) >= service.MOST_CLAIMS:
        raise InvalidError(service.TOO_MANY)
    held.wrote = True
    claim = Claim(statement, category, writers=(held.actor,))
    part = held.put("claim", claim)
    if words:
        text = held.whole.text(language)
        body = text and text.record and mark_words(text.record.body, words, part.number)
        if not text or not body:
            raise InvalidError(NOT_IN_TEXT)
        held.put(TEXT, replace(text.record, body=body), text)
        marked = {language: passages(body)[part.number]}
        held.put("claim", replace(claim, event="text_changed", passages=marked), part)
    held.record("claim.added", {"claim": part.number})
    return part.id


def edit(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    claim_id: UUID,
    *,
    statement: str,
    category: str,
    version: int,
) -> None:
    """Say a claim in other words or as another kind: it has to be checked again."""
    held = _take(uow, case, Permission.STORY_EDIT, story_id)
    part = _get(held, claim_id, version)
    old: Claim = part.record or Claim(statement, category, writers=tuple(held.whole.head.authors))
    if (old.statement, old.category) == (statement, category) and part.record:
        return
    held.wrote = True
    told = replace(
        old,
        event="changed",
        statement=statement,
        category=category,
        writers=service.with_writer(old, held.actor),
    )
    held.put("claim", service.opened_again(told, "statement_changed"), part)
    held.record("claim.edited", {"claim": part.number, "before": {"shows": old.statement}})


def add_support(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    claim_id: UUID,
    *,
    what: str,
    page: int | None,
    passage: str,
    version: int,
) -> None:
    """Let a claim rest on evidence, a note, a source or another claim of the story.

    Raises InvalidError when the case has no such thing, or when claims would prove each other.
    """
    held = _take(uow, case, Permission.STORY_EDIT, story_id)
    part = _get(held, claim_id, version)
    claim = _readable(part)
    kind, thing_id = supports.find(uow.session, case, held.whole, what)
    added = Support(kind, thing_id, page, passage)
    if added in claim.supports:
        msg = "This claim rests on exactly that already."
        raise InvalidError(msg)
    if len(claim.supports) >= MOST_SUPPORTS:
        msg = "A claim rests on at most 50 things. Take one away first."
        raise InvalidError(msg)
    if kind == supports.CLAIM:
        known = {one.key: one.record for one in held.whole.of("claim") if one.record}
        if strength.leads_back(thing_id, part.key, known):
            raise InvalidError(CIRCLE)
    _rest_on(held, part, (*claim.supports, added), "supported")


def remove_support(
    uow: UnitOfWork, case: OpenCase, story_id: UUID, claim_id: UUID, *, index: int, version: int
) -> None:
    """Take away one thing a claim rests on."""
    held = _take(uow, case, Permission.STORY_EDIT, story_id)
    part = _get(held, claim_id, version)
    kept = list(_readable(part).supports)
    if not 0 <= index < len(kept):
        raise ConflictError(MOVED_ON)
    del kept[index]
    _rest_on(held, part, tuple(kept), "unsupported")


def _rest_on(held: Held, part: Part, kept: tuple[Support, ...], event: str) -> None:
    claim: Claim = part.record
    told = replace(
        claim, event=event, supports=kept, writers=service.with_writer(claim, held.actor)
    )
    held.wrote = True
    held.put("claim", service.opened_again(told, "support_changed"), part)
    items = {UUID(one.id) for one in kept if one.kind == supports.EVIDENCE}
    session = held.uow.session
    session.execute(delete(StoryCitation).where(StoryCitation.part_id == part.id))
    if items:
        rows = [{"part_id": part.id, "item_id": item_id} for item_id in sorted(items)]
        session.execute(insert(StoryCitation), rows)
    held.record("claim.edited", {"claim": part.number})


def check(
    uow: UnitOfWork,
    case: OpenCase,
    story_id: UUID,
    claim_id: UUID,
    *,
    verdict: str,
    reasoning: str,
    version: int,
) -> None:
    """Give a verdict with its reasoning.

    Raises ForbiddenError for whoever wrote the claim or its words, InvalidError for `verified`
    without anything that still stands under it.
    """
    held = _take(uow, case, Permission.STORY_CHECK, story_id)
    part = _get(held, claim_id, version)
    claim = _readable(part)
    if held.actor in claim.writers:
        raise ForbiddenError(OWN_CLAIM)
    if authors.is_among(uow.session, UUID(held.actor), set(map(UUID, claim.writers))):
        raise ForbiddenError(SAME_PERSON)
    cards = supports.look_up(uow.session, case, held.whole.of("claim"))
    # What the newsroom asks beyond that is for the decision; a verdict is given whatever the rules.
    work = Examination(held.whole, cards, Rules())
    if verdict == VERIFIED:
        measured = work.claim(str(claim_id)).strength
        if measured.label in {strength.NONE, strength.ONLY_NOTES}:
            msg = (
                "Nothing that still stands is under this claim, so it cannot be verified. "
                "Add evidence or a source, or choose another verdict."
            )
            raise InvalidError(msg)
    told = replace(
        claim,
        event="checked" if verdict != UNCHECKED else "reopened",
        verdict=verdict,
        reasoning=reasoning,
        checker=held.actor,
        checked_at=uow.now.isoformat(),
        grounds=work.grounds(claim) if verdict == VERIFIED else {},
        reopened="reopened" if verdict == UNCHECKED else "",
    )
    held.put("claim", told, part)
    held.record("claim.checked", {"claim": part.number, "verdict": verdict})
    telling.mentioned(
        uow, case, held.whole, reasoning, f"verdict-{part.version}-", f"/claims/{part.id}"
    )
    if verdict != UNCHECKED:
        assignments.settle(uow, case, held.whole, "check", part)
