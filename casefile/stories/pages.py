"""Every page of the stories."""

from casefile.stories import claim_routes, decision_routes, reply_routes, routes

BLUEPRINTS = tuple(pages.bp for pages in (routes, claim_routes, reply_routes, decision_routes))
