from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile.errors import InvalidError
from casefile.grants import calls, exports, questions, scoring, tables
from casefile.grants.exports import Column
from casefile.grants.money import Money
from casefile.grants.typed_lines import read_criteria

if TYPE_CHECKING:
    from collections.abc import Mapping

SCORES = st.dictionaries(st.integers(0, 9), st.none() | st.integers(0, 5), min_size=1)


@given(SCORES, st.lists(st.integers(1, 100), min_size=10, max_size=10))
def test_a_weighted_score_stays_between_its_scores_and_leaves_out_what_does_not_apply(
    scores: Mapping[int, int | None], weights: list[int]
) -> None:
    by_key = dict(enumerate(weights))
    found = scoring.weighted(scores, by_key)
    given_scores = [score for score in scores.values() if score is not None]

    if not given_scores:
        assert found is None
        return
    assert found is not None
    assert min(given_scores) <= found <= max(given_scores)
    applying = {key: score for key, score in scores.items() if score is not None}
    assert found == scoring.weighted(applying, by_key)


@pytest.mark.slow
@given(st.lists(st.none() | st.fractions(0, 5), max_size=20))
def test_equal_scores_share_a_rank_and_the_next_counts_on(scores: list[Fraction | None]) -> None:
    ranks = scoring.ranks(scores)

    for at, one in enumerate(scores):
        for other_at, other in enumerate(scores):
            if one == other:
                assert ranks[at] == ranks[other_at]
            if one is not None and other is not None and one > other:
                assert ranks[at] < ranks[other_at]
    assert sorted(ranks)[:1] in ([], [1])


def test_rounding_makes_no_tie() -> None:
    close = [Fraction(4001, 1000), Fraction(4002, 1000)]

    assert scoring.shown(close[0]) == scoring.shown(close[1]) == Decimal("4.00")
    assert scoring.ranks(close) == [2, 1]


@pytest.mark.parametrize(
    "lines", ["50 | A\n40 | B", "0 | A\n100 | B", "101 | A", "100 |", "ten | A", ""]
)
def test_weights_that_do_not_add_up_to_a_hundred_are_refused(lines: str) -> None:
    with pytest.raises(InvalidError):
        calls.check_weights(read_criteria(lines))


def test_questions_are_read_line_by_line_and_written_back() -> None:
    text = "yes_no=yes* | Registered? | 1000\nparagraph | Why? | 500"
    asked = questions.read(text)

    assert questions.write(asked) == text
    assert questions.problems(asked, {}) == {"q1": "Answer this question."}
    assert [one.key for one in questions.knocked_out(asked, {"q1": "no"})] == ["q1"]
    with pytest.raises(InvalidError, match="Line 2"):
        questions.read("text | One\nsong | Two")


DANGER = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0")


def test_a_csv_file_holds_no_formula_and_a_workbook_only_text() -> None:
    table = [["Name", "Amount"], *([text, Decimal("1.50")] for text in DANGER)]
    written = b"".join(exports.write_csv(table)).decode("utf-8-sig")
    cells = [row[0] for row in csv.reader(io.StringIO(written))][1:]

    assert all(cell.startswith("'") for cell in cells)
    book = zipfile.ZipFile(
        io.BytesIO(exports.write_xlsx(table, "a [bad] name: /x/ that is too long"))
    )
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "=1+1" in book.read("xl/sharedStrings.xml").decode()


def test_money_takes_two_columns_and_what_is_unknown_stays_empty() -> None:
    columns = (Column("name", "Name"), Column("amount", "Amount"), Column("at", "At"))
    money = frozenset({"amount"})
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert exports.header(columns, money, "currency") == [
        "Name",
        "Amount",
        "Amount: currency",
        "At",
    ]
    known = {"name": "A", "amount": Money(Decimal(5), "KGS"), "at": now}
    unknown = {"name": "B", "amount": None, "at": None}
    assert exports.flat(known, columns, money) == ["A", Decimal("5.00"), "KGS", now]
    assert exports.flat(unknown, columns, money) == ["B", "", "", ""]
    assert exports.write_xlsx([exports.flat(known, columns, money)], "x")


WANTED = ("number", "name")


def test_a_table_is_read_in_either_encoding_and_with_either_separator() -> None:
    for encoding, separator in (
        ("utf-8", ","),
        ("utf-8-sig", ";"),
        ("cp1251", ";"),
        ("utf-16", "\t"),
    ):
        content = f"number{separator}name\r\n1{separator}Сельская жизнь\r\n".encode(encoding)
        found = tables.read(tables.decode(content), WANTED, WANTED)
        assert [row["name"] for row in found.rows] == ["Сельская жизнь"]
        assert not found.problems


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x00\x98", b"number\0,name\n", b"\xff\xfe\x00"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidError):
        tables.decode(content)


@pytest.mark.parametrize("header", ["number", "number,name,extra", "number,name,name", "", "№,имя"])
def test_wrong_columns_are_named(header: str) -> None:
    with pytest.raises(InvalidError, match=r"(columns|empty)"):
        tables.read(f"{header}\n1,A\n", WANTED, WANTED)


def test_a_list_number_glued_to_a_name_is_found_and_a_name_that_begins_so_is_not() -> None:
    found = tables.read(
        "number,name\n8,8АИР Поддержка\n9,24.kg\n2x,B\n4,1001 ночь\n", WANTED, WANTED
    )
    for row in found.rows:
        tables.check_glued(found, row, "name", tables.check_number(found, row))
    said = [str(problem) for problem in found.problems]

    assert said[0].startswith("Row 2, name: the list number 8 is glued")
    assert said[1].startswith("Row 4, number:")
    assert len(said) == 2


def test_a_comma_too_many_is_named_with_its_row() -> None:
    found = tables.read("number,name\n1,A\n2,B,C\n", WANTED, WANTED)

    assert str(found.problems[0]).startswith("Row 3: it has 3 cells")
    with pytest.raises(InvalidError, match="Row"):
        tables.read('number,name\n1,"A\n', WANTED, WANTED)


def test_what_is_too_long_or_too_much_is_named_with_its_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = tables.read(f"a\nok\n{'x' * 301}\n", ("a",), ("a",))
    assert [str(one) for one in found.problems] == ["Row 3, a: it is longer than 300 characters."]
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    with pytest.raises(InvalidError, match="more than 2 rows"):
        tables.read("a\n1\n2\n3\n", ("a",), ("a",))
    with pytest.raises(InvalidError, match="larger than"):
        tables.decode(b"a" * (tables.MOST_BYTES + 1))
