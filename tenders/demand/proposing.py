"""Needs proposed to establishments on a lot that has just opened: they await a signature and count towards nothing."""
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.permissions import SYSTEM
from tenders.demand import notices
from tenders.demand.models import Need
from tenders.demand.rules.placing import Ground
from tenders.demand.rules.pool import contribution
from tenders.demand.words import pool_label
from tenders.demand.writing import Change, apply, lock_pool
from tenders.vehicles.models import Lot


@dataclass(frozen=True)
class Proposal:
    """A quantity put before an establishment's signatories."""

    establishment_id: UUID
    establishment_name: str
    organisation_id: UUID
    quantity: int


def propose_needs(session: Session, lot: Lot, proposals: Sequence[Proposal], by: UUID | None) -> None:
    """Step: write each proposal as a need that awaits its signature, and tell the signatories.

    The lot has just opened in this transaction, so nobody has a need on it yet. Nobody is bound, and no claim is taken,
    before a signatory signs (domain §4b.4); signing what is pooled elsewhere by then is refused as usual.
    """
    if not proposals:
        return
    lock_pool(session, lot.id)
    now = clock.now()
    waiting = "awaiting_signature"
    for one in sorted(proposals, key=lambda each: each.establishment_id):
        session.add(
            Need(
                lot_id=lot.id, establishment_id=one.establishment_id, organisation_id=one.organisation_id,
                quantity=one.quantity, firmness="firm", status=waiting, placed_at=now, placed_by=by, changed_at=now,
                changed_by=by,
            )
        )  # fmt: skip
        audit.record(
            session, SYSTEM, "need.proposed", "need", f"{lot.id}:{one.establishment_id}",
            organisation_id=one.organisation_id, after={"status": waiting, "quantity": one.quantity},
        )  # fmt: skip
    session.flush()
    apply(
        session, lot.id,
        [Change(None, one.organisation_id, contribution(waiting, "firm", one.quantity, 0)) for one in proposals],
    )  # fmt: skip
    ground = _ground(lot)
    tell_many(session, [
        notices.to_sign(ground, one.organisation_id, (one.establishment_id, one.establishment_name), one.quantity)
        for one in proposals
    ])  # fmt: skip


def _ground(lot: Lot) -> Ground:
    return Ground(
        lot_id=lot.id,
        label=pool_label(lot.code, lot.title, lot.vehicle.name),
        unit=lot.unit,
        price_period=lot.price_period,
        term_months=lot.term_months,
        reference_unit_price=lot.reference_unit_price,
        takes_firm_needs=lot.takes_firm_needs,
        allows_individual_needs=lot.vehicle.allows_individual_needs,
        status="open",
        needs_close_at=lot.needs_close_at,
    )
