"""What a site asked for the last time in a category: a proposal for the next lot, never written by itself."""
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from marketplace.platform.errors import RuleBroken
from tenders.demand.models import Need
from tenders.demand.rules.phases import check_phases
from tenders.demand.rules.placing import Wish
from tenders.demand.words import pool_label
from tenders.vehicles.models import Lot, Vehicle


@dataclass(frozen=True)
class PreviousNeed:
    """A need as it stands on the lot of the same category and unit that opened last before; `label` names that lot.

    `wish` is what could be asked again: without its grappe, without its price ceiling, and without phases that the lot
    at hand could not take. `ordered_quantity` is what its closing kept, None while or where nothing was decided.
    """

    lot_id: UUID
    label: str
    wish: Wish
    ordered_quantity: int | None


def list_previous(session: Session, lot: Lot, establishment_ids: Collection[UUID]) -> dict[UUID, PreviousNeed]:
    """The last need of each of these sites before this lot; one statement. The caller has checked who asks.

    Withdrawn needs are no proposal: they are gone. A need of an earlier round of the same lot is the need at hand.
    """
    earlier = (
        select(Need, Lot, Vehicle.name)
        .join(Lot, Lot.id == Need.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(
            Need.establishment_id.in_(establishment_ids), Lot.id != lot.id, Lot.opened_at < lot.opened_at,
            Lot.category_code == lot.category_code, Lot.unit == lot.unit,
        )
        .ext(distinct_on(Need.establishment_id))
        .order_by(Need.establishment_id, Lot.opened_at.desc(), Lot.id)
    )  # fmt: skip
    return {need.establishment_id: _previous(lot, need, from_lot, name) for need, from_lot, name in session.execute(earlier)}


def find_previous(session: Session, lot: Lot, establishment_id: UUID) -> PreviousNeed | None:
    """The same for one site; None when it asked for nothing before."""
    return list_previous(session, lot, [establishment_id]).get(establishment_id)


def _previous(lot: Lot, need: Need, from_lot: Lot, vehicle_name: str) -> PreviousNeed:
    wish = Wish(
        need.quantity, need.firmness, None, need.tolerance, need.minimum_pool_quantity, need.maximum_unit_price,
        phases=_fitting(lot, need),
    )  # fmt: skip
    label = pool_label(from_lot.code, from_lot.title, vehicle_name)
    return PreviousNeed(from_lot.id, label, wish, need.ordered_quantity)


def _fitting(lot: Lot, need: Need) -> tuple[int, ...] | None:
    phases = tuple(need.phases) if need.phases else None
    try:
        check_phases(phases, need.quantity, lot.price_period, lot.term_months)
    except RuleBroken:
        return None
    return phases
