"""What exactly is approved: one digest for each thing that counts, and one over them all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from casefile import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from casefile.stories.parts import Whole
    from casefile.stories.supports import Cards


def digest(value: Any) -> str:
    """SHA-256 over a value written the one way that is the same everywhere."""
    plain = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return keys.digest(plain.encode()).hex()


def contents(whole: Whole, cards: Cards) -> dict[str, str]:
    """Return a digest for each text, claim, piece of evidence and reply of a story, by its name."""
    head = whole.head
    found = {"settings": digest([head.title, head.outlet, head.embargo])}
    for part in whole.of("text"):
        name = part.record.language if part.record else part.number
        found[f"text:{name}"] = f"{part.version} {part.digest}"
    for kind in ("claim", "reply"):
        for part in whole.of(kind):
            found[f"{kind}:{part.number}"] = f"{part.version} {part.digest}"
    for card in cards.every():
        found[f"{card.kind}:{card.code}"] = f"{card.id} {card.ground}"
    return found


def texts_only(found: Mapping[str, str]) -> str:
    """Return the digest of the words alone, which is what a lawyer clears."""
    return digest({name: value for name, value in found.items() if name.startswith("text:")})
