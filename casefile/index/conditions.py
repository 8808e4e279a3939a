"""What is asked of the record instead of its words: kind, author, case, tag, language, dates."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from casefile.index.analysis import analyze, fold, query_forms
from casefile.index.tree import And, Field, Not, Or

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo
    from uuid import UUID

    from casefile.index.tree import Node

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of a statement and the values bound in it."""

    text: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetRow:
    """What documents share; a shard stores each combination once."""

    kind: str
    author_id: UUID
    author: str
    language: str


@dataclass(frozen=True, slots=True)
class Records:
    """What a shard knows of its records without looking at one."""

    case_id: UUID
    codename: str
    facets: Mapping[int, FacetRow]


def microseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def tag_key(tag: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", tag).casefold().lstrip("#").split())


def about_record(node: Node) -> bool:
    """Whether a branch asks nothing of the words."""
    match node:
        case And(children) | Or(children):
            return all(map(about_record, children))
        case Not(child):
            return about_record(child)
    return isinstance(node, Field)


def case_allows(node: Node, case_id: UUID, codename: str) -> bool:
    """False if the case alone decides that nothing in it can be meant."""
    match node:
        case And(children):
            return all(case_allows(child, case_id, codename) for child in children)
        case Or(children):
            return any(case_allows(child, case_id, codename) for child in children)
        case Not(Field("case_id" | "case") as field):
            return not case_allows(field, case_id, codename)
        case Field("case_id", wanted):
            return wanted == case_id
        case Field("case", str() as asked):
            return _plain(asked) == _plain(codename)
    return True


def condition(node: Node, records: Records, zone: tzinfo) -> Sql | bool:
    """What must hold of a row of `page`; True or False where the shard already knows."""
    match node:
        case Not(child):
            part = condition(child, records, zone)
            return not part if isinstance(part, bool) else Sql(f"NOT ({part.text})", part.values)
        case And(children):
            return _joined([condition(child, records, zone) for child in children], "AND")
        case Or(children):
            return _joined([condition(child, records, zone) for child in children], "OR")
        case Field("after" | "before" as name, date() as day):
            start = microseconds(datetime.combine(day, time(), zone))
            return Sql("created >= ?" if name == "after" else "created < ?", (start,))
        case Field("tag", str() as tag):
            return Sql("document IN (SELECT document FROM tag WHERE tag = ?)", (tag_key(tag),))
        case Field("case" | "case_id"):
            return case_allows(node, records.case_id, records.codename)
        case Field():
            ids = [number for number, row in records.facets.items() if _facet_is(row, node)]
            if not ids or len(ids) == len(records.facets):
                return bool(ids)
            return Sql("facet IN (SELECT value FROM json_each(?))", (json.dumps(ids),))
    return True


def _joined(parts: Sequence[Sql | bool], operator: str) -> Sql | bool:
    decides = operator == "OR"
    if any(part is decides for part in parts):
        return decides
    open_ = [part for part in parts if isinstance(part, Sql)]
    if not open_:
        return not decides
    return Sql(
        f"({f' {operator} '.join(part.text for part in open_)})",
        tuple(value for part in open_ for value in part.values),
    )


def all_of(parts: Sequence[Sql]) -> Sql:
    told = [part for part in parts if part.text]
    return Sql(
        " AND ".join(part.text for part in told),
        tuple(value for part in told for value in part.values),
    )


def _facet_is(row: FacetRow, asked: Field) -> bool:
    match asked:
        case Field("kind", wanted):
            return row.kind == wanted
        case Field("language", wanted):
            return row.language == wanted
        case Field("author_id", wanted):
            return row.author_id == wanted
        case Field("author", str() as name):
            return _author_is(name, row.author)
    return False


@lru_cache(maxsize=1_024)
def _author_is(asked: str, name: str) -> bool:
    """Every word asked for is a word of the name, in whatever script, or the first letter of one."""
    words = [token.surface for token in analyze(name)]
    exact = {fold(word) for word in words}
    keys = {key for word in words for key in query_forms(word).names}
    wanted = [query_forms(token.surface) for token in analyze(asked)]
    return bool(wanted) and all(
        form.exact in exact
        or not keys.isdisjoint(form.names)
        or (len(form.exact) == 1 and any(word.startswith(form.exact) for word in exact))
        for form in wanted
    )


@lru_cache(maxsize=1_024)
def _plain(codename: str) -> str:
    folded = unicodedata.normalize("NFKC", codename).casefold()
    return "".join(character for character in folded if character.isalnum())
