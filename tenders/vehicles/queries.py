"""Reads of vehicles and lots: a draft is seen by its centre alone, an opened one by everybody signed in."""
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from marketplace.accounts.models import Organisation
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.rules import fold
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import USUAL_PAGE, paginate
from marketplace.platform.permissions import Actor
from tenders.vehicles.models import Lot, Vehicle


def visible_vehicles(actor: Actor) -> Select[Vehicle]:
    """Vehicles the actor may see."""
    statement = select(Vehicle)
    if actor.is_system:
        return statement
    own = actor.organisation_ids(kind="purchasing_centre")
    return statement.where(or_(Vehicle.opened_at.is_not(None), Vehicle.organisation_id.in_(own)))


def visible_lots(actor: Actor) -> Select[Lot]:
    """Lots the actor may see, each with its vehicle."""
    statement = select(Lot).join(Lot.vehicle).options(contains_eager(Lot.vehicle))
    if actor.is_system:
        return statement
    own = actor.organisation_ids(kind="purchasing_centre")
    return statement.where(or_(Lot.opened_at.is_not(None), Vehicle.organisation_id.in_(own)))


def get_vehicle(session: Session, actor: Actor, vehicle_id: UUID) -> Vehicle:
    """The vehicle with its lots by code; NotFound when there is none or the actor may not see it."""
    statement = visible_vehicles(actor).where(Vehicle.id == vehicle_id).options(selectinload(Vehicle.lots))
    vehicle = session.scalars(statement).one_or_none()
    if vehicle is None:
        raise NotFound("vehicle")
    return vehicle


def lock_vehicle(session: Session, vehicle_id: UUID) -> Vehicle:
    """The vehicle FOR UPDATE, with its lots, as they are once the lock is held; asked after `get_vehicle`."""
    statement = select(Vehicle).where(Vehicle.id == vehicle_id).options(selectinload(Vehicle.lots))
    return session.scalars(statement.with_for_update(), execution_options={"populate_existing": True}).one()


def get_lot(session: Session, actor: Actor, lot_id: UUID) -> Lot:
    """The lot with its vehicle; NotFound when there is none or the actor may not see it."""
    lot = session.scalars(visible_lots(actor).where(Lot.id == lot_id)).one_or_none()
    if lot is None:
        raise NotFound("lot")
    return lot


def list_vehicles(
    session: Session,
    actor: Actor,
    *,
    status: str | None = None,
    q: str | None = None,
    limit: int = USUAL_PAGE,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of vehicles, the earliest start first; `q` matches words of the name without accents."""
    statement = visible_vehicles(actor).options(selectinload(Vehicle.lots))
    if status:
        statement = statement.where(Vehicle.status == status)
    for word in fold(q or "").split():
        statement = statement.where(Vehicle.search_text.contains(word, autoescape=True))
    return paginate(session, statement, [Vehicle.starts_on, Vehicle.id], limit=limit, cursor=cursor)


def list_lots(
    session: Session,
    actor: Actor,
    *,
    status: str | None = None,
    category: str | None = None,
    q: str | None = None,
    limit: int = USUAL_PAGE,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of lots, the next to close first; `q` matches words of the lot, its category and its vehicle."""
    statement = visible_lots(actor)
    if status:
        statement = statement.where(Lot.status == status)
    if category:
        statement = statement.where(Lot.category_code == category)
    for word in fold(q or "").split():
        found = or_(*(c.contains(word, autoescape=True) for c in (Lot.search_text, Vehicle.search_text)))
        statement = statement.where(found)
    return paginate(session, statement, [Lot.needs_close_at, Lot.id], limit=limit, cursor=cursor)


def list_categories(session: Session) -> list[ServiceCategory]:
    """Every service category, in the order shown."""
    return list(session.scalars(select(ServiceCategory).order_by(ServiceCategory.position, ServiceCategory.code)))


def list_mergeable_categories(session: Session, organisation_id: UUID) -> set[str]:
    """Categories in which the centre has two lots or more in preparation or open: one may merge into another."""
    statement = (
        select(Lot.category_code)
        .join(Lot.vehicle)
        .where(Vehicle.organisation_id == organisation_id, Lot.status.in_(("draft", "open")))
        .group_by(Lot.category_code)
        .having(func.count() >= 2)
    )
    return set(session.scalars(statement))


def centre_names(session: Session, vehicles: list[Vehicle]) -> dict[UUID, str]:
    """Names of the purchasing centres of these vehicles, by organisation id."""
    ids = {vehicle.organisation_id for vehicle in vehicles}
    rows = session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)))
    return {row.id: row.name for row in rows}
