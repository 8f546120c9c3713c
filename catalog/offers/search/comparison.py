"""Offers side by side at one quantity: each priced by the rules, the lowest marked where they can be compared."""
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from catalog.certifications.queries import held_by_provider, list_schemes
from catalog.certifications.rules.states import Scheme
from catalog.offers.models import Offer
from catalog.offers.queries import ShownOffer, grid_of, show, visible_offers
from catalog.offers.rules import amount_over_term, periods, unit_price_for
from catalog.offers.search.rules.prices import lowest
from catalog.offers.search.rules.proofs import held_on, proof_periods
from catalog.providers.queries import capacities_of
from marketplace.platform import clock
from marketplace.platform.errors import NotFound
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor

AMOUNTS: Final = ("amount", "unit_price")
DELAYS: Final = ("mobilisation_amount", "response_hours", "restoration_hours")


@dataclass(frozen=True)
class Compared:
    """An offer in its column; prices are None when they are not for this reader. `periods`: how often the price is due.

    `capacity`: the tighter of the offer's own and the provider's in the category. `proofs`: what its provider proves on
    the day → the last day it still does. `best`: criteria on which it is the lowest of those compared.
    """

    shown: ShownOffer
    periods: int
    capacity: int | None
    fits_quantity: bool
    amount: Decimal | None
    unit_price: Decimal | None
    uplift: Decimal | None
    proofs: dict[str, date]
    best: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shown, name)


@dataclass(frozen=True)
class Comparison:
    """Columns in the order asked. `comparable`: all count in the same unit, so that amounts can be held together."""

    quantity: int
    term_months: int
    region: str | None
    valid_on: date
    comparable: bool
    columns: tuple[Compared, ...]
    schemes: dict[str, Scheme]


def compare_offers(
    session: Session, actor: Actor, offer_ids: Sequence[UUID], *, quantity: int | None = None, term_months: int,
    region: str | None = None, valid_on: date | None = None,
) -> Comparison:  # fmt: skip
    """Offers the actor may see; NotFound when one is missing. Without a quantity: the largest of their own minimums."""
    found = session.execute(visible_offers(actor).where(Offer.id.in_(offer_ids)))
    rows = {offer.id: show(actor, offer, provider) for offer, provider in found}
    asked = list(dict.fromkeys(offer_ids))
    if set(asked) - set(rows):
        raise NotFound("offer")
    offers = [rows[offer_id] for offer_id in asked]
    day, today = valid_on or clock.today(), clock.today()
    size = quantity or max(offer.minimum_quantity for offer in offers)
    schemes = list_schemes(session, language())
    held = held_by_provider(session, {offer.provider_id for offer in offers}, schemes)
    limits = capacities_of(session, {offer.provider_id for offer in offers})
    columns = []
    for offer in offers:
        proved = proof_periods(offer.provider_id, held.get(offer.provider_id, ()), schemes, today)
        limit = limits.get(offer.provider_id, {}).get((offer.category_code, offer.unit))
        capacity = min((each for each in (offer.capacity, limit) if each is not None), default=None)
        columns.append(_column(offer, capacity, size, term_months, region, held_on(proved, day)))
    comparable = len({offer.unit for offer in offers}) == 1
    return Comparison(size, term_months, region, day, comparable, tuple(_marked(columns, comparable)), schemes)


def _column(
    offer: ShownOffer, capacity: int | None, quantity: int, term_months: int, region: str | None, proofs: dict[str, date]
) -> Compared:
    grid, due = grid_of(offer.row), periods(term_months, offer.price_period)
    fits = offer.minimum_quantity <= quantity <= (capacity or quantity)
    if not offer.prices_visible or not grid.brackets:
        return Compared(offer, due, capacity, fits, None, None, None, proofs)
    return Compared(
        offer, due, capacity, fits, amount_over_term(grid, quantity, region, periods=due),
        unit_price_for(grid, quantity, region, periods=due), grid.regional_uplifts.get(region or "", Decimal(0)), proofs,
    )  # fmt: skip


def _marked(columns: Sequence[Compared], comparable: bool) -> list[Compared]:
    """The same, each knowing where it is the lowest; unit prices are held together only when due as often."""
    criteria = list(DELAYS)
    if comparable:
        criteria += AMOUNTS if len({column.price_period for column in columns}) == 1 else AMOUNTS[:1]
    best: list[set[str]] = [set() for _ in columns]
    for name in criteria:
        values = [getattr(column, name) if column.fits_quantity or name in DELAYS[1:] else None for column in columns]
        least = lowest(values)
        if least is None or len(set(values) - {None}) == 1:
            continue
        for place, value in enumerate(values):
            if value == least:
                best[place].add(name)
    return [replace(column, best=frozenset(names)) for column, names in zip(columns, best, strict=True)]
