"""What a newsroom asks of a story before it may come out, and who may move it where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from casefile.policy import Permission

if TYPE_CHECKING:
    from casefile.config import Settings

DRAFT, FACT_CHECK, LEGAL, READY, APPROVED, PUBLISHED, CORRECTED, RETRACTED, SPIKED = STATES = (
    "draft",
    "fact_check",
    "legal",
    "ready",
    "approved",
    "published",
    "corrected",
    "retracted",
    "spiked",
)
WAY: Final = (DRAFT, FACT_CHECK, LEGAL, READY, APPROVED, PUBLISHED)
OUT: Final = frozenset({PUBLISHED, CORRECTED, RETRACTED})
CLOSED: Final = frozenset({RETRACTED, SPIKED})
RULES: Final = ("allegation_supports", "number", "confidential", "reply", "legal")


@dataclass(frozen=True, slots=True)
class Rules:
    """The newsroom's rules. `edition` 0 is what the settings say; `proven` is false where it is in
    doubt which hold, and nothing is approved then.
    """

    allegation_supports: int = 2
    number: str = "document"
    confidential: str = "block"
    reply: str = "block"
    legal: str = "required"
    edition: int = 0
    proven: bool = True

    def told(self) -> dict[str, Any]:
        """Return the rules themselves, by name."""
        return {name: getattr(self, name) for name in RULES}

    @property
    def stamp(self) -> str:
        """Stand for these rules in a form."""
        return f"{self.edition}:{':'.join(map(str, self.told().values()))}"

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        return cls(
            allegation_supports=settings.story_allegation_supports,
            number=settings.story_number,
            confidential=settings.story_confidential,
            reply=settings.story_reply,
            legal=settings.story_legal,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One way from state to state. `apart` is for who did not write the story; `gated` steps wait
    until nothing blocks; `done` is the word of the audit trail.
    """

    name: str
    before: frozenset[str]
    after: str
    permission: Permission
    done: str
    reason: bool = False
    apart: bool = False
    gated: bool = False
    confirmed: bool = False


def _step(
    name: str, before: tuple[str, ...], after: str, permission: Permission, done: str
) -> Step:
    return Step(name, frozenset(before), after, permission, done)


_UNPUBLISHED: Final = (DRAFT, FACT_CHECK, LEGAL, READY, APPROVED)
_DECIDE: Final = Permission.STORY_DECIDE
STEPS: Final[dict[str, Step]] = {
    step.name: step
    for step in (
        _step("submit", (DRAFT,), FACT_CHECK, Permission.STORY_EDIT, "submitted"),
        _step("refer", (FACT_CHECK,), LEGAL, Permission.STORY_CHECK, "referred"),
        _step("pass", (FACT_CHECK,), READY, Permission.STORY_CHECK, "passed"),
        Step(
            "clear",
            frozenset({LEGAL}),
            READY,
            Permission.STORY_CLEAR,
            "cleared",
            apart=True,
        ),
        Step(
            "return",
            frozenset({FACT_CHECK, LEGAL, READY, APPROVED}),
            DRAFT,
            Permission.STORY_RETURN,
            "returned",
            reason=True,
        ),
        Step(
            "override",
            frozenset({READY}),
            READY,
            _DECIDE,
            "overridden",
            reason=True,
            apart=True,
            confirmed=True,
        ),
        Step(
            "approve",
            frozenset({READY}),
            APPROVED,
            _DECIDE,
            "approved",
            apart=True,
            gated=True,
            confirmed=True,
        ),
        Step(
            "publish",
            frozenset({APPROVED}),
            PUBLISHED,
            _DECIDE,
            "published",
            gated=True,
            confirmed=True,
        ),
        Step(
            "correct",
            frozenset({PUBLISHED, CORRECTED}),
            CORRECTED,
            _DECIDE,
            "corrected",
            reason=True,
            apart=True,
            gated=True,
            confirmed=True,
        ),
        Step(
            "retract",
            frozenset({PUBLISHED, CORRECTED}),
            RETRACTED,
            _DECIDE,
            "retracted",
            reason=True,
            confirmed=True,
        ),
        Step(
            "spike",
            frozenset(_UNPUBLISHED),
            SPIKED,
            _DECIDE,
            "spiked",
            reason=True,
            confirmed=True,
        ),
        Step("revive", frozenset({SPIKED}), DRAFT, _DECIDE, "revived", reason=True),
    )
}
# Made by the program when an approved story is changed.
VOID: Final = "void"
