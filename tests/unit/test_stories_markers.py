from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.stories import markers, rendering

PIECES = st.lists(
    st.sampled_from(
        [
            "words ",
            "[",
            "]",
            "](c:1)",
            "[a](c:2)",
            "(c:)",
            "\\",
            "*b*",
            "\n\n",
            "[E-1]",
            "`",
            "көпүрө",
        ]
    ),
    max_size=40,
).map("".join)


def test_marked_words_are_found_with_what_stands_in_them() -> None:
    text = "A [pier *paid* for [E-1] twice](c:12), \\[not](c:3) and [new](c:) [too](c:new)."

    assert [(mark.number, mark.words) for mark in markers.marks(text)] == [
        (12, "pier *paid* for [E-1] twice"),
        (0, "new"),
        (0, "too"),
    ]
    assert markers.passages(text)[12] == "pier paid for twice"


def test_marks_do_not_stand_inside_of_one_another() -> None:
    deep = 20_000
    text = "[" * deep + "x" + "](c:1)" * deep

    assert markers.passages("[a [b](c:1) c](c:2)") == {1: "b"}
    assert markers.passages(text) == {1: "x"}
    assert markers.without_marks(text).startswith("[[")
    assert markers.count_words(text) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "[x](<c:1>)",
        '[x](c:1 "t")',
        "[x](c\\:1)",
        "[x](&#99;:1)",
        "[x][r]\n\n[r]: c:1",
        "`[x](c:1)` [y](<c:1>)",
        "[a `]` b](c:1)",
    ],
)
def test_only_what_a_claim_knows_of_looks_like_a_claim(text: str) -> None:
    """Else words nobody checked would stand under the verdict of a claim."""
    shown = "".join(
        row.html for row in rendering.rows(text, evidence_url="", verdicts={1: "verified"})
    )

    assert "<mark" not in shown
    assert "c:1" not in shown.replace("<code>[x](c:1)</code>", "")


def test_new_marks_get_numbers_and_the_rest_stays() -> None:
    told: list[str] = []

    def take(words: str) -> int:
        told.append(words)
        return len(told) + 6

    text = markers.number_new("[one](c:) [old](c:2) [*two*](c:new)", take)

    assert text == "[one](c:7) [old](c:2) [*two*](c:8)"
    assert told == ["one", "two"]


def test_words_are_counted_without_the_signs() -> None:
    assert (
        markers.count_words("# Head\n\n[The pier](c:3) was [linked](https://a.example) [E-1].") == 5
    )


def test_words_are_marked_where_they_stand_free() -> None:
    text = "paid twice, [paid twice](c:1), paid\ntwice"

    assert (
        markers.mark_words(text, "paid twice", 2)
        == "[paid twice](c:2), [paid twice](c:1), paid\ntwice"
    )
    assert markers.mark_words("[paid twice](c:1)", "paid twice", 2) is None
    assert markers.mark_words("nothing", "paid", 2) is None


def test_a_long_draft_is_cut_between_paragraphs_and_loses_nothing() -> None:
    long = "\n\n".join(f"Paragraph [claim {n}](c:{n}).\n- item\n\n  more" for n in range(1, 90))
    cut = markers.parts(long)

    assert len(cut) > 3
    assert "".join(cut) == long
    fenced = "```\n" + "\n\n".join(f"[x](c:{n})" for n in range(90)) + "\n```"
    assert markers.parts(fenced) == [fenced]


@given(PIECES)
def test_any_text_survives_marking_and_rendering(text: str) -> None:
    found = list(markers.marks(text))
    for mark in found:
        assert text[mark.start] == "["
        assert text[: mark.end].endswith(")")
    numbered = markers.number_new(text, lambda _words: 99)
    assert markers.without_marks(numbered).count("](c:") <= numbered.count("](c:")
    assert "".join(markers.parts(text * 30)) == text * 30
    for row in rendering.rows(text, evidence_url="/e/", verdicts={}):
        assert "<script" not in row.html
