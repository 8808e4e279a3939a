"""Puts the counts and the best hits of the shards together, weighed as if they were one index."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from casefile.index.compile import ShardQuery
from casefile.index.conditions import EPOCH, Records
from casefile.index.records import Facet, Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casefile.index.compile import Plan
    from casefile.index.conditions import Sql
    from casefile.index.records import Results
    from casefile.index.sealed import Connection
    from casefile.index.shard import Member, Shards


class _Row(NamedTuple):
    """Sorts best first, newest first among equals; the id decides where even the time is the same."""

    worse: float
    older: int
    uuid: bytes
    member: int
    facet: int
    number: int
    title: str


def shard_query(member: Member, plan: Plan) -> ShardQuery:
    state = member.opened.state
    records = Records(member.shard.case_id, member.shard.codename, state.facets)
    return ShardQuery(plan, records, state.paged, member.terms)


class Merge:
    def __init__(self, shards: Shards, plan: Plan, results: Results) -> None:
        self.shards = shards
        self.plan = plan
        self.results = results
        self.limit = results.page * results.size
        self.least = -1.0
        self.rows: list[_Row] = []
        self.cases: list[Facet] = []
        self.kinds: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.authors: Counter[UUID] = Counter()
        self.names: dict[UUID, str] = {}
        self._shared: dict[bool, Sql | None] = {}

    def run(self, members: Sequence[Member]) -> None:
        pages = sum(member.opened.state.pages for member in members)
        words = sum(member.opened.state.words for member in members)
        average = words / max(pages, 1)
        idf = self._idf(members, pages)
        for number, member in enumerate(members):
            if member.promising and not member.lost:
                self._one(number, member, idf, average)
        self.rows.sort()
        shown = self.rows[self.limit - self.results.size : self.limit]
        self.results.hits = [_hit(row, members[row.member]) for row in shown]
        self.results.facets = self._facets()

    def _idf(self, members: Sequence[Member], pages: int) -> list[float]:
        """How telling each unit is over all shards. One unit alone needs no weighing."""
        if len(self.plan.scored) < 2:  # noqa: PLR2004
            return [1.0] * len(self.plan.scored)
        held = map(sum, zip(*(member.counts for member in members), strict=True))
        return [log(1 + (max(pages - number, 0) + 0.5) / (number + 0.5)) for number in held]

    def _statement(self, member: Member, idf: Sequence[float], average: float) -> Sql | None:
        if not self.plan.same_everywhere:
            return shard_query(member, self.plan).searching(idf, average)
        paged = member.opened.state.paged
        if paged not in self._shared:
            self._shared[paged] = shard_query(member, self.plan).searching(idf, average)
        return self._shared[paged]

    def _one(self, number: int, member: Member, idf: Sequence[float], average: float) -> None:
        statement = self._statement(member, idf, average)
        if statement is None:
            return
        values = (*statement.values, self.least, self.limit)

        def question(connection: Connection) -> list[tuple[Any, ...]]:
            return list(connection.execute(statement.text, values).fetchall())

        found, before = 0, len(self.rows)
        answer = self.shards.try_to_ask(member, question) or ()
        for facet, count, score, created, uuid, page, title in answer:
            if count is None:
                self.rows.append(_Row(-score, -created, uuid, number, facet, page, title))
            else:
                found += count
                self._add(member, facet, count)
        if found:
            self.results.total += found
            self.cases.append(Facet(str(member.shard.case_id), member.shard.codename, found))
        if len(self.rows) > max(before, self.limit):
            self.rows.sort()
            del self.rows[self.limit :]
            self.least = -self.rows[-1].worse

    def _add(self, member: Member, facet: int, count: int) -> None:
        if facet not in member.opened.state.facets:
            self.shards.state_again(member)
        row = member.opened.state.facets[facet]
        self.kinds[row.kind] += count
        self.languages[row.language] += count
        self.authors[row.author_id] += count
        # Where somebody is called differently in two cases: always the same of the two.
        self.names[row.author_id] = max(row.author, self.names.get(row.author_id, ""))

    def _facets(self) -> dict[str, list[Facet]]:
        authors = [Facet(str(a), self.names[a], n) for a, n in self.authors.items()]
        found = {
            "kind": [Facet(kind, kind, n) for kind, n in self.kinds.items()],
            "case": self.cases,
            "author": authors,
            "language": [Facet(code, code, n) for code, n in self.languages.items()],
        }
        return {
            name: sorted(facets, key=lambda facet: (-facet.count, facet.label, facet.value))
            for name, facets in found.items()
        }


def _hit(row: _Row, member: Member) -> Hit:
    about = member.opened.state.facets[row.facet]
    return Hit(
        case_id=member.shard.case_id,
        id=UUID(bytes=row.uuid),
        kind=about.kind,
        page=row.number,
        title=row.title,
        author=about.author,
        author_id=about.author_id,
        created_at=EPOCH + timedelta(microseconds=-row.older),
        score=-row.worse,
    )
