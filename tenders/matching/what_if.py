"""What would change a pool, and by how much: one's own quantity, others, another grappe, another deadline; prices too."""
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from catalog.offers.rules import Bracket
from marketplace.grappes.models import Grappe
from marketplace.grappes.queries import find_active_grappe
from marketplace.platform import clock
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.permissions import Actor, require
from tenders.demand.models import Need
from tenders.demand.queries import get_need
from tenders.demand.queries.placing import Standing, get_standing
from tenders.demand.queries.pool import get_pool
from tenders.demand.queries.supposing import list_asked_again, list_conditions, list_departures
from tenders.demand.rules import deadlines
from tenders.demand.rules import what_if as rules
from tenders.demand.rules.placing import Placed, Wish, check_taken
from tenders.demand.rules.pool import NOTHING, Contribution
from tenders.demand.rules.what_if import Scenario, Supposition
from tenders.demand.views import GrappeRow, PoolView
from tenders.matching.queries import BestPrice, list_best_prices
from tenders.vehicles.models import Lot
from tenders.vehicles.queries import get_lot


@dataclass(frozen=True)
class Question:
    """What is supposed, in the lot's unit. `quantity` None leaves one's own need as it is; 0 takes it away.

    `joining_…` and `leaving_…`: somebody else, by an anonymous quantity of firm units or by a need the caller may see.
    `merging_grappe_id`: a grappe whose volume the caller may know, on this lot or on `merging_lot_id`. `closes_on`:
    another deadline (a Paris day); `extension` is the published one.
    """

    establishment_id: UUID
    quantity: int | None = None
    firmness: str | None = None
    joining_quantity: int = 0
    joining_establishment_id: UUID | None = None
    leaving_quantity: int = 0
    leaving_establishment_id: UUID | None = None
    merging_grappe_id: UUID | None = None
    merging_lot_id: UUID | None = None
    extension: bool = False
    closes_on: date | None = None


@dataclass(frozen=True)
class Extension:
    """What extending the round would do: `after` then counts the firm needs alone, and `confirmed` is the pool if all
    those who are asked again confirm. `own`: stays or asked_again, None without a need.
    """

    until: datetime
    asked_again: Contribution
    own: str | None
    confirmed: PoolView


@dataclass(frozen=True)
class Deadline:
    """What another deadline would do: earlier, same or later than the one published.

    `could_close`: an earlier one needs the minimum. `departures`: needs of the caller's grappes whose sites will have
    left; `own_leaves`: the caller's site is among them. `providers_…`: who could answer, certificates looked at today and
    on that day.
    """

    closes_on: date
    kind: str
    could_close: bool
    departures: int
    departing: int
    own_leaves: bool
    providers_before: int
    providers_after: int


@dataclass(frozen=True)
class WhatIf:
    """The pool as it is and as it would be, each with the best published price, None where nobody can answer.

    `need_status`: what the site's need would be, None without one.
    """

    before: PoolView
    after: PoolView
    best_before: BestPrice | None
    best_after: BestPrice | None
    need_status: str | None
    extension: Extension | None = None
    deadline: Deadline | None = None

    @property
    def unit_price_before(self) -> Decimal | None:
        """Euros excluding VAT per unit and period, at today's pool."""
        return self.best_before.unit_price if self.best_before else None

    @property
    def unit_price_after(self) -> Decimal | None:
        """The same at the pool as it would be; with an extension, as it would be if all confirm."""
        return self.best_after.unit_price if self.best_after else None

    @property
    def bracket_before(self) -> Bracket | None:
        """The step of that grid which today's pool reaches."""
        return self.best_before.bracket if self.best_before else None

    @property
    def bracket_after(self) -> Bracket | None:
        """The step which the pool would reach."""
        return self.best_after.bracket if self.best_after else None


def suppose_pool(session: Session, actor: Actor, lot_id: UUID, question: Question) -> WhatIf:
    """What would change if things were so; reads only, a constant number of statements.

    Only for establishments the caller represents (domain §4b.15). Conditions of conditional needs are looked at as in
    the pool itself. NotFound; NotAllowed for a site of somebody else; BadInput; RuleBroken `needs_closed` once needs
    cannot change any more, `fewer_units_pooled`, `grappe_volume_not_shown`, `lots_not_alike` and those of rules/deadlines.py;
    Conflict `lot_maximum_reached` for a grappe that does not fit.
    """
    lot = get_lot(session, actor, lot_id)
    standing = get_standing(session, lot_id, question.establishment_id)
    require(actor, "pool.suppose", own=standing.organisation_id)
    check_taken(standing.ground, clock.now(), clock.today())
    _check_others(question)
    kind = _kind(lot, question)
    before = get_pool(session, actor, lot_id)
    gone = _departures(session, actor, lot, question)
    scenario, own = _scenario(session, actor, lot, standing, question, before, gone)
    after, extension = get_pool(session, actor, lot_id, scenario), None
    if question.extension or kind == deadlines.LATER:
        extension = _extension(session, lot, scenario, own, after)
        after = get_pool(session, actor, lot_id, replace(scenario, extended=True))
    counted = [before.counted, extension.confirmed.counted if extension else after.counted]
    today = clock.today()
    days = [today, max(today, question.closes_on or today)]
    was, would_be = list_best_prices(session, actor, lot, counted, days)
    found = WhatIf(before, after, was, would_be, own.placed.status if own.placed else None, extension)
    return found if kind is None else replace(found, deadline=_deadline(lot, question, kind, gone, found))


def _deadline(lot: Lot, question: Question, kind: str, gone: Sequence[Need], found: WhatIf) -> Deadline:
    assert question.closes_on is not None
    return Deadline(
        closes_on=question.closes_on,
        kind=kind,
        could_close=kind != deadlines.EARLIER or found.after.is_met or lot.minimum_kind != "contractual",
        departures=len(gone),
        departing=sum(_placed(need).contribution.counted for need in gone),
        own_leaves=any(need.establishment_id == question.establishment_id for need in gone),
        providers_before=found.best_before.providers if found.best_before else 0,
        providers_after=found.best_after.providers if found.best_after else 0,
    )


def _kind(lot: Lot, question: Question) -> str | None:
    """What the deadline asked for would be; None when none is asked. The published extension must be to come."""
    extends = rules.may_extend(tuple(lot.minimum_policy), lot.round)
    if question.closes_on is None:
        if question.extension and not extends:
            raise deadlines.extension_not_planned()
        return None
    until = _extended_until(lot) if extends else None
    calendar = deadlines.Calendar(clock.now(), lot.needs_close_at, until, lot.vehicle.ends_on)
    kind = deadlines.kind_of(calendar, question.closes_on)
    if question.extension and kind != deadlines.LATER:
        raise BadInput({"closes_on": [N_("Cette date ne prolonge pas le recueil : choisissez l'une ou l'autre hypothèse.")]})
    return kind


def _departures(session: Session, actor: Actor, lot: Lot, question: Question) -> list[Need]:
    """Who will have left the caller's grappes by the deadline asked for; whom the question names is left to it."""
    if question.closes_on is None:
        return []
    mine = actor.organisation_ids(kind="care_operator")
    named = {question.joining_establishment_id, question.leaving_establishment_id}
    found = list_departures(session, lot.id, mine, question.closes_on)
    return [need for need in found if need.establishment_id not in named]


def _extended_until(lot: Lot) -> datetime:
    return max(lot.needs_close_at, clock.now()) + timedelta(days=lot.extension_days)


def _check_others(question: Question) -> None:
    """Somebody else is somebody else, and does not both come and go."""
    errors: dict[str, list[str]] = {}
    own = N_("C'est le site simulé : changez plutôt sa quantité.")
    for name in ("joining_establishment_id", "leaving_establishment_id"):
        if getattr(question, name) == question.establishment_id:
            errors[name] = [own]
    if question.joining_establishment_id and question.joining_establishment_id == question.leaving_establishment_id:
        errors["leaving_establishment_id"] = [N_("Le même établissement ne peut pas arriver et partir : choisissez.")]
    if errors:
        raise BadInput(errors)


def _scenario(
    session: Session, actor: Actor, lot: Lot, standing: Standing, question: Question, before: PoolView,
    gone: Sequence[Need],
) -> tuple[Scenario, Supposition]:  # fmt: skip
    """Departures first, then one's own need, then arrivals: each as it would fit after those before it."""
    ground, maximum = standing.ground, standing.maximum
    grappe = _own_grappe(session, standing, question.establishment_id)
    parts: list[Supposition] = []

    def counted() -> int:
        return standing.counted + sum(part.delta.counted for part in parts)

    def beside(part: Supposition) -> Supposition:
        """Unknown others count where one's own need does when each grappe has its minimum; else nowhere in particular."""
        return _through(part, grappe) if before.minimum.scope == "grappe" else part

    for need in gone:
        if need.establishment_id != question.establishment_id:
            parts.append(replace(rules.suppose_gone(_placed(need)), grappe_id=need.grappe_id))
    if question.leaving_establishment_id is not None:
        parts.append(_gone(session, actor, lot.id, question.leaving_establishment_id))
    if question.leaving_quantity:
        if before.minimum.scope == "grappe" and grappe is None:
            raise rules.too_few_others(0, question.leaving_quantity, lot.unit)
        parts.append(beside(rules.suppose_others(question.leaving_quantity)))
    own_leaves = any(need.establishment_id == question.establishment_id for need in gone)
    own = _own(standing, replace(question, quantity=0) if own_leaves else question, counted())
    parts.append(_through(own, grappe))
    if question.joining_establishment_id is not None:
        row = get_need(session, actor, lot.id, question.joining_establishment_id)
        engaged = rules.suppose_engaged(ground, _placed(row.need), counted=counted(), maximum=maximum)
        parts.append(replace(engaged, grappe_id=row.need.grappe_id, grappe_name=row.grappe_name))
    if question.joining_quantity:
        joining = rules.suppose(ground, None, question.joining_quantity, "firm", counted=counted(), maximum=maximum)
        parts.append(beside(joining))
    scenario = Scenario(tuple(parts))
    if question.merging_grappe_id is not None:
        target = grappe.id if grappe else None
        scenario = _merged(session, actor, lot, standing, question, before, scenario, target, counted())
    return scenario, own


def _own(standing: Standing, question: Question, counted: int) -> Supposition:
    if question.quantity is None and question.firmness is None:
        return Supposition(standing.before, NOTHING, before=standing.before)
    quantity = question.quantity
    if quantity is None:
        quantity = standing.before.wish.quantity if standing.before else 0
    return rules.suppose(
        standing.ground, standing.before, quantity, question.firmness, counted=counted, maximum=standing.maximum
    )


def _own_grappe(session: Session, standing: Standing, establishment_id: UUID) -> Grappe | None:
    """A need stays in the grappe it is in; a new one goes through the grappe that pools the category, if any."""
    if standing.before is None:
        return find_active_grappe(session, establishment_id, standing.category_code)
    grappe_id = standing.before.wish.grappe_id
    return session.get(Grappe, grappe_id) if grappe_id else None


def _through(part: Supposition, grappe: Grappe | None) -> Supposition:
    return replace(part, grappe_id=grappe.id, grappe_name=grappe.name) if grappe else part


def _gone(session: Session, actor: Actor, lot_id: UUID, establishment_id: UUID) -> Supposition:
    """A need the caller may see, withdrawn; NotFound for any other."""
    row = get_need(session, actor, lot_id, establishment_id)
    gone = rules.suppose_gone(_placed(row.need))
    return replace(gone, grappe_id=row.need.grappe_id, grappe_name=row.grappe_name)


def _placed(need: Need) -> Placed:
    wish = Wish(
        need.quantity, need.firmness, need.grappe_id, need.tolerance, need.minimum_pool_quantity, need.maximum_unit_price
    )
    return Placed(wish, need.status)


def _merged(
    session: Session, actor: Actor, lot: Lot, standing: Standing, question: Question, before: PoolView,
    scenario: Scenario, target: UUID | None, counted: int,
) -> Scenario:  # fmt: skip
    """The scenario with a grappe coming along: from this lot its needs count with one's own, from another they come in."""
    grappe_id, lot_id = question.merging_grappe_id, question.merging_lot_id
    assert grappe_id is not None
    if lot_id is None or lot_id == lot.id:
        _shown(before, grappe_id)
        return replace(scenario, together=(grappe_id, target)) if grappe_id != target else scenario
    other = get_lot(session, actor, lot_id)
    if (other.category_code, other.unit) != (lot.category_code, lot.unit):
        raise rules.lots_not_alike()
    row = _shown(get_pool(session, actor, lot_id), grappe_id)
    volume = Contribution(row.firm, row.conditional, members=row.members)
    coming = rules.suppose_volume(standing.ground, volume, counted=counted, maximum=standing.maximum)
    name = row.name if target == grappe_id else None
    coming = replace(coming, grappe_id=target, grappe_name=name)
    with_target = str(target) if target else None
    conditions = [each for each in list_conditions(session, lot_id, None) if each.grappe_id == str(grappe_id)]
    arriving = tuple(replace(each, tolerance=0, grappe_id=with_target) for each in conditions)
    return replace(scenario, parts=(*scenario.parts, coming), arriving=arriving)


def _shown(pool: PoolView, grappe_id: UUID) -> GrappeRow:
    """The row of a grappe as this reader sees it; RuleBroken `grappe_volume_not_shown`."""
    found = next((row for row in pool.grappes if row.grappe_id == grappe_id), None)
    if found is None:
        raise rules.volume_not_shown()
    return found


def _extension(session: Session, lot: Lot, scenario: Scenario, own: Supposition, confirmed: PoolView) -> Extension:
    again = list_asked_again(session, lot.id, scenario)
    stays = "stays" if rules.asked_again(own.placed) == NOTHING else "asked_again"
    return Extension(
        until=_extended_until(lot),
        asked_again=sum(again.values(), NOTHING),
        own=stays if own.placed else None,
        confirmed=confirmed,
    )
