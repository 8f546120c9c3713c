"""What joining a closed lot looks at, and who joined."""
from uuid import UUID

from sqlalchemy.orm import Session

from tenders.demand.envelopes.queries import get_envelope
from tenders.demand.joining.models import LateJoining
from tenders.demand.joining.rules import Setting
from tenders.demand.queries.closings import find_last_closing
from tenders.demand.queries.placing import Standing
from tenders.vehicles.models import Lot


def setting_of(session: Session, lot: Lot, standing: Standing) -> Setting:
    """The lot, its vehicle and its envelope as they are now; NotFound for a lot that never opened.

    The room is what both the ledger and the pool leave: neither may pass the maximum.
    """
    remaining = get_envelope(session, lot.id).balance.remaining
    room = remaining
    if remaining is not None and standing.maximum is not None:
        room = min(remaining, standing.maximum - standing.counted)
    last = find_last_closing(session, lot.id)
    ground = standing.ground
    return Setting(
        label=ground.label,
        unit=ground.unit,
        price_period=ground.price_period,
        term_months=ground.term_months,
        order_multiple=lot.order_multiple,
        starts_on=lot.vehicle.starts_on,
        ends_on=lot.vehicle.ends_on,
        is_met=ground.status == "closed" and last is not None and last.outcome == "met" and bool(last.ordered_quantity),
        allows_late_joining=lot.vehicle.allows_late_joining,
        regime=lot.vehicle.regime,
        room=room,
        fee=lot.vehicle.late_joining_fee,
    )


def find_joining(session: Session, lot_id: UUID, establishment_id: UUID) -> LateJoining | None:
    """The late joining of an establishment on a lot, if any."""
    return session.get(LateJoining, (lot_id, establishment_id))
