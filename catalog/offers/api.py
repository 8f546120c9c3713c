"""JSON: the directory of providers, their offers, and what a quantity costs."""
from typing import Any
from uuid import UUID

from catalog.offers import directory, queries, services
from catalog.offers.models import Offer
from catalog.offers.rules import price_for, unit_price_for
from catalog.offers.schemas import OFFER_CHANGES, OfferArgs, OfferIn, OfferOut, OffersOut, PriceArgs, PriceOut
from catalog.providers.queries import get_provider
from catalog.providers.schemas import ProviderArgs, ProviderOut, ProvidersOut
from marketplace.platform.api import blueprint, current_actor, etag_of, expected_version, guard
from marketplace.platform.database import db
from marketplace.platform.errors import NotAllowed

bp = blueprint("offers", __name__)


def _own(offer: Offer) -> tuple[queries.ShownOffer, dict[str, str]]:
    """An offer just written, read again as its owner sees it."""
    return queries.get_offer(db.session(), current_actor(), offer.id), {"ETag": f'"{etag_of(offer.version)}"'}


@bp.get("/providers")
@guard("provider.read")
@bp.arguments(ProviderArgs, location="query")
@bp.response(200, ProvidersOut)
def list_providers(filters: dict[str, Any]) -> dict[str, Any]:
    """Verified providers by name (and one's own), filtered by category, certificate held today, region, words."""
    return directory.list_providers(db.session(), current_actor(), **filters)


@bp.get("/providers/<uuid:provider_id>")
@guard("provider.read")
@bp.response(200, ProviderOut)
def show_provider(provider_id: UUID) -> Any:
    """A provider with what it sells and proves today."""
    provider = get_provider(db.session(), current_actor(), provider_id)
    return directory.list_of(db.session(), [provider])[0], {"ETag": f'"{etag_of(provider.version)}"'}


@bp.get("/offers")
@guard("offer.read")
@bp.arguments(OfferArgs, location="query")
@bp.response(200, OffersOut)
def list_offers(filters: dict[str, Any]) -> dict[str, Any]:
    """Published offers; with one's own provider_id, drafts and past versions too."""
    return queries.list_offers(db.session(), current_actor(), **filters)


@bp.get("/offers/<uuid:offer_id>")
@guard("offer.read")
@bp.response(200, OfferOut)
def show_offer(offer_id: UUID) -> Any:
    """An offer, with its prices when they are for the caller."""
    offer = queries.get_offer(db.session(), current_actor(), offer_id)
    return offer, {"ETag": f'"{etag_of(offer.version)}"'}


@bp.get("/offers/<uuid:offer_id>/price")
@guard("offer.read")
@bp.arguments(PriceArgs, location="query")
@bp.response(200, PriceOut)
def show_price(asked: dict[str, Any], offer_id: UUID) -> dict[str, Any]:
    """What a quantity bought together costs on this offer."""
    offer = queries.get_offer(db.session(), current_actor(), offer_id)
    grid = queries.grid_of(offer.row)
    if not offer.prices_visible or not grid.brackets:
        raise NotAllowed("offer.read")
    quantity = asked["quantity"]
    return {
        "quantity": quantity,
        "price_period": offer.price_period,
        "amount": price_for(grid, quantity),
        "unit_price": unit_price_for(grid, quantity, asked["region"], periods=asked["periods"]),
        "mobilisation_amount": grid.mobilisation_amount,
    }


@bp.post("/providers/<uuid:provider_id>/offers")
@guard("offer.write")
@bp.arguments(OfferIn)
@bp.response(201, OfferOut)
def create_offer(body: dict[str, Any], provider_id: UUID) -> Any:
    """Write a draft."""
    return _own(services.create_offer(current_actor(), provider_id, **body))


@bp.patch("/offers/<uuid:offer_id>")
@guard("offer.write")
@bp.arguments(OFFER_CHANGES)
@bp.response(200, OfferOut)
def edit_offer(changes: dict[str, Any], offer_id: UUID) -> Any:
    """Change a draft; only what is sent changes."""
    return _own(services.edit_offer(current_actor(), offer_id, changes, expected_version=expected_version()))


@bp.delete("/offers/<uuid:offer_id>")
@guard("offer.write")
@bp.response(204)
def delete_draft(offer_id: UUID) -> None:
    """Throw a draft away."""
    services.delete_draft(current_actor(), offer_id)


@bp.post("/offers/<uuid:offer_id>/publication")
@guard("offer.publish")
@bp.response(200, OfferOut)
def publish_offer(offer_id: UUID) -> Any:
    """Publish a draft: from now on it can be matched, and it never changes."""
    return _own(services.publish_offer(current_actor(), offer_id))


@bp.post("/offers/<uuid:offer_id>/revision")
@guard("offer.write")
@bp.response(201, OfferOut)
def revise_offer(offer_id: UUID) -> Any:
    """Begin a new version of a published offer."""
    return _own(services.revise_offer(current_actor(), offer_id))


@bp.post("/offers/<uuid:offer_id>/withdrawal")
@guard("offer.publish")
@bp.response(200, OfferOut)
def withdraw_offer(offer_id: UUID) -> Any:
    """Take a published offer off the catalogue."""
    return _own(services.withdraw_offer(current_actor(), offer_id))
