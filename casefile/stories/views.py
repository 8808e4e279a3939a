"""A whole story as plain values: what pages, exports and the desk are made of.

`get` is the way in for everything that is not part of stories: it returns texts, claims with their
supports and verdicts, replies, decisions, publications and what blocks, opened and computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from casefile.accounts import service as accounts
from casefile.stories import decisions, keeping, moments, records, service
from casefile.stories.rules import APPROVED, OUT, WAY
from casefile.stories.standing import Blocker, examine, reply_state
from casefile.stories.supports import CLAIM, EVIDENCE, LIVE, look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Part, Whole
    from casefile.stories.rules import Rules
    from casefile.stories.service import TextView
    from casefile.stories.standing import ClaimStanding, Standing
    from casefile.stories.strength import Strength
    from casefile.stories.supports import Cards

DAMAGED = "[damaged claim]"


@dataclass(frozen=True, slots=True)
class SupportView:
    """One thing a claim rests on."""

    kind: str
    code: str
    label: str
    url: str
    state: str
    reason: str
    page: int | None
    passage: str
    confidential: bool
    thing_id: str


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim as it stands. `verdict` is the one that holds, `given` the one somebody gave."""

    id: UUID
    number: int
    version: int
    statement: str
    category: str
    passages: Mapping[str, str]
    lost: Mapping[str, str]
    supports: Sequence[SupportView]
    verdict: str
    given: str
    reasoning: str
    checker_name: str
    checked_at: datetime | None
    reopened: Sequence[tuple[str, str]]
    strength: Strength
    shortfalls: Sequence[str]
    writer_ids: Sequence[UUID]
    writer_names: Sequence[str]
    url: str

    @property
    def code(self) -> str:
        return f"C-{self.number}"


@dataclass(frozen=True, slots=True)
class ReplyView:
    """Somebody's right of reply and where it stands."""

    id: UUID
    number: int
    version: int
    subject: str
    how: str
    asked: str
    sent_at: datetime | None
    deadline: datetime | None
    zone: str
    answer: str
    answered_at: datetime | None
    used: str
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class PublicationView:
    """Where a story came out; `page_id` is the evidence that holds the saved page."""

    url: str
    outlet: str
    at: datetime
    language: str
    page_id: str
    page_sha256: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A step somebody took."""

    number: int
    action: str
    before: str
    after: str
    actor_name: str
    partner_name: str
    at: datetime
    reason: str
    day: str
    content: str
    blocked: Sequence[str]
    rules: Mapping[str, Any]


@dataclass(slots=True)
class StoryView:
    """A story with everything that belongs to it, computed at one moment."""

    id: UUID
    case_id: UUID
    number: int
    title: str
    state: str
    version: int
    outlet: str
    embargo: datetime | None
    zone: str
    author_name: str
    author_names: Sequence[str]
    created_at: datetime
    changed_at: datetime
    texts: Sequence[TextView]
    claims: Sequence[ClaimView]
    replies: Sequence[ReplyView]
    decisions: Sequence[DecisionView]
    publications: Sequence[PublicationView]
    impacts: Sequence[records.Impact]
    blockers: Sequence[Blocker]
    counts: Mapping[str, int]
    verdicts: Mapping[int, str]
    content: str
    sound: bool
    approval_holds: bool
    changed: Sequence[str]
    override: DecisionView | None
    url: str
    rules: Rules

    @property
    def decided_under(self) -> Mapping[str, Any]:
        """The rules that the newest approval or correction was given under."""
        made = [one for one in self.decisions if one.action in {"approve", "correct"}]
        return made[-1].rules if made and (self.state == APPROVED or self.state in OUT) else {}

    @property
    def rules_since(self) -> list[str]:
        """Name the rules that are others now than when it was approved or corrected."""
        before, now = self.decided_under, self.rules.told()
        return [name for name in now if before and before.get(name) != now[name]]

    @property
    def code(self) -> str:
        return f"S-{self.number}"

    @property
    def blocking(self) -> list[Blocker]:
        return [one for one in self.blockers if one.level == "block"]

    @property
    def warnings(self) -> list[Blocker]:
        return [one for one in self.blockers if one.level != "block"]

    @property
    def way(self) -> list[tuple[str, bool]]:
        """The states on the way to publication, and whether each lies behind."""
        here = "published" if self.state in OUT else self.state
        place = WAY.index(here) if here in WAY else -1
        return [(state, number <= place) for number, state in enumerate(WAY)]

    def text(self, language: str) -> TextView | None:
        return next((text for text in self.texts if text.language == language), None)


def get(
    session: Session,
    case: OpenCase,
    story_id: UUID,
    *,
    rules: Rules,
    now: datetime,
    anchor: bytes,
    choose: Callable[[Whole], Container[int]] | None = None,
) -> StoryView:
    """Return a story of this case; `choose` says which claims are wanted for showing.

    Raises NotFoundError when the case has no such story.
    """
    whole = keeping.load(session, case, story_id, choose)
    whole.sound = whole.sound and keeping.fits_trail(session, whole)
    cards = look_up(session, case, whole.of("claim"))
    standing = examine(whole, cards, rules, now)
    claims, only = whole.of("claim"), choose(whole) if choose else None
    people = _people(session, whole, [p for p in claims if only is None or p.number in only])
    made = _decisions(whole, people)
    approved = whole.state == APPROVED
    holds = approved and decisions.approval_holds(session, anchor, whole, standing.content)
    waiting = decisions.standing_override(whole, standing.content)
    return StoryView(
        id=whole.id,
        case_id=case.id,
        number=whole.number,
        title=whole.head.title,
        state=whole.state,
        version=whole.version,
        outlet=whole.head.outlet,
        embargo=moments.read(whole.head.embargo),
        zone=whole.head.zone,
        author_name=people.get(whole.created_by_id, ""),
        author_names=sorted(people.get(UUID(one), "") for one in whole.head.authors),
        created_at=whole.created_at,
        changed_at=whole.changed_at,
        texts=service.texts(session, whole),
        claims=[
            claim_view(case, whole, part, standing, cards, people)
            for part in claims
            if only is None or part.number in only
        ],
        replies=[_reply(case, whole, part, now) for part in whole.of("reply")],
        decisions=made,
        publications=[_publication(part.record) for part in whole.of("publication") if part.record],
        impacts=[part.record for part in whole.of("impact") if part.record],
        blockers=standing.blockers,
        counts=standing.counts,
        verdicts={part.number: standing.claims[part.key].verdict for part in claims},
        content=standing.content,
        sound=whole.sound,
        approval_holds=holds,
        changed=decisions.changed_since(whole, standing) if approved or whole.state in OUT else [],
        override=made[-1] if waiting is not None else None,
        url=url(case, whole.id),
        rules=rules,
    )


def url(case: OpenCase, story_id: UUID) -> str:
    return f"/cases/{case.id}/stories/{story_id}"


def _people(session: Session, whole: Whole, claims: Sequence[Part]) -> Mapping[UUID, str]:
    wanted = {whole.created_by_id, *(UUID(one) for one in whole.head.authors)}
    wanted |= {part.author_id for part in whole.of("text")}
    for part in claims:
        if part.record:
            wanted |= {UUID(one) for one in (*part.record.writers, part.record.checker) if one}
    for part in whole.of("decision"):
        if part.record:
            wanted |= {UUID(one) for one in (part.record.actor, part.record.partner) if one}
    return accounts.names(session, wanted)


def claim_view(
    case: OpenCase,
    whole: Whole,
    part: Part,
    standing: Standing,
    cards: Cards,
    people: Mapping[UUID, str],
) -> ClaimView:
    """Return a claim with what it rests on."""
    record = part.record or records.Claim(DAMAGED, records.FACT)
    stands: ClaimStanding = standing.claims[part.key]
    writers = [UUID(one) for one in record.writers]
    return ClaimView(
        id=part.id,
        number=part.number,
        version=part.version,
        statement=record.statement,
        category=record.category,
        passages=record.passages,
        lost=record.lost,
        supports=[_support(case, whole, one, cards) for one in record.supports],
        verdict=stands.verdict,
        given=record.verdict,
        reasoning=record.reasoning,
        checker_name=people.get(UUID(record.checker), "") if record.checker else "",
        checked_at=moments.read(record.checked_at),
        reopened=stands.reopened,
        strength=stands.strength,
        shortfalls=stands.shortfalls,
        writer_ids=writers,
        writer_names=[people.get(one, "") for one in writers],
        url=f"{url(case, whole.id)}/claims/{part.id}",
    )


def _support(case: OpenCase, whole: Whole, one: records.Support, cards: Cards) -> SupportView:
    if one.kind == CLAIM:
        other = next((part for part in whole.of("claim") if part.key == one.id), None)
        code = f"C-{other.number}" if other else ""
        label = other.record.statement if other and other.record else DAMAGED
        where = f"{url(case, whole.id)}/claims/{one.id}"
        return SupportView(
            one.kind, code, label, where, LIVE, "", None, "", confidential=False, thing_id=one.id
        )
    card = cards.get(one.kind, one.id)
    where = card.url
    if one.kind == EVIDENCE and card.url and one.page:
        where = f"{card.url}?page={one.page}"
    return SupportView(
        one.kind,
        card.code,
        card.label,
        where,
        card.state,
        card.reason,
        one.page,
        one.passage,
        confidential=card.confidential,
        thing_id=one.id,
    )


def _reply(case: OpenCase, whole: Whole, part: Part, now: datetime) -> ReplyView:
    told = part.record or records.Reply("[damaged request]")
    return ReplyView(
        id=part.id,
        number=part.number,
        version=part.version,
        subject=told.subject,
        how=told.how,
        asked=told.asked,
        sent_at=moments.read(told.sent_at),
        deadline=moments.read(told.deadline),
        zone=told.zone,
        answer=told.answer,
        answered_at=moments.read(told.answered_at),
        used=told.used,
        state=reply_state(told, now),
        url=f"{url(case, whole.id)}/replies/{part.id}/edit",
    )


def _publication(told: records.Publication) -> PublicationView:
    at = datetime.fromisoformat(told.at)
    return PublicationView(told.url, told.outlet, at, told.language, told.page, told.page_sha256)


def _decisions(whole: Whole, people: Mapping[UUID, str]) -> list[DecisionView]:
    found = []
    for part in whole.of("decision"):
        told = part.record
        if told is None:
            continue
        found.append(
            DecisionView(
                part.number,
                told.action,
                told.before,
                told.after,
                people.get(UUID(told.actor), ""),
                people.get(UUID(told.partner), "") if told.partner else "",
                datetime.fromisoformat(told.at),
                told.reason,
                told.day,
                told.content,
                told.blocked,
                told.rules,
            )
        )
    return found
