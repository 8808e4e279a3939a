from __future__ import annotations

from datetime import date
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casefile.index import Query, parse
from casefile.index.grammar import MAX_CHARACTERS, MAX_DEPTH, MAX_WORDS
from casefile.index.tree import And, Field, Fuzzy, Node, Not, Or, Pattern, Phrase, Prefix, Word

TODAY = date(2026, 11, 21)


def shape(node: Node | None) -> str:  # noqa: C901, PLR0911 - one line for each kind
    """The tree on one line, words by their exact form."""
    match node:
        case None:
            return ""
        case Word(forms):
            return forms.exact
        case Phrase(words):
            return '"' + " ".join(word.exact for word in words) + '"'
        case Prefix(text):
            return f"{text}*"
        case Pattern(glob):
            return glob
        case Fuzzy(forms, distance):
            return f"{forms.exact}~{distance}"
        case Field(name, value):
            return f"{name}={value}"
        case Not(child):
            return f"-{shape(child)}"
        case And(children):
            return "(" + " ".join(map(shape, children)) + ")"
        case Or(children):
            return "(" + " | ".join(map(shape, children)) + ")"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bank court", "(bank court)"),
        ("  bank\t\n court ", "(bank court)"),
        ('"bank court" pier', '("bank court" pier)'),
        ("«Банк суда»", '"банк суда"'),
        ("“bank court”", '"bank court"'),
        ("bank OR court", "(bank | court)"),
        ("bank OR court pier", "((bank | court) pier)"),
        ("bank || court", "(bank | court)"),
        ("bank AND court", "(bank court)"),
        ("bank AND court OR pier", "((bank court) | pier)"),
        ("bank -court", "(bank -court)"),
        ("-court", "-court"),
        ("bank NOT court", "(bank -court)"),
        ("-(bank court)", "-(bank court)"),
        ("(bank OR court) (pier OR quay)", "((bank | court) (pier | quay))"),
        ("((bank) OR (court))", "(bank | court)"),
        ("bank* *court mid*dle a*b*", "(bank* *court mid*dle a*b*)"),
        ("bank~ court~2 pier~9 quay~0", "(bank~1 court~2 pier~2 quay)"),
        ("ab~2 a~ abc~2", "(ab~1 a~0 abc~1)"),
        ("bank-court", '"bank court"'),
        ("Ёлка", "елка"),
    ],
)
def test_what_is_written_is_read(text: str, expected: str) -> None:
    assert shape(parse(text, TODAY).tree) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("author:ann", "author=ann"),
        ('author:"Айбек К"', "author=Айбек К"),
        ("author:«Айбек К» bank", "(author=Айбек К bank)"),
        ("Author: ann", "author=ann"),
        ("kind:note", "kind=note"),
        ("kind:NOTES", "kind=note"),
        ("kind:evidence", "kind=evidence"),
        ("case:quiet-harbour", "case=quiet-harbour"),
        ('tag:"land deals"', "tag=land deals"),
        ("lang:ky", "language=ky"),
        ("language:Kyrgyz", "language=ky"),
        ("after:2024", "after=2024-01-01"),
        ("after:2024-05", "after=2024-05-01"),
        ("before:2024-05-31", "before=2024-05-31"),
        ("before:31.05.2024", "before=2024-05-31"),
        ("before:5.2024", "before=2024-05-01"),
        ("after:yesterday", "after=2026-11-20"),
        ("after:today", "after=2026-11-21"),
        ("-author:ann", "-author=ann"),
        ("(author:ann OR author:ben) bank", "((author=ann | author=ben) bank)"),
    ],
)
def test_fields_are_read(text: str, expected: str) -> None:
    parsed = parse(text, TODAY)

    assert shape(parsed.tree) == expected
    assert not parsed.notices


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("after:someday", "(after someday)"),
        ("after:2024-13", '(after "2024 13")'),
        ("before:2024-02-31", '(before "2024 02 31")'),
        ("kind:poem", "(kind poem)"),
        ("lang:elvish", "(lang elvish)"),
    ],
)
def test_a_filter_that_makes_no_sense_is_words_and_says_so(text: str, expected: str) -> None:
    parsed = parse(text, TODAY)

    # Numbers may be one token or several: that is the analysis's business.
    assert shape(parsed.tree).replace('"', "").replace(" ", "") == expected.replace(
        '"', ""
    ).replace(" ", "")
    assert len(parsed.notices) == 1
    assert text in parsed.notices[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "(",
        ")",
        "()",
        "((((",
        '"',
        '""',
        "OR",
        "AND",
        "-",
        "--",
        "*",
        "**",
        "~",
        "( OR )",
        "-()",
        "!?",
        "«»",
        "\0",
        "\ud800",
        "- - -",
        ":",
        "-*",
        '"*"',
        "\u200b",
    ],
)
def test_nothing_to_search_for_is_nothing(text: str) -> None:
    assert parse(text, TODAY).tree is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bank OR", "bank"),
        ("OR bank", "bank"),
        ("NOT OR bank", "bank"),
        ("bank AND", "bank"),
        ("(bank", "bank"),
        ("bank)", "bank"),
        (")bank(", "bank"),
        ('"bank', "bank"),
        ('bank"', "bank"),
        ("bank OR OR court", "(bank | court)"),
        ("bank -", "bank"),
        ("- bank", "bank"),
        ("author:", "author"),
        ("foo:bar", '"foo bar"'),
        ("bank () court", "(bank court)"),
        ("bank\0court", "(bank court)"),
    ],
)
def test_what_cannot_be_read_is_words(text: str, expected: str) -> None:
    assert shape(parse(text, TODAY).tree) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "bank " * 10_000,
        "(" * 1000 + "bank" + ")" * 1000,
        "(bank " * 5_000,
        "bank OR " * 10_000,
        "-bank " * 10_000,
        "bank* " * 10_000,
        "*".join("abcdefgh" * 500),
        "bank~" * 10_000,
        '"' * 10_000,
        "- " * 10_000,
        "author:" * 10_000,
        "\0" * 10_000,
        "\ud800" * 10_000,
        ")(" * 10_000,
        "ў" * 50_000,
        "a\u0301" * 50_000,
        "Xx" * 30,
    ],
)
def test_huge_and_hostile_queries_are_cut_and_quick(text: str) -> None:
    start = perf_counter()
    parsed = parse(text, TODAY)

    assert perf_counter() - start < 5
    assert len(parsed.text) <= MAX_CHARACTERS
    if len(text) > MAX_CHARACTERS:
        assert any(f"{MAX_CHARACTERS:,} characters" in notice for notice in parsed.notices)


def test_more_words_than_can_be_used_are_left_out_with_a_notice() -> None:
    parsed = parse(" ".join(f"word{number}" for number in range(200)), TODAY)

    assert isinstance(parsed.tree, And)
    assert len(parsed.tree.children) == MAX_WORDS
    assert parsed.notices == (f"Only the first {MAX_WORDS} words were searched for.",)


def test_parentheses_are_read_to_a_depth_and_left_out_beyond_it() -> None:
    parsed = parse("(" * (MAX_DEPTH + 1) + "bank OR court" + ")" * (MAX_DEPTH + 1), TODAY)

    assert shape(parsed.tree) == "(bank | court)"
    assert parsed.notices == (f"Parentheses deeper than {MAX_DEPTH} were left out.",)


def test_the_filters_of_a_form_are_anded_to_the_text() -> None:
    query = Query("bank OR court", kind="note", after=date(2024, 5, 1), tag="land")

    assert shape(parse(query, TODAY).tree) == "((bank | court) kind=note after=2024-05-01 tag=land)"
    assert shape(parse(Query(kind="note"), TODAY).tree) == "kind=note"
    assert parse(Query(kind="", tag=""), TODAY).tree is None


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_query(text: str) -> None:
    parse(text, TODAY)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "(",
                ")",
                '"',
                "-",
                "*",
                "~",
                "~2",
                "OR",
                "AND",
                "NOT",
                ":",
                "author:",
                "after:",
                "«",
                "»",
                "bank",
                "банк",
                "2024",
                " ",
                " ",
                "||",
                "a-b",
                "\0",
                "\ud800",
                "№",
                "’",
            ]
        ),
        max_size=40,
    )
)
def test_any_mixture_of_syntax_is_a_query(pieces: list[str]) -> None:
    parsed = parse("".join(pieces), TODAY)

    assert all(child is not None for child in getattr(parsed.tree, "children", ()))
