"""Every page of the stories."""

from casefile.stories import (
    assignment_routes,
    claim_routes,
    decision_routes,
    dossier_routes,
    export_routes,
    import_routes,
    reply_routes,
    routes,
    rulebook_routes,
)

PAGES = (
    routes,
    claim_routes,
    reply_routes,
    decision_routes,
    import_routes,
    export_routes,
    dossier_routes,
    assignment_routes,
    rulebook_routes,
)
BLUEPRINTS = tuple(pages.bp for pages in PAGES)
