from __future__ import annotations

import re
import secrets

from casefile.cases.codenames import FIRST

# None of these words ends the codename of a case, so the two kinds are never mixed up.
SECOND = """
abacus almanac anvil apron atlas awning bagpipe banjo barrel basin basket beaker beanbag blanket
blotter bonnet bookend bucket buckle bugle candlestick canteen canvas carafe carpet cartwheel
cello chalkboard chisel clarinet coaster colander compress cordial crayon crochet cymbal decanter
dial doorbell doorstop drum dumpling easel eyelet flagon flask flute footstool funnel gasket
gimlet goblet hammock handbell hinge hourglass inkwell jigsaw jug kaleidoscope kettledrum keyring
knapsack ladle loom lute mallet mandolin marquee metronome mitten mosaic mug napkin notebook oboe
orrery oven parasol parchment pennant percolator piano pitcher plaster plinth poncho pulley quilt
raincoat recorder ruler sachet samovar satchel scarf sextant shawl shuttle sieve skillet slipper
spatula spindle spool stapler stencil sundress tablecloth tambourine teacup teaspoon thermos
toolbox trellis trombone trowel trumpet tuba turntable typewriter ukulele umbrella vase viola
waistcoat wardrobe washboard wicker windmill xylophone yarn zither
""".split()
# Kyrgyz and Russian put their endings on it, with a hyphen or without: amber-lute-ден, amber-luteнин.
MENTION = re.compile(
    r"(?<![a-z0-9])(?<![a-z0-9]-)[a-z]{3,12}-[a-z]{3,14}(?:-\d{1,4})?(?![a-z0-9])(?!-[a-z0-9])",
    re.IGNORECASE | re.ASCII,
)


def make() -> str:
    """Draw a codename from neutral words. It says nothing about the person it stands for."""
    return f"{secrets.choice(FIRST)}-{secrets.choice(SECOND)}"


def mentioned(text: str) -> set[str]:
    """Return what in a text could be a codename, each as it would be kept."""
    return {word.casefold() for word in MENTION.findall(text)}
