"""How well a claim is supported, counted the same way for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from casefile.stories.records import ALLEGATION, NUMBER
from casefile.stories.supports import CLAIM, EVIDENCE, LIVE, NOTE, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from casefile.stories.records import Claim
    from casefile.stories.rules import Rules
    from casefile.stories.supports import Cards

NONE, ONLY_NOTES, CONFIDENTIAL_ONLY = "none", "only_notes", "confidential_only"
ONE_SOURCE, ONE_DOCUMENT, ONE_ORIGIN = "one_source", "one_document", "one_origin"
TWO_INDEPENDENT, SEVERAL_INDEPENDENT = "two_independent", "several_independent"
FEW: Final = 2


@dataclass(frozen=True, slots=True)
class Strength:
    """What a claim rests on: files, sources, how many of them confidential, and from how many hands
    it all comes. Files whose origin nobody wrote down count as from one hand.
    """

    documents: int = 0
    sources: int = 0
    confidential: int = 0
    notes: int = 0
    independent: int = 0

    @property
    def label(self) -> str:
        if not self.documents and not self.sources:
            return ONLY_NOTES if self.notes else NONE
        if not self.documents and self.confidential == self.sources:
            return CONFIDENTIAL_ONLY
        if self.independent >= FEW:
            return TWO_INDEPENDENT if self.independent == FEW else SEVERAL_INDEPENDENT
        if not self.documents:
            return ONE_SOURCE
        return ONE_DOCUMENT if self.documents == 1 else ONE_ORIGIN


def measure(
    claim_id: str, claims: Mapping[str, Claim], cards: Cards, stands: Callable[[str], bool]
) -> Strength:
    """Count what stands under a claim; another claim lends what it rests on, once it is verified."""
    documents: set[str] = set()
    sources: dict[str, bool] = {}
    noted: set[str] = set()
    origins: set[str] = set()
    seen, waiting = {claim_id}, [claim_id]
    while waiting:
        claim = claims.get(waiting.pop())
        for support in claim.supports if claim else ():
            if support.kind == CLAIM:
                if support.id not in seen and stands(support.id):
                    seen.add(support.id)
                    waiting.append(support.id)
                continue
            card = cards.get(support.kind, support.id)
            if card.state != LIVE:
                continue
            if support.kind == EVIDENCE:
                documents.add(card.ground)
            elif support.kind == SOURCE:
                sources[card.id] = card.confidential
            elif support.kind == NOTE:
                noted.add(card.id)
            if card.origin:
                origins.add(card.origin)
    return Strength(len(documents), len(sources), sum(sources.values()), len(noted), len(origins))


def shortfalls(claim: Claim, strength: Strength, rules: Rules) -> list[str]:
    """Say which of the newsroom's rules a claim does not meet, by their names."""
    found = []
    if not strength.documents and not strength.sources:
        found.append("no_support")
        return found
    if claim.category == ALLEGATION and strength.independent < rules.allegation_supports:
        found.append("allegation")
    if claim.category == NUMBER and rules.number == "document" and not strength.documents:
        found.append("number")
    if strength.label == CONFIDENTIAL_ONLY:
        found.append("confidential")
    return found


def leads_back(start: str, target: str, claims: Mapping[str, Claim]) -> bool:
    """Say whether a claim rests on another, directly or by way of more: that would be a circle."""
    seen, waiting = set(), [start]
    while waiting:
        here = waiting.pop()
        if here == target:
            return True
        if here in seen or here not in claims:
            continue
        seen.add(here)
        waiting += [one.id for one in claims[here].supports if one.kind == CLAIM]
    return False
