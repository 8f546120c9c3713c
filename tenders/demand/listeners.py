"""What demand does when a lot opens or is cancelled, and when a member or a whole grappe goes; all are steps."""
from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.grappes.events import (
    GrappeDissolved,
    LeavingEffects,
    MembershipEnded,
    MembershipEnding,
    PooledFor,
    PoolEffect,
)
from marketplace.platform import audit, clock
from marketplace.platform.errors import N_, RuleBroken, Sentence
from marketplace.platform.permissions import SYSTEM
from tenders.demand import notices
from tenders.demand.models import LotGrappeTotals, LotTotals, Need
from tenders.demand.queries.closings import list_live_needs
from tenders.demand.rules.pool import contribution
from tenders.demand.waiting_list import promote
from tenders.demand.writing import lock_pool, move
from tenders.vehicles.events import LotCancelled, LotOpened
from tenders.vehicles.models import Lot, Vehicle

LOT_CANCELLED = N_("La centrale a annulé ce lot : {reason}")
LEFT_GRAPPE = Sentence("left_grappe", N_("L'établissement n'est plus membre de la grappe par laquelle ce besoin passait."))
GRAPPE_DISSOLVED = Sentence("grappe_dissolved", N_("La grappe par laquelle ce besoin passait est dissoute."))


def open_pool(session: Session, event: LotOpened) -> None:
    """A lot opened: its pool begins at nothing, with the maximum frozen at opening."""
    session.add(LotTotals(lot_id=event.lot_id, maximum_quantity=event.maximum_quantity))
    session.flush()


def release_lot(session: Session, event: LotCancelled) -> None:
    """The centre cancelled a lot: nobody is bound on it any more, and everybody is told why."""
    session.flush()
    totals = lock_pool(session, event.lot_id)
    totals.takes_needs = False
    session.flush()
    why = Sentence("lot_cancelled", LOT_CANCELLED, {"reason": event.reason})
    _release(session, event.lot_id, list_live_needs(session, event.lot_id), why, notices.NOTHING_TO_DO)


def refuse_while_engaged(session: Session, event: MembershipEnding) -> None:
    """A member that gave notice stays while one of its firm needs is open, when its charter says so (domain §4b.11).

    RuleBroken `firm_need_open` names the lot.
    """
    if not event.lock_in:
        return
    open_lot = session.scalars(
        select(Lot)
        .join(Need, Need.lot_id == Lot.id)
        .join(LotTotals, LotTotals.lot_id == Lot.id)
        .where(
            Need.establishment_id == event.establishment_id,
            Need.grappe_id == event.grappe_id,
            Need.firmness == "firm",
            Need.status.in_(("counted", "waitlisted")),
            LotTotals.takes_needs,
        )
        .order_by(Lot.needs_close_at, Lot.id)
        .limit(1)
    ).one_or_none()
    if open_lot is not None:
        raise RuleBroken(
            "firm_need_open",
            "Un engagement ferme est en cours sur « {lot} », et la convention retient ses membres jusqu'à la clôture, "
            "le {closes_at}. Attendez cette date, ou faites retirer cet engagement par son signataire.",
            lot=open_lot.title,
            lot_id=str(open_lot.id),
            closes_at=open_lot.needs_close_at,
        )


def release_member(session: Session, event: MembershipEnded) -> None:
    """A member is out: its needs placed through the grappe, on lots still open, count no longer."""
    _release_in_grappe(session, event.grappe_id, event.establishment_id, LEFT_GRAPPE)


def release_grappe(session: Session, event: GrappeDissolved) -> None:
    """The grappe ended: the same for all its members."""
    _release_in_grappe(session, event.grappe_id, None, GRAPPE_DISSOLVED)


def centres_pooled_for(session: Session, question: PooledFor) -> list[UUID]:
    """Those of the centres on whose vehicles the grappe brings needs to a lot."""
    return list(
        session.scalars(
            select(Vehicle.organisation_id)
            .distinct()
            .join(Lot, Lot.vehicle_id == Vehicle.id)
            .join(LotGrappeTotals, LotGrappeTotals.lot_id == Lot.id)
            .where(LotGrappeTotals.grappe_id == question.grappe_id, LotGrappeTotals.organisations > 0)
            .where(Vehicle.organisation_id.in_(question.centre_ids))
        )
    )


def pools_left_smaller(session: Session, question: LeavingEffects) -> list[PoolEffect]:
    """Open pools in which this member counts through the grappe, before and after its leaving.

    Those that close before the day it takes effect keep its need, and are left out.
    """
    leaves_at = clock.now()
    if question.leaves_on is not None:
        leaves_at = max(leaves_at, datetime.combine(question.leaves_on, time.min, clock.PARIS))
    rows = session.execute(
        select(Lot, Need, LotTotals, LotGrappeTotals)
        .join(Need, Need.lot_id == Lot.id)
        .join(LotTotals, LotTotals.lot_id == Lot.id)
        .join(
            LotGrappeTotals, (LotGrappeTotals.lot_id == Lot.id) & (LotGrappeTotals.grappe_id == Need.grappe_id)
        )
        .where(
            Need.establishment_id == question.establishment_id,
            Need.grappe_id == question.grappe_id,
            Need.status == "counted",
            LotTotals.takes_needs,
            Lot.needs_close_at > leaves_at,
        )
        .order_by(Lot.id)
    )
    return [_effect(lot, need, totals, own) for lot, need, totals, own in rows]


def _effect(lot: Lot, need: Need, totals: LotTotals, own: LotGrappeTotals) -> PoolEffect:
    scope = own if lot.minimum_scope == "grappe" else totals
    before = scope.firm + scope.conditional
    leaving = contribution(need.status, need.firmness, need.quantity, need.tolerance).counted
    return PoolEffect(
        lot_id=lot.id,
        lot_title=lot.title,
        unit=lot.unit,
        before=before,
        after=before - leaving,
        minimum=lot.minimum_quantity if lot.minimum_kind == "contractual" else None,
        establishments_told=scope.members - 1,
    )


def _release_in_grappe(session: Session, grappe_id: UUID, establishment_id: UUID | None, why: Sentence) -> None:
    session.flush()
    conditions = [Need.grappe_id == grappe_id, Need.status.not_in(("excluded", "released"))]
    if establishment_id is not None:
        conditions.append(Need.establishment_id == establishment_id)
    concerned = (
        select(Need.lot_id)
        .distinct()
        .join(LotTotals, LotTotals.lot_id == Need.lot_id)
        .where(*conditions, LotTotals.takes_needs)
        .order_by(Need.lot_id)
    )
    for lot_id in session.scalars(concerned).all():
        if not lock_pool(session, lot_id).takes_needs:
            continue
        statement = select(Need).where(Need.lot_id == lot_id, *conditions).order_by(Need.establishment_id)
        needs = session.scalars(statement, execution_options={"populate_existing": True}).all()
        lot = _release(session, lot_id, needs, why, notices.MAY_PLACE_AGAIN)
        promote(session, lot)


def _release(
    session: Session, lot_id: UUID, needs: Sequence[Need], why: Sentence, what_next: Sentence
) -> Lot:
    lot = session.get_one(Lot, lot_id)
    if not needs:
        return lot
    for need in needs:
        audit.record(
            session, SYSTEM, "need.released", "need", f"{lot_id}:{need.establishment_id}",
            organisation_id=need.organisation_id, before={"status": need.status, "quantity": need.quantity},
            after={"status": "released", "why": why.code},
        )  # fmt: skip
    move(session, lot_id, needs, "released")
    notices.released(session, lot, needs, why, what_next)
    return lot
