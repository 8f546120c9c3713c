"""Use cases on mergers: choose the target, vote, and settle what is due."""
import logging
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.establishments.queries import get_establishment
from marketplace.platform import audit, clock
from marketplace.platform.database import db, transaction
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.permissions import Actor, require
from tenders.demand.deciding import lock_lot
from tenders.demand.mergers import queries
from tenders.demand.mergers.models import Merger, MergerVote
from tenders.demand.mergers.proposing import open_vote
from tenders.demand.mergers.queries import MergerView
from tenders.demand.mergers.rules import check_choice, check_vote, target_does_not_fit
from tenders.demand.mergers.settling import settle
from tenders.demand.models import Closing
from tenders.demand.queries.closings import list_live_needs
from tenders.demand.writing import ensure_grappe_row, lock_pool
from tenders.vehicles import queries as vehicles
from tenders.vehicles.models import Lot

log = logging.getLogger(__name__)
DUE_AT_ONCE = 100
"""Mergers looked at in one run of the worker; the rest waits for the next minute."""


def choose_target(
    actor: Actor, lot_id: UUID, *, target_lot_id: UUID | None = None, target_grappe_id: UUID | None = None
) -> MergerView:
    """The centre chooses where the needs are to go, and the vote opens.

    RuleBroken `merger_target_chosen`, `merger_target_does_not_fit`; NotFound without a merger.
    """
    with transaction() as session:
        lot = vehicles.get_lot(session, actor, lot_id)
        require(actor, "lot.close", centre=lot.vehicle.organisation_id)
        lot = lock_lot(session, lot_id)
        lock_pool(session, lot_id)
        merger = _lock_latest(session, lot_id)
        check_choice(merger.decided_at, merger.votes_close_at)
        needs = list_live_needs(session, lot_id)
        asked = (target_lot_id, target_grappe_id)
        targets = queries.list_targets(session, merger, lot, needs, clock.now())
        chosen = next((each for each in targets if (each.lot_id, each.grappe_id) == asked), None)
        if chosen is None:
            raise target_does_not_fit()
        merger.proposed_by = actor.user_id
        open_vote(session, actor, merger, lot, chosen, needs, _short(session, merger))
        return queries.get_merger(session, actor, lot)


def _short(session: Session, merger: Merger) -> set[UUID | None]:
    closing = session.get_one(Closing, (merger.lot_id, merger.round))
    missed = [group["grappe_id"] for group in closing.body["groups"] if group["outcome"] == "not_met"]
    return {UUID(grappe_id) if grappe_id else None for grappe_id in missed}


def vote(actor: Actor, lot_id: UUID, establishment_id: UUID, choice: str) -> MergerView:
    """An administrator or signatory of the establishment's organisation votes; until the end the last choice counts.

    Once everybody voted the worker settles it within a minute. RuleBroken `merger_target_open`, `merger_vote_closed`;
    NotFound for an establishment that is not on the roll.
    """
    with transaction() as session:
        lot = vehicles.get_lot(session, actor, lot_id)
        site = get_establishment(session, establishment_id)
        require(actor, "merger.vote", own=site.organisation_id)
        merger = _lock_latest(session, lot_id)
        now = clock.now()
        check_vote(merger.decided_at, merger.votes_close_at, now)
        cast = session.get(MergerVote, (merger.id, establishment_id), populate_existing=True)
        if cast is None or cast.organisation_id != site.organisation_id:
            raise NotFound("vote")
        before = cast.choice
        cast.choice, cast.voted_at, cast.voted_by = choice, now, actor.user_id
        session.flush()
        if all(each.choice is not None for each in queries.list_roll(session, merger.id)):
            merger.next_check_at = now
        audit.record(
            session, actor, "merger.voted", "merger", merger.id, organisation_id=site.organisation_id,
            before={"choice": before}, after={"choice": choice, "establishment_id": establishment_id},
        )  # fmt: skip
        return queries.get_merger(session, actor, lot)


def settle_due_mergers() -> int:
    """Settle every merger whose moment has come, however late it is asked; how many were. Run by the worker."""
    due = (
        select(Merger.id)
        .where(Merger.next_check_at <= clock.now())
        .order_by(Merger.next_check_at, Merger.id)
        .limit(DUE_AT_ONCE)
    )
    settled = 0
    for merger_id in db.session.scalars(due).all():
        try:
            settled += settle_merger(merger_id)
        except DomainError:
            log.exception("merger %s was due and could not be settled", merger_id)
    return settled


def settle_merger(merger_id: UUID) -> bool:
    """Count a vote that ended and do what it says, once; False when somebody else did or its moment has not come."""
    _prepare(merger_id)
    with transaction() as session:
        planned = session.get_one(Merger, merger_id)
        lot_ids = sorted({planned.lot_id, planned.target_lot_id or planned.lot_id})
        lots: dict[UUID, Lot] = {lot_id: lock_lot(session, lot_id) for lot_id in lot_ids}
        pools = {lot_id: lock_pool(session, lot_id) for lot_id in lot_ids}
        merger = _lock(session, merger_id)
        is_due = merger.next_check_at is not None and merger.next_check_at <= clock.now()
        if not is_due or {merger.lot_id, merger.target_lot_id or merger.lot_id} != set(lot_ids):
            return False
        settle(session, merger, lots, pools)
        return True


def _prepare(merger_id: UUID) -> None:
    """The rows that the grappes need on the target lot, each in a transaction of its own (writing.py, 2)."""
    with transaction() as session:
        target_id = session.get_one(Merger, merger_id).target_lot_id
        grappes = {vote.grappe_id for vote in queries.list_roll(session, merger_id)}
    for grappe_id in sorted(each for each in grappes if each is not None):
        if target_id is not None:
            _prepare_row(target_id, grappe_id)


def _prepare_row(target_id: UUID, grappe_id: UUID) -> None:
    with transaction() as session:
        ensure_grappe_row(session, target_id, grappe_id)


def _lock_latest(session: Session, lot_id: UUID) -> Merger:
    statement = select(Merger.id).where(Merger.lot_id == lot_id).order_by(Merger.round.desc()).limit(1)
    merger_id = session.scalar(statement)
    if merger_id is None:
        raise NotFound("merger")
    return _lock(session, merger_id)


def _lock(session: Session, merger_id: UUID) -> Merger:
    statement = select(Merger).where(Merger.id == merger_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


