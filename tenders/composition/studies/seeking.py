"""« Quel achat groupé pour moi ? »: the open lots of a category as one establishment would find them, best first."""
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.errors import N_, NotFound, Sentence
from marketplace.platform.money import round_cents
from marketplace.platform.permissions import Actor, require
from tenders.composition.studies.models import StandAlonePrice, StudyPlace, StudyPurchase
from tenders.demand.models import LotTotals, Need
from tenders.demand.words import unit_of
from tenders.matching.queries import best_prices_by_lot
from tenders.vehicles.models import Lot, Vehicle
from tenders.vehicles.queries import visible_lots
from tenders.vehicles.rules import periods


@dataclass(frozen=True)
class Possible:
    """An open lot for one's own quantity. Unit prices per unit and period; `saving` over the term against one's stated price.

    `missing` to the lot's minimum once one is in; None without a minimum, or where each grappe has its own.
    """

    lot: Lot
    price_now: Decimal | None
    price_with: Decimal | None
    missing: int | None
    fits: bool
    saving: Decimal | None
    own_quantity: int | None
    why: Sentence


@dataclass(frozen=True)
class Invitation:
    """A purchase accepted from a study in which the establishment has a place; its lot may still be in preparation."""

    place: StudyPlace
    purchase: StudyPurchase
    lot: Lot


@dataclass(frozen=True)
class Sought:
    """The answer for one establishment, category and quantity; `stated` is its stand-alone price per unit and period."""

    possible: Sequence[Possible]
    invitations: Sequence[Invitation]
    stated: Decimal | None


def seek(session: Session, actor: Actor, establishment_id: UUID, category: str, quantity: int) -> Sought:
    """Where this establishment could buy so many units; a constant number of statements. NotFound, NotAllowed."""
    site = session.get(Establishment, establishment_id)
    if site is None or site.organisation_id not in actor.organisation_ids(kind="care_operator"):
        raise NotFound("establishment")
    require(actor, "group_purchase.seek", own=site.organisation_id)
    stated = session.get(StandAlonePrice, (establishment_id, category))
    rows = _open_lots(session, actor, establishment_id, category)
    others = {lot.id: _others(totals, need) for lot, totals, need in rows}
    best = best_prices_by_lot(
        session, actor, [lot for lot, _, _ in rows], {key: (pooled, pooled + quantity) for key, pooled in others.items()},
        site.region,
    )
    prices = {lot_id: [each.unit_price if each else None for each in found] for lot_id, found in best.items()}
    price = stated.unit_price if stated else None
    possible = [
        _possible(lot, totals, need, quantity, others[lot.id], prices[lot.id], price) for lot, totals, need in rows
    ]
    return Sought(sorted(possible, key=_rank), _invitations(session, establishment_id, category), price)


def _open_lots(
    session: Session, actor: Actor, establishment_id: UUID, category: str
) -> list[tuple[Lot, LotTotals, Need | None]]:
    statement = (
        visible_lots(actor)
        .add_columns(LotTotals, Need)
        .join(LotTotals, LotTotals.lot_id == Lot.id)
        .outerjoin(Need, (Need.lot_id == Lot.id) & (Need.establishment_id == establishment_id))
        .where(Lot.category_code == category, Lot.opened_at.is_not(None), Lot.closed_at.is_(None))
        .where(Lot.cancelled_at.is_(None), Lot.needs_close_at > clock.now())
        .order_by(Lot.id)
    )
    return [(lot, totals, need) for lot, totals, need in session.execute(statement)]


def _others(totals: LotTotals, need: Need | None) -> int:
    """What counts on the lot without this establishment."""
    own = need.quantity if need is not None and need.status == "counted" else 0
    return totals.firm + totals.conditional - own


def _possible(
    lot: Lot, totals: LotTotals, need: Need | None, quantity: int, others: int, prices: Sequence[Decimal | None],
    stated: Decimal | None,
) -> Possible:  # fmt: skip
    now, with_me = prices
    fits = totals.maximum_quantity is None or others + quantity <= totals.maximum_quantity
    bounded = lot.minimum_kind != "none" and lot.minimum_scope == "lot" and lot.minimum_quantity is not None
    missing = max(0, (lot.minimum_quantity or 0) - others - quantity) if bounded else None
    spans = periods(lot.term_months, lot.price_period)
    saving = None if stated is None or with_me is None or not fits else round_cents((stated - with_me) * quantity * spans)
    own = need.quantity if need is not None and need.status not in ("excluded", "released") else None
    return Possible(lot, now, with_me, missing, fits, saving, own, _why(lot, totals, others, fits, missing, with_me))


def _why(
    lot: Lot, totals: LotTotals, others: int, fits: bool, missing: int | None, price: Decimal | None
) -> Sentence:
    if not fits:
        room = max(0, (totals.maximum_quantity or 0) - others)
        return Sentence("no_room", NO_ROOM, {"room": room, "unit": unit_of(lot.unit, room)})
    if price is None:
        return Sentence("nobody_answers", NOBODY)
    if missing:
        return Sentence("still_missing", MISSING, {"missing": missing, "unit": unit_of(lot.unit, missing)})
    return Sentence("reached", REACHED if missing is not None else NO_MINIMUM)


def _rank(one: Possible) -> tuple[bool, bool, Decimal, int]:
    """What fits and can be answered first, then by price, then by what is missing."""
    return not one.fits, one.price_with is None, one.price_with or Decimal(0), one.missing or 0


def _invitations(session: Session, establishment_id: UUID, category: str) -> list[Invitation]:
    statement = (
        select(StudyPlace, StudyPurchase, Lot)
        .join(
            StudyPurchase, (StudyPurchase.study_id == StudyPlace.study_id) & (StudyPurchase.number == StudyPlace.purchase)
        )
        .join(Lot, Lot.id == StudyPurchase.lot_id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .options(joinedload(Lot.vehicle))
        .where(StudyPlace.establishment_id == establishment_id, StudyPlace.category_code == category)
        .where(Lot.closed_at.is_(None), Lot.cancelled_at.is_(None))
        .order_by(StudyPurchase.accepted_at.desc())
    )
    return [Invitation(*row) for row in session.execute(statement)]


NO_ROOM = N_("Votre quantité ne tient pas : il reste {room} {unit} sous le maximum du lot.")
NOBODY = N_("Aucun prestataire ne peut encore répondre à ce lot tel qu'il est.")
MISSING = N_("Avec vous, il manquerait encore {missing} {unit} pour atteindre le minimum.")
REACHED = N_("Avec vous, le minimum est atteint.")
NO_MINIMUM = N_("Ce lot n'a pas de minimum commun à atteindre.")
