"""Turns a query tree into the SQL that one shard runs: FTS5 MATCH and conditions on plain columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from casefile.index.conditions import Sql, about_record, all_of, case_allows, condition
from casefile.index.tree import And, Field, Fuzzy, Not, Or, Pattern, Phrase, Prefix, Word, units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo
    from uuid import UUID

    from casefile.index.analysis import WordForms
    from casefile.index.conditions import Records
    from casefile.index.tree import Node, Unit

# A term says by its first sign what it is; exact forms have none and sort after all others.
# NOTHING is a term that is never indexed.
STEM, NAME, BORDER, NOTHING = "+", "#", "|", "!"
LAST = "\U0010ffff"

# What one occurrence counts for, elsewhere and in the title. A word of a text stands in it by its
# exact form and by its stem; a word of the title stands there once more.
_EXACT, _STEM, _NAME, _NEAR = (4, 4), (2, 8), (3, 6), (2, 2)
# BM25 with k1 = 1.2 and b = 0.75; the weights above are in quarters.
_TOP, _FIXED, _BY_LENGTH = 2.2, 1.2, 3.6

_COLUMNS = "document, number, facet, created, uuid"


@dataclass(frozen=True)
class Plan:
    """A query made ready for every shard: `text` is what the words must do, `conditions` what the
    record must be, `scored` the units that count for the order.
    """

    tree: Node | None
    zone: tzinfo
    text: Node | None = field(init=False)
    conditions: tuple[Node, ...] = field(init=False)
    scored: tuple[Unit, ...] = field(init=False)

    def __post_init__(self) -> None:
        children = self.tree.children if isinstance(self.tree, And) else (self.tree,)
        known = [child for child in children if child is not None]
        rest = tuple(child for child in known if not about_record(child))
        object.__setattr__(self, "text", And(rest) if len(rest) > 1 else next(iter(rest), None))
        object.__setattr__(self, "conditions", tuple(c for c in known if about_record(c)))
        object.__setattr__(self, "scored", tuple(dict.fromkeys(units(self.text))))

    def concerns(self, case_id: UUID, codename: str) -> bool:
        return all(case_allows(node, case_id, codename) for node in self.conditions)

    @cached_property
    def any_unit_will_do(self) -> bool:
        """Whatever holds one of the units is a hit, so no set of hits has to be built first."""
        return _alternatives(self.text)

    @cached_property
    def every_hit_has_a_unit(self) -> bool:
        return _covered(self.text)

    @cached_property
    def told_by_weights(self) -> str | None:
        """For a row that is a whole document: which units it must hold, said of their weights."""
        return _told(self.text, self.scored)

    @cached_property
    def expanding(self) -> tuple[Pattern | Fuzzy, ...]:
        found = [*units(self.text), *units(self.text, wanted=False)]
        return tuple(dict.fromkeys(u for u in found if isinstance(u, (Pattern, Fuzzy))))

    @cached_property
    def same_everywhere(self) -> bool:
        """Whether all shards (paged and not) run the very same statement."""
        return not self.expanding and not _asks_the_shard(self.tree)


def _alternatives(node: Node | None) -> bool:
    if isinstance(node, Or):
        return all(map(_alternatives, node.children))
    return node is not None and not isinstance(node, (And, Not, Field))


def _told(node: Node | None, scored: Sequence[Unit]) -> str | None:
    match node:
        case And(children) | Or(children):
            parts = [_told(child, scored) for child in children]
            if None in parts:
                return None
            return f"({(' AND ' if isinstance(node, And) else ' OR ').join(map(str, parts))})"
        case None | Not() | Field():
            return None
    return f"f{scored.index(node)} IS NOT NULL"


def _covered(node: Node | None) -> bool:
    match node:
        case And(children):
            return any(map(_covered, children))
        case Or(children):
            return all(map(_covered, children))
        case None | Not() | Field():
            return False
    return True


def _asks_the_shard(node: Node | None) -> bool:
    match node:
        case And(children) | Or(children):
            return any(map(_asks_the_shard, children))
        case Not(child):
            return _asks_the_shard(child)
        case Field("after" | "before" | "tag"):
            return False
    return isinstance(node, Field)


@dataclass(frozen=True)
class ShardQuery:
    """A plan as it reads in one shard. `paged` is whether documents of several pages are in it;
    `terms` what patterns stand for there.
    """

    plan: Plan
    records: Records
    paged: bool
    terms: Mapping[Unit, Sequence[str]]

    @property
    def _key(self) -> str:
        return "document" if self.paged else "id"

    @property
    def _having(self) -> str | None:
        return None if self.paged or self.plan.any_unit_will_do else self.plan.told_by_weights

    @cached_property
    def where(self) -> Sql | None:
        """The conditions, or nothing if no document of this shard can meet them."""
        parts = [condition(n, self.records, self.plan.zone) for n in self.plan.conditions]
        if False in parts:
            return None
        return all_of([part for part in parts if isinstance(part, Sql)])

    def counting(self) -> Sql:
        """How many rows hold each unit; last, whether anything here can be a hit."""
        counts = ["(SELECT count(*) FROM fts WHERE fts MATCH ?)" for _ in self.plan.scored]
        values: list[object] = [self._match_unit(unit) for unit in self.plan.scored]
        if self.plan.any_unit_will_do:
            return Sql(f"SELECT {', '.join(counts)}, 1", tuple(values))
        hits = self._members(self.plan.text)
        return Sql(f"SELECT {', '.join(counts)}, EXISTS ({hits.text})", (*values, *hits.values))

    def searching(self, idf: Sequence[float], average: float) -> Sql | None:
        """One statement: first (facet, count) for every facet, then the best hits. Two values are
        bound last: the least score worth giving, and how many.
        """
        if self.where is None:
            return None
        parts: list[Sql] = []
        chosen = ""
        if not (self.plan.text is None or self.plan.any_unit_will_do or self._having):
            chosen = f"{self._key} IN h"
            members = self._members(self.plan.text)
            parts.append(Sql(f"h(key) AS MATERIALIZED ({members.text})", members.values))
        if self.plan.scored:
            parts += [*self._postings(chosen), self._scored(chosen, idf, average)]
        else:
            where = all_of([self.where, Sql(chosen)])
            text = f"scored AS (SELECT {_COLUMNS}, 0.0 AS score FROM page{_where(where)})"
            parts.append(Sql(text, where.values))
        # The best page stands for its document; without words to go by, the first.
        best = "max(score)" if self.plan.scored else "0.0 * min(number)"
        hit = (
            f"{best} AS score FROM scored GROUP BY document" if self.paged else "score FROM scored"
        )
        parts.append(Sql(f"hit AS MATERIALIZED (SELECT {_COLUMNS}, {hit})"))
        # "+ 0" hides the limit from the planner, which would compile the statement anew each time.
        text = (
            f"WITH {', '.join(part.text for part in parts)}"
            " SELECT facet, count(*), NULL, NULL, NULL, NULL, NULL FROM hit GROUP BY facet"
            " UNION ALL SELECT facet, NULL, score, created, top.uuid, number, title FROM"
            " (SELECT * FROM hit WHERE score >= ? ORDER BY score DESC, created DESC, uuid LIMIT ? + 0)"
            " AS top CROSS JOIN document ON document.id = top.document"
        )
        return Sql(text, tuple(value for part in parts for value in part.values))

    def _postings(self, chosen: str) -> list[Sql]:
        """`post`: which rows hold which unit, and how heavily."""
        ranges: list[tuple[str, str, int, int, int]] = []
        arms: list[Sql] = []
        for number, unit in enumerate(self.plan.scored):
            if isinstance(unit, Phrase):
                arms.append(_phrase_arm(number, unit))
            else:
                ranges += [(low, high, number, *pair) for low, high, pair in self._ranges(unit)]
        found = []
        if ranges or not arms:
            # A statement for each number of terms would have to be compiled anew: round it up.
            room = 4
            while room < len(ranges):
                room *= 2
            ranges += [(NOTHING, NOTHING, 0, 0, 0)] * (room - len(ranges))
            rows = ", ".join(["(?, ?, ?, ?, ?)"] * room)
            flat = tuple(value for row in ranges for value in row)
            found.append(Sql(f"unit(low, high, number, body, title) AS (VALUES {rows})", flat))
            arms.append(
                Sql(
                    "SELECT doc, number, CASE col WHEN 'title' THEN title ELSE body END FROM unit"
                    " CROSS JOIN occurrence ON term >= low AND term <= high"
                )
            )
        if chosen and not self.plan.every_hit_has_a_unit:
            arms.append(Sql(f"SELECT id, -1, 0 FROM page WHERE {chosen}"))
        text = " UNION ALL ".join(arm.text for arm in arms)
        values = tuple(value for arm in arms for value in arm.values)
        return [*found, Sql(f"post(row, unit, weight) AS ({text})", values)]

    def _scored(self, chosen: str, idf: Sequence[float], average: float) -> Sql:
        slope = _BY_LENGTH / max(average, 1.0)
        sums, scores = [], []
        values: list[object] = []
        for number, weight in enumerate(idf):
            only = f" FILTER (WHERE unit = {number})" if len(idf) > 1 else ""
            sums.append(f"sum(weight){only} AS f{number}")
            scores.append(f"coalesce(? * f{number} / (f{number} + {_FIXED} + words * ?), 0.0)")
            values += [weight * _TOP, slope]
        here = " WHERE row IN h" if chosen and not self.paged else ""
        having = f" HAVING {self._having}" if self._having else ""
        where = all_of([Sql(chosen if self.paged else ""), self.where or Sql("")])
        return Sql(
            f"weighed AS MATERIALIZED (SELECT row, {', '.join(sums)} FROM post{here} GROUP BY row"
            f"{having}),"
            f" scored AS (SELECT {_COLUMNS}, {' + '.join(scores)} AS score"
            f" FROM weighed CROSS JOIN page ON page.id = row{_where(where)})",
            (*values, *where.values),
        )

    def _ranges(self, unit: Unit) -> list[tuple[str, str, tuple[int, int]]]:
        match unit:
            case Prefix(text):
                return [(text, text + LAST, _EXACT)]
            case Pattern():
                return [(term, term, _EXACT) for term in self.terms[unit]]
            case Fuzzy(forms):
                near = [(term, term, _NEAR) for term in self.terms[unit] if term != forms.exact]
                return [*_word_ranges(forms), *near]
            case Word(forms):
                return _word_ranges(forms)
        return []

    def _match_unit(self, unit: Unit) -> str:
        match unit:
            case Phrase():
                exact, stems = _phrase_terms(unit)
                return " OR ".join([exact, *stems])
            case Prefix(text):
                return f'"{text}" *'
        return _any_of(low for low, _, _ in self._ranges(unit))

    def _match(self, node: Node) -> str | None:
        """One MATCH for a whole branch, where every document is one row and FTS5 can say it."""
        match node:
            case Field() | Not():
                return None
            case Or(children):
                parts = [self._match(child) for child in children]
                return None if None in parts else f"({' OR '.join(map(str, parts))})"
            case And(children):
                wanted = [self._match(child) for child in children if not isinstance(child, Not)]
                barred = [self._match(child.child) for child in children if isinstance(child, Not)]
                if not wanted or None in wanted or None in barred:
                    return None
                return f"({' NOT '.join([' AND '.join(map(str, wanted)), *map(str, barred)])})"
        return f"({self._match_unit(node)})"

    def _members(self, node: Node | None) -> Sql:
        """The documents a branch holds for. Words may stand on different pages of one document."""
        if node is None:
            return Sql(f"SELECT {self._key} FROM page")
        if about_record(node):
            part = condition(node, self.records, self.plan.zone)
            where = part if isinstance(part, Sql) else Sql(str(int(part)))
            return Sql(f"SELECT {self._key} FROM page{_where(where)}", where.values)
        if not self.paged and (match := self._match(node)) is not None:
            return Sql("SELECT rowid FROM fts WHERE fts MATCH ?", (match,))
        match node:
            case Not(child):
                return _compound("EXCEPT", [self._members(None), self._members(child)])
            case Or(children):
                return _compound("UNION", list(map(self._members, children)))
            case And(children):
                wanted = [self._members(c) for c in children if not isinstance(c, Not)]
                barred = [self._members(c.child) for c in children if isinstance(c, Not)]
                both = _compound("INTERSECT", wanted or [self._members(None)])
                return _compound("EXCEPT", [both, *barred])
            case Field():
                return self._members(None)
        return Sql(
            "SELECT document FROM fts CROSS JOIN page ON page.id = fts.rowid WHERE fts MATCH ?",
            (self._match_unit(node),),
        )


def word_match(forms: WordForms) -> str:
    """A word in any of its forms, for MATCH."""
    return _any_of(low for low, _, _ in _word_ranges(forms))


def _any_of(terms: Iterable[str]) -> str:
    return " OR ".join(f'"{term}"' for term in terms) or f'"{NOTHING}"'


def _word_ranges(forms: WordForms) -> list[tuple[str, str, tuple[int, int]]]:
    terms = [
        (forms.exact, _EXACT),
        *((STEM + stem, _STEM) for stem in forms.stems),
        *((NAME + name, _NAME) for name in forms.names),
    ]
    return [(term, term, weights) for term, weights in terms]


def _phrase_arm(number: int, phrase: Phrase) -> Sql:
    exact, stems = _phrase_terms(phrase)
    nearly = " OR ".join([exact, *stems])
    held = "rowid IN (SELECT rowid FROM fts WHERE fts MATCH ?)"
    return Sql(
        f"SELECT rowid, {number}, {_STEM[0]} + {_EXACT[0]} * ({held}) + {_STEM[1]} * ({held})"
        " FROM fts WHERE fts MATCH ?",
        (exact, f"title : ({nearly})", nearly),
    )


def _phrase_terms(phrase: Phrase) -> tuple[str, list[str]]:
    """The phrase as FTS5 strings: as written, and by the stems of each language in turn."""
    exact = " ".join(word.exact for word in phrase.words)
    stems = [word.stems or (word.exact,) for word in phrase.words]
    readings = [
        " ".join(STEM + forms[min(number, len(forms) - 1)] for forms in stems)
        for number in range(max(map(len, stems)))
    ]
    return f'"{exact}"', [f'"{terms}"' for terms in readings]


def _where(where: Sql) -> str:
    return f" WHERE {where.text}" if where.text else ""


def _compound(operator: str, parts: Sequence[Sql]) -> Sql:
    if len(parts) == 1:
        return parts[0]
    return Sql(
        f" {operator} ".join(f"SELECT * FROM ({part.text})" for part in parts),
        tuple(value for part in parts for value in part.values),
    )
