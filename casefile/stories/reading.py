"""One page of a story to read: a stretch of the draft with its claims in the margin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from casefile.stories import markers, rendering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from casefile.stories.parts import Whole
    from casefile.stories.rendering import Row

UNMARKED_SHOWN = 20


@dataclass(slots=True)
class Reading:
    """What somebody wants to see: a language, another beside it, a part of a long draft."""

    language: str = ""
    beside: str = ""
    part: int = 1
    parts: int = 1
    stretch: str = ""
    stretch_beside: str = ""
    numbers: list[int] = field(default_factory=list)
    unmarked: list[int] = field(default_factory=list)
    more_unmarked: int = 0

    def choose(self, whole: Whole) -> set[int]:
        """Settle on what there is, and return the numbers of the claims that page needs."""
        texts = [part.record for part in whole.of("text") if part.record]
        known = [text.language for text in texts]
        if not known:
            return set()
        self.language = self.language if self.language in known else known[0]
        self.beside = self.beside if self.beside in known and self.beside != self.language else ""
        bodies = {text.language: text.body for text in texts}
        cut = markers.parts(bodies[self.language])
        self.parts = len(cut)
        self.part = min(max(1, self.part), self.parts)
        self.stretch = cut[self.part - 1]
        if self.beside:
            other = markers.parts(bodies[self.beside])
            self.stretch_beside = other[min(self.part, len(other)) - 1]
        self.numbers = list(markers.passages(self.stretch))
        return {*self.numbers, *self._not_marked(whole)}

    def _not_marked(self, whole: Whole) -> list[int]:
        found = [
            part.number
            for part in whole.of("claim")
            if part.record is None
            or (self.language not in part.record.passages and part.record.verdict != "dropped")
        ]
        self.unmarked, self.more_unmarked = found[:UNMARKED_SHOWN], len(found[UNMARKED_SHOWN:])
        return self.unmarked

    def rows(self, evidence_url: str, verdicts: Mapping[int, str]) -> Sequence[Row]:
        return rendering.rows(self.stretch, evidence_url=evidence_url, verdicts=verdicts)

    def rows_beside(self, evidence_url: str, verdicts: Mapping[int, str]) -> Sequence[Row]:
        return rendering.rows(
            self.stretch_beside, evidence_url=evidence_url, verdicts=verdicts, prefix="beside-c"
        )


def part_of(body: str, number: int) -> int:
    """Return the part of a long draft in which a claim is marked first."""
    for place, stretch in enumerate(markers.parts(body), start=1):
        if number in markers.passages(stretch):
            return place
    return 1
