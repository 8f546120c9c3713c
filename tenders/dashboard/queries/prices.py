"""The published prices behind a lot's page: the cheapest provider that can answer, at the volumes that matter."""
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from catalog.offers.models import Offer
from catalog.offers.queries import grid_of
from marketplace.platform.errors import Sentence
from tenders.dashboard.price_steps import price_steps
from tenders.dashboard.queries.lots import LotLine
from tenders.dashboard.queries.own_needs import cost_per_year
from tenders.matching.queries import LotMatches
from tenders.vehicles.rules import periods


@dataclass(frozen=True)
class PriceRow:
    """A pooled volume in words, its unit price excluding VAT, and the reader's yearly cost there including VAT."""

    words: Sentence
    unit_price: Decimal
    yearly_cost: Decimal | None
    is_minimum: bool


@dataclass(frozen=True)
class Prices:
    """What a larger pool would change, on the grid of `provider`; one row once a closing has ordered the volume."""

    provider: str
    rows: list[PriceRow]


def find_prices(session: Session, line: LotLine, matches: LotMatches | None, own_quantity: int) -> Prices | None:
    """Prices by volume at the best match; None when the reader may not see matches or nobody can answer yet."""
    if matches is None or not matches.eligible or matches.own_only:
        return None
    best = matches.eligible[0]
    offer = session.scalars(
        select(Offer).where(Offer.id == best.offer_id).options(selectinload(Offer.brackets))
    ).one()
    lot = line.lot
    ceilings = [bound for bound in (lot.maximum_quantity, offer.capacity) if bound is not None]
    steps = price_steps(
        grid_of(offer),
        pooled=matches.quantity,
        minimum=lot.minimum_quantity if lot.minimum_scope == "lot" else None,
        ceiling=min(ceilings, default=None),
        periods=periods(lot.term_months, lot.price_period),
        is_ordered=matches.basis == "ordered",
    )
    rows = [
        PriceRow(step.words, step.unit_price, cost_per_year(lot, own_quantity, step.unit_price), step.is_minimum)
        for step in steps
    ]
    return Prices(best.provider_name, rows)
