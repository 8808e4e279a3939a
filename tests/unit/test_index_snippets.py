from __future__ import annotations

from datetime import date
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casefile.index import Fragment, Query, highlight, parse, snippet
from tests.index_scene import letters_apart

TODAY = date(2026, 11, 21)
LONG = " ".join(f"Sentence number {number} says nothing of use." for number in range(400))


def marked(fragments: list[Fragment]) -> list[str]:
    return [fragment.text for fragment in fragments if fragment.marked]


def whole(fragments: list[Fragment]) -> str:
    return "".join(fragment.text for fragment in fragments)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("school", "The school and the schools.", ["school", "schools"]),
        ("школа", "О школе и школах.", ["школе", "школах"]),
        ("мектеп", "Жаңы мектепте, мектептер.", ["мектепте", "мектептер"]),
        ("Матраимов", "Matraimov и Матраимову.", ["Matraimov", "Матраимову"]),
        ("matraimov", "О Матраимове.", ["Матраимове"]),
        (
            '"new school"',
            "A new school, a school, new schools.",
            ["new", "school", "new", "schools"],
        ),
        ('"new school"', "A school that is new.", []),
        ("scho*", "The school, scholars, a shoal.", ["school", "scholars"]),
        ("*ool", "The school of a fool.", ["school", "fool"]),
        ("s*l", "The school of a soul.", ["school", "soul"]),
        ("scool~", "The school.", ["school"]),
        ("skool~2", "The schoool and school.", ["school"]),
        ("school -fool", "A school of a fool.", ["school"]),
        ("school OR fool", "A school of a fool.", ["school", "fool"]),
        ("kind:note school", "A note of the school.", ["school"]),
        ("bank-court", "The bank court and the bank.", ["bank", "court"]),
        ("Ёлка", "Под ёлкой, у елки.", ["ёлкой", "елки"]),
        ("school", "Preschoolers", []),
        ("", "Whatever.", []),
    ],
)
def test_every_form_that_matches_is_marked(query: str, text: str, expected: list[str]) -> None:
    assert marked(snippet(text, parse(query, TODAY))) == expected
    assert marked(highlight(parse(query, TODAY), text)) == expected


def test_a_query_can_be_given_as_it_was_asked() -> None:
    assert marked(snippet("The school.", "school")) == ["school"]
    assert marked(snippet("The school.", Query("school", kind="note"))) == ["school"]
    assert marked(highlight(Query("school"), "The school.")) == ["school"]


def test_a_short_text_is_shown_whole() -> None:
    text = "Line one.\n\nThe school."

    assert whole(snippet(text, "school")) == text
    assert snippet("", "school") == []


def test_the_piece_is_cut_around_the_match_from_a_sentence_on() -> None:
    text = f"{LONG} Then came the school. It was new. {LONG}"
    fragments = snippet(text, "school", size=120)

    assert marked(fragments) == ["school"]
    assert fragments[0].text.startswith("… ")
    assert fragments[-1].text.endswith(" …")
    inner = whole(fragments)[2:-2]
    assert inner in text
    at = text.index(inner)
    assert text[at - 2 : at] == ". "
    assert text[at + len(inner)] == " "
    assert len(inner) <= 180


def test_the_piece_shows_where_most_of_the_words_stand_together() -> None:
    text = (
        f"The school. {LONG} A loan. {LONG} The school had a loan from the bank. {LONG} The bank."
    )

    assert marked(snippet(text, "school loan bank")) == ["school", "loan", "bank"]


def test_without_a_match_the_beginning_is_shown() -> None:
    fragments = snippet(LONG, "orchard", size=100)

    assert marked(fragments) == []
    assert whole(fragments).startswith("Sentence number 0")
    assert whole(fragments).endswith(" …")
    assert len(whole(fragments)) <= 160


def test_a_form_that_does_not_begin_like_the_word_is_found_all_the_same() -> None:
    assert marked(snippet(f"{LONG} Matraimov. {LONG}", "Матраимов")) == ["Matraimov"]


def test_words_are_never_cut() -> None:
    text = " ".join(["учреждение"] * 200 + ["школа"] + ["учреждение"] * 200)
    fragments = snippet(text, "школа", size=100)

    assert set(whole(fragments).strip("… ").split()) == {"учреждение", "школа"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "school" * 200_000,
        "school " * 200_000,
        "." * 500_000 + "school",
        " " * 500_000 + "school",
        "\n" * 500_000 + "school",
        "\ud800" * 100_000,
        "a\u0301" * 200_000,
        "((((" * 100_000,
        "Xx" * 100,
    ],
)
def test_huge_and_odd_texts_are_quick(text: str) -> None:
    for query in ("school", '"school school"', "sch*", "*ool", "schol~2", "-school"):
        start = perf_counter()
        fragments = snippet(text, query)
        assert perf_counter() - start < 5
        assert len(whole(fragments)) < 2_000 or " " not in text[:2_000].strip()
    highlight(parse("school", TODAY), text)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.text(max_size=600), st.text(max_size=20), st.integers(1, 300))
@example("\r0", "", 1)
def test_pieces_are_cut_from_the_text_and_marks_are_whole_words(
    text: str, query: str, size: int
) -> None:
    fragments = snippet(text, query, size=size)
    inner = whole(fragments).removeprefix("… ").removesuffix(" …")
    assert inner.strip() in text
    assert all(fragment.text for fragment in fragments)
    assert whole(highlight(parse(query, TODAY), text)) == text


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.text("абв", min_size=4, max_size=7), st.lists(st.text("абв", min_size=1, max_size=8)))
def test_near_spellings_are_marked_by_their_distance(word: str, words: list[str]) -> None:
    text = " ".join(words)
    for distance in (1, 2):
        near = [w for w in words if letters_apart(w, word) <= distance]
        found = marked(highlight(parse(f"{word}~{distance}", TODAY), text))
        rest = list(found)
        for one in near:
            rest.remove(one)
