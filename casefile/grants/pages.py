"""Every page of the grants."""

from casefile.grants import (
    agreement_routes,
    amendment_routes,
    application_routes,
    apply_routes,
    award_routes,
    budget_routes,
    call_routes,
    decision_routes,
    import_routes,
    overview_routes,
    payment_routes,
    routes,
    spending_routes,
    voiding_routes,
)

BLUEPRINTS = tuple(
    pages.bp
    for pages in (
        routes,
        agreement_routes,
        call_routes,
        application_routes,
        decision_routes,
        import_routes,
        apply_routes,
        award_routes,
        payment_routes,
        overview_routes,
        budget_routes,
        spending_routes,
        amendment_routes,
        voiding_routes,
    )
)
