"""Use cases on closings: decide a round once, by the centre or by the clock; end the lots whose vehicle is over."""
import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import db, transaction
from marketplace.platform.errors import N_, BadInput, DomainError, RuleBroken
from marketplace.platform.permissions import SYSTEM, Actor, require
from tenders.demand.deciding import carry_out, decide, lock_lot
from tenders.demand.envelopes.booking import release_rest
from tenders.demand.models import Closing, LotTotals
from tenders.demand.queries.closings import find_last_closing, list_live_needs
from tenders.demand.rules.closing import Decision
from tenders.demand.words import unit_of
from tenders.demand.writing import lock_pool, move
from tenders.vehicles import queries as vehicles
from tenders.vehicles.models import Lot, Vehicle

log = logging.getLogger(__name__)
DUE_AT_ONCE = 100
"""Lots looked at in one run of the scheduler; the rest waits for the next minute."""


@dataclass(frozen=True)
class Closed:
    """A decision, and whether this very call took it."""

    closing: Closing
    is_new: bool


def close_lot(actor: Actor, lot_id: UUID, *, reason: str | None = None) -> Closed:
    """Decide the round of a lot (domain §4b.6-7): once; asking again gives the same decision.

    Before `needs_close_at` a `reason` is required (BadInput) and the minimum must be reached: RuleBroken
    `minimum_not_reached_yet`. RuleBroken `lot_not_open` for a draft or a cancelled lot.
    """
    with transaction() as session:
        lot = vehicles.get_lot(session, actor, lot_id)
        require(actor, "lot.close", centre=lot.vehicle.organisation_id)
        if lot.opened_at is None:
            raise _not_open()
        lot = lock_lot(session, lot_id)
        totals = lock_pool(session, lot_id)
        reason = (reason or "").strip() or None
        now = clock.now()
        decided = _already_decided(session, lot, reason, now)
        if decided is not None:
            return Closed(decided, is_new=False)
        if lot.closed_at is not None or lot.cancelled_at is not None:
            raise _not_open()
        if now < lot.needs_close_at and reason is None:
            raise BadInput({"reason": [N_("Les besoins ne sont pas encore clos : écrivez la raison, chacun la lira.")]})
        decision, needs = decide(session, lot, now)
        if now < lot.needs_close_at and decision.outcome != "met":
            return _repeated(session, lot, decision, reason)
        closing = carry_out(session, actor, lot, totals, decision, needs, reason=reason, now=now)
        return Closed(closing, is_new=True)


def close_due_lots() -> int:
    """Close every lot whose `needs_close_at` has come; how many rounds were decided. Run by the scheduler."""
    due = (
        select(Lot.id)
        .where(Lot.next_check_at <= clock.now(), Lot.closed_at.is_(None), Lot.cancelled_at.is_(None))
        .where(Lot.opened_at.is_not(None))
        .order_by(Lot.next_check_at, Lot.id)
        .limit(DUE_AT_ONCE)
    )
    decided = 0
    for lot_id in db.session.scalars(due).all():
        try:
            decided += close_lot(SYSTEM, lot_id).is_new
        except DomainError:
            log.exception("lot %s was due and could not be closed", lot_id)
    return decided


def end_lots() -> int:
    """Release what was still counted on lots whose vehicle is over, so that its volume is free again (domain §4b.9)."""
    over = (
        select(Lot.id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .join(LotTotals, LotTotals.lot_id == Lot.id)
        .where(Vehicle.ends_on < clock.today(), LotTotals.members > 0)
        .order_by(Lot.id)
        .limit(DUE_AT_ONCE)
    )
    lot_ids = db.session.scalars(over).all()
    for lot_id in lot_ids:
        _end_lot(lot_id)
    return len(lot_ids)


def _end_lot(lot_id: UUID) -> None:
    with transaction() as session:
        totals = lock_pool(session, lot_id)
        move(session, lot_id, list_live_needs(session, lot_id), "released")
        totals.takes_needs = False
        release_rest(session, lot_id, "vehicle_ended")
        audit.record(session, SYSTEM, "lot.ended", "lot", lot_id)


def _already_decided(session: Session, lot: Lot, reason: str | None, now: datetime) -> Closing | None:
    """The decision this call repeats, if it repeats one.

    After an extension the lot is in its next round; before its date, a call without a reason asks for the decision
    taken.
    """
    last = find_last_closing(session, lot.id)
    if last is None or last.round == lot.round:
        return last
    return last if now < lot.needs_close_at and reason is None else None


def _repeated(session: Session, lot: Lot, decision: Decision, reason: str | None) -> Closed:
    """This round cannot be closed yet: with the reason already given the call asks for the decision taken before."""
    last = find_last_closing(session, lot.id)
    if last is None or last.reason != reason:
        raise _not_reached_yet(lot, decision)
    return Closed(last, is_new=False)


def _not_open() -> RuleBroken:
    return RuleBroken("lot_not_open", "Ce lot ne recueille pas de besoins : il n'y a rien à clore.")


def _not_reached_yet(lot: Lot, decision: Decision) -> RuleBroken:
    return RuleBroken(
        "minimum_not_reached_yet",
        "Minimum pas encore atteint : {tested} {units} sur {minimum}. Avant la date de clôture, un lot ne se clôt que "
        "si son minimum est atteint : attendez, ou relancez les établissements.",
        tested=decision.tested_quantity,
        minimum=lot.minimum_quantity,
        units=unit_of(lot.unit, decision.tested_quantity),
    )
