"""Lots as the pages show them: one statement for a list, with the pool's totals and the last decision."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from marketplace.categories.labels import unit_label
from marketplace.categories.models import ServiceCategory
from marketplace.establishments.rules import fold
from marketplace.platform import clock
from marketplace.platform.charts import MeterFigures
from marketplace.platform.errors import NotFound, Sentence
from marketplace.platform.i18n import language
from marketplace.platform.pagination import paginate
from marketplace.platform.permissions import Actor
from tenders.dashboard import rules, situation
from tenders.dashboard.situation import LotState
from tenders.demand.models import Closing, LotGrappeTotals, LotTotals, Need
from tenders.demand.rules.pool import gap
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.queries import visible_lots
from tenders.vehicles.rules import periods


@dataclass(frozen=True)
class LotLine:
    """A lot with everything a line or the top of its page needs. `figures` is None when the volume is masked."""

    lot: Lot
    category: str
    figures: MeterFigures | None
    state: LotState
    countdown: Sentence

    @property
    def vehicle(self) -> Vehicle:
        """The vehicle the lot belongs to."""
        return self.lot.vehicle

    @property
    def id(self) -> UUID:
        """The lot's id."""
        return self.lot.id

    @property
    def title(self) -> str:
        """The lot's title."""
        return self.lot.title

    @property
    def origin(self) -> str:
        """What tells it from a lot of the same title: its code and its vehicle."""
        return f"{self.lot.code} · {self.vehicle.name}"

    @property
    def unit(self) -> str:
        """The plural word of the lot's unit, in the reader's language."""
        return self.state.unit

    @property
    def closes_at(self) -> datetime:
        """When needs stop being collected."""
        return self.lot.needs_close_at

    @property
    def fact(self) -> Sentence:
        """The one thing to know about the lot."""
        return situation.fact(self.state)

    @property
    def consequences(self) -> list[Sentence]:
        """What follows if nothing changes."""
        return situation.consequences(self.state)

    @property
    def pill(self) -> tuple[Sentence, str]:
        """The state in a few words, and its tone."""
        return situation.state_pill(self.state)


def unit_cost_over_term(lot: Lot) -> Decimal | None:
    """Euros excluding VAT that one unit costs over the lot's term at the reference price; None without a price."""
    if lot.reference_unit_price is None:
        return None
    return lot.reference_unit_price * periods(lot.term_months, lot.price_period)


def select_lines(actor: Actor) -> Select[Any]:
    """Visible lots with category, totals, decision of the running round, and grappes short of a minimum per grappe."""
    of_lot = and_(LotGrappeTotals.lot_id == Lot.id, LotGrappeTotals.members > 0)
    engaged = LotGrappeTotals.firm + LotGrappeTotals.conditional
    grappes = select(func.count()).select_from(LotGrappeTotals).where(of_lot).scalar_subquery()
    short = (
        select(func.count()).select_from(LotGrappeTotals).where(of_lot, engaged < Lot.minimum_quantity).scalar_subquery()
    )
    in_grappes = select(func.sum(engaged)).where(of_lot).scalar_subquery()
    conditions = (Need.lot_id == Lot.id, Need.status == "counted", Need.minimum_pool_quantity.is_not(None))
    hardest = select(func.max(Need.minimum_pool_quantity)).where(*conditions).scalar_subquery()
    largest = select(func.max(Need.quantity)).where(Need.lot_id == Lot.id, Need.status == "counted").scalar_subquery()
    return (
        visible_lots(actor)
        .join(ServiceCategory, ServiceCategory.code == Lot.category_code)
        .outerjoin(LotTotals, LotTotals.lot_id == Lot.id)
        .outerjoin(Closing, and_(Closing.lot_id == Lot.id, Closing.round == Lot.round))
        .add_columns(
            ServiceCategory,
            LotTotals,
            Closing.outcome,
            Closing.ordered_quantity,
            Closing.body["tested_quantity"].as_integer(),
            Closing.body["pool"].label("drawn"),
            grappes.label("grappes"),
            short.label("short_grappes"),
            in_grappes.label("in_grappes"),
            hardest.label("hardest_condition"),
            largest.label("largest") if actor.user_id is None else literal(0).label("largest"),
        )
    )


def list_lines(
    session: Session,
    actor: Actor,
    *,
    status: str | None = "open",
    category: str | None = None,
    q: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of lots, the next to close first: {"items": [LotLine], "next": cursor or None}; one statement."""
    statement = select_lines(actor)
    if status:
        statement = statement.where(Lot.status == status)
    if category:
        statement = statement.where(Lot.category_code == category)
    for word in fold(q or "").split():
        searched = (Lot.search_text, Vehicle.search_text)
        statement = statement.where(or_(*(column.contains(word, autoescape=True) for column in searched)))
    page = paginate(session, statement, [Lot.needs_close_at, Lot.id], limit=limit, cursor=cursor)
    return {"items": [to_line(row, actor) for row in page["items"]], "next": page["next"]}


def list_lines_by_id(session: Session, actor: Actor, lot_ids: Sequence[UUID]) -> list[LotLine]:
    """These lots, the next to close first; no statement when there are none."""
    if not lot_ids:
        return []
    rows = session.execute(select_lines(actor).where(Lot.id.in_(lot_ids)).order_by(Lot.needs_close_at, Lot.id))
    return [to_line(row, actor) for row in rows]


def list_centre_lines(session: Session, actor: Actor) -> list[LotLine]:
    """Every lot of the centres where the actor sits that is in preparation, open or closed, the next to close first."""
    own = actor.organisation_ids(kind="purchasing_centre")
    shown = Lot.status.in_(("draft", "open", "closed"))
    rows = session.execute(
        select_lines(actor)
        .where(Vehicle.organisation_id.in_(own), shown)
        .order_by(Lot.needs_close_at, Lot.id)
        .limit(200)
    )
    return [to_line(row, actor) for row in rows]


def get_line(session: Session, actor: Actor, lot_id: UUID) -> LotLine:
    """One lot; NotFound when there is none or the reader may not see it."""
    row = session.execute(select_lines(actor).where(Lot.id == lot_id)).one_or_none()
    if row is None:
        raise NotFound("lot")
    return to_line(row, actor)


def to_line(row: Any, actor: Actor) -> LotLine:
    """A row of `select_lines` as a line; outsiders who have not signed in get masked volumes."""
    lot, category, totals, outcome, ordered, tested, drawn, grappes, short_grappes, in_grappes, hardest, largest = row
    sums = _sums(totals)
    if outcome is not None and lot.status != "open":  # decided: the pool itself may be released
        sums = drawn or {**sums, "firm": tested}
        largest = sums.get("largest", largest)
    figures = figures_of(lot, sums, hardest)
    masked = actor.user_id is None and rules.shown_volume(figures.engaged, sums["members"], largest or 0) is None
    alone = figures.engaged - int(in_grappes or 0)
    state = LotState(
        status=lot.status,
        unit=unit_label(lot.unit),
        unit_code=lot.unit,
        order_multiple=lot.order_multiple,
        engaged=figures.engaged,
        establishments=sums["members"],
        minimum_kind=lot.minimum_kind,
        minimum=lot.minimum_quantity,
        lacking=None if lot.minimum_scope == "grappe" else figures.missing,
        maximum=lot.maximum_quantity,
        closes_at=lot.needs_close_at,
        policy=tuple(lot.minimum_policy),
        round=lot.round,
        extension_days=lot.extension_days,
        short_grappes=short_grappes,
        grappes=grappes,
        alone_short=0 < alone < (lot.minimum_quantity or 0),
        conditions_open=figures.conditions_open,
        outcome=outcome,
        ordered=ordered if outcome == "met" else tested,
    )
    countdown = rules.countdown(clock.now(), lot.needs_close_at)
    return LotLine(lot, category.name_in(language()), None if masked else figures, state, countdown)


_SUMS = ("firm", "conditional", "awaiting_signature", "indicative", "waitlisted", "tolerance")


def _sums(totals: LotTotals | None) -> dict[str, int]:
    """The pool as it is; a lot without a pool yet has all zeros."""
    return {name: getattr(totals, name) if totals is not None else 0 for name in (*_SUMS, "members")}


def figures_of(lot: Lot, sums: Mapping[str, int], hardest_condition: int | None = None) -> MeterFigures:
    """The figures of a lot's meter, what lacks as the demand rules count it (packs, tolerances).

    A minimum per grappe is not the lot's. Without reading every condition, the minimum is said to hang on them when
    the hardest asks for more than is pooled and firm needs alone do not reach it.
    """
    minimum = lot.minimum_quantity if lot.minimum_scope == "lot" else None
    engaged, multiple = sums["firm"] + sums["conditional"], lot.order_multiple
    lacking = gap(engaged, sums["tolerance"], minimum, multiple)
    hangs = (hardest_condition or 0) > engaged and not gap(sums["firm"], 0, minimum, multiple).is_met
    return MeterFigures(
        **{name: sums[name] for name in _SUMS},
        minimum=minimum,
        lacking=0 if lacking.is_met else lacking.missing,
        conditions_open=hangs and lacking.is_met,
        minimum_per_grappe=lot.minimum_quantity if lot.minimum_scope == "grappe" else None,
        maximum=lot.maximum_quantity,
        amount_per_unit=unit_cost_over_term(lot),
    )
