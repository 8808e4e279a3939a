"""Tables that come as CSV files: any of the usual encodings and separators, each problem with its place."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from casefile.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_ROWS: Final = 20_000
LONGEST_CELL: Final = 300
MOST_PROBLEMS: Final = 100
SEPARATORS: Final = ",;\t"
GLUED: Final = re.compile(r"(\d{1,5})\s*[.)]?\s*(?=[^\W\d_«\"“])", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell. Row 1 is the header, as spreadsheets count."""

    row: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"Row {self.row}" + (f", {self.field}" if self.field else "")
        return f"{where}: {self.message}"


@dataclass(slots=True)
class Table:
    """A file as it was read: rows by column name, and all that is wrong with it."""

    columns: Sequence[str]
    rows: list[dict[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, row: int, name: str, message: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(row, name, message))


def decode(content: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 with a mark, or cp1251."""
    if len(content) > MOST_BYTES:
        msg = "This file is larger than 4 MiB. Cut it into several and import one after the other."
        raise InvalidError(msg)
    encodings = ["utf-8-sig", "cp1251"]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    msg = (
        "This is no CSV file in UTF-8 or Windows-1251. Save the table as “CSV UTF-8” and try again."
    )
    raise InvalidError(msg)


def read(
    text: str,
    wanted: Sequence[str],
    needed: Sequence[str],
    tell: Callable[[int], object] | None = None,
) -> Table:
    """Read a table. Every problem is collected with its row and field; nothing is guessed."""
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        msg = f"The file is empty. Its first row names the columns: {', '.join(wanted)}."
        raise InvalidError(msg)
    separator = max(SEPARATORS, key=lines[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    table = Table(wanted)
    try:
        header = [name.strip().casefold() for name in next(reader)]
        _check_header(header, wanted, needed)
        for number, cells in enumerate(reader, start=2):
            if any(cell.strip() for cell in cells):
                _take(table, number, header, cells)
            if len(table.rows) > MOST_ROWS:
                msg = f"The file has more than {MOST_ROWS} rows. Cut it into several."
                raise InvalidError(msg)
            if tell is not None and number % 500 == 0:
                tell(number)
    except csv.Error as error:
        msg = f"Row {reader.line_num}: a quotation mark is missing or too many. Mend it and try again."
        raise InvalidError(msg) from error
    if not table.rows and not table.problems:
        table.refuse(2, "", "There is no row below the header.")
    return table


def _check_header(header: Sequence[str], wanted: Sequence[str], needed: Sequence[str]) -> None:
    lacking = [name for name in needed if name not in header]
    unknown = [name for name in header if name not in wanted]
    twice = sorted({name for name in header if header.count(name) > 1})
    problems = []
    if lacking:
        problems.append(f"these columns are missing: {', '.join(lacking)}")
    if unknown:
        problems.append(f"these columns are not known here: {', '.join(unknown)[:200]}")
    if twice:
        problems.append(f"these columns come twice: {', '.join(twice)}")
    if problems:
        msg = f"Row 1: {'; '.join(problems)}. The columns are: {', '.join(wanted)}."
        raise InvalidError(msg)


def _take(table: Table, number: int, header: Sequence[str], cells: Sequence[str]) -> None:
    if len(cells) != len(header):
        table.refuse(
            number,
            "",
            f"it has {len(cells)} cells where the header has {len(header)}. A comma inside a text wants "
            "quotation marks around the text.",
        )
        return
    row = dict.fromkeys(table.columns, "")
    for name, cell in zip(header, cells, strict=True):
        value = " ".join(unicodedata.normalize("NFC", cell).split())
        if len(value) > LONGEST_CELL:
            table.refuse(number, name, f"it is longer than {LONGEST_CELL} characters.")
        if any(unicodedata.category(letter) == "Cc" for letter in value):
            table.refuse(number, name, "it holds invisible control characters.")
        row[name] = value
    row["row"] = str(number)
    table.rows.append(row)


def check_number(table: Table, row: dict[str, str], name: str = "number") -> int | None:
    """Read the number of a row. One that a text is glued to is a problem, and so is none."""
    text, at = row[name], int(row["row"])
    if text.isascii() and text.isdigit() and len(text) <= 5:  # noqa: PLR2004
        return int(text)
    if GLUED.match(text):
        table.refuse(
            at, name, f"a text is glued to the number: “{text[:40]}”. Part them into two cells."
        )
    else:
        table.refuse(at, name, "it wants a whole number in digits.")
    return None


def check_glued(table: Table, row: dict[str, str], name: str, number: int | None) -> None:
    """Find a list number that is glued to the front of a text: “8АИР” in row 8."""
    found = GLUED.match(row[name])
    if found and (number is None or int(found[1]) == number):
        message = (
            f"the list number {found[1]} is glued to the text: “{row[name][:40]}”. Take it out."
        )
        table.refuse(int(row["row"]), name, message)
