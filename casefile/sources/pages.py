"""Every page of the sources."""

from casefile.sources import handler_routes, routes

BLUEPRINTS = (routes.bp, handler_routes.bp)
