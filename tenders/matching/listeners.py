"""What matching answers to the rooms below: which open lots rely on a provider's certificates."""
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from catalog.certifications.events import LotsRelyingOn, RelyingLot
from catalog.offers.models import Offer
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe
from tenders.demand.models import LotGrappeTotals
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.rules import schemes_required


def lots_relying_on(session: Session, question: LotsRelyingOn) -> list[RelyingLot]:
    """Open lots that require one of the schemes, in a category where the provider publishes an offer; two statements."""
    requires = [Lot.requirements["certificates"].contains([scheme]) for scheme in question.schemes]
    if "hds" in question.schemes:
        requires.append(func.jsonb_array_length(Lot.requirements["hds_activities"]) > 0)
    sells = exists().where(
        Offer.provider_id == question.provider_id, Offer.category_code == Lot.category_code, Offer.status == "published"
    )
    rows = session.execute(
        select(Vehicle.organisation_id, Lot.id, Lot.title, Vehicle.ends_on, Lot.requirements)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(Lot.opened_at.is_not(None), Lot.closed_at.is_(None), Lot.cancelled_at.is_(None), or_(False, *requires), sells)
        .order_by(Lot.id)
    )
    found = [
        RelyingLot(
            row.organisation_id, row.id, row.title, row.ends_on, schemes=schemes_required(row.requirements, question.schemes)
        )
        for row in rows
    ]
    coordinators = _coordinators(session, [lot.lot_id for lot in found]) if found else {}
    return [replace(lot, grappe_organisation_ids=coordinators.get(lot.lot_id, ())) for lot in found]


def _coordinators(session: Session, lot_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """By lot, the coordinators' organisations of the grappes that bring needs to it."""
    rows = session.execute(
        select(LotGrappeTotals.lot_id, Establishment.organisation_id)
        .distinct()
        .join(Grappe, Grappe.id == LotGrappeTotals.grappe_id)
        .join(Establishment, Establishment.id == Grappe.coordinator_establishment_id)
        .where(LotGrappeTotals.lot_id.in_(lot_ids), LotGrappeTotals.organisations > 0)
    )
    found: dict[UUID, tuple[UUID, ...]] = {}
    for lot_id, organisation_id in rows:
        found[lot_id] = (*found.get(lot_id, ()), organisation_id)
    return found
