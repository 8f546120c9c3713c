"""create_app(): joins what the three packages bring: blueprints, permissions, listeners, jobs and commands.

Each package lists its own rooms in its `features.py` (docs/decisions/0007-features-by-package.md); nothing else names them all.
"""
from pathlib import Path

from flask import Flask, render_template, send_from_directory
from flask_bootstrap import Bootstrap5
from jinja2 import StrictUndefined
from swagger_ui_bundle import swagger_ui_path
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from catalog import features as catalog
from marketplace import features as marketplace
from marketplace.accounts import identity
from marketplace.billing import gateway as stripe_gateways
from marketplace.categories import labels as category_labels
from marketplace.platform import (
    cli,
    events,
    health,
    http,
    i18n,
    jobs,
    logs,
    metrics,
    navigation,
    outbox,
    passwords,
    permissions,
)
from marketplace.platform.api import API_PREFIX, GrappeApi, current_actor
from marketplace.platform.config import Settings, load_settings
from marketplace.platform.database import db
from marketplace.platform.demo import build_demo
from tenders import features as tenders
from tenders.dashboard import mailbox
from tenders.dashboard.navigation import SITE_MAP
from tenders.demo.seed import seed

ROOT = Path(__file__).resolve().parent

API_BLUEPRINTS = (*marketplace.API_BLUEPRINTS, *catalog.API_BLUEPRINTS, *tenders.API_BLUEPRINTS)
PAGE_BLUEPRINTS = (*marketplace.PAGE_BLUEPRINTS, *catalog.PAGE_BLUEPRINTS, *tenders.PAGE_BLUEPRINTS)
PERMISSIONS = {**marketplace.PERMISSIONS, **catalog.PERMISSIONS, **tenders.PERMISSIONS}
PUBLIC_ENDPOINTS = {
    "static",
    "bootstrap.static",
    "api-docs.openapi_json",
    "api_page",
    "api_page_asset",
    *marketplace.PUBLIC_ENDPOINTS,
    *catalog.PUBLIC_ENDPOINTS,
    *tenders.PUBLIC_ENDPOINTS,
}
LISTENERS = (*marketplace.LISTENERS, *catalog.LISTENERS, *tenders.LISTENERS)
OUTBOX_HANDLERS = {**marketplace.OUTBOX_HANDLERS, **catalog.OUTBOX_HANDLERS}
CHECKS: dict[str, jobs.Check] = {**marketplace.CHECKS, **catalog.CHECKS, **tenders.CHECKS}
"""What falls due: name → use case that does everything due now and says how many (run each minute by the worker)."""
LONG_JOBS = tenders.LONG_JOBS
"""What may take minutes: name → use case that does what waits; looked for every ten seconds, one at a time."""


def configure(app: Flask, settings: Settings) -> None:
    """Flask's own settings from ours."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        BASE_URL=settings.base_url,
        GRAPPE=settings,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": settings.pool_size,
            "max_overflow": settings.pool_overflow,
            # An error's text goes to the logs: without the row's values, which may name a person.
            "hide_parameters": True,
        },
        SESSION_COOKIE_NAME="grappe_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.session_cookie_secure,
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        BOOTSTRAP_SERVE_LOCAL=True,
        API_TITLE="Grappe",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=API_PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        TESTING=settings.environment == "test",
        PROPAGATE_EXCEPTIONS=False,
    )


def create_app(settings: Settings | None = None) -> Flask:
    """The application, from settings or from the environment; ConfigError when they are incomplete."""
    settings = settings or load_settings()
    app = Flask(__name__, static_folder=str(ROOT / "static"), template_folder=str(ROOT / "marketplace" / "templates"))
    configure(app, settings)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["current_actor"] = current_actor
    permissions.join(PERMISSIONS)
    for event_type, step in LISTENERS:
        events.listen(event_type, step)
    for kind, deliver in OUTBOX_HANDLERS.items():
        outbox.handle(kind, deliver)
    for name, check in CHECKS.items():
        jobs.on_check(name, check)
    for name, work in LONG_JOBS.items():
        jobs.on_queue(name, work)
    _install(app, settings)
    return app


def _install(app: Flask, settings: Settings) -> None:
    logs.init_app(app)
    metrics.init_app(app)
    db.init_app(app)
    i18n.init_app(app)
    category_labels.init_app(app)
    http.refuse_nul(app)
    Bootstrap5(app)
    passwords.init_app(app, memory_kib=settings.argon2_memory_kib, iterations=settings.argon2_iterations)
    identity.init_app(app)
    navigation.init_app(app, SITE_MAP)
    stripe_gateways.init_app(app, settings)
    http.init_app(app)
    api = GrappeApi(app)
    for blueprint in API_BLUEPRINTS:
        api.register_blueprint(blueprint)
    api.describe_problems()
    for page_blueprint in PAGE_BLUEPRINTS:
        app.register_blueprint(page_blueprint)
    app.register_blueprint(health.bp)
    mailbox.init_app(app)
    app.add_url_rule("/api/docs", "api_page", api_page)
    app.add_url_rule("/api/docs/<path:filename>", "api_page_asset", api_page_asset)


def api_page() -> str:
    """The API's documentation, drawn from the served OpenAPI document."""
    return render_template("public/api.html")


def api_page_asset(filename: str) -> Response:
    """Swagger UI's own files, from its package."""
    return send_from_directory(swagger_ui_path, filename)


main = cli.build_cli(create_app)
for command in (*marketplace.COMMANDS, *catalog.COMMANDS, *tenders.COMMANDS):
    main.add_command(command)
main.add_command(build_demo(create_app, seed))
