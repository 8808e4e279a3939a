"""Every page there is and how a person comes to it: whole, empty, refused and just after a mistake."""

from tests.browser.places import accounts, grants, newsroom, sources, stories
from tests.browser.places.scene import Place, Scene

PLACES = [
    *accounts.PLACES,
    *newsroom.PLACES,
    *sources.PLACES,
    *stories.PLACES,
    *grants.PLACES,
]

__all__ = ["PLACES", "Place", "Scene"]
