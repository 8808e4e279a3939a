from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from casefile.sources.service import Choice
from casefile.stories.parts import Part, Whole
from casefile.stories.records import Claim, Head, Support
from casefile.stories.rules import Rules
from casefile.stories.standing import Examination
from casefile.stories.strength import leads_back, measure, shortfalls
from casefile.stories.supports import Card, Cards, of_source

EVIDENCE = {
    "a": Card("evidence", "a", "E-1", "", "", "live", "g1", origin="from:clerk"),
    "b": Card("evidence", "b", "E-2", "", "", "live", "g2", origin="from:clerk"),
    "c": Card("evidence", "c", "E-3", "", "", "live", "g3", origin="from:bank"),
    "d": Card("evidence", "d", "E-4", "", "", "live", "g4", origin="from:"),
    "e": Card("evidence", "e", "E-5", "", "", "live", "g5", origin="from:"),
    "w": Card("evidence", "w", "E-6", "", "", "withdrawn", "g6", origin="from:court"),
}


def source(key: str, *, confidential: bool, shredded: bool = False) -> Card:
    protection = "confidential" if confidential else "on_record"
    return of_source(UUID(int=1), Choice(key, f"name {key}", protection, shredded))  # type: ignore[arg-type]


SOURCES = {
    "s": source("s", confidential=True),
    "t": source("t", confidential=True),
    "o": source("o", confidential=False),
    "x": source("x", confidential=False, shredded=True),
}
NOTES = {"n": Card("note", "n", "N-1", "", "", "live", "1")}
CARDS = Cards(
    {("evidence", k): v for k, v in EVIDENCE.items()}
    | {("source", k): v for k, v in SOURCES.items()}
    | {("note", k): v for k, v in NOTES.items()}
)


def claim(*supports: str, category: str = "fact") -> Claim:
    kinds = {**dict.fromkeys(EVIDENCE, "evidence"), **dict.fromkeys(SOURCES, "source"), "n": "note"}
    return Claim("x", category, supports=tuple(Support(kinds.get(s, "claim"), s) for s in supports))


@pytest.mark.parametrize(
    ("supports", "label"),
    [
        ("", "none"), ("n", "only_notes"), ("w", "none"), ("x", "none"), ("a", "one_document"),
        ("ab", "one_origin"), ("de", "one_origin"), ("ac", "two_independent"),
        ("ad", "two_independent"), ("acs", "several_independent"), ("s", "confidential_only"),
        ("st", "confidential_only"), ("o", "one_source"), ("so", "two_independent"),
        ("as", "two_independent"), ("aw", "one_document"), ("wn", "only_notes"),
    ],
)  # fmt: skip
def test_strength_says_what_a_claim_rests_on(supports: str, label: str) -> None:
    assert measure("1", {"1": claim(*supports)}, CARDS, lambda _id: True).label == label


def test_another_claim_lends_its_supports_only_while_it_is_verified() -> None:
    claims = {"1": claim("a", "2"), "2": claim("c", "1")}

    assert measure("1", claims, CARDS, lambda _id: True).label == "two_independent"
    assert measure("1", claims, CARDS, lambda _id: False).label == "one_document"


@pytest.mark.parametrize(
    ("supports", "category", "short"),
    [
        ("a", "allegation", ["allegation"]), ("ac", "allegation", []), ("o", "number", ["number"]),
        ("a", "number", []), ("st", "fact", ["confidential"]), ("n", "fact", ["no_support"]),
        ("st", "allegation", ["confidential"]), ("s", "number", ["number", "confidential"]),
    ],
)  # fmt: skip
def test_the_rules_of_the_newsroom(supports: str, category: str, short: list[str]) -> None:
    told = claim(*supports, category=category)
    measured = measure("1", {"1": told}, CARDS, lambda _id: True)

    assert shortfalls(told, measured, Rules()) == short


def test_a_chain_of_a_thousand_claims_stands_until_its_end_falls() -> None:
    length = 1000
    evidence = Card("evidence", "e", "E-1", "", "", "live", "g", origin="from:clerk")
    chain = [
        Part(
            UUID(int=number + 1),
            UUID(int=0),
            "claim",
            number + 1,
            1,
            UUID(int=0),
            datetime(2026, 1, 1, tzinfo=UTC),
            Claim("x", "fact", supports=(below,), verdict="verified", grounds=grounds),
        )
        for number in range(length)
        for below, grounds in [_below(number, length)]
    ]
    whole = Whole(
        UUID(int=0), UUID(int=0), 1, "draft", 1, UUID(int=0), chain[0].at, chain[0].at,
        Head("x", "draft"), sound=True, parts={"claim": chain},
    )  # fmt: skip

    stands = Examination(whole, Cards({("evidence", "e"): evidence}), Rules())
    fallen = Examination(whole, Cards(), Rules())

    assert stands.claim(chain[0].key).strength.label == "one_document"
    assert {stands.verdict(part.key)[0] for part in chain} == {"verified"}
    assert {fallen.verdict(part.key)[0] for part in chain} == {"unchecked"}


def _below(number: int, length: int) -> tuple[Support, dict[str, str]]:
    if number == length - 1:
        return Support("evidence", "e"), {"evidence:e": "g"}
    below = str(UUID(int=number + 2))
    return Support("claim", below), {f"claim:{below}": "verified"}


def test_circles_are_found_however_long() -> None:
    claims = {
        f"c{n}": Claim("x", "fact", supports=(Support("claim", f"c{n + 1}"),)) for n in range(50)
    }

    assert leads_back("c1", "c40", claims)
    assert not leads_back("c40", "c1", claims)
