"""The sample newsroom, and how an instance is known to hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.config import SAMPLE_MARK

if TYPE_CHECKING:
    from casefile.config import Settings

MARK = SAMPLE_MARK
UNFINISHED = "sample-unfinished"


def is_sample(settings: Settings) -> bool:
    """Say whether this instance holds the sample newsroom, whole."""
    return (settings.instance / MARK).exists()


def is_unfinished(settings: Settings) -> bool:
    """Say whether a sample was begun here and interrupted."""
    return (settings.instance / UNFINISHED).exists()


def begin(settings: Settings) -> None:
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.instance / UNFINISHED).touch(mode=0o600)


def finish(settings: Settings) -> None:
    words = (
        "This newsroom is a sample; its passwords are public.\n"
        "Nobody in it must have a second factor, unless CASEFILE_SECOND_FACTOR says otherwise.\n"
    )
    (settings.instance / MARK).write_text(words, encoding="utf-8")
    (settings.instance / UNFINISHED).unlink()
