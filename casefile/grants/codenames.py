"""Names for applications where the applicant's must not stand: neutral words that say nothing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

TRIES: Final = 8

FIRST = """
alpine ashen azure bold breezy briar bronze brisk burnt chilly cloudy cosy curly dappled dewy dusty
eager faded festive floral foggy frosty gilded glossy hearty humble icy jolly keen leafy lofty loyal
merry mild minty nimble nutty peppery polished proud quick rosy rustic salty satin shady shiny snowy
spicy starry sunny supple swift thrifty tranquil twin velvety vivid wavy windy woven
""".split()  # noqa: SIM905 - words as text are easier to mend
SECOND = """
abacus acorn almond apricot barley basket beet birch blanket bobbin bonnet carrot chalk cherry chest
clay comb cotton cup drum felt flute fork gourd grape hazel hoop jug kilim ladle lemon loom lute
melon millet mitten mortar mulberry needle oat onion peach pear pestle plum pot quilt quince radish
reel rice rope rye sack saddlebag shawl sickle sieve spindle spool sunflower thimbleful thread
tomato tray tulip turnip walnut wheat wick wool yarn yurt
""".split()  # noqa: SIM905


def make() -> str:
    return f"{secrets.choice(FIRST)}-{secrets.choice(SECOND)}"


def make_new(taken: Collection[str]) -> str:
    """Make one that is not taken; when the words run short, with a number."""
    for number in range(1, TRIES):
        name = make() + (f"-{number}" if number > TRIES // 2 else "")
        if name not in taken:
            return name
    return f"{make()}-{secrets.token_hex(4)}"
