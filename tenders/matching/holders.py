"""What one provider lacks to hold a contract on a lot, through that contract's own term."""
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from catalog.certifications.queries import held_by_provider, list_schemes
from catalog.certifications.rules.coverage import Period
from catalog.offers.models import Offer
from catalog.providers.models import Provider
from catalog.providers.queries import standing_of
from marketplace.platform import clock
from marketplace.platform.errors import Sentence
from marketplace.platform.i18n import language
from tenders.matching.queries import ask_of, terms_of
from tenders.matching.rules import Candidate, match
from tenders.vehicles.models import Lot

OF_THE_OFFER = ("offer_published", "delivery_mode", "capacity", "offer_minimum")


def lacking_as_holder(
    session: Session, lot: Lot, provider: Provider, offer_id: UUID | None, term: Period, quantity: int
) -> Sequence[Sentence]:
    """Each requirement of the lot that the provider fails, in words; empty when it may hold the contract.

    Standing, certificates (its own and its subcontractors' together) through `term`, regions; and of the offer named:
    published, unit, modes, capacity and minimum at `quantity`. Without an offer (an award made elsewhere) only the first.
    """
    schemes = list_schemes(session, language())
    held = held_by_provider(session, [provider.id], schemes).get(provider.id, [])
    statement = select(Offer).where(Offer.provider_id == provider.id, Offer.id == offer_id)
    offers = [terms_of(offer) for offer in session.scalars(statement.options(selectinload(Offer.brackets)))]
    candidate = Candidate(
        provider.id, provider.name, standing_of(provider), frozenset(provider.regions), tuple(held), tuple(offers)
    )
    asked = replace(ask_of(lot, quantity), term=term)
    found = match(asked, [candidate], schemes, clock.today())
    row = (found.eligible or found.excluded)[0]
    return [each.detail for each in row.failed if offer_id is not None or each.code not in OF_THE_OFFER]
