"""What changed between two texts, side by side, down to the words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

WORDS = re.compile(r"\w+|\s+|[^\w\s]")
CONTEXT = 3
LONGEST_LINE = 4000
SIMILAR = 0.35

Pieces = list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class DiffRow:
    """A line of a comparison. `kind` is same, added, removed, changed or gap."""

    kind: str
    left: Pieces
    right: Pieces


def compare(older: str, newer: str) -> list[DiffRow]:
    """Return the rows of a side-by-side comparison; long equal stretches become a gap."""
    left, right = older.splitlines(), newer.splitlines()
    rows: list[DiffRow] = []
    for what, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if what == "equal":
            rows.extend(_same(left[i:j], first=i == 0, last=j == len(left)))
            continue
        before, after = left[i:j], right[k:m]
        for old, new in zip(before, after, strict=False):
            rows.extend(_changed(old, new))
        rows.extend(DiffRow("removed", [(line, False)], []) for line in before[len(after) :])
        rows.extend(DiffRow("added", [], [(line, False)]) for line in after[len(before) :])
    return rows


def _same(lines: list[str], *, first: bool, last: bool) -> list[DiffRow]:
    head = 0 if first else CONTEXT
    tail = 0 if last else CONTEXT
    if len(lines) <= head + tail + 1:
        return [DiffRow("same", [(line, False)], [(line, False)]) for line in lines]
    shown = [DiffRow("same", [(line, False)], [(line, False)]) for line in lines[:head]]
    shown.append(DiffRow("gap", [], []))
    shown += [
        DiffRow("same", [(line, False)], [(line, False)]) for line in lines[len(lines) - tail :]
    ]
    return shown


def _changed(old: str, new: str) -> list[DiffRow]:
    if max(len(old), len(new)) > LONGEST_LINE:
        return [DiffRow("changed", [(old, True)], [(new, True)])]
    before, after = WORDS.findall(old), WORDS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < SIMILAR:
        return [DiffRow("removed", [(old, False)], []), DiffRow("added", [], [(new, False)])]
    left: Pieces = []
    right: Pieces = []
    for what, i, j, k, m in matcher.get_opcodes():
        if i < j:
            left.append(("".join(before[i:j]), what != "equal"))
        if k < m:
            right.append(("".join(after[k:m]), what != "equal"))
    return [DiffRow("changed", left, right)]
