"""Where a story stands: the verdicts that still hold, how strong each claim is, what blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from casefile.stories import strength
from casefile.stories.content import contents, digest, texts_only
from casefile.stories.markers import numbers
from casefile.stories.records import (
    ALLEGATION,
    DISPUTED,
    DROPPED,
    UNCHECKED,
    VERIFIED,
    Claim,
    Reply,
)
from casefile.stories.supports import CLAIM, GONE, WITHDRAWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casefile.stories.parts import Part, Whole
    from casefile.stories.rules import Rules
    from casefile.stories.strength import Strength
    from casefile.stories.supports import Cards

BLOCK, WARN = "block", "warn"
# Two editors can vouch for much, not for what cannot be read.
NEVER_OVERRIDDEN = frozenset({"rules", "damaged", "tampered", "no_text", "unknown_marker"})


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that keeps a story back, or that whoever decides must know."""

    what: str
    level: str = BLOCK
    number: int = 0
    detail: str = ""
    part_id: str = ""

    @property
    def key(self) -> str:
        return f"{self.what}:{self.number}:{self.detail}"

    @property
    def can_be_overridden(self) -> bool:
        return self.what not in NEVER_OVERRIDDEN


@dataclass(frozen=True, slots=True)
class ClaimStanding:
    """A claim as it stands now: a verdict holds while what it was given on is the same."""

    verdict: str
    reopened: tuple[tuple[str, str], ...]
    strength: Strength
    shortfalls: tuple[str, ...]


@dataclass(slots=True)
class Standing:
    """Everything computed about a story at one moment."""

    claims: dict[str, ClaimStanding]
    blockers: list[Blocker]
    contents: dict[str, str]
    content: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def blocking(self) -> list[Blocker]:
        return [one for one in self.blockers if one.level == BLOCK]


NOTHING = strength.Strength()


class Examination:
    """Works out verdicts from the ground up: a claim may rest on others."""

    def __init__(self, whole: Whole, cards: Cards, rules: Rules) -> None:
        self.whole, self.cards, self.rules = whole, cards, rules
        self.parts = {part.key: part for part in whole.of("claim")}
        self.records: dict[str, Claim] = {
            key: part.record for key, part in self.parts.items() if part.record
        }
        self._verdicts: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {}

    def verdict(self, claim_id: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return the verdict that holds, and why one that was given does not any more."""
        if claim_id not in self._verdicts:
            below = self._from_the_ground(claim_id)
            self._verdicts.update(dict.fromkeys(below, (UNCHECKED, ())))  # a circle proves nothing
            for one in below:
                self._verdicts[one] = self._verdict(one)
        return self._verdicts[claim_id]

    def _from_the_ground(self, claim_id: str) -> list[str]:
        """Return a claim and what it rests on by way of others, the lowest first: no chain is too long."""
        found: dict[str, None] = {}
        seen, waiting = set(self._verdicts), [claim_id]
        while waiting:
            here = waiting[-1]
            left = [] if here in seen else [one for one in self._below(here) if one not in seen]
            seen.add(here)
            if left:
                waiting += left
            else:
                found[waiting.pop()] = None
        return list(found)

    def _below(self, claim_id: str) -> list[str]:
        claim = self.records.get(claim_id)
        return [one.id for one in claim.supports if one.kind == CLAIM] if claim else []

    def _verdict(self, claim_id: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        claim = self.records.get(claim_id)
        if claim is None:
            return UNCHECKED, ()
        if claim.verdict != VERIFIED:
            reasons = ((claim.reopened, ""),) if claim.reopened else ()
            return claim.verdict, reasons
        now = self.grounds(claim)
        moved = tuple(
            self._why(name) for name in sorted(now) if claim.grounds.get(name) != now[name]
        )
        return (UNCHECKED, moved) if moved else (VERIFIED, ())

    def grounds(self, claim: Claim) -> dict[str, str]:
        """Return what a verdict on this claim is given on, as it is now."""
        found = {}
        for one in claim.supports:
            if one.kind == CLAIM:
                found[f"{CLAIM}:{one.id}"] = self.verdict(one.id)[0]
            else:
                found[f"{one.kind}:{one.id}"] = self.cards.get(one.kind, one.id).ground
        return found

    def _why(self, ground: str) -> tuple[str, str]:
        kind, _colon, thing_id = ground.partition(":")
        if kind == CLAIM:
            part = self.parts.get(thing_id)
            return "claim_open", f"C-{part.number}" if part else ""
        card = self.cards.get(kind, thing_id)
        return {WITHDRAWN: "withdrawn", GONE: "gone"}.get(card.state, "changed"), card.code

    def stands(self, claim_id: str) -> bool:
        return self.verdict(claim_id)[0] == VERIFIED

    def claim(self, claim_id: str) -> ClaimStanding:
        verdict, reopened = self.verdict(claim_id)
        record = self.records.get(claim_id)
        if record is None or not record.supports:
            return ClaimStanding(verdict, reopened, NOTHING, ("no_support",) if record else ())
        measured = strength.measure(claim_id, self.records, self.cards, self.stands)
        short = tuple(strength.shortfalls(record, measured, self.rules))
        return ClaimStanding(verdict, reopened, measured, short)


def reply_state(reply: Reply, now: datetime) -> str:
    """Return to_send, waiting, overdue, answered or settled."""
    if not reply.sent_at:
        return "to_send"
    over = bool(reply.deadline) and datetime.fromisoformat(reply.deadline) <= now
    if reply.answer or over:
        if reply.used:
            return "settled"
        return "answered" if reply.answer else "overdue"
    return "waiting"


def examine(whole: Whole, cards: Cards, rules: Rules, now: datetime) -> Standing:
    """Work out where a story stands now."""
    work = Examination(whole, cards, rules)
    claims = {claim_id: work.claim(claim_id) for claim_id in work.parts}
    found = contents(whole, cards)
    blockers = [
        *_of_story(whole),
        *_of_claims(whole, work, claims),
        *_of_replies(whole, rules, now),
    ]
    if not rules.proven:
        blockers.insert(0, Blocker("rules"))
    if rules.legal == "required" and whole.head.cleared != texts_only(found):
        blockers.append(Blocker("not_cleared", detail="changed" if whole.head.cleared else ""))
    counts = {"unchecked": 0, "verified": 0, "disputed": 0, "dropped": 0}
    for one in claims.values():
        counts[one.verdict] += 1
    return Standing(claims, blockers, found, digest(found), counts)


def _of_story(whole: Whole) -> Iterable[Blocker]:
    if not whole.sound:
        yield Blocker("tampered")
    for part in whole.damaged:
        yield Blocker("damaged", number=part.number, detail=part.kind, part_id=part.key)
    texts = [part.record for part in whole.of("text") if part.record]
    if not any(text.body.strip() for text in texts):
        yield Blocker("no_text")
    known = {part.number for part in whole.of("claim")}
    if texts and not known:
        yield Blocker("no_claims")
    for text in texts:
        for number in sorted(numbers(text.body) - known):
            yield Blocker("unknown_marker", number=number, detail=text.language)


def _of_claims(
    whole: Whole, work: Examination, claims: dict[str, ClaimStanding]
) -> Iterable[Blocker]:
    for part in whole.of("claim"):
        claim: Claim | None = part.record
        if claim is None:
            continue
        stands, number, key = claims[part.key], part.number, part.key
        if stands.verdict == DROPPED:
            if claim.passages:
                yield Blocker(
                    "dropped_in_text", BLOCK, number, " ".join(sorted(claim.passages)), key
                )
            continue
        if stands.reopened and stands.verdict == UNCHECKED:
            yield Blocker("reopened", BLOCK, number, stands.reopened[0][0], key)
        elif stands.verdict in {UNCHECKED, DISPUTED}:
            yield Blocker(stands.verdict, BLOCK, number, "", key)
        for rule in stands.shortfalls:
            level = work.rules.confidential if rule == "confidential" else BLOCK
            yield Blocker(rule, level, number, "", key)
        if not claim.passages:
            yield Blocker("lost" if claim.lost else "unmarked", BLOCK, number, "", key)
        elif claim.lost:
            yield Blocker("lost_in", WARN, number, " ".join(sorted(claim.lost)), key)


def _of_replies(whole: Whole, rules: Rules, now: datetime) -> Iterable[Blocker]:
    replies: list[Part] = [part for part in whole.of("reply") if part.record]
    accused = any(
        part.record.category == ALLEGATION and part.record.verdict != DROPPED
        for part in whole.of("claim")
        if part.record
    )
    if accused and not replies:
        yield Blocker("nobody_asked", rules.reply)
    for part in replies:
        state = reply_state(part.record, now)
        if state != "settled":
            yield Blocker(f"reply_{state}", rules.reply, part.number, part_id=part.key)
