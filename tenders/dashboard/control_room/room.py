"""The control room as its page shows it: what was asked, the lots in order, the volumes, who moved what."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.categories.queries import category_names
from marketplace.platform import clock
from marketplace.platform.api import identifier
from marketplace.platform.i18n import language
from marketplace.platform.permissions import Actor
from tenders.dashboard.control_room import queries
from tenders.dashboard.control_room.rules import MET, SORTS, Bar, bars, distance_key, wanted, weeks_until
from tenders.dashboard.queries.lots import LotLine
from tenders.dashboard.rules import closes_soon
from tenders.demand.envelopes.models import Envelope
from tenders.demand.envelopes.queries import VehicleBalance, find_envelopes, list_vehicle_balances
from tenders.vehicles.words import STATUSES

WEEKS_SHOWN = 8
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Asked:
    """Filters and order, as understood; what is not known is as if it were not asked."""

    vehicle: UUID | None = None
    category: str | None = None
    status: str | None = None
    met: str | None = None
    sort: str = SORTS[0]

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Asked":
        """The filters in a query string; only open lots unless told otherwise (`all`)."""
        status, met, sort = args.get("status", "open"), args.get("met"), args.get("sort")
        return cls(
            identifier(args.get("vehicle", "")), args.get("category") or None, status if status in STATUSES else None,
            met if met in MET else None, sort if sort in SORTS else SORTS[0],
        )  # fmt: skip


@dataclass(frozen=True)
class WeekBars:
    """Volumes by week as bars with their Mondays."""

    weeks: Sequence[date]
    values: Sequence[int]
    bars: Sequence[Bar]
    before: int


@dataclass(frozen=True)
class Room:
    """Everything on the page. `category` is the one whose volumes are shown, in `unit`."""

    asked: Asked
    seen_at: datetime
    lines: Sequence[LotLine]
    soon: Sequence[LotLine]
    vehicles: Sequence[tuple[UUID, str]]
    categories: Sequence[tuple[str, str]]
    category: str | None
    category_name: str
    unit: str
    volumes: queries.Volumes | None
    weeks: WeekBars | None
    moved: Sequence[queries.Moved]
    envelopes: Mapping[UUID, Envelope]
    balances: Sequence[VehicleBalance]
    reminded: Mapping[UUID, date]
    may_remind: bool


def build(session: Session, actor: Actor, args: Mapping[str, str], may_remind: bool) -> Room:
    """Gather the page: eight statements, however many vehicles, lots, grappes and needs there are."""
    asked, now = Asked.of(args), clock.now()
    lines = list_lines(session, actor, asked)
    soon = [line for line in lines if line.state.status == "open" and closes_soon(now, line.closes_at)]
    names = category_names(session, language())
    category, mondays = _category(lines, asked), weeks_until(clock.today(), WEEKS_SHOWN)
    volumes = queries.count_volumes(session, actor, category, mondays, asked.vehicle) if category else None
    ids = [line.id for line in lines]
    return Room(
        asked=asked,
        seen_at=now,
        lines=lines,
        soon=sorted(soon, key=_distance),
        vehicles=queries.list_own_vehicles(session, actor),
        categories=sorted(names.items(), key=lambda pair: pair[1]),
        category=category,
        category_name=names.get(category or "", ""),
        unit=next((line.unit for line in lines if line.lot.category_code == category), ""),
        volumes=volumes,
        weeks=WeekBars(mondays, volumes.weeks, bars(volumes.weeks), volumes.before) if volumes else None,
        moved=queries.list_moved(session, ids, now - A_WEEK),
        envelopes=find_envelopes(session, ids),
        balances=list_vehicle_balances(session, {line.lot.vehicle_id for line in lines}),
        reminded=queries.last_reminders(session, ids),
        may_remind=may_remind,
    )


def list_lines(session: Session, actor: Actor, asked: Asked) -> list[LotLine]:
    """The lots asked for, in the order asked for."""
    found = queries.list_room_lines(
        session, actor, vehicle_id=asked.vehicle, category=asked.category, status=asked.status
    )
    lines = [
        line for line in found if wanted(asked.met, line.state.is_short, line.state.minimum_kind != "none")
    ]
    return sorted(lines, key=_distance) if asked.sort == "distance" else lines


def _distance(line: LotLine) -> tuple[Fraction, datetime]:
    state = line.state
    return distance_key(state.lacking, state.minimum, state.short_grappes, state.grappes), line.closes_at


def _category(lines: Sequence[LotLine], asked: Asked) -> str | None:
    """The category asked for, else that of the lot shown with most commitments."""
    if asked.category:
        return asked.category
    largest = max(lines, key=lambda line: line.state.engaged, default=None)
    return largest.lot.category_code if largest else None

