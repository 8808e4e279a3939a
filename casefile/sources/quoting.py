"""Before words leave the newsroom: which protected sources a text names, quotes or gives away.

Used for the preview of notes; stories ask it with everything about to be sent.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casefile.errors import CasefileError, DamagedError
from casefile.evidence import extraction
from casefile.evidence import service as evidence
from casefile.index import highlight
from casefile.notes import service as notes
from casefile.sources import codenames, identities, links, looks, searching, service, statements
from casefile.sources.searching import Held

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from casefile.cases.access import OpenCase
    from casefile.sources.opening import Holder
    from casefile.sources.service import Choice
    from casefile.uow import Resources

WATCHED = frozenset({"background", "confidential"})
UNNAMED = WATCHED | {"not_for_attribution"}
RUN, SHORTEST_RUN = 7, 3
LONGEST = 400_000
SHORTEST_PART = 4
PIECE, OVERLAP = 20_000, 200
WORD = re.compile(r"[^\W_]+")
OR = re.compile(r"[,;/\n]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at before a text leaves.

    `kind` is codename, passage, name, or part_of_name; `words` is where it stands in the text.
    """

    source_id: UUID
    codename: str
    protection: str
    kind: str
    words: str


def check(
    resources: Resources,
    session: Session,
    case: OpenCase,
    text: str,
    *,
    holder: Holder | None = None,
    quotes: bool = True,
) -> list[Finding]:
    """Return what in a text points to confidential or background sources of this case.

    Codenames, and words that are linked to them, are found for everybody. Whether an identity's name
    stands in the text is told to its handlers only, and the trail says that it was told.
    """
    text = unicodedata.normalize("NFC", text[:LONGEST])
    sources = service.choices(session, case)
    found = list(_codenames(sources, text))
    if quotes:
        found += _passages(session, case, sources, text)
    if holder is not None:
        found += _names(resources, session, case, sources, text, holder)
    order = ("name", "part_of_name", "passage", "codename")
    return sorted(found, key=lambda finding: (order.index(finding.kind), finding.codename))


def _codenames(sources: Iterable[Choice], text: str) -> Iterator[Finding]:
    named = codenames.mentioned(text)
    for source in sources:
        if source.protection in WATCHED and source.codename in named:
            yield _finding(source, "codename", source.codename)


def _finding(source: Choice, kind: str, words: str) -> Finding:
    return Finding(source.id, source.codename, source.protection, kind, words)


def _passages(
    session: Session, case: OpenCase, sources: Sequence[Choice], text: str
) -> Iterator[Finding]:
    by_length: dict[int, dict[tuple[str, ...], tuple[int, int]]] = {}
    for source in sources:
        if source.protection not in WATCHED:
            continue
        for linked, length in _linked_texts(session, case, source.id):
            if length not in by_length:
                by_length[length] = _runs(text, length)
            runs = by_length[length]
            again = next((run for run in _runs(linked, length) if run in runs), None)
            if again is not None:
                start, end = runs[again]
                yield _finding(source, "passage", text[start:end])
                break


def _linked_texts(session: Session, case: OpenCase, source_id: UUID) -> Iterator[tuple[str, int]]:
    """Give the words known to come from a source: those written beside a link, else all of the thing.

    With them, how many in a row tell that they stand elsewhere too; words written down may be few.
    """
    rows = session.execute(statements.LINKS, {"source_id": source_id}).all()
    whole = []
    for row in rows:
        words = links.passage(case, row)
        if words:
            yield words, min(RUN, max(SHORTEST_RUN, len(WORD.findall(words))))
        else:
            whole.append(row)
    for note in notes.get_many(session, case, [row.note_id for row in whole if row.note_id]):
        yield notes.plain(note.body), RUN
    ids = [row.item_id for row in whole if row.item_id]
    for item in evidence.get_many(session, case, ids):
        yield evidence.view(item, case, "").shows, RUN
        try:
            read = "\n".join(page for _number, page in extraction.pages_of(session, case, item))
        except DamagedError:
            continue
        yield read[:LONGEST], RUN


def _runs(text: str, length: int) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return every stretch of so many words in a row, folded, and where it stands."""
    text = unicodedata.normalize("NFC", text)
    words = [(found[0].casefold(), found.start(), found.end()) for found in WORD.finditer(text)]
    return {
        tuple(word for word, _start, _end in words[at : at + length]): (
            words[at][1],
            words[at + length - 1][2],
        )
        for at in range(len(words) - length + 1)
    }


def _names(
    resources: Resources,
    session: Session,
    case: OpenCase,
    sources: Iterable[Choice],
    text: str,
    holder: Holder,
) -> list[Finding]:
    by_id = {source.id: source for source in sources if source.protection in UNNAMED}
    found = []
    for one in searching.held(session, holder, [case]):
        if not isinstance(one, Held) or one.source.id not in by_id:
            continue
        try:
            name = identities.latest(session, one.source, one.opened).name
        except CasefileError:
            continue
        finding = _name_in(by_id[one.source.id], name, text)
        if finding is not None:
            found.append(finding)
    looks.note_matches(resources, holder, [(case, one.source_id, one.codename) for one in found])
    return found


def _name_in(source: Choice, names: str, text: str) -> Finding | None:
    """Look for a name, or any of several, in every script and with any ending: whole or in part."""
    partly = None
    for name in OR.split(names):
        parts = WORD.findall(name)
        telling = [part for part in parts if len(part) >= SHORTEST_PART]
        short = not telling  # then only the whole of it tells, written as names are: Ким Ира, Ли
        parts, stands = telling or parts, {}
        for part in parts:
            forms = _marked(part, text)
            marked = next((form for form in forms if not short or form[0].isupper()), "")
            if marked:
                stands[part] = marked
        words = " … ".join(stands.values())
        if stands and len(stands) == len(parts):
            return _finding(source, "name", words)
        if stands and not short:
            partly = partly or _finding(source, "part_of_name", words)
    return partly


def _marked(part: str, text: str) -> Iterator[str]:
    """Give the words of a text that are forms of this one. A long text is read in pieces."""
    for start in range(0, max(len(text), 1), PIECE - OVERLAP):
        for found in highlight(part, text[start : start + PIECE]):
            if found.marked:
                yield found.text
