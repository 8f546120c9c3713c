"""What a centre sees across its own vehicles; every page asks a number of statements that grows with nothing."""
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, func, literal, select, text
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.grappes.models import Grappe
from marketplace.platform.clock import PARIS
from marketplace.platform.errors import NotFound
from marketplace.platform.pagination import paginate
from marketplace.platform.permissions import Actor
from tenders.dashboard.control_room.models import LotReminder
from tenders.dashboard.queries.lots import LotLine, select_lines, to_line
from tenders.demand.models import LotGrappeTotals, Need
from tenders.vehicles.models import Lot, Vehicle

MOST_LOTS = 300
MOST_MOVES = 12
VERSIONS_LOOKED_AT = 200


def own_centres(actor: Actor) -> set[UUID]:
    """The purchasing centres the actor sits in."""
    return actor.organisation_ids(kind="purchasing_centre")


def list_own_vehicles(session: Session, actor: Actor) -> list[tuple[UUID, str]]:
    """Ids and names of the centre's vehicles, by name."""
    statement = select(Vehicle.id, Vehicle.name).where(Vehicle.organisation_id.in_(own_centres(actor)))
    return [(vehicle_id, name) for vehicle_id, name in session.execute(statement.order_by(Vehicle.name, Vehicle.id))]


def list_room_lines(
    session: Session, actor: Actor, *, vehicle_id: UUID | None = None, category: str | None = None,
    status: str | None = None,
) -> list[LotLine]:  # fmt: skip
    """The centre's lots, the next to close first; MOST_LOTS at most."""
    statement = select_lines(actor).where(Vehicle.organisation_id.in_(own_centres(actor)))
    if vehicle_id is not None:
        statement = statement.where(Vehicle.id == vehicle_id)
    if category:
        statement = statement.where(Lot.category_code == category)
    if status:
        statement = statement.where(Lot.status == status)
    rows = session.execute(statement.order_by(Lot.needs_close_at, Lot.id).limit(MOST_LOTS))
    return [to_line(row, actor) for row in rows]


def get_room_line(session: Session, actor: Actor, lot_id: UUID) -> LotLine:
    """One lot of the centre; NotFound for any other, also when it is open to everybody elsewhere on the site."""
    statement = select_lines(actor).where(Lot.id == lot_id, Vehicle.organisation_id.in_(own_centres(actor)))
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("lot")
    return to_line(row, actor)


@dataclass(frozen=True)
class Volumes:
    """Counted units of one category: by INSEE code of the region (`elsewhere` without one), by (size band, sector) with
    the number of establishments, and by the week in which the need was placed, `before` the weeks asked for apart."""

    regions: Mapping[str, int]
    profiles: Mapping[tuple[str | None, str | None], tuple[int, int]]
    weeks: Sequence[int]
    before: int = 0
    elsewhere: int = 0

    @property
    def total(self) -> int:
        """Everything counted."""
        return sum(units for units, _count in self.profiles.values())


def count_volumes(
    session: Session, actor: Actor, category: str, mondays: Sequence[date], vehicle_id: UUID | None = None
) -> Volumes:
    """Where the needs counted on the centre's lots of a category come from; one statement, one pass over them.

    Needs are rolled up by region, profile and week at once; the few rows that leaves are added up here.
    """
    starts = [datetime.combine(monday, time(), PARIS) for monday in mondays]
    week = func.width_bucket(Need.placed_at, literal(starts, ARRAY(DateTime(timezone=True))))
    parts = (Establishment.region, Establishment.size_band, Establishment.sector, week)
    statement = (
        select(*parts, func.sum(Need.quantity), func.count())
        .select_from(Need)
        .join(Establishment, Establishment.id == Need.establishment_id)
        .join(Lot, Lot.id == Need.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .where(
            Vehicle.organisation_id.in_(own_centres(actor)), Lot.category_code == category,
            Lot.status.in_(("open", "closed")), Need.status == "counted",
        )
        .group_by(text("1, 2, 3, 4"))
    )  # fmt: skip
    if vehicle_id is not None:
        statement = statement.where(Vehicle.id == vehicle_id)
    return _added_up(session.execute(statement), len(mondays))


def _added_up(rows: Iterable[Any], weeks: int) -> Volumes:
    regions, by_week = Counter[str | None](), Counter[int]()
    units_of, sites_of = Counter[tuple[str | None, str | None]](), Counter[tuple[str | None, str | None]]()
    for region, size_band, sector, week, units, count in rows:
        regions[region] += int(units)
        by_week[week] += int(units)
        units_of[size_band, sector] += int(units)
        sites_of[size_band, sector] += count
    elsewhere = regions.pop(None, 0)
    return Volumes(
        {region: units for region, units in regions.items() if region is not None},
        {profile: (units, sites_of[profile]) for profile, units in units_of.items()},
        [by_week[place] for place in range(1, weeks + 1)], by_week[0], elsewhere,
    )  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """A change that moved a lot's total: by how many counted units, when, whose."""

    changed_at: datetime
    status: str
    lot_id: UUID
    title: str
    unit: str
    establishment_id: UUID
    establishment: str
    grappe: str | None
    delta: int


# The newest versions first, and only so many: the price of this list does not depend on how much was ever entered.
_MOVED = text("""
WITH recent AS MATERIALIZED (
    SELECT v.id, v.lot_id, v.establishment_id, v.grappe_id, v.changed_at, v.status, v.quantity
    FROM need_versions v
    WHERE v.changed_at >= :since AND v.lot_id = ANY(CAST(:lots AS uuid[]))
    ORDER BY v.changed_at DESC LIMIT :looked_at
), moved AS (
    SELECT r.*, p.grappe_id AS former_grappe_id, CASE WHEN r.status = 'counted' THEN r.quantity ELSE 0 END
         - CASE WHEN p.status = 'counted' THEN p.quantity ELSE 0 END AS delta
    FROM recent r LEFT JOIN LATERAL (
        SELECT b.status, b.quantity, b.grappe_id FROM need_versions b
        WHERE b.lot_id = r.lot_id AND b.establishment_id = r.establishment_id AND b.id < r.id
        ORDER BY b.id DESC LIMIT 1
    ) p ON true
)
SELECT m.changed_at, m.status, m.lot_id, l.title, l.unit, e.id, e.name, g.name, m.delta
FROM moved m JOIN lots l ON l.id = m.lot_id JOIN establishments e ON e.id = m.establishment_id
LEFT JOIN grappes g ON g.id = COALESCE(m.grappe_id, m.former_grappe_id)
WHERE m.delta <> 0 ORDER BY m.changed_at DESC, m.id DESC LIMIT :shown
""")


def list_moved(session: Session, lot_ids: Collection[UUID], since: datetime) -> list[Moved]:
    """Who moved the totals of these lots since then, the newest first; MOST_MOVES at most."""
    values = {"since": since, "lots": list(lot_ids), "looked_at": VERSIONS_LOOKED_AT, "shown": MOST_MOVES}
    return [Moved(*row) for row in session.execute(_MOVED, values)]


def last_reminders(session: Session, lot_ids: Collection[UUID]) -> dict[UUID, date]:
    """The day on which each of these lots was last reminded of."""
    statement = select(LotReminder.lot_id, func.max(LotReminder.sent_on)).where(LotReminder.lot_id.in_(lot_ids))
    return {row[0]: row[1] for row in session.execute(statement.group_by(LotReminder.lot_id))}


def list_lot_grappes(session: Session, lot_id: UUID, limit: int = 500) -> Sequence[Any]:
    """Grappes on a lot: their totals and names, the largest commitment first."""
    engaged = LotGrappeTotals.firm + LotGrappeTotals.conditional
    statement = (
        select(LotGrappeTotals, Grappe.name)
        .join(Grappe, Grappe.id == LotGrappeTotals.grappe_id)
        .where(LotGrappeTotals.lot_id == lot_id, LotGrappeTotals.organisations > 0)
        .order_by(engaged.desc(), Grappe.name)
        .limit(limit)
    )
    return session.execute(statement).all()


def select_lot_sites(lot_id: UUID, grappe_id: UUID | None) -> Any:
    """Needs on a lot with their establishments and grappes' names; the caller has checked whose lot it is."""
    statement = (
        select(
            Establishment.name.label("name"), Establishment.id.label("id"), Establishment.finess, Establishment.town,
            Establishment.region, Need, Grappe.name.label("grappe"),
        )
        .select_from(Need)
        .join(Establishment, Establishment.id == Need.establishment_id)
        .outerjoin(Grappe, Grappe.id == Need.grappe_id)
        .where(Need.lot_id == lot_id)
    )  # fmt: skip
    return statement if grappe_id is None else statement.where(Need.grappe_id == grappe_id)


def list_lot_sites(session: Session, lot_id: UUID, grappe_id: UUID | None, cursor: str | None) -> dict[str, Any]:
    """A page of establishments with a need on the lot, by name."""
    statement = select_lot_sites(lot_id, grappe_id)
    return paginate(session, statement, [Establishment.name, Establishment.id], limit=50, cursor=cursor)
