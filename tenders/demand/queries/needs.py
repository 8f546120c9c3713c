"""Reads of needs: one's own, one's grappes' (whole grappe, names included), all of them for the vehicle's centre."""
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe, GrappeMembership
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.demand.models import Need
from tenders.vehicles.models import Lot, Vehicle


@dataclass(frozen=True)
class NeedRow:
    """A need with the names a list shows."""

    need: Need
    establishment_name: str
    grappe_name: str | None


def _in_own_grappe(actor: Actor) -> ColumnElement[bool]:
    member = aliased(Establishment)
    return exists(
        select(GrappeMembership.id)
        .join(member, member.id == GrappeMembership.establishment_id)
        .where(
            GrappeMembership.grappe_id == Need.grappe_id,
            GrappeMembership.ended_at.is_(None),
            GrappeMembership.joined_at.is_not(None),
            member.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
        )
        .correlate(Need)
    )


def _visible(actor: Actor) -> ColumnElement[bool]:
    """Needs the actor may see one by one; the statement joins the lot's vehicle and the establishment."""
    if actor.is_system:
        return true()
    centres = actor.organisation_ids(kind="purchasing_centre")
    operators = actor.organisation_ids(kind="care_operator")
    return or_(
        Vehicle.organisation_id.in_(centres) if centres else false(),
        or_(Establishment.organisation_id.in_(operators), _in_own_grappe(actor)) if operators else false(),
    )


def _statement(actor: Actor) -> Select[Need, str, str]:
    return (
        select(Need, Establishment.name.label("establishment_name"), Grappe.name.label("grappe_name"))
        .join(Establishment, Establishment.id == Need.establishment_id)
        .join(Lot, Lot.id == Need.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .outerjoin(Grappe, Grappe.id == Need.grappe_id)
        .where(_visible(actor))
    )


def get_need(session: Session, actor: Actor, lot_id: UUID, establishment_id: UUID) -> NeedRow:
    """One need; NotFound when there is none or the actor may not see it."""
    statement = _statement(actor).where(Need.lot_id == lot_id, Need.establishment_id == establishment_id)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("need")
    need, establishment_name, grappe_name = row
    return NeedRow(need, establishment_name, grappe_name)


def list_needs(
    session: Session, actor: Actor, lot_id: UUID, *, status: str | None = None, limit: int = USUAL_PAGE,
    cursor: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A page of the needs of a lot that the actor may see, by establishment name: rows (Need, names)."""
    statement = _statement(actor).where(Need.lot_id == lot_id)
    if status:
        statement = statement.where(Need.status == status)
    keys = [Establishment.name.label("establishment_name"), Need.establishment_id]
    page = paginate(session, statement, keys, limit=limit, cursor=cursor)
    return {"items": [NeedRow(*row) for row in page["items"]], "next": page["next"]}


def list_own_needs(session: Session, actor: Actor, lot_id: UUID) -> list[NeedRow]:
    """The needs of the actor's own establishments on a lot, by name."""
    statement = (
        _statement(actor)
        .where(Need.lot_id == lot_id, Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")))
        .order_by(Establishment.name, Need.establishment_id)
    )
    return [NeedRow(need, name, grappe) for need, name, grappe in session.execute(statement)]


def list_own_needs_on(session: Session, actor: Actor, lot_ids: list[UUID]) -> list[Need]:
    """The needs of the actor's own establishments on several lots (the sites × lots grid of a group)."""
    return list(
        session.scalars(
            select(Need)
            .join(Establishment, Establishment.id == Need.establishment_id)
            .where(
                Need.lot_id.in_(lot_ids),
                Establishment.organisation_id.in_(actor.organisation_ids(kind="care_operator")),
            )
        )
    )


def list_to_sign(session: Session, actor: Actor) -> list[tuple[NeedRow, Lot]]:
    """Firm needs that await a signature of the actor, the next lot to close first."""
    statement = (
        select(Need, Establishment.name, Grappe.name, Lot)
        .join(Establishment, Establishment.id == Need.establishment_id)
        .join(Lot, Lot.id == Need.lot_id)
        .outerjoin(Grappe, Grappe.id == Need.grappe_id)
        .where(
            Need.status == "awaiting_signature",
            Establishment.organisation_id.in_(actor.organisation_ids(("signatory",), kind="care_operator")),
        )
        .order_by(Lot.needs_close_at, Need.establishment_id)
    )
    return [(NeedRow(need, name, grappe), lot) for need, name, grappe, lot in session.execute(statement)]


def rank_of(session: Session, need: Need) -> int | None:
    """The rank of a waiting need, from 1; None when it does not wait."""
    if need.waitlist_number is None:
        return None
    return session.scalar(
        select(func.count()).where(Need.lot_id == need.lot_id, Need.waitlist_number <= need.waitlist_number)
    )
