"""What the reader's own establishments have on the lots: sites, needs, and their yearly cost at the published price."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.platform.money import incl_vat, round_cents
from marketplace.platform.permissions import Actor
from tenders.demand.models import Need
from tenders.vehicles.models import Lot

MOST_SITES = 200
PAID_PER_YEAR = {"month": 12, "year": 1, "once": 1}
BINDING = ("counted", "waitlisted", "awaiting_signature", "to_confirm", "not_counted")
"""Statuses of a need that still stands; excluded and released ones are history."""


@dataclass(frozen=True)
class OwnNeed:
    """A need of one of the reader's sites."""

    need: Need
    site: Establishment

    @property
    def stands(self) -> bool:
        """Whether the need is still in its pool."""
        return self.need.status in BINDING


def list_own_sites(session: Session, actor: Actor) -> list[Establishment]:
    """Open establishments the reader acts for, by name."""
    return list(
        session.scalars(
            select(Establishment)
            .where(
                Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
                Establishment.closed_on.is_(None),
            )
            .order_by(Establishment.name, Establishment.id)
            .limit(MOST_SITES)
        )
    )


def list_own_needs(session: Session, actor: Actor, lot_id: UUID | None = None) -> list[OwnNeed]:
    """Needs of the reader's establishments, on one lot or on all, by site name."""
    statement = (
        select(Need, Establishment)
        .join(Establishment, Establishment.id == Need.establishment_id)
        .where(Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")))
        .order_by(Establishment.name, Establishment.id)
    )
    if lot_id is not None:
        statement = statement.where(Need.lot_id == lot_id)
    return [OwnNeed(need, site) for need, site in session.execute(statement)]


def cost_per_year(lot: Lot, quantity: int, unit_price: Decimal | None = None) -> Decimal | None:
    """Euros including VAT a quantity costs in a year (in all, when paid once); None without a price."""
    price = unit_price if unit_price is not None else lot.reference_unit_price
    if price is None:
        return None
    return incl_vat(round_cents(quantity * price * PAID_PER_YEAR[lot.price_period]))


def standing_quantity(needs: Sequence[OwnNeed]) -> int:
    """Units of the needs that still stand."""
    return sum(own.need.quantity for own in needs if own.stands)
