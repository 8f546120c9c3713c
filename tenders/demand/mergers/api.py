"""JSON: the merger of a lot, its target and its votes."""
from dataclasses import asdict
from typing import Any
from uuid import UUID

from marketplace.platform import clock
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from tenders.demand.mergers import queries, services
from tenders.demand.mergers.queries import MergerView
from tenders.demand.mergers.schemas import MergerOut, TargetIn, VoteIn
from tenders.demand.queries.closings import list_live_needs
from tenders.vehicles import queries as vehicles

bp = blueprint("mergers", __name__)


@bp.get("/lots/<uuid:lot_id>/merger")
@guard("merger.read")
@bp.response(200, MergerOut)
def get_merger(lot_id: UUID) -> dict[str, Any]:
    """The latest merger of a lot: for the vehicle's centre, and for the organisations on its roll."""
    lot = vehicles.get_lot(db.session(), current_actor(), lot_id)
    return _answer(queries.get_merger(db.session(), current_actor(), lot))


@bp.post("/lots/<uuid:lot_id>/merger/target")
@guard("lot.close")
@bp.arguments(TargetIn)
@bp.response(200, MergerOut)
def choose_target(body: dict[str, Any], lot_id: UUID) -> dict[str, Any]:
    """The centre chooses between several targets; the vote opens."""
    return _answer(services.choose_target(current_actor(), lot_id, **body))


@bp.put("/lots/<uuid:lot_id>/merger/votes/<uuid:establishment_id>")
@guard("merger.vote")
@bp.arguments(VoteIn)
@bp.response(200, MergerOut)
def vote(body: dict[str, Any], lot_id: UUID, establishment_id: UUID) -> dict[str, Any]:
    """Vote for an establishment of one's own organisation; until the end the last choice counts."""
    return _answer(services.vote(current_actor(), lot_id, establishment_id, body["choice"]))


def _answer(view: MergerView) -> dict[str, Any]:
    merger, chosen = view.merger, view.merger.votes_close_at is not None
    return {
        "lot_id": merger.lot_id, "round": merger.round, "scope": merger.scope, "target": view.target,
        "targets": targets_of(view), "choose_until": None if chosen else merger.next_check_at,
        "votes_close_at": merger.votes_close_at, "decided_at": merger.decided_at, "outcome": merger.outcome,
        "bodies": [
            {**asdict(body.count), "grappe_id": body.grappe_id, "name": body.name, "is_host": body.is_host,
             "voting_rule": body.voting_rule}
            for body in view.bodies
        ],
        "votes": [
            {"establishment_id": own.vote.establishment_id, "establishment": own.establishment,
             "quantity": own.vote.quantity, "choice": own.vote.choice}
            for own in view.own
        ],
    }  # fmt: skip


def targets_of(view: MergerView) -> list[queries.Target]:
    """What the centre may choose from; nothing for others, and nothing once it is chosen or decided."""
    merger = view.merger
    if not view.is_centre or merger.decided_at is not None or merger.votes_close_at is not None:
        return []
    needs = list_live_needs(db.session(), view.lot.id)
    return queries.list_targets(db.session(), merger, view.lot, needs, clock.now())
