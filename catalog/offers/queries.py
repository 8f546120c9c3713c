"""Reads of offers: published ones are seen by everybody, prices by buyers and their owner, drafts by their owner."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, selectinload

from catalog.offers.models import Offer
from catalog.offers.rules import Bracket, PriceDrop, PriceGrid, may_see_prices, price_drops
from catalog.providers.models import Provider
from marketplace.billing.listing import is_visible
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor

PRICES = ("pricing", "mobilisation_amount", "regional_uplifts", "brackets")


@dataclass(frozen=True)
class ShownOffer:
    """An offer as one reader sees it: its prices are None when they are not for this reader."""

    row: Offer
    provider: Provider
    prices_visible: bool
    is_own: bool

    def __getattr__(self, name: str) -> Any:
        if name in PRICES and not self.prices_visible:
            return None
        return getattr(self.row, name)

    @property
    def provider_name(self) -> str:
        """Who offers it."""
        return self.provider.name

    @property
    def uplifts(self) -> Mapping[str, Decimal]:
        """Euros per unit and period by region; empty when the reader does not see prices."""
        return grid_of(self.row).regional_uplifts if self.prices_visible else {}

    @property
    def drops(self) -> list[PriceDrop]:
        """Where ordering more costs less; empty when the reader does not see prices."""
        return price_drops(grid_of(self.row)) if self.prices_visible else []


def grid_of(offer: Offer) -> PriceGrid:
    """The price grid of an offer, as the rules read it; the offer's brackets must be loaded."""
    brackets = tuple(Bracket(b.from_quantity, b.to_quantity, b.unit_price) for b in offer.brackets)
    uplifts = {region: Decimal(text) for region, text in offer.regional_uplifts.items()}
    return PriceGrid(offer.pricing, brackets, offer.mobilisation_amount, uplifts)


def visible_offers(actor: Actor) -> Select[Offer, Provider]:
    """(offer, provider) pairs the actor may see, brackets loaded in one more statement."""
    statement = (
        select(Offer, Provider).join(Provider, Provider.id == Offer.provider_id).options(selectinload(Offer.brackets))
    )
    if actor.is_system:
        return statement
    own = actor.organisation_ids(kind="provider")
    published = (Offer.published_at.is_not(None)) & (Provider.verified_at.is_not(None) | actor.is_operator)
    return statement.where(or_(published, Provider.organisation_id.in_(own)))


def show(actor: Actor, offer: Offer, provider: Provider) -> ShownOffer:
    """The offer as this reader may see it (ux.md)."""
    is_own = provider.organisation_id in actor.organisation_ids()
    kinds = frozenset(seat.kind for seat in actor.seats)
    sees = actor.is_system or may_see_prices(visibility=offer.visibility, is_own=is_own, kinds=kinds)
    return ShownOffer(offer, provider, sees, is_own)


def get_offer(session: Session, actor: Actor, offer_id: UUID) -> ShownOffer:
    """The offer; NotFound when there is none or the actor may not see it."""
    row = session.execute(visible_offers(actor).where(Offer.id == offer_id)).one_or_none()
    if row is None:
        raise NotFound("offer")
    return show(actor, *row)


def list_offers(
    session: Session, actor: Actor, *, category: str | None = None, provider_id: UUID | None = None,
    limit: int = USUAL_PAGE, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of published offers, the provider's people also see its drafts and past versions when they ask for it."""
    statement = visible_offers(actor)
    if category:
        statement = statement.where(Offer.category_code == category)
    own = actor.organisation_ids(kind="provider")
    if provider_id is not None:
        statement = statement.where(
            Offer.provider_id == provider_id,
            or_(Offer.status == "published", Provider.organisation_id.in_(own)),
        )
    else:
        listed = is_visible("providers.organisation_id", clock.now())
        statement = statement.where(Offer.status == "published", listed)
    page = paginate(session, statement, [Offer.category_code, Offer.id], limit=limit, cursor=cursor)
    return {"items": [show(actor, offer, provider) for offer, provider in page["items"]], "next": page["next"]}


def list_own_offers(session: Session, actor: Actor, providers: Sequence[Provider]) -> list[ShownOffer]:
    """Every offer of these providers of one's own, drafts first, then by category, newest version first."""
    by_id = {provider.id: provider for provider in providers}
    rows = session.scalars(
        select(Offer)
        .where(Offer.provider_id.in_(by_id))
        .order_by(Offer.published_at.is_not(None), Offer.category_code, Offer.id.desc())
        .options(selectinload(Offer.brackets))
    )
    return [show(actor, offer, by_id[offer.provider_id]) for offer in rows]
