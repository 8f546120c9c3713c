"""JSON: exchanges with providers, and providers that look for a partner."""
from typing import Any
from uuid import UUID

from catalog.contacts import queries, services
from catalog.contacts.schemas import (
    ContactActIn,
    ContactArgs,
    ContactIn,
    ContactsOut,
    ContactThreadOut,
    PartnerSearchesOut,
    PartnerSearchIn,
    PartnerSearchOut,
)
from catalog.providers.queries import get_provider
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.errors import NotAllowed
from marketplace.platform.pagination import PageArgs
from marketplace.platform.permissions import require

bp = blueprint("contacts", __name__)


def _thread(thread_id: UUID) -> dict[str, Any]:
    shown = queries.get_thread(db.session(), current_actor(), thread_id)
    fields = {name: getattr(shown, name) for name in ContactThreadOut().fields if name != "messages"}
    return {**fields, "messages": queries.list_messages(db.session(), thread_id)}


@bp.post("/providers/<uuid:provider_id>/contacts")
@guard("contact.ask")
@bp.arguments(ContactIn)
@bp.response(201, ContactThreadOut)
def ask_for_exchange(body: dict[str, Any], provider_id: UUID) -> dict[str, Any]:
    """Ask a provider for an exchange on one of some days; another provider only when it looks for a partner."""
    return _thread(services.ask_for_exchange(current_actor(), provider_id, **body).id)


@bp.get("/contacts")
@guard("contact.read")
@bp.arguments(ContactArgs, location="query")
@bp.response(200, ContactsOut)
def list_exchanges(filters: dict[str, Any]) -> dict[str, Any]:
    """The exchanges of one's organisations, asked and received, those touched last first."""
    return queries.list_threads(db.session(), current_actor(), **filters)


@bp.get("/contacts/<uuid:thread_id>")
@guard("contact.read")
@bp.response(200, ContactThreadOut)
def show_exchange(thread_id: UUID) -> dict[str, Any]:
    """An exchange with everything that was said."""
    return _thread(thread_id)


@bp.post("/contacts/<uuid:thread_id>/messages")
@guard("contact.answer")
@bp.arguments(ContactActIn)
@bp.response(201, ContactThreadOut)
def answer_exchange(body: dict[str, Any], thread_id: UUID) -> dict[str, Any]:
    """Write, propose other days, accept one, decline (the provider) or close."""
    services.answer_exchange(current_actor(), thread_id, **body)
    return _thread(thread_id)


@bp.get("/partner-searches")
@guard("partner.read")
@bp.arguments(PageArgs, location="query")
@bp.response(200, PartnerSearchesOut)
def list_searches(page: dict[str, Any]) -> dict[str, Any]:
    """Providers that look for a partner to cover HDS activities, for providers alone."""
    actor = current_actor()
    require(actor, "partner.read")
    if not queries.reads_searches(db.session(), actor):
        raise NotAllowed("partner.read")
    found = queries.list_searches(db.session(), **page)
    held = queries.hds_held(db.session(), [search.provider_id for search, _provider in found["items"]])
    items = [
        {
            "provider_id": provider.id, "provider_name": provider.name, "activities": search.activities,
            "note": search.note, "held": sorted(held.get(provider.id, ())), "listed_at": search.listed_at,
        }
        for search, provider in found["items"]
    ]  # fmt: skip
    return {"items": items, "next": found["next"]}


@bp.put("/providers/<uuid:provider_id>/partner-search")
@guard("partner.list")
@bp.arguments(PartnerSearchIn)
@bp.response(200, PartnerSearchOut)
def list_as_seeking(body: dict[str, Any], provider_id: UUID) -> dict[str, Any]:
    """List one's own provider among those that look for a partner."""
    search = services.list_as_seeking(current_actor(), provider_id, **body)
    held = queries.hds_held(db.session(), [provider_id]).get(provider_id, frozenset())
    provider = get_provider(db.session(), current_actor(), provider_id)
    return {
        "provider_id": provider_id, "provider_name": provider.name, "activities": search.activities, "note": search.note,
        "held": sorted(held), "listed_at": search.listed_at,
    }  # fmt: skip


@bp.delete("/providers/<uuid:provider_id>/partner-search")
@guard("partner.list")
@bp.response(204)
def end_search(provider_id: UUID) -> None:
    """No longer be found by other providers."""
    services.end_search(current_actor(), provider_id)
