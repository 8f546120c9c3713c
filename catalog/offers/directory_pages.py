"""HTML: the directory of providers, open to everybody, and each provider's page."""
from typing import Any
from uuid import UUID

from flask import render_template, request

from catalog.certifications import queries as certificates
from catalog.offers import directory, queries
from catalog.providers import labels
from catalog.providers.queries import get_provider, list_capacities, sees_contact
from marketplace.categories.queries import category_names
from marketplace.platform.api import current_actor, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.i18n import language
from marketplace.platform.permissions import allowed

bp = page_blueprint("providers", __name__, template_folder="../templates")

PUBLIC_ENDPOINTS = ("providers_pages.list_providers", "providers_pages.show_provider")
FILTERS = ("category", "certificate", "region", "delivery_mode", "q")
LONGEST_WORDS = 200


@bp.get("/prestataires")
def list_providers() -> str:
    """Verified providers, filtered by category, certificate valid today, region and words."""
    session = db.session()
    asked: dict[str, Any] = {name: request.args.get(name, "")[:LONGEST_WORDS] or None for name in FILTERS}
    page = directory.list_providers(session, current_actor(), **asked, cursor=request.args.get("cursor"))
    return render_template(
        "catalog/providers.html",
        providers=page["items"],
        next=page["next"],
        asked=asked,
        categories=category_names(session, language()),
        schemes=certificates.list_schemes(session, language()),
        labels=labels,
    )


@bp.get("/prestataires/<uuid:provider_id>")
def show_provider(provider_id: UUID) -> str:
    """A provider: what it says of itself, its certificates with their states, its offers."""
    session, actor = db.session(), current_actor()
    provider = get_provider(session, actor, provider_id)
    schemes = certificates.list_schemes(session, language())
    offers = queries.list_offers(session, actor, provider_id=provider_id, limit=100)["items"]
    own = provider.organisation_id
    return render_template(
        "catalog/provider.html",
        provider=directory.list_of(session, [provider])[0],
        is_own=own in actor.organisation_ids(),
        certificates=certificates.list_certificates(session, actor, provider, schemes),
        schemes=schemes,
        offers=[offer for offer in offers if offer.status == "published"],
        categories=category_names(session, language()),
        labels=labels,
        asks_as_provider=actor.has_kind("provider"),
        capacities=list_capacities(session, provider),
        sees_contact=sees_contact(actor, provider),
        may_write=allowed(actor, "provider.write", own=own),
        may_decide=allowed(actor, "provider.decide"),
    )
