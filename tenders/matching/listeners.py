"""What matching answers to the rooms below: which open lots rely on a provider's certificates."""
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from catalog.certifications.events import LotsRelyingOn, RelyingLot
from catalog.offers.models import Offer
from tenders.vehicles.models import Lot, Vehicle


def lots_relying_on(session: Session, question: LotsRelyingOn) -> list[RelyingLot]:
    """Open lots that require one of the schemes, in a category where the provider publishes an offer; one statement."""
    requires = [Lot.requirements["certificates"].contains([scheme]) for scheme in question.schemes]
    if "hds" in question.schemes:
        requires.append(func.jsonb_array_length(Lot.requirements["hds_activities"]) > 0)
    sells = exists().where(
        Offer.provider_id == question.provider_id, Offer.category_code == Lot.category_code, Offer.status == "published"
    )
    rows = session.execute(
        select(Vehicle.organisation_id, Lot.id, Lot.title, Vehicle.ends_on)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(Lot.opened_at.is_not(None), Lot.closed_at.is_(None), Lot.cancelled_at.is_(None), or_(False, *requires), sells)
        .order_by(Lot.id)
    )
    return [RelyingLot(*row) for row in rows]
