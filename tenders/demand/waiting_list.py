"""Who comes off the waiting list when volume is freed: the step every act that frees some ends with."""
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.grappes.models import PoolingClaim
from marketplace.platform import audit
from marketplace.platform.permissions import SYSTEM
from tenders.demand import notices
from tenders.demand.models import LotTotals, Need
from tenders.demand.rules.pool import Waiting, promotions
from tenders.demand.words import pool_label
from tenders.demand.writing import move, take_claims
from tenders.vehicles.models import Lot


def promote(session: Session, lot: Lot) -> list[UUID]:
    """Step: count waiting needs that fit now, in rank order, and tell them; the caller holds the lot's lock.

    A need whose establishment pools the category in another lot by now is passed over and keeps its rank.
    """
    totals = session.get_one(LotTotals, lot.id, populate_existing=True)
    if not totals.waitlisted or not totals.takes_needs:
        return []
    waiting = {need.establishment_id: need for need in _waiting(session, lot)}
    free = None if totals.maximum_quantity is None else totals.maximum_quantity - totals.firm - totals.conditional
    fitting = promotions(free, [Waiting(need.establishment_id, need.quantity) for need in waiting.values()])
    label = pool_label(lot.code, lot.title, lot.vehicle.name)
    claimed = take_claims(session, lot.id, label, lot.category_code, fitting)
    promoted = [waiting[establishment_id] for establishment_id in fitting if establishment_id in claimed]
    if not promoted:
        return []
    move(session, lot.id, promoted, "counted")
    for need in promoted:
        audit.record(
            session, SYSTEM, "need.promoted", "need", f"{lot.id}:{need.establishment_id}",
            organisation_id=need.organisation_id, before={"status": "waitlisted"}, after={"status": "counted"},
        )  # fmt: skip
    notices.promoted(session, lot, promoted)
    return [need.establishment_id for need in promoted]


def _waiting(session: Session, lot: Lot) -> list[Need]:
    elsewhere = (
        select(PoolingClaim.establishment_id)
        .where(
            PoolingClaim.establishment_id == Need.establishment_id,
            PoolingClaim.category_code == lot.category_code,
            PoolingClaim.kind == "need",
        )
        .exists()
    )
    statement = (
        select(Need)
        .where(Need.lot_id == lot.id, Need.waitlist_number.is_not(None), ~elsewhere)
        .order_by(Need.waitlist_number)
    )
    return list(session.scalars(statement, execution_options={"populate_existing": True}))
