"""A story as a whole: opened, checked against its own record, taken for a change and sealed again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from casefile import audit, keys
from casefile.cases import service as cases
from casefile.errors import DamagedError, NotFoundError
from casefile.stories import records, signing, statements
from casefile.stories.content import contents, digest
from casefile.stories.models import Story, StoryPart, StoryPartVersion
from casefile.stories.records import DECISION, Decision, Head
from casefile.stories.rules import APPROVED, FACT_CHECK, STEPS, VOID
from casefile.stories.supports import look_up

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.policy import Permission
    from casefile.uow import UnitOfWork

DAMAGED = "[damaged story]"
NO_STORY = "There is no such story in this case."
NO_PART = "There is no such thing in this story."
TAMPERED = (
    "The parts of this story were changed outside Casefile, so nothing is added to it and nothing is "
    "decided. What can be read stays readable. Tell the lead of the case and the administrator."
)
CHANGES = frozenset(
    {
        "story.added",
        "story.described",
        "story.written",
        "story.voided",
        "claim.added",
        "claim.edited",
        "claim.checked",
        "reply.added",
        "reply.edited",
        "publication.added",
        "impact.added",
        *(f"story.{step.done}" for step in STEPS.values()),
    }
)


@dataclass(slots=True)
class Part:
    """One part of a story, its newest version opened; `record` is None when it is damaged."""

    id: UUID
    story_id: UUID
    kind: str
    number: int
    version: int
    author_id: UUID
    at: datetime
    record: Any
    change_number: int = 0


@dataclass(slots=True)
class Whole:
    """A story with all its parts. `sound` is false when they do not fit its record."""

    id: UUID
    case_id: UUID
    number: int
    state: str
    version: int
    created_by_id: UUID
    created_at: datetime
    changed_at: datetime
    head: Head
    sound: bool
    parts: dict[str, list[Part]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Part]:
        return self.parts.setdefault(kind, [])

    def get(self, kind: str, part_id: UUID) -> Part:
        for part in self.of(kind):
            if part.id == part_id:
                return part
        raise NotFoundError(NO_PART)

    def numbered(self, kind: str, number: int) -> Part | None:
        return next((part for part in self.of(kind) if part.number == number), None)

    def text(self, language: str) -> Part | None:
        return next(
            (p for p in self.of("text") if p.record and p.record.language == language), None
        )

    def decision(self, *actions: str) -> Part | None:
        """Return the newest decision of one of these kinds."""
        found = [p for p in self.of(DECISION) if p.record and p.record.action in actions]
        return found[-1] if found else None

    @property
    def damaged(self) -> list[Part]:
        return [part for parts in self.parts.values() for part in parts if part.record is None]


def seal_head(case: OpenCase, story_id: UUID, version: int, head: Head) -> bytes:
    plain = json.dumps({name: getattr(head, name) for name in Head.__slots__}, ensure_ascii=False)
    return case.newest.seal(plain.encode(), "story", story_id, "record", version)


def open_head(case: OpenCase, row: Any) -> Head:
    """Open the record of a story; a damaged one is shown as such."""
    try:
        opened = case.key(row.generation).open(row.record, "story", row.id, "record", row.version)
        return Head(**json.loads(opened))
    except DamagedError:
        return Head(DAMAGED, row.state)


def _place(kind: str, story_id: UUID) -> str:
    return f"{kind} of {story_id.hex}"


def open_part(case: OpenCase, row: Any) -> Part:
    """Open one version of a part."""
    try:
        plain = case.key(row.generation).open(
            row.record, "story_part_version", row.id, _place(row.kind, row.story_id), row.version
        )
        record = records.read(row.kind, json.loads(plain))
    except DamagedError:
        record = None
    return Part(
        row.id,
        row.story_id,
        row.kind,
        row.number,
        row.version,
        row.author_id,
        row.at,
        record,
        row.change_number,
    )


def ledger(parts: Iterable[Part]) -> str:
    """Stand for these parts and versions and no others."""
    each = sorted(keys.packed(part.id, part.version) for part in parts)
    return keys.digest(b"".join(each)).hex()


def load(session: Session, case: OpenCase, story_id: UUID) -> Whole:
    """Return a story of this case with all its parts; NotFoundError when there is none."""
    asked = {"case_id": case.id, "story_id": story_id}
    row = session.execute(statements.ONE, asked).first()
    if row is None:
        raise NotFoundError(NO_STORY)
    head = open_head(case, row)
    whole = Whole(
        row.id,
        row.case_id,
        row.number,
        row.state,
        row.version,
        row.created_by_id,
        row.created_at,
        row.changed_at,
        head,
        sound=True,
    )
    for found in session.execute(statements.PARTS, asked):
        whole.of(found.kind).append(open_part(case, found))
    every = [part for parts in whole.parts.values() for part in parts]
    whole.sound = head.title != DAMAGED and head.state == row.state
    whole.sound = whole.sound and ledger(every) == head.ledger
    return whole


def fits_trail(session: Session, whole: Whole) -> bool:
    """Say whether the newest entry of the trail about a story is the one its record names.

    A story set back as a whole, record and parts, does not fit the trail any more.
    """
    asked = {"story_id": whole.id, "actions": list(CHANGES)}
    return session.scalar(statements.NEWEST_ENTRY, asked) == whole.head.entry


class Held:
    """A story taken for one change. What is put in is kept when the change is recorded, with one entry."""

    def __init__(self, uow: UnitOfWork, case: OpenCase, whole: Whole, change: int) -> None:
        self.uow, self.case, self.whole, self.change = uow, case, whole, change
        self.wrote = False

    @property
    def actor(self) -> str:
        return str(self.uow.actor_id)

    def put(self, kind: str, record: records.Record, part: Part | None = None) -> Part:
        """Keep a new part, or the next version of one."""
        parts = self.whole.of(kind)
        if part is None:
            number = max((one.number for one in parts), default=0) + 1
            part = Part(uuid4(), self.whole.id, kind, number, 0, UUID(int=0), self.uow.now, None)
            parts.append(part)
            self.uow.session.execute(
                insert(StoryPart),
                {
                    "id": part.id,
                    "case_id": self.case.id,
                    "story_id": self.whole.id,
                    "kind": kind,
                    "number": number,
                    "version": 1,
                    "change_number": self.change,
                },
            )
        part.version, part.record, part.at = part.version + 1, record, self.uow.now
        part.author_id = self.uow.actor_id or UUID(int=0)
        self._write(part)
        return part

    def _write(self, part: Part) -> None:
        plain = json.dumps(records.written(part.record), ensure_ascii=False).encode()
        place = _place(part.kind, self.whole.id)
        self.uow.session.execute(
            insert(StoryPartVersion),
            {
                "part_id": part.id,
                "version": part.version,
                "author_id": part.author_id,
                "at": self.uow.now,
                "generation": self.case.generation,
                "record": self.case.newest.seal(
                    plain, "story_part_version", part.id, place, part.version
                ),
            },
        )
        if part.version > 1:
            self.uow.session.execute(
                update(StoryPart)
                .where(StoryPart.id == part.id)
                .values(version=part.version, change_number=self.change)
            )

    def decide(self, **told: Any) -> Part:
        """Keep a decision, signed by whoever makes it."""
        number = len(self.whole.of(DECISION)) + 1
        decision = Decision(
            actor=self.actor, at=self.uow.now.isoformat(), before=self.whole.state, **told
        )
        made = self.put(
            DECISION, signing.sign(self.uow, self.case.id, self.whole.id, number, decision)
        )
        self.whole.state = decision.after
        return made

    def record(self, action: str, detail: dict[str, Any] | None = None, **head: Any) -> None:
        """Seal the story's record over what it is now and leave the entry."""
        whole = self.whole
        whole.head = replace(whole.head, **head)
        entry = audit.record(
            self.uow,
            action,
            subject_id=whole.id,
            case=self.case,
            detail={"label": whole.head.title, **(detail or {})},
        )
        if whole.state == APPROVED and action != "story.approved":
            entry = self._void() or entry
        if self.wrote and self.actor not in whole.head.authors:
            whole.head.authors = [*whole.head.authors, self.actor]
        self._seal(entry)

    def _void(self) -> int | None:
        """Take back an approval that is not of this story any more, and say what changed."""
        approval = self.whole.decision("approve")
        cards = look_up(self.uow.session, self.case, self.whole.of("claim"))
        now = contents(self.whole, cards)
        if approval is not None and digest(now) == approval.record.content:
            return None
        before = approval.record.contents if approval else {}
        changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
        self.decide(
            action=VOID,
            after=FACT_CHECK,
            content=digest(now),
            blocked=tuple(changed),
        )
        return audit.record(self.uow, "story.voided", subject_id=self.whole.id, case=self.case)

    def _seal(self, entry: int) -> None:
        whole = self.whole
        whole.version += 1
        claims = [part.record for part in whole.of("claim") if part.record]
        whole.head = replace(
            whole.head,
            state=whole.state,
            entry=entry,
            ledger=ledger(part for parts in whole.parts.values() for part in parts),
            claims=len(claims),
            settled=sum(one.verdict in {"verified", "dropped"} for one in claims),
            languages=[part.record.language for part in whole.of("text") if part.record],
        )
        self.uow.session.execute(
            update(Story)
            .where(Story.id == whole.id)
            .values(
                state=whole.state,
                changed_at=self.uow.now,
                version=whole.version,
                change_number=self.change,
                generation=self.case.generation,
                record=seal_head(self.case, whole.id, whole.version, whole.head),
            )
        )


def take(uow: UnitOfWork, case: OpenCase, permission: Permission, story_id: UUID) -> Held:
    """Take a story for a change; DamagedError when it was changed outside of the program."""
    change = cases.hold(uow, case, permission)
    whole = load(uow.session, case, story_id)
    if not whole.sound or not fits_trail(uow.session, whole):
        raise DamagedError(TAMPERED)
    return Held(uow, case, whole, change)


def history(session: Session, case: OpenCase, story_id: UUID, part_id: UUID) -> list[Part]:
    """Return every version of a part, newest first."""
    asked = {"case_id": case.id, "story_id": story_id, "part_id": part_id}
    found = [open_part(case, row) for row in session.execute(statements.HISTORY, asked)]
    if not found:
        raise NotFoundError(NO_PART)
    return found
