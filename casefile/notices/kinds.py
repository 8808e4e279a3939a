"""What a notice may be about, in words. A feature that tells somebody something adds its kinds here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Mapping[str, object] = {
    "assignment.dropped": _l("Something on a story has nobody to do it any more"),
    "assignment.given": _l("You were given something to do on a story"),
    "assignment.overdue": _l("The day for something you were given is over"),
    "award.offered": _l("An award waits for signatures"),
    "award.waits": _l("An award waits for approval"),
    "amendment.waits": _l("An amendment waits for a second signature"),
    "mention.made": _l("Somebody mentions you"),
    "commitment.waits": _l("A commitment can be opened: a story came out"),
    "milestone.due": _l("A milestone is due soon"),
    "milestone.overdue": _l("A milestone is late"),
    "milestone.released": _l("A milestone was released to you"),
    "milestone.accepted": _l("A milestone was accepted"),
    "milestone.returned": _l("A milestone came back with a reason"),
    "milestone.declared": _l("A verifier has declared whether they have an interest"),
    "milestone.let_in": _l("You may look at a case, to verify a milestone"),
    "milestone.verifying": _l("You are asked to verify a milestone"),
    "milestone.verified": _l("A verdict on a milestone is in"),
    "milestone.waits": _l("A milestone waits for a second signature"),
    "payment.due": _l("A payment is due"),
    "payment.waits": _l("A payment waits for the next pair of eyes"),
    "payment.paid": _l("A payment was made"),
    "payment.failed": _l("A payment failed"),
    "rules.changed": _l("The rules for stories were changed: edition"),
    "source.looked": _l("Somebody looked at the identity of a source you handle"),
    "story.check": _l("A story waits for fact-check"),
    "story.clear": _l("A story waits for the lawyer"),
    "story.ready": _l("A story waits for an editor"),
    "story.second": _l("A story waits for a second editor"),
    "story.returned": _l("A story came back with a reason"),
    "story.voided": _l("The approval of a story ended"),
    "story.reply_overdue": _l("A deadline for a reply is over"),
}
SOMETHING = _l("Something waits for you")


def words(kind: str) -> object:
    """Say what kind of thing waits; of a kind no longer known, that something does."""
    return KINDS.get(kind, SOMETHING)
