"""The directory of providers: read across profiles, certificates and offers, hence in the highest room of the catalogue."""
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from catalog.offers.models import Offer
from catalog.offers.search.models import ListingSet, OfferListing, ProviderListing
from catalog.offers.search.rules.proofs import activity_proof
from catalog.providers.models import Provider
from catalog.providers.queries import standing_of, visible_providers
from marketplace.billing.listing import is_visible
from marketplace.establishments.rules import fold
from marketplace.platform import clock
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor


@dataclass(frozen=True)
class ListedProvider:
    """A provider in the directory: its profile, its standing today, what it sells and proves today (codes)."""

    row: Provider
    state: str
    categories: tuple[str, ...]
    certificates: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def list_providers(
    session: Session, actor: Actor, *, category: str | None = None, certificate: str | None = None,
    hds_activities: Collection[int] = (), valid_on: date | None = None, region: str | None = None,
    delivery_mode: str | None = None, quantity: int | None = None, q: str | None = None,
    limit: int = USUAL_PAGE, cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of visible providers by name; three statements, whatever their number.

    `category`: has a published offer in it, in this `delivery_mode` and for this `quantity` when they are named;
    `certificate` and `hds_activities`: proved on the day `valid_on` (today), as the certificate rule says it; `region`:
    INSEE code served; `q`: words of name and description, without accents.
    """
    # A listing left unpaid is out of the directory, not out of sight: its page, matches and contracts stay.
    statement = visible_providers(actor).where(is_visible("providers.organisation_id", clock.now()))
    if category or delivery_mode or quantity:
        statement = statement.where(_offers(category, delivery_mode, quantity))
    proofs = [*([certificate] if certificate else []), *(activity_proof(number) for number in sorted(set(hds_activities)))]
    if proofs:
        statement = statement.where(Provider.id.in_(_proved(valid_on or clock.today(), proofs)))
    if region:
        statement = statement.where(Provider.regions.contains([region]))
    for word in fold(q or "").split():
        statement = statement.where(Provider.search_text.contains(word, autoescape=True))
    page = paginate(session, statement, [Provider.name, Provider.id], limit=limit, cursor=cursor)
    return {"items": list_of(session, page["items"]), "next": page["next"]}


def list_of(session: Session, providers: Sequence[Provider]) -> list[ListedProvider]:
    """The same providers with what they sell and prove today: two statements."""
    ids = [provider.id for provider in providers]
    sells = _codes(
        session,
        select(Offer.provider_id, func.array_agg(Offer.category_code.distinct()))
        .where(Offer.provider_id.in_(ids), Offer.status == "published")
        .group_by(Offer.provider_id),
    )
    today = clock.today()
    held = select(ProviderListing.provider_id, ListingSet.members).join(ListingSet, ListingSet.id == set_on(today))
    proves = _codes(session, held.where(ProviderListing.provider_id.in_(ids)))
    return [
        ListedProvider(p, standing_of(p).on(today), sells.get(p.id, ()), proves.get(p.id, ())) for p in providers
    ]


def _codes(session: Session, statement: Any) -> dict[UUID, tuple[str, ...]]:
    """By provider, without the parts of a scheme (`hds:3`)."""
    return {
        provider_id: tuple(sorted(code for code in codes if ":" not in code))
        for provider_id, codes in session.execute(statement)
    }


def _offers(category: str | None, delivery_mode: str | None, quantity: int | None) -> ColumnElement[bool]:
    """Whether the provider publishes such an offer."""
    published = exists().where(OfferListing.provider_id == Provider.id)
    if category:
        published = published.where(OfferListing.category_code == category)
    if delivery_mode:
        published = published.where(OfferListing.delivery_modes.contains([delivery_mode]))
    if quantity:
        published = published.where(
            OfferListing.usual_unit, OfferListing.minimum_quantity <= quantity,
            or_(OfferListing.capacity.is_(None), OfferListing.capacity >= quantity),
        )  # fmt: skip
    return published


def set_on(day: date) -> ColumnElement[int]:
    """The number of the set of what a provider proves on a day."""
    return ProviderListing.period_sets[func.width_bucket(day, ProviderListing.period_starts)]


def _proved(day: date, proofs: Sequence[str]) -> Select[UUID]:
    """Providers that prove all of this on the day."""
    listed = select(ProviderListing.provider_id).join(ListingSet, ListingSet.id == set_on(day))
    return listed.where(ListingSet.members.contains(proofs))
