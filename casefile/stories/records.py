"""What is kept of a story: plain values that are sealed as they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

TEXT, CLAIM, REPLY, DECISION, PUBLICATION, IMPACT = KINDS = (
    "text",
    "claim",
    "reply",
    "decision",
    "publication",
    "impact",
)
UNCHECKED, VERIFIED, DISPUTED, DROPPED = VERDICTS = (
    "unchecked",
    "verified",
    "disputed",
    "dropped",
)
FACT, NUMBER, ALLEGATION, QUOTE = CATEGORIES = ("fact", "number", "allegation", "quote")
STATEMENT_LENGTH: Final = 1000
LANGUAGES: Final = {
    "ky": "Кыргызча",
    "ru": "Русский",
    "en": "English",
    "uz": "Oʻzbekcha",
    "kk": "Қазақша",
    "tg": "Тоҷикӣ",
    "tr": "Türkçe",
    "de": "Deutsch",
    "fr": "Français",
}


@dataclass(slots=True)
class Head:
    """The record of a story itself. `ledger` stands for all parts and their versions, `entry` for
    the newest entry of the trail about it: a part cut out, put in or set back does not fit them.
    """

    title: str
    state: str
    outlet: str = ""
    embargo: str = ""
    zone: str = ""
    authors: list[str] = field(default_factory=list)
    ledger: str = ""
    entry: int = 0
    cleared: str = ""
    claims: int = 0
    settled: int = 0
    languages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Text:
    """The draft in one language; its words are counted when it is saved."""

    language: str
    title: str
    body: str
    words: int = 0


@dataclass(frozen=True, slots=True)
class Support:
    """What a claim rests on: a thing of the case by its id, and the page and words in it."""

    kind: str
    id: str
    page: int | None = None
    passage: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that can be checked. `passages` are the words marked with it, by language;
    `lost` those that were marked and are gone; `grounds` what the verdict was given on.
    """

    statement: str
    category: str
    event: str = "written"
    passages: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    supports: tuple[Support, ...] = ()
    verdict: str = UNCHECKED
    reasoning: str = ""
    checker: str = ""
    checked_at: str = ""
    grounds: dict[str, str] = field(default_factory=dict)
    writers: tuple[str, ...] = ()
    reopened: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Somebody named in the story, what they were asked and what they said."""

    subject: str
    how: str = ""
    asked: str = ""
    sent_at: str = ""
    deadline: str = ""
    zone: str = ""
    answer: str = ""
    answered_at: str = ""
    used: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who moved a story on, why, exactly what it said at that time and under which rules."""

    action: str
    before: str
    after: str
    actor: str
    at: str
    content: str
    reason: str = ""
    day: str = ""
    contents: dict[str, str] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    partner: str = ""
    signature: str = ""
    rules: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a story came out, and the page as it was saved."""

    url: str
    outlet: str
    at: str
    zone: str
    language: str = ""
    page: str = ""
    page_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Impact:
    """What followed from a story."""

    kind: str
    day: str
    text: str
    url: str = ""


Record = Text | Claim | Reply | Decision | Publication | Impact
TYPES: Final[dict[str, type[Any]]] = dict(
    zip(KINDS, (Text, Claim, Reply, Decision, Publication, Impact), strict=True)
)


def read(kind: str, told: dict[str, Any]) -> Any:
    """Make a record of what was sealed."""
    if kind == CLAIM:
        told["supports"] = tuple(Support(*one) for one in told["supports"])
        told["writers"] = tuple(told["writers"])
    elif kind == DECISION:
        told["blocked"] = tuple(told["blocked"])
    return TYPES[kind](**told)


def written(record: Record) -> dict[str, Any]:
    """Return a record as it is sealed."""
    told = {name: getattr(record, name) for name in record.__slots__}
    if isinstance(record, Claim):
        told["supports"] = [[one.kind, one.id, one.page, one.passage] for one in record.supports]
    return told
