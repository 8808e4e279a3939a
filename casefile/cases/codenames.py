from __future__ import annotations

import secrets

FIRST = """
amber autumn birch brass bright calm cedar chalk clear cloud cobalt copper coral crisp dawn deep
distant early east ember evening fair fallow fern flint frost gentle glass golden granite green
grey hazel hollow indigo inner iron ivory jade june kind late lilac linen little lone long lucid
lunar maple marble mellow mild misty morning mossy narrow new noble north oaken ochre olive opal
open orchid pale paper patient pearl pine plain polar quiet rapid russet sage sandy scarlet second
silent silver simple slate slow small soft solar south spring steady still stone summer tall tawny
third tidal timber upper velvet violet walnut warm west white wide willow winter wooden young
""".split()
SECOND = """
anchor apple arch arrow avenue badger bay beacon bell bench bridge brook button cabin candle canal
canyon cape castle chestnut clover coast comet compass corner crane creek delta desk dune eagle
echo falcon feather fiddle field finch ford forest fountain fox garden gate glacier glade grove
gull harbour harvest hawk heron hill horizon island ivy jacket juniper kettle kite ladder lagoon
lake lantern lark lattice leaf ledger lighthouse lynx magnet meadow mill mirror moon moth mountain
needle nest orchard otter owl paddle parcel path pebble pelican pencil pepper pilot plateau pocket
pond poplar prairie puzzle quarry quill raven reed ribbon ridge river robin saddle sail sandpiper
shore sparrow spoon spruce stable starling station steppe stork stream sundial swallow swan table
teapot terrace thicket thimble thrush tower trail valley village violin wagon waterfall wheel
whistle willow window wren yard
""".split()


def make() -> str:
    """Draw a codename from neutral words. It says nothing about the case it stands for."""
    return f"{secrets.choice(FIRST)}-{secrets.choice(SECOND)}"
