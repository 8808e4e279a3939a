"""The sample newsroom as plain values: who is in it, what they work on, which files they hold.

Times are ages ("12 days and 3 hours ago"), so the sample looks alive on whatever day it is made.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any, BinaryIO, cast

_HERE = files("casefile.demo")
_CASES = (
    "school-lunches",
    "river-gravel",
    "reservoir-land",
    "hospital-oxygen",
    "market-fire",
)


@dataclass(frozen=True, slots=True)
class Person:
    key: str
    username: str
    name: str
    roles: tuple[str, ...]
    password: str


@dataclass(frozen=True, slots=True)
class Seat:
    role: str
    ends_in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A later version of a note: the whole body as somebody saved it."""

    author: str
    body: str
    days_ago: int
    hours: int = 0

    @property
    def age(self) -> timedelta:
        return timedelta(days=self.days_ago, hours=self.hours)


@dataclass(frozen=True, slots=True)
class Note:
    author: str
    title: str
    body: str
    tags: tuple[str, ...]
    days_ago: int
    hours: int = 0
    edits: tuple[Edit, ...] = ()

    @property
    def age(self) -> timedelta:
        return timedelta(days=self.days_ago, hours=self.hours)


@dataclass(frozen=True, slots=True)
class Findable:
    """A word that stands in this file's text and nowhere else in the sample."""

    word: str
    language: str


@dataclass(frozen=True, slots=True)
class Evidence:
    file: str
    added_by: str
    shows: str
    obtained_at: date
    obtained_from: str
    obtained_how: str
    tags: tuple[str, ...]
    days_ago: int
    hours: int = 0
    findable: tuple[Findable, ...] = ()

    @property
    def age(self) -> timedelta:
        return timedelta(days=self.days_ago, hours=self.hours)


@dataclass(frozen=True, slots=True)
class Promise:
    kind: str
    text: str
    days_ago: int
    until_in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    days_ago: int
    how: str
    where: str
    summary: str


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody invented. Whoever comes first among the handlers adds them; evidence by number."""

    handlers: tuple[str, ...]
    protection: str
    name: str
    contacts: str
    circumstances: str
    days_ago: int
    hours: int = 0
    reliability: str = ""
    motive: str = ""
    quotable: str = ""
    promises: tuple[Promise, ...] = ()
    met: tuple[Contact, ...] = ()
    evidence: tuple[int, ...] = ()

    @property
    def age(self) -> timedelta:
        return timedelta(days=self.days_ago, hours=self.hours)


@dataclass(frozen=True, slots=True)
class Investigation:
    """Its evidence is numbered from 1 in this order; notes cite it as ``[E-1]``."""

    key: str
    title: str
    summary: str
    status: str
    opened_days_ago: int
    seats: Mapping[str, Seat]
    notes: tuple[Note, ...]
    evidence: tuple[Evidence, ...]
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Newsroom:
    people: tuple[Person, ...]
    investigations: tuple[Investigation, ...]


def load(today: date | None = None) -> Newsroom:
    """The whole sample; ``today`` is the day its dates count back from."""
    day = today or datetime.now(UTC).date()
    people = _read("people.toml")
    return Newsroom(
        people=tuple(_person(key, entry) for key, entry in people.items()),
        investigations=tuple(
            _investigation(key, _read(f"cases/{key}.toml"), day) for key in _CASES
        ),
    )


def file_names() -> frozenset[str]:
    return frozenset(entry.name for entry in (_HERE / "files").iterdir())


def open_file(name: str) -> BinaryIO:
    return cast("BinaryIO", (_HERE / "files" / name).open("rb"))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / "content" / name).read_text(encoding="utf-8"))


def _person(key: str, entry: dict[str, Any]) -> Person:
    return Person(
        key=key,
        username=entry.pop("username", key),
        roles=tuple(entry.pop("roles")),
        **entry,
    )


def _investigation(key: str, entry: dict[str, Any], today: date) -> Investigation:
    return Investigation(
        key=key,
        seats={person: Seat(**seat) for person, seat in entry.pop("seats").items()},
        notes=tuple(_note(note) for note in _oldest_first(entry.pop("notes"))),
        evidence=tuple(_evidence(item, today) for item in entry.pop("evidence")),
        sources=tuple(_source(source) for source in entry.pop("sources", ())),
        **entry,
    )


def _oldest_first(notes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(notes, key=lambda note: (-note["days_ago"], -note.get("hours", 0)))


def _note(entry: dict[str, Any]) -> Note:
    return Note(
        body=_body(entry),
        tags=tuple(entry.pop("tags")),
        edits=tuple(Edit(body=_body(edit), **edit) for edit in entry.pop("edits", ())),
        **entry,
    )


def _body(entry: dict[str, Any]) -> str:
    body: str = entry.pop("body")
    return body.strip()


def _evidence(entry: dict[str, Any], today: date) -> Evidence:
    return Evidence(
        obtained_at=today - timedelta(days=entry.pop("obtained_days_ago")),
        tags=tuple(entry.pop("tags")),
        findable=tuple(Findable(**word) for word in entry.pop("findable", ())),
        **entry,
    )


def _source(entry: dict[str, Any]) -> Source:
    return Source(
        handlers=tuple(entry.pop("handlers")),
        promises=tuple(Promise(**told) for told in entry.pop("promises", ())),
        met=tuple(Contact(**told) for told in entry.pop("met", ())),
        evidence=tuple(entry.pop("evidence", ())),
        **entry,
    )
