"""HTML: a provider's own catalogue, and an offer as each reader may see it."""
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from catalog.offers import queries, services
from catalog.offers.forms import OfferForm, offer_values
from catalog.offers.models import Offer
from catalog.offers.rules import price_for
from catalog.offers.schemas import OFFER_CHANGES, OfferIn
from catalog.providers import labels
from catalog.providers.queries import get_provider, list_own_providers
from catalog.providers.submission import submit
from marketplace.categories.queries import category_names, list_categories
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.i18n import language, told
from marketplace.platform.money import round_unit_price
from marketplace.platform.permissions import allowed, require

bp = page_blueprint("offers", __name__, template_folder="../templates")
MOST_ASKED = 10**9


@bp.get("/mon-catalogue")
@guard("offer.read")
def list_offers() -> Any:
    """My offers: drafts, published ones, past versions."""
    session, actor = db.session(), current_actor()
    providers = list_own_providers(session, actor)
    if not providers and not actor.has_kind("provider"):
        raise NotFound("provider")
    return render_template(
        "catalog/own_offers.html",
        providers=providers,
        offers=queries.list_own_offers(session, actor, providers),
        categories=category_names(session, language()),
        labels=labels,
    )


@bp.route("/prestataires/<uuid:provider_id>/fiches/nouvelle", methods=["GET", "POST"])
@guard("offer.write")
def create_offer(provider_id: UUID) -> Any:
    """Write a draft."""
    session, actor = db.session(), current_actor()
    provider = get_provider(session, actor, provider_id)
    require(actor, "offer.write", own=provider.organisation_id)
    form = OfferForm(list_categories(session), data={"delivery_modes": provider.delivery_modes})

    def save() -> Offer:
        return services.create_offer(actor, provider_id, **OfferIn().load(form.body()))

    return submit(form, save, _show, "catalog/offer_form.html", offer=None)


@bp.get("/offres/<uuid:offer_id>")
@guard("offer.read")
def show_offer(offer_id: UUID) -> str:
    """An offer; at a quantity, what it costs."""
    session, actor = db.session(), current_actor()
    offer = queries.get_offer(session, actor, offer_id)
    quantity = request.args.get("quantity", type=int)
    if quantity is not None and not 1 <= quantity <= MOST_ASKED:
        quantity = None
    grid = queries.grid_of(offer.row)
    amount = price_for(grid, quantity) if quantity and offer.prices_visible and grid.brackets else None
    own = offer.provider.organisation_id
    return render_template(
        "catalog/offer.html",
        offer=offer,
        category=category_names(session, language())[offer.category_code],
        labels=labels,
        quantity=quantity,
        asks=actor.has_kind("care_operator") or actor.has_kind("purchasing_centre"),
        amount=amount,
        unit_price=round_unit_price(amount / quantity) if amount is not None and quantity else None,
        may_write=allowed(actor, "offer.write", own=own),
        may_publish=allowed(actor, "offer.publish", own=own),
    )


@bp.route("/offres/<uuid:offer_id>/modifier", methods=["GET", "POST"])
@guard("offer.write")
def edit_offer(offer_id: UUID) -> Any:
    """Change a draft."""
    offer = queries.get_offer(db.session(), current_actor(), offer_id)
    require(current_actor(), "offer.write", own=offer.provider.organisation_id)
    form = OfferForm([], begun=True, data=offer_values(offer.row))

    def save() -> Offer:
        return services.edit_offer(current_actor(), offer_id, OFFER_CHANGES.load(form.body()))

    return submit(form, save, _show, "catalog/offer_form.html", offer=offer)


@bp.post("/offres/<uuid:offer_id>/publication")
@guard("offer.publish")
def publish_offer(offer_id: UUID) -> Any:
    """Publish a draft."""
    return _act(offer_id, services.publish_offer, _("Fiche publiée : elle est proposée dès maintenant et ne change plus."))


@bp.post("/offres/<uuid:offer_id>/version")
@guard("offer.write")
def revise_offer(offer_id: UUID) -> Any:
    """Begin a new version."""
    return _act(offer_id, services.revise_offer, _("Nouvelle version en préparation : la fiche publiée reste en place."))


@bp.post("/offres/<uuid:offer_id>/retrait")
@guard("offer.publish")
def withdraw_offer(offer_id: UUID) -> Any:
    """Take an offer off the catalogue."""
    return _act(offer_id, services.withdraw_offer, _("Fiche retirée : elle n'est plus proposée."))


@bp.post("/offres/<uuid:offer_id>/suppression")
@guard("offer.write")
def delete_draft(offer_id: UUID) -> Any:
    """Throw a draft away."""
    services.delete_draft(current_actor(), offer_id)
    flash(_("Brouillon supprimé."), "success")
    return redirect(url_for(".list_offers"))


def _act(offer_id: UUID, use_case: Callable[..., Offer], done: str) -> Any:
    """Do it and say so, or say why not, then show the offer (the new version when there is one)."""
    shown = offer_id
    try:
        shown = use_case(current_actor(), offer_id).id
    except DomainError as refused:
        flash(told(refused), "error")
    else:
        flash(done, "success")
    return redirect(url_for(".show_offer", offer_id=shown))


def _show(offer: Offer) -> str:
    return url_for(".show_offer", offer_id=offer.id)
