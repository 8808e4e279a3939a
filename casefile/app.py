"""All wiring on one page: settings in, application out."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_babel import Babel, get_locale
from flask_bootstrap import Bootstrap5
from werkzeug.middleware.proxy_fix import ProxyFix

from casefile import audit, config, db, keys, web
from casefile.accounts import confirming, lock_routes, people_routes, sessions, trail_routes
from casefile.accounts import routes as accounts_routes
from casefile.accounts.factors import routes as factors_routes
from casefile.bags import routes as bags_routes
from casefile.cases import access, chores, mentions, standing, travel_routes
from casefile.cases import routes as cases_routes
from casefile.desk import routes as desk_routes
from casefile.errors import ConfigError
from casefile.evidence import extraction
from casefile.evidence import routes as evidence_routes
from casefile.grants import award_overview, calls
from casefile.grants import pages as grants_pages
from casefile.index import Index
from casefile.jobs import Jobs
from casefile.milestones import coming_out, looks, verifier_routes
from casefile.milestones import file_routes as milestone_file_routes
from casefile.milestones import grant_routes as submission_routes
from casefile.milestones import models as milestones_models  # noqa: F401
from casefile.milestones import routes as milestone_routes
from casefile.notes import mentions as note_mentions
from casefile.notes import routes as notes_routes
from casefile.notes import service as notes
from casefile.notices import routes as notices_routes
from casefile.notices import ticking
from casefile.policy import Permission
from casefile.recovery import routes as recovery_routes
from casefile.search import routes as search_routes
from casefile.sources import leaving as sources_leaving
from casefile.sources import links as source_links
from casefile.sources import pages as sources_pages
from casefile.sources import service as sources
from casefile.stories import documents, unassigning
from casefile.stories import pages as stories_pages
from casefile.uow import Resources
from casefile.vault import Vault
from casefile.web.sealed import templates_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from casefile.config import Settings

FORM_LIMIT = 4 * 1024 * 1024


def open_resources(
    settings: Settings,
    *,
    clock: Callable[[], datetime] | None = None,
    pepper: bytes | None = None,
) -> Resources:
    """Open everything the process works with. ConfigError says what is missing.

    The pepper comes from where the settings say, unless somebody typed it.
    """
    pepper = config.read_pepper(settings) if pepper is None else pepper
    now = clock or (lambda: datetime.now(UTC))
    key = keys.derive(pepper, "database")
    database = (
        db.open_url(settings.database_url)
        if settings.database_url
        else db.open_file(settings.database_path, key)
    )
    jobs = Jobs(settings.queue_path, keys.derive(pepper, "queue"), database, now)
    resources = Resources(
        settings=settings,
        pepper=pepper,
        database=database,
        vault=Vault.open(settings.vault_url),
        index=Index(settings.index_folder, settings.index_memory_mb),
        jobs=jobs,
        clock=now,
        document_sources=[
            notes.documents,
            extraction.documents,
            sources.documents,
            documents.documents,
        ],
        text_followers=[source_links.follow, note_mentions.follow],
        seat_watchers=[sources_leaving, unassigning],
        publication_followers=[coming_out.follow],
        glance_watchers=[looks.glance],
        deadline_sources=[award_overview.deadlines],
        clock_work=[calls.settle_by_clock],
    )
    jobs.register(extraction.WORK, functools.partial(extraction.read_text, resources))
    jobs.now_and_then(functools.partial(ticking.in_background, resources))
    jobs.register(audit.stamps.WORK, functools.partial(audit.stamps.in_background, resources))
    return resources


def create_app(
    settings: Settings | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
    pepper: bytes | None = None,
) -> Flask:
    """Make the application; refuses to start on anything wrong."""
    settings = settings or config.load()
    resources = open_resources(settings, clock=clock, pepper=pepper)
    if not db.is_current(resources.database):
        msg = "The database is of another version. Run `casefile init` to bring it up to date."
        raise ConfigError(msg)
    app = Flask("casefile", template_folder=str(templates_folder()))
    app.request_class = web.CasefileRequest
    app.jinja_environment = web.Environment
    app.session_interface = web.CookieSessions(plain_http=settings.plain_http)
    app.config.update(
        SECRET_KEY=keys.derive(resources.pepper, "forms").hex(),
        MAX_CONTENT_LENGTH=FORM_LIMIT,
        TRUSTED_HOSTS=_hosts(settings),
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES=str(Path(__file__).parent / "translations"),
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["casefile"] = resources
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    Babel(app)
    web.furnish(app)
    Bootstrap5(app)
    web.open_to_all(app, "bootstrap.static")
    web.set_visit_opener(app, sessions.open_visit)
    web.set_confirmer(app, confirming.confirm)
    web.guard(app)
    web.dress(app)
    web.watch_trail(app)
    web.add_filters(app)
    app.jinja_env.filters["mentions"] = mentions.pieces
    access.install(app, chores.wait, chores.run, [looks.watch])
    notices_routes.install(app, standing.seated)
    app.teardown_request(web.discard_uploads)
    app.teardown_request(web.close_database_session)
    app.jinja_env.globals["get_locale"] = get_locale
    app.context_processor(_for_every_page)
    for routes in (
        accounts_routes,
        factors_routes,
        cases_routes,
        notes_routes,
        evidence_routes,
        search_routes,
        desk_routes,
        lock_routes,
        people_routes,
        trail_routes,
        travel_routes,
        recovery_routes,
        notices_routes,
        milestone_routes,
        submission_routes,
        verifier_routes,
        milestone_file_routes,
        bags_routes,
    ):
        app.register_blueprint(routes.bp)
    for blueprint in (
        *sources_pages.BLUEPRINTS,
        *stories_pages.BLUEPRINTS,
        *grants_pages.BLUEPRINTS,
    ):
        app.register_blueprint(blueprint)
    return app


def _hosts(settings: Settings) -> list[str] | None:
    named = [host.strip() for host in settings.allowed_hosts.split(",") if host.strip()]
    if settings.on_loopback:
        return [*named, "localhost", "127.0.0.1", "[::1]", settings.host]
    return named or None


def _for_every_page() -> dict[str, object]:
    visit = web.visit()
    person = visit.person if visit else None

    def can(permission: str, case: access.OpenCase | None = None) -> bool:
        if case is not None:
            return case.can(permission)
        return person is not None and person.may(Permission(permission))

    return {
        "person": person,
        "can": can,
        "in_newsroom": web.in_newsroom,
        "search_form_query": "",
        "trail_alarm": web.trail_alarm,
    }
