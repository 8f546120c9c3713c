"""The step that ends a vote: who moves, then the next step of the lot's policy for those who do not."""
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.errors import N_, Sentence
from marketplace.platform.permissions import SYSTEM
from tenders.demand import notices
from tenders.demand.deciding import carry_out, decide
from tenders.demand.mergers import messages, queries
from tenders.demand.mergers.models import Merger, MergerVote
from tenders.demand.mergers.moving import move_to_grappe, move_to_lot
from tenders.demand.mergers.queries import BodyCount
from tenders.demand.mergers.rules import outcome_sentence
from tenders.demand.models import LotTotals, Need
from tenders.demand.queries.closings import list_live_needs
from tenders.demand.writing import move
from tenders.vehicles.models import Lot, Vehicle

EVERYBODY_LEFT = Sentence(
    "everybody_merged", N_("Ceux qui étaient comptés sur ce lot ont rejoint un autre regroupement : le lot est clos.")
)


def settle(session: Session, merger: Merger, lots: Mapping[UUID, Lot], pools: Mapping[UUID, LotTotals]) -> None:
    """Step: decide a merger that is due; the caller holds the lots, their pools and the merger."""
    lot, roll = lots[merger.lot_id], queries.list_roll(session, merger.id)
    bodies, target = queries.count_bodies(merger, roll), queries.find_target(session, merger)
    needs = [need for need in list_live_needs(session, lot.id) if need.status == "counted"]
    movers = _movers(bodies, needs)
    outcome = _outcome(session, merger, lot, pools[lot.id], movers)
    movers = _move(session, merger, lots, movers) if outcome == "accepted" else []
    merger.decided_at, merger.next_check_at, merger.outcome = clock.now(), None, outcome
    merger.results = [_result(body) for body in bodies]
    session.flush()
    audit.record(
        session, SYSTEM, "merger.decided", "merger", merger.id, organisation_id=lot.vehicle.organisation_id,
        after={"outcome": outcome, "results": merger.results, "moved": [need.establishment_id for need in movers]},
    )  # fmt: skip
    detail = outcome_sentence(outcome, target.label if target else "")
    messages.decided(
        session, lot, detail, _organisations(roll), [need.organisation_id for need in movers], target
    )
    if outcome != "void":
        _go_on(session, merger, lot, pools[lot.id])


def _movers(bodies: Sequence[BodyCount], needs: Sequence[Need]) -> list[Need]:
    """The needs of every body that said yes; none when the grappe that would receive them did not."""
    if any(body.is_host and body.count.result != "yes" for body in bodies):
        return []
    willing = {body.grappe_id for body in bodies if not body.is_host and body.count.result == "yes"}
    return [need for need in needs if need.grappe_id in willing]


def _outcome(session: Session, merger: Merger, lot: Lot, totals: LotTotals, movers: Sequence[Need]) -> str:
    if lot.cancelled_at is not None or lot.closed_at is not None or totals.round != merger.round:
        return "void"
    if merger.votes_close_at is None:
        return "no_target"
    if not movers:
        return "refused"
    if merger.target_lot_id is not None and not _still_fits(session, merger, lot, movers):
        return "target_gone"
    return "accepted"


def _still_fits(session: Session, merger: Merger, lot: Lot, movers: Sequence[Need]) -> bool:
    """Whether the target, held now, is still open and has room for all that would come."""
    room = (
        select(Lot.id)
        .join(Vehicle, Vehicle.id == Lot.vehicle_id)
        .join(LotTotals, LotTotals.lot_id == Lot.id)
        .where(Lot.id == merger.target_lot_id, *queries.takes_over(lot, movers, clock.now() - queries.SHORTEST_VOTE))
    )
    return session.scalar(room) is not None


def _move(session: Session, merger: Merger, lots: Mapping[UUID, Lot], movers: Sequence[Need]) -> list[Need]:
    lot = lots[merger.lot_id]
    if merger.target_grappe_id is not None:
        moved = list(movers)
        move_to_grappe(session, lot, merger.target_grappe_id, moved)
        return moved
    target = lots[merger.target_lot_id]  # type: ignore[index]
    known = set(session.scalars(select(Need.establishment_id).where(Need.lot_id == target.id)))
    moved = [need for need in movers if need.establishment_id not in known]
    if moved:
        move_to_lot(session, lot, target, moved)
    return moved


def _go_on(session: Session, merger: Merger, lot: Lot, totals: LotTotals) -> None:
    """The next round is decided at once, the merger behind it; a lot that everybody left is closed."""
    lot.round += 1
    totals.round = lot.round
    lot.version += 1
    session.flush()
    now = clock.now()
    decision, needs = decide(session, lot, now)
    if merger.target_lot_id is not None and merger.outcome == "accepted" and not decision.included and _left(needs):
        lot.closed_at = now
        session.flush()
        if needs:
            move(session, lot.id, needs, "released")
            notices.released(session, lot, needs, EVERYBODY_LEFT)
        return
    carry_out(session, SYSTEM, lot, totals, decision, needs, reason=None, now=now)


def _left(needs: Sequence[Need]) -> bool:
    return all(need.status != "counted" for need in needs)


def _organisations(roll: Sequence[MergerVote]) -> set[UUID]:
    return {vote.organisation_id for vote in roll}


def _result(body: BodyCount) -> dict[str, Any]:
    count = body.count
    return {
        "grappe_id": str(body.grappe_id) if body.grappe_id else None, "is_host": body.is_host, "result": count.result,
        "voters": count.voters, "cast": count.cast, "quorum": count.quorum, "yes": count.yes, "no": count.no,
        "yes_volume": count.yes_volume, "no_volume": count.no_volume,
    }  # fmt: skip
