"""What the words of a story tell about protected sources, before anybody else gets to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.policy import Permission
from casefile.sources import quoting
from casefile.sources.opening import Holder
from casefile.stories import markers
from casefile.web import current, database_session, resources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from casefile.cases.access import OpenCase
    from casefile.sources.quoting import Finding
    from casefile.stories.views import StoryView


def findings(case: OpenCase, *texts: str | None, quotes: bool = True) -> list[Finding]:
    """Look for sources that a text names, quotes or gives away, as far as whoever asks may know them."""
    me = current()
    return quoting.check(
        resources(),
        database_session(),
        case,
        "\n".join(markers.said(text or "") for text in texts),
        holder=Holder(me.person.id, me.bundle) if case.can(Permission.SOURCE_HANDLE) else None,
        quotes=quotes,
    )


def names(case: OpenCase, *texts: str | None) -> list[Finding]:
    """Return only whom a text names outright."""
    if not case.can(Permission.SOURCE_HANDLE):
        return []
    found = findings(case, *texts, quotes=False)
    return [finding for finding in found if finding.kind == "name"]


def of_story(case: OpenCase, story: StoryView) -> list[Finding]:
    """Look through every draft of a story."""
    return findings(case, *words_of(story))


def words_of(story: StoryView) -> Iterable[str]:
    for text in story.texts:
        yield text.title
        yield text.body
