"""The questions of a call: what an applicant is asked, and whether an answer will do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from casefile.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = ("text", "paragraph", "yes_no", "number")
MOST = 40
LABEL_LENGTH = 300
LONGEST_ANSWER = 10_000
YES, NO = "yes", "no"
SEPARATOR = "|"
HOW = (
    "One question in each line: kind | question | limit. The kinds are text, paragraph, number, yes_no; "
    "a star after the kind makes it required; yes_no=yes knocks out who answers otherwise."
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question. A knock-out question has one answer that makes somebody eligible."""

    key: str
    kind: str
    label: str
    required: bool = True
    limit: int = 1000
    must_be: str = ""


def read(text: str) -> list[Question]:
    """Read questions from lines as a grant manager types them. InvalidError names the line."""
    found: list[Question] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            found.append(_line(line, number, len(found) + 1))
    if len(found) > MOST:
        msg = f"Ask at most {MOST} questions: applicants answer on one page."
        raise InvalidError(msg)
    return found


def _line(line: str, number: int, at: int) -> Question:
    kind, _bar, rest = (part.strip() for part in line.partition(SEPARATOR))
    label, _bar, limit = (part.strip() for part in rest.rpartition(SEPARATOR))
    if not label or not (limit.isascii() and limit.isdigit()):
        label, limit = rest, ""
    required = kind.endswith("*")
    kind, _equals, must_be = kind.rstrip("* ").partition("=")
    wrong = kind not in KINDS or not label or len(label) > LABEL_LENGTH
    wrong = wrong or bool(must_be and (kind != "yes_no" or must_be not in {YES, NO}))
    most = int(limit[:9]) if limit else 1000
    if wrong or not 1 <= most <= LONGEST_ANSWER:
        msg = f"Line {number} of the questions cannot be read. {HOW}"
        raise InvalidError(msg)
    return Question(f"q{at}", kind, label, required or bool(must_be), most, must_be)


def write(questions: Sequence[Question]) -> str:
    """Write questions as lines to be edited."""
    lines = []
    for question in questions:
        kind = question.kind + (f"={question.must_be}" if question.must_be else "")
        star = "*" if question.required else ""
        lines.append(f"{kind}{star} {SEPARATOR} {question.label} {SEPARATOR} {question.limit}")
    return "\n".join(lines)


def kept(questions: Sequence[Question]) -> list[dict[str, object]]:
    return [asdict(question) for question in questions]


def opened(rows: Sequence[Mapping[str, Any]]) -> list[Question]:
    return [Question(**row) for row in rows]


def digest(questions: Sequence[Question]) -> str:
    return hashlib.sha256(canonical(kept(questions))).hexdigest()


def canonical(value: object) -> bytes:
    """Write a value as JSON in one way only: sorted keys, no blanks, UTF-8."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def problems(questions: Sequence[Question], answers: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps these answers from being submitted, by question."""
    found = {}
    for question in questions:
        answer = answers.get(question.key, "").strip()
        if question.required and not answer:
            found[question.key] = "Answer this question."
        elif len(answer) > question.limit:
            found[question.key] = f"Shorten this to at most {question.limit} characters."
        elif answer and question.kind == "yes_no" and answer not in {YES, NO}:
            found[question.key] = "Answer yes or no."
        elif answer and question.kind == "number" and not _is_number(answer):
            found[question.key] = "Write a number in digits."
    return found


def knocked_out(questions: Sequence[Question], answers: Mapping[str, str]) -> list[Question]:
    """Return the knock-out questions that these answers fail."""
    return [
        question
        for question in questions
        if question.must_be and answers.get(question.key) != question.must_be
    ]


def _is_number(text: str) -> bool:
    whole, _point, part = text.replace(",", ".").partition(".")
    digits = whole.removeprefix("-") + part
    return digits.isascii() and digits.isdigit() and bool(whole.removeprefix("-"))
