"""create_app(): the only place that knows every feature; it joins blueprints, permissions, listeners and commands."""
import sys
from pathlib import Path

from flask import Flask, render_template, send_from_directory
from flask_bootstrap import Bootstrap5
from jinja2 import StrictUndefined
from swagger_ui_bundle import swagger_ui_path
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from catalog.certifications import api as certifications_api
from catalog.certifications import events as certifications_events
from catalog.certifications import lists as certificate_lists
from catalog.certifications import operator_api as certification_operator_api
from catalog.certifications import operator_pages as certification_operator_pages
from catalog.certifications import pages as certifications_pages
from catalog.certifications import permissions as certifications_permissions
from catalog.certifications import reminders as certificate_reminders
from catalog.contacts import api as contacts_api
from catalog.contacts import pages as contacts_pages
from catalog.contacts import permissions as contacts_permissions
from catalog.offers import api as offers_api
from catalog.offers import directory_pages
from catalog.offers import pages as offers_pages
from catalog.offers import permissions as offers_permissions
from catalog.offers.search import api as search_api
from catalog.offers.search import listings as search_listings
from catalog.offers.search import pages as search_pages
from catalog.offers.search.commands import catalogue_commands
from catalog.providers import api as profiles_api
from catalog.providers import events as providers_events
from catalog.providers import pages as profiles_pages
from catalog.providers import permissions as providers_permissions
from catalog.providers import sign_up, sign_up_pages, subcontracting_api, subcontracting_pages, suspensions
from marketplace.accounts import api as accounts_api
from marketplace.accounts import expiry, identity, passwords_by_mail
from marketplace.accounts import pages as accounts_pages
from marketplace.accounts import permissions as accounts_permissions
from marketplace.accounts.commands import create_operator
from marketplace.billing import applying as stripe_facts
from marketplace.billing import collecting, gathering, reconciling, subscribing
from marketplace.billing import gateway as stripe_gateways
from marketplace.billing import pages as billing_pages
from marketplace.billing import permissions as billing_permissions
from marketplace.billing import webhook as stripe_webhook
from marketplace.categories import api as categories_api
from marketplace.categories import labels as category_labels
from marketplace.categories import permissions as categories_permissions
from marketplace.establishments import answers as establishments_answers
from marketplace.establishments import api as establishments_api
from marketplace.establishments import pages as establishments_pages
from marketplace.establishments import permissions as establishments_permissions
from marketplace.establishments.cli import import_establishments
from marketplace.grappes import api as grappes_api
from marketplace.grappes import events as grappes_events
from marketplace.grappes import membership_pages as grappe_membership_pages
from marketplace.grappes import pages as grappes_pages
from marketplace.grappes import permissions as grappes_permissions
from marketplace.grappes.services.exits import end_due_memberships
from marketplace.notifications import api as notifications_api
from marketplace.notifications import events as notifications_events
from marketplace.notifications import mailing as notification_mails
from marketplace.notifications import pages as notifications_pages
from marketplace.notifications import permissions as notifications_permissions
from marketplace.notifications import services as notifications
from marketplace.platform import (
    cli,
    events,
    health,
    http,
    i18n,
    idempotency,
    jobs,
    logs,
    metrics,
    navigation,
    outbox,
    passwords,
    permissions,
)
from marketplace.platform.api import API_PREFIX, GrappeApi, current_actor
from marketplace.platform.audit import mailing as seal_mails
from marketplace.platform.audit.command import audit_commands
from marketplace.platform.config import Settings, load_settings
from marketplace.platform.database import db
from marketplace.platform.demo import build_demo
from marketplace.platform.outbox.command import outbox_commands
from tenders.composition.cli import compose_instance
from tenders.composition.studies import acceptance as study_acceptance
from tenders.composition.studies import api as studies_api
from tenders.composition.studies import own_pages as own_studies_pages
from tenders.composition.studies import pages as studies_pages
from tenders.composition.studies import permissions as studies_permissions
from tenders.composition.studies import running as studies
from tenders.contracts import api as contracts_api
from tenders.contracts import listeners as contracts
from tenders.contracts import pages as contracts_pages
from tenders.contracts import permissions as contracts_permissions
from tenders.contracts.invoicing import api as invoicing_api
from tenders.contracts.invoicing import pages as invoicing_pages
from tenders.contracts.invoicing import permissions as invoicing_permissions
from tenders.contracts.invoicing import receiving_api, receiving_pages
from tenders.contracts.invoicing.services import drawing as invoice_drawing
from tenders.contracts.invoicing.services import originals as invoice_originals
from tenders.contracts.ordering import api as ordering_api
from tenders.contracts.ordering import desk_api as order_desk_api
from tenders.contracts.ordering import execution_pages
from tenders.contracts.ordering import pages as ordering_pages
from tenders.contracts.ordering import permissions as ordering_permissions
from tenders.contracts.ordering import rights_pages as order_rights_pages
from tenders.contracts.settlement import api as settlement_api
from tenders.contracts.settlement import pages as settlement_pages
from tenders.contracts.settlement import permissions as settlement_permissions
from tenders.contracts.settlement import services as settlement
from tenders.dashboard import late_joining_pages, mailbox, what_if_pages
from tenders.dashboard import pages as dashboard_pages
from tenders.dashboard import permissions as dashboard_permissions
from tenders.dashboard.calendar import pages as calendar_pages
from tenders.dashboard.control_room import pages as control_room_pages
from tenders.dashboard.control_room import services as control_room
from tenders.dashboard.navigation import SITE_MAP
from tenders.demand import api as demand_api
from tenders.demand import events as demand_events
from tenders.demand import grid_pages as need_grid_pages
from tenders.demand import history_pages as need_history_pages
from tenders.demand import import_api as need_import_api
from tenders.demand import import_pages as need_import_pages
from tenders.demand import listeners as demand
from tenders.demand import pages as demand_pages
from tenders.demand import permissions as demand_permissions
from tenders.demand import services as demand_services
from tenders.demand import undoing_pages as demand_undoing_pages
from tenders.demand.cli import pool_commands
from tenders.demand.envelopes import alerts as envelope_alerts
from tenders.demand.envelopes import api as envelopes_api
from tenders.demand.envelopes import listeners as envelopes
from tenders.demand.estimates import api as estimates_api
from tenders.demand.joining import api as late_joinings_api
from tenders.demand.joining import events as joining_events
from tenders.demand.joining import listeners as joining_listeners
from tenders.demand.mergers import api as mergers_api
from tenders.demand.mergers import pages as mergers_pages
from tenders.demand.mergers import services as mergers
from tenders.demo.seed import seed
from tenders.matching import api as matching_api
from tenders.matching import listeners as matching
from tenders.matching import permissions as matching_permissions
from tenders.vehicles import api as vehicles_api
from tenders.vehicles import events as vehicles_events
from tenders.vehicles import pages as vehicles_pages
from tenders.vehicles import permissions as vehicles_permissions

ROOT = Path(__file__).resolve().parent
TURN_SECONDS = 0.0005
"""How long a thread may keep the interpreter while another waits. A thread that was told its need is written holds the
lot's lock until it has sent COMMIT: at the usual 5 ms its neighbours' computing is what everybody on that lot waits for
(measured: a third more needs a second with every client on one lot).
"""

API_BLUEPRINTS = (
    accounts_api.bp,
    categories_api.bp,
    establishments_api.bp,
    grappes_api.bp,
    notifications_api.bp,
    vehicles_api.bp,
    demand_api.bp,
    need_import_api.bp,
    mergers_api.bp,
    envelopes_api.bp,
    estimates_api.bp,
    late_joinings_api.bp,
    profiles_api.bp,
    subcontracting_api.bp,
    certifications_api.bp,
    search_api.bp,
    certification_operator_api.bp,
    offers_api.bp,
    contacts_api.bp,
    matching_api.bp,
    studies_api.bp,
    settlement_api.bp,
    invoicing_api.bp,
    receiving_api.bp,
    ordering_api.bp,
    order_desk_api.bp,
    contracts_api.bp,
)
PAGE_BLUEPRINTS = (
    accounts_pages.bp,
    establishments_pages.bp,
    grappes_pages.bp,
    grappe_membership_pages.bp,
    notifications_pages.bp,
    billing_pages.bp,
    stripe_webhook.bp,
    vehicles_pages.bp,
    demand_pages.bp,
    mergers_pages.bp,
    demand_undoing_pages.bp,
    contracts_pages.bp,
    need_history_pages.bp,
    need_import_pages.bp,
    need_grid_pages.bp,
    dashboard_pages.bp,
    what_if_pages.bp,
    late_joining_pages.bp,
    control_room_pages.bp,
    calendar_pages.bp,
    directory_pages.bp,
    search_pages.bp,
    profiles_pages.bp,
    subcontracting_pages.bp,
    sign_up_pages.bp,
    certifications_pages.bp,
    certification_operator_pages.bp,
    offers_pages.bp,
    studies_pages.bp,
    own_studies_pages.bp,
    contacts_pages.bp,
    settlement_pages.bp,
    invoicing_pages.bp,
    receiving_pages.bp,
    ordering_pages.bp,
    order_rights_pages.bp,
    execution_pages.bp,
)
PERMISSIONS = {
    "accounts": accounts_permissions.PERMISSIONS,
    "categories": categories_permissions.PERMISSIONS,
    "establishments": establishments_permissions.PERMISSIONS,
    "grappes": grappes_permissions.PERMISSIONS,
    "notifications": notifications_permissions.PERMISSIONS,
    "billing": billing_permissions.PERMISSIONS,
    "vehicles": vehicles_permissions.PERMISSIONS,
    "demand": demand_permissions.PERMISSIONS,
    "providers": providers_permissions.PERMISSIONS,
    "certifications": certifications_permissions.PERMISSIONS,
    "offers": offers_permissions.PERMISSIONS,
    "contacts": contacts_permissions.PERMISSIONS,
    "matching": matching_permissions.PERMISSIONS,
    "contracts": contracts_permissions.PERMISSIONS,
    "studies": studies_permissions.PERMISSIONS,
    "ordering": ordering_permissions.PERMISSIONS,
    "settlement": settlement_permissions.PERMISSIONS,
    "invoicing": invoicing_permissions.PERMISSIONS,
    "dashboard": dashboard_permissions.PERMISSIONS,
}
PUBLIC_ENDPOINTS = {
    "static",
    "bootstrap.static",
    "api-docs.openapi_json",
    "api_page",
    "api_page_asset",
    *accounts_pages.PUBLIC_ENDPOINTS,
    *dashboard_pages.PUBLIC_ENDPOINTS,
    *calendar_pages.PUBLIC_ENDPOINTS,
    *mailbox.PUBLIC_ENDPOINTS,
    *health.PUBLIC_ENDPOINTS,
    *directory_pages.PUBLIC_ENDPOINTS,
    *search_pages.PUBLIC_ENDPOINTS,
    *sign_up_pages.PUBLIC_ENDPOINTS,
    *stripe_webhook.PUBLIC_ENDPOINTS,
}
LISTENERS: tuple[tuple[type[events.Announcement], events.Step], ...] = (
    (joining_events.JoinedLate, contracts.entitle_latecomer),
    (demand_events.RelyingOnClosing, joining_listeners.relying_latecomers),
    (notifications_events.OrganisationsOf, establishments_answers.organisations_of),
    (vehicles_events.LotOpened, demand.open_pool),
    (vehicles_events.LotOpened, envelopes.open_envelope),
    (vehicles_events.LotOpened, study_acceptance.propose_accepted),
    (vehicles_events.LotCancelled, demand.release_lot),
    (vehicles_events.LotCancelled, envelopes.release_envelope),
    (grappes_events.MembershipEnding, demand.refuse_while_engaged),
    (grappes_events.MembershipEnded, demand.release_member),
    (grappes_events.GrappeDissolved, demand.release_grappe),
    (grappes_events.LeavingEffects, demand.pools_left_smaller),
    (certifications_events.LotsRelyingOn, matching.lots_relying_on),
    (certifications_events.LotsRelyingOn, contracts.contracts_relying_on),
    (demand_events.RelyingOnClosing, contracts.contracts_relying_on_closing),
    (grappes_events.PooledFor, demand.centres_pooled_for),
    (providers_events.ProviderChanged, search_listings.on_provider_changed),
    (providers_events.CertificateRulesChanged, search_listings.on_rules_changed),
)
OUTBOX_HANDLERS = {
    passwords_by_mail.KIND: passwords_by_mail.deliver,
    sign_up.KIND: sign_up.deliver,
    notifications.TELLING: notifications.deliver_telling,
    notifications.MAILING: notification_mails.deliver_mail,
    seal_mails.KIND: seal_mails.deliver_seal,
    gathering.ISSUE: collecting.issue_invoice,
    gathering.PAY: collecting.pay_invoice,
    collecting.SETTLE: collecting.settle_invoice,
    collecting.REFUND: collecting.give_back,
    subscribing.CHECKOUT: subscribing.open_checkout,
    subscribing.CHANGE: subscribing.change_plan,
    stripe_facts.SYNC: subscribing.sync_subscription,
    stripe_facts.METHOD: subscribing.read_method,
    reconciling.RECONCILE: reconciling.reconcile,
}
CHECKS: dict[str, jobs.Check] = {
    "accounts.forget_ended_sessions": expiry.forget_ended_sessions,
    "platform.forget_old_keys": idempotency.forget_old_keys,
    "grappes.end_due_memberships": lambda _now: end_due_memberships(),
    "demand.close_due_lots": lambda _now: demand_services.close_due_lots(),
    "demand.settle_mergers": lambda _now: mergers.settle_due_mergers(),
    "demand.end_lots": lambda _now: demand_services.end_lots(),
    "envelopes.raise_alerts": envelope_alerts.raise_alerts,
    "certifications.remind_of_ends": certificate_reminders.remind_of_ends,
    "search.list_missing": lambda _now: search_listings.list_missing(),
    "billing.gather_due_charges": gathering.gather_due_charges,
    "billing.hand_to_stripe": gathering.hand_to_stripe,
    "billing.announce_payments": gathering.announce_payments,
    "billing.collect_due": gathering.collect_due,
    "billing.start_reconciliation": reconciling.start_reconciliation,
    "certifications.forget_lists": certificate_lists.forget_lists,
    "providers.forget_sign_ups": sign_up.forget_sign_ups,
    "providers.end_suspensions": suspensions.end_suspensions,
    "settlement.settle_due": settlement.settle_due,
    "invoicing.draw_mandated": invoice_drawing.draw_mandated,
    "invoicing.keep_originals": invoice_originals.keep_originals,
    "control_room.send_summaries": control_room.send_summaries,
}
"""What falls due: name → use case that does everything due now and says how many (run each minute by the worker)."""

LONG_JOBS: dict[str, jobs.Work] = {"studies.run": studies.run_waiting}
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
    sys.setswitchinterval(TURN_SECONDS)
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
main.add_command(audit_commands)
main.add_command(outbox_commands)
main.add_command(import_establishments)
main.add_command(create_operator)
main.add_command(pool_commands)
main.add_command(catalogue_commands)
main.add_command(compose_instance)
main.add_command(build_demo(create_app, seed))
