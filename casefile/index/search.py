"""Searches many shards as if they were one index."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from casefile.index.compile import Plan
from casefile.index.expansion import MOST_TERMS, expand
from casefile.index.grammar import parse
from casefile.index.merging import Merge, shard_query
from casefile.index.open_shards import StaleKeyError
from casefile.index.records import CatchUp, Results
from casefile.index.sealed import refusal
from casefile.index.shard import CANNOT_BE_READ, Member, Shards
from casefile.index.suggestions import SECONDS, Completion, DidYouMean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from pathlib import Path
    from uuid import UUID

    from casefile.index.conditions import Sql
    from casefile.index.records import CaseShard, Query
    from casefile.index.sealed import Connection

MOST_PAGES = 1_000_000
MOST_HITS_A_PAGE = 200
FEW_RESULTS = 3


class Index:
    """All sealed shards of this machine. Safe to share between threads and between processes."""

    def __init__(self, folder: Path, memory_mb: int = 64) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._shards = Shards(folder, memory_mb)

    def close(self) -> None:
        self._shards.close()

    def forget(self, case_id: UUID) -> None:
        """Takes a case's shard away. The next catch-up or search of a member builds it anew."""
        try:
            self._shards.forget(case_id)
        except OSError as error:
            raise refusal(error) from error

    def catch_up(self, shard: CaseShard, *, budget_seconds: float | None = None) -> CatchUp:
        """Brings one shard up to date, or as far as the time allows."""
        deadline = None if budget_seconds is None else monotonic() + budget_seconds
        try:
            return Member(shard, self._shards.current(shard, deadline)).progress
        except StaleKeyError:
            return CatchUp(0, shard.change)
        except CANNOT_BE_READ as error:
            raise refusal(error) from error

    def search(
        self,
        shards: Sequence[CaseShard],
        query: Query,
        *,
        page: int = 1,
        size: int = 20,
        now: datetime,
        timezone: tzinfo = UTC,
        catch_up_seconds: float = 2.0,
    ) -> Results:
        """Finds, counts and ranks over the shards given, which are all that this person may see.
        Never an error for the reader: what cannot be searched now is named on `behind`.
        """
        page, size = min(max(page, 1), MOST_PAGES), min(max(size, 1), MOST_HITS_A_PAGE)
        parsed = parse(query, now.astimezone(timezone).date())
        results = Results(parsed, page=page, size=size, notices=list(parsed.notices))
        plan = Plan(parsed.tree, timezone)
        if parsed.tree is None:
            return results
        wanted = {s.case_id: s for s in shards if plan.concerns(s.case_id, s.codename)}
        members = list(self._members(wanted.values(), results, monotonic() + catch_up_seconds))
        if plan.expanding and self._expand(members, plan):
            results.notices.append(
                f"More than {MOST_TERMS} words fit; only the first {MOST_TERMS} of each case were"
                " searched for. Write more letters."
            )
        if len(plan.scored) > 1:
            self._count(members, plan)
        Merge(self._shards, plan, results).run(members)
        if results.total < FEW_RESULTS:
            results.suggestion = self._suggestion(members, plan, parsed.text)
        self._say_what_is_missing(members, results)
        return results

    def complete(self, shards: Sequence[CaseShard], prefix: str, limit: int = 8) -> list[str]:
        """What the last word typed may become, most frequent first."""
        asked = Completion.of(prefix)
        if asked is None:
            return []
        found: Counter[str] = Counter()
        deadline = monotonic() + SECONDS
        for shard in shards:
            try:
                member = Member(shard, self._shards.opened(shard))
            except CANNOT_BE_READ:
                continue
            found.update(self._shards.try_to_ask(member, asked.frequencies) or {})
            if monotonic() > deadline:
                break
        return asked.best(found, limit)

    def _members(
        self, shards: Iterable[CaseShard], results: Results, deadline: float
    ) -> Iterator[Member]:
        for shard in shards:
            try:
                yield Member(shard, self._shards.current(shard, deadline))
            except CANNOT_BE_READ:
                results.behind[shard.case_id] = CatchUp(0, shard.change)

    def _expand(self, members: Sequence[Member], plan: Plan) -> bool:
        """Looks up what wildcards and misspelt words stand for; whether some were left out."""
        left_out = False
        for member in members:
            for unit in plan.expanding:
                answer = self._shards.try_to_ask(member, partial(expand, unit=unit))
                member.terms[unit], complete = answer or ((), True)
                left_out = left_out or not complete
        return left_out

    def _count(self, members: Sequence[Member], plan: Plan) -> None:
        """How many rows of each shard hold each unit, for the weight of each in the order."""
        shared: dict[bool, Sql] = {}
        for member in members:
            paged = member.opened.state.paged
            statement = shared.get(paged) or shard_query(member, plan).counting()
            if plan.same_everywhere:
                shared[paged] = statement
            row = self._shards.try_to_ask(member, partial(_first_row, statement=statement))
            *counts, promising = row or (0,)
            member.counts = tuple(counts) or (0,) * len(plan.scored)
            member.promising = bool(promising)

    def _suggestion(self, members: Sequence[Member], plan: Plan, text: str) -> str | None:
        looking = DidYouMean(text, plan.scored)
        deadline = monotonic() + SECONDS
        for member in members:
            if not looking.words or monotonic() > deadline:
                break
            self._shards.try_to_ask(member, looking.look)
        return looking.best()

    def _say_what_is_missing(self, members: Sequence[Member], results: Results) -> None:
        for member in members:
            if not member.progress.complete:
                results.behind[member.shard.case_id] = member.progress
        if results.behind:
            done = sum(progress.done for progress in results.behind.values())
            total = sum(progress.total for progress in results.behind.values())
            results.notices.append(f"{done:,} of {total:,} indexed so far.")


def _first_row(connection: Connection, statement: Sql) -> tuple[int, ...]:
    row: tuple[int, ...] = connection.execute(statement.text, statement.values).fetchone()
    return row
