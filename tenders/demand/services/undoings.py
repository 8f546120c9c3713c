"""Use case: the centre takes back a closing made by mistake, while nobody relied on it; the round goes on as the next."""
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.events import ask
from marketplace.platform.permissions import Actor, require
from tenders.demand import notices
from tenders.demand.deciding import lock_lot
from tenders.demand.envelopes.booking import book
from tenders.demand.events import RelyingOnClosing
from tenders.demand.mergers.models import Merger
from tenders.demand.models import Closing, LotTotals, Need
from tenders.demand.queries.closings import find_last_closing
from tenders.demand.rules.pool import contribution
from tenders.demand.rules.undoing import (
    check_claims,
    check_members,
    check_undoable,
    nothing_to_undo,
    reopened_until,
    written_reason,
)
from tenders.demand.waiting_list import promote
from tenders.demand.words import pool_label
from tenders.demand.writing import Change, apply, lock_pool, take_claims
from tenders.vehicles import queries as vehicles
from tenders.vehicles.models import Lot


def undo_closing(
    actor: Actor, lot_id: UUID, *, reason: str | None, needs_close_at: datetime | None = None
) -> Closing:
    """Take the last closing of a lot back: needs, totals and claims as they were, the ledger corrected by an entry.

    The decision stays readable, marked as taken back; needs are collected again in the next round until
    `needs_close_at` (default: the planned date, while it is to come). Everybody is told, with the reason. BadInput;
    RuleBroken `nothing_to_undo`, `closing_relied_upon`, `closing_voted_on`, `pooled_elsewhere_since`.
    """
    reason = written_reason(reason)
    with transaction() as session:
        lot = vehicles.get_lot(session, actor, lot_id)
        require(actor, "lot.close", centre=lot.vehicle.organisation_id)
        if lot.opened_at is None:
            raise nothing_to_undo()
        members = session.execute(_MEMBERS, {"lot_id": lot_id}).all()
        if vehicles.lock_vehicle(session, lot.vehicle_id).cancelled_at is not None:
            raise nothing_to_undo()
        lot = lock_lot(session, lot_id)
        totals = lock_pool(session, lot_id)
        closing, now = _undoable(session, lot), clock.now()
        until = reopened_until(needs_close_at, lot.needs_close_at, now, _end_of(lot))
        before = {UUID(each): (status, number) for each, status, number in closing.body["before"]}
        needs = _needs(session, lot_id, before)
        check_members({n.establishment_id for n in needs if n.grappe_id} - {site for _, site in members})
        concerned = {need.organisation_id for need in needs}
        _reopen(session, lot, totals, until)
        _restore(session, lot, needs, before)
        if closing.outcome == "met" and closing.ordered_quantity:
            book(session, lot_id, "released", -closing.ordered_quantity, reason="closing_undone", by=actor.user_id)
        closing.undone_at, closing.undone_by, closing.undo_reason = now, actor.user_id, reason
        session.flush()
        audit.record(
            session, actor, "lot.closing_undone", "lot", lot_id, organisation_id=lot.vehicle.organisation_id,
            before={"round": closing.round, "outcome": closing.outcome, "ordered_quantity": closing.ordered_quantity},
            after={"round": lot.round, "reason": reason, "needs_close_at": until, "needs": len(needs)},
        )  # fmt: skip
        notices.closing_undone(session, lot, reason, concerned)
        promote(session, lot)
        return closing


def _end_of(lot: Lot) -> datetime:
    return datetime.combine(lot.vehicle.ends_on, time.min, clock.PARIS)


_MEMBERS = text("""
SELECT m.grappe_id, m.establishment_id FROM grappe_memberships m
JOIN needs n ON n.grappe_id = m.grappe_id AND n.establishment_id = m.establishment_id
WHERE n.lot_id = :lot_id AND m.joined_at IS NOT NULL AND m.ended_at IS NULL
ORDER BY m.grappe_id, m.establishment_id FOR SHARE OF m
""")


def _undoable(session: Session, lot: Lot) -> Closing:
    """The closing to take back, and its unfinished vote out of the way; refusals of rules/undoing.py."""
    closing = find_last_closing(session, lot.id)
    if closing is None or closing.round != lot.round or "before" not in closing.body:
        raise nothing_to_undo()
    if lot.cancelled_at is not None and closing.policy_applied != "cancel":
        raise nothing_to_undo()  # the centre cancelled the lot since
    merger = session.scalars(
        select(Merger).where(Merger.lot_id == lot.id, Merger.round.in_((closing.round, closing.round - 1)))
        .order_by(Merger.round.desc()).limit(1).with_for_update(key_share=True)
    ).one_or_none()  # fmt: skip
    relying = ask(session, RelyingOnClosing(lot.id, closing.round))
    check_undoable(closing.outcome, closing.policy_applied, relying, merger.outcome if merger else None)
    if merger is not None and merger.outcome is None:
        merger.outcome, merger.decided_at, merger.next_check_at = "void", clock.now(), None
    return closing


def _needs(session: Session, lot_id: UUID, before: Mapping[UUID, tuple[str, int | None]]) -> Sequence[Need]:
    statement = select(Need).where(Need.lot_id == lot_id).order_by(Need.establishment_id)
    found = session.scalars(statement, execution_options={"populate_existing": True})
    return [need for need in found if need.establishment_id in before]


def _reopen(session: Session, lot: Lot, totals: LotTotals, until: datetime) -> None:
    """The lot takes needs again, in the next round: a round is decided once."""
    lot.closed_at = lot.cancelled_at = None
    lot.round += 1
    lot.version += 1
    lot.needs_close_at = lot.next_check_at = until
    totals.round = lot.round
    totals.takes_needs = True
    session.flush()


_RESTORE = text("""
UPDATE needs SET status = b.status, waitlist_number = b.number, ordered_quantity = NULL, decision_code = NULL,
    changed_at = :now, changed_by = NULL, version = version + 1
FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:numbers AS bigint[])) AS b (id, status, number)
WHERE lot_id = :lot_id AND establishment_id = b.id
""")


def _restore(
    session: Session, lot: Lot, needs: Sequence[Need], before: Mapping[UUID, tuple[str, int | None]]
) -> None:
    """Give each need the status it had; those that counted claim their category again, or nothing is undone."""
    states = [before[need.establishment_id] for need in needs]
    freed = {need.establishment_id for need, (status, _) in zip(needs, states, strict=True)
             if status == "counted" and need.status != "counted"}  # fmt: skip
    label = pool_label(lot.code, lot.title, lot.vehicle.name)
    check_claims(freed - take_claims(session, lot.id, label, lot.category_code, freed))
    changes = [
        Change(need.grappe_id, need.organisation_id,
               contribution(status, need.firmness, need.quantity, need.tolerance)
               - contribution(need.status, need.firmness, need.quantity, need.tolerance))
        for need, (status, _) in zip(needs, states, strict=True)
    ]  # fmt: skip
    values: dict[str, Any] = {
        "lot_id": lot.id, "now": clock.now(), "ids": [need.establishment_id for need in needs],
        "statuses": [status for status, _ in states], "numbers": [number for _, number in states],
    }  # fmt: skip
    session.execute(_RESTORE, values)
    apply(session, lot.id, changes)
    for need in needs:
        session.expire(need)
