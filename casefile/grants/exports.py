"""Lists as files: XLSX and CSV, row by row. What a person typed is text there, never a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from casefile.grants.dates import PartialDate
from casefile.grants.money import Money
from casefile.web.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_LETTERS: Final = 32_767
SHEET_NAME: Final = 31
LINES: Final = 200
NOT_STATED: Final = ""
NO_PICTURE_LETTERS: Final = {
    code: None for code in (*range(32), 0xFFFE, 0xFFFF) if code not in {9, 10, 13}
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list, on the page and in the file."""

    key: str
    label: Any
    sort: str = ""
    wide: bool = False
    page: bool = True


def cells(value: object) -> list[Any]:
    """Return what a value fills in a file: money takes two cells, the amount and the currency."""
    if isinstance(value, Money):
        return [value.amount, value.currency]
    if isinstance(value, PartialDate):
        return [value.code]
    if isinstance(value, (list, tuple)):
        return ["; ".join(str(part) for part in value)]
    if value is None:
        return [NOT_STATED]
    return [value]


def header(columns: Sequence[Column], money: frozenset[str], currency: str) -> list[str]:
    found: list[str] = []
    for column in columns:
        found.append(str(column.label))
        if column.key in money:
            found.append(f"{column.label}: {currency}")
    return found


def flat(row: Any, columns: Sequence[Column], money: frozenset[str]) -> list[Any]:
    found: list[Any] = []
    for column in columns:
        value = row[column.key]
        if column.key in money and value is None:
            found += [NOT_STATED, NOT_STATED]
        else:
            found += cells(value)
    return found


def write_csv(table: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write a table as CSV (RFC 4180) in UTF-8 with a mark, which spreadsheets need to see letters."""
    out = io.StringIO()
    writer = csv.writer(out)
    yield b"\xef\xbb\xbf"
    for number, row in enumerate(table, start=1):
        writer.writerow([harmless(cell) if isinstance(cell, str) else _plain(cell) for cell in row])
        if number % LINES == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _plain(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, date) else cell


def write_xlsx(
    table: Iterable[Sequence[Any]],
    name: str,
    tell: Callable[[int], object] | None = None,
) -> bytes:
    """Write a table as a workbook of one sheet, in memory and never in a temporary file in clear."""
    # Ten megabytes of modules that only an export needs.
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
        "remove_timezone": True,
    }
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(_sheet_name(name))
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    amount = book.add_format({"num_format": "#,##0.00"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    put = _writer(sheet, bold=bold, amount=amount, moment=moment)
    width = 0
    for at, row in enumerate(table):
        width = max(width, len(row))
        for column, cell in enumerate(row):
            put(at, column, cell)
        if tell is not None and at % LINES == 0:
            tell(at)
    sheet.freeze_panes(1, 0)
    if width:
        sheet.set_column(0, width - 1, 22)
    book.close()
    return out.getvalue()


def _writer(sheet: Any, *, bold: Any, amount: Any, moment: Any) -> Callable[[int, int, Any], None]:
    """Choose the kind of cell by the kind of value, so that nothing is guessed from its text."""
    text, number = sheet.write_string, sheet.write_number
    others: dict[type, Callable[[int, int, Any], object]] = {
        Decimal: lambda row, column, value: number(row, column, float(value), amount),
        datetime: lambda row, column, value: sheet.write_datetime(row, column, value, moment),
        date: sheet.write_datetime,
        bool: sheet.write_boolean,
    }

    def put(row: int, column: int, cell: Any) -> None:
        kind = type(cell)
        if kind is str or isinstance(cell, str):
            if cell:
                text(row, column, _letters(str(cell)), None if row else bold)
        else:
            others.get(kind, number)(row, column, cell)

    return put


def _letters(text: str) -> str:
    return text[:MOST_LETTERS].translate(NO_PICTURE_LETTERS)


def _sheet_name(name: str) -> str:
    cleaned = "".join(" " if letter in "[]:*?/\\'" else letter for letter in name)
    return cleaned.strip()[:SHEET_NAME] or "List"


def file_name(name: str, on: date, ending: str) -> str:
    """Return the name of an export: what the list is and the day, nothing that is in it."""
    return f"{name}-{on.isoformat()}.{ending}"
