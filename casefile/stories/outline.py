"""What a page must know of every claim of a story, sealed together: opening hundreds takes too long."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from casefile.errors import DamagedError
from casefile.stories.parts import Part
from casefile.stories.records import Claim, Support

if TYPE_CHECKING:
    from datetime import datetime

    from casefile.cases.access import OpenCase
    from casefile.stories.parts import Whole


def seal(case: OpenCase, whole: Whole) -> bytes:
    """Seal the outline of a story as it is now."""
    lines = [_line(part) for part in whole.of("claim")]
    plain = json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode()
    return case.newest.seal(plain, "story", whole.id, "outline", whole.version)


def _line(part: Part) -> list[Any]:
    claim: Claim | None = part.record
    place = [part.key, part.number, part.version, part.digest]
    if claim is None:
        return place
    return [
        *place,
        claim.category,
        claim.verdict,
        claim.reopened,
        list(claim.passages),
        list(claim.lost),
        [[one.kind, one.id] for one in claim.supports],
        claim.grounds,
        claim.writers,
    ]


def read(case: OpenCase, row: Any, at: datetime) -> list[Part]:
    """Return the claims of a story without their words; none when the outline is damaged."""
    try:
        plain = case.key(row.generation).open(row.outline, "story", row.id, "outline", row.version)
    except DamagedError:
        return []
    return [_part(line, row.id, at) for line in json.loads(plain)]


def _part(line: list[Any], story_id: UUID, at: datetime) -> Part:
    part_id, number, version, digest, *told = line
    return Part(
        UUID(part_id),
        story_id,
        "claim",
        number,
        version,
        UUID(int=0),
        at,
        _claim(*told) if told else None,
        digest,
        part_id,
    )


def _claim(
    category: str,
    verdict: str,
    reopened: str,
    marked: list[str],
    lost: list[str],
    supports: list[list[str]],
    grounds: dict[str, str],
    writers: list[str],
) -> Claim:
    return Claim(
        "",
        category,
        passages=dict.fromkeys(marked, ""),
        lost=dict.fromkeys(lost, ""),
        supports=tuple(Support(kind, thing_id) for kind, thing_id in supports),
        verdict=verdict,
        reopened=reopened,
        grounds=grounds,
        writers=tuple(writers),
    )
