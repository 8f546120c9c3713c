"""What a need was, version by version: for those who are bound by it, enter it, or run its vehicle."""
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlalchemy.orm import Session, aliased

from marketplace.accounts.models import User
from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Charter, Grappe, GrappeMembership
from marketplace.platform.errors import NotFound
from marketplace.platform.permissions import Actor
from tenders.demand.models import NeedVersion
from tenders.demand.words import WITHDRAWN
from tenders.vehicles.models import Lot, Vehicle


@dataclass(frozen=True)
class NeedChange:
    """One change: what the need was (None: there was none) and became (None: it was withdrawn), when and by whom.

    `changed_by` is None for a closing, a place freed or a membership ended, and for readers who only run the vehicle.
    """

    changed_at: datetime
    changed_by: str | None
    before: NeedVersion | None
    after: NeedVersion | None


def list_need_changes(session: Session, actor: Actor, lot_id: UUID, establishment_id: UUID) -> list[NeedChange]:
    """Every change of a need, oldest first; two statements.

    For the organisation bound at the time, the coordinator whose charter lets it enter needs (for what passed through
    its grappe), and the vehicle's centre. NotFound when there is nothing this reader may see: another member of the
    grappe sees a need as it stands, not how it came to be.
    """
    statement = (
        select(NeedVersion, User.full_name)
        .join(Lot, Lot.id == NeedVersion.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .outerjoin(User, User.id == NeedVersion.changed_by)
        .where(NeedVersion.lot_id == lot_id, NeedVersion.establishment_id == establishment_id, _visible(actor))
        .order_by(NeedVersion.id)
    )
    rows = [(version, name) for version, name in session.execute(statement)]
    if not rows:
        raise NotFound("need")
    knows_people = _knows_people(session, actor, rows[-1][0])
    changes, before = [], None
    for version, name in rows:
        after = None if version.status == WITHDRAWN else version
        changes.append(NeedChange(version.changed_at, name if knows_people else None, before, after))
        before = after
    return changes


def _visible(actor: Actor) -> ColumnElement[bool]:
    if actor.is_system:
        return true()
    return or_(
        NeedVersion.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
        Vehicle.organisation_id.in_(actor.organisation_ids(kind="purchasing_centre")),
        _mandated(actor),
    )


def _mandated(actor: Actor) -> ColumnElement[bool]:
    """The actor coordinates the grappe, and the charter this member signed lets the coordinator enter needs."""
    seat = aliased(Establishment)
    return exists(
        select(GrappeMembership.id)
        .join(Grappe, Grappe.id == GrappeMembership.grappe_id)
        .join(Charter, Charter.id == GrappeMembership.charter_id)
        .join(seat, seat.id == Grappe.coordinator_establishment_id)
        .where(
            GrappeMembership.grappe_id == NeedVersion.grappe_id,
            GrappeMembership.establishment_id == NeedVersion.establishment_id,
            GrappeMembership.ended_at.is_(None),
            Charter.parameters["coordinator_enters_needs"].as_boolean(),
            seat.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
        )
        .correlate(NeedVersion)
    )


def _knows_people(session: Session, actor: Actor, version: NeedVersion) -> bool:
    """Whether names of persons are told: not to a centre, which knows the establishments only."""
    if version.organisation_id in actor.organisation_ids(kind="care_operator") or actor.is_system:
        return True
    return bool(session.scalar(select(NeedVersion.id).where(NeedVersion.id == version.id, _mandated(actor))))
