"""The steps that put a merger to the vote: the only target there is, or the one the centre chose."""
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.grappes.queries import current_charter
from marketplace.grappes.rules.charter import CharterTerms
from marketplace.platform import audit, clock
from marketplace.platform.permissions import Actor
from tenders.demand.mergers import messages
from tenders.demand.mergers.models import Merger, MergerVote
from tenders.demand.mergers.queries import Target, grappe_targets, list_target_lots, lot_targets
from tenders.demand.mergers.rules import CHOOSE_WITHIN, INDIVIDUALS_RULE, votes_close_at
from tenders.demand.models import Need
from tenders.demand.rules.closing import Decision
from tenders.vehicles.models import Lot


def propose(session: Session, actor: Actor, lot: Lot, decision: Decision, needs: Sequence[Need]) -> None:
    """Step: begin the merger that a closing came to; with one target the vote opens, else the centre has to choose."""
    now = clock.now()
    choose_until = now + CHOOSE_WITHIN
    merger = Merger(lot_id=lot.id, round=lot.round, scope=lot.minimum_scope, next_check_at=choose_until)
    session.add(merger)
    session.flush()
    if merger.scope == "lot":
        targets = lot_targets(session, list_target_lots(session, lot, needs, now))
    else:
        targets = grappe_targets(session, lot.id, decision.merge_hosts)
    short = {group.grappe_id for group in decision.groups if group.outcome == "not_met"}
    if len(targets) == 1:
        open_vote(session, actor, merger, lot, targets[0], needs, short)
    else:
        messages.choose(session, lot, choose_until, len(targets))


def open_vote(
    session: Session, actor: Actor, merger: Merger, lot: Lot, target: Target, needs: Sequence[Need],
    short: set[UUID | None],
) -> None:  # fmt: skip
    """Step: freeze the roll and the rules each body votes by, and tell everybody until when.

    Towards a lot everybody who counts votes; towards a grappe those that fell `short`, and the grappe that receives them.
    """
    counted = [need for need in needs if need.status == "counted"]
    if merger.scope == "grappe":
        counted = [need for need in counted if need.grappe_id in short or need.grappe_id == target.grappe_id]
    merger.target_lot_id, merger.target_grappe_id = target.lot_id, target.grappe_id
    merger.votes_close_at = merger.next_check_at = votes_close_at(clock.now(), target.closes_at)
    grappes = sorted({need.grappe_id for need in counted}, key=lambda grappe_id: (grappe_id is None, str(grappe_id)))
    merger.bodies = [_body(session, grappe_id, target) for grappe_id in grappes]
    session.flush()
    session.add_all(
        MergerVote(
            merger_id=merger.id, establishment_id=need.establishment_id, organisation_id=need.organisation_id,
            grappe_id=need.grappe_id, is_host=_is_host(need.grappe_id, target), quantity=need.quantity,
        )
        for need in counted
    )  # fmt: skip
    session.flush()
    audit.record(
        session, actor, "merger.proposed", "merger", merger.id, organisation_id=lot.vehicle.organisation_id,
        after={"lot_id": lot.id, "round": merger.round, "target_lot_id": target.lot_id,
               "target_grappe_id": target.grappe_id, "votes_close_at": merger.votes_close_at, "voters": len(counted)},
    )  # fmt: skip
    messages.vote(session, lot, target, merger.votes_close_at, {need.organisation_id for need in counted})


def _is_host(grappe_id: UUID | None, target: Target) -> bool:
    return target.grappe_id is not None and grappe_id == target.grappe_id


def _body(session: Session, grappe_id: UUID | None, target: Target) -> dict[str, Any]:
    """A body's rule and quorum: those of its charter as it is now."""
    if grappe_id is None:
        return {"grappe_id": None, "voting_rule": INDIVIDUALS_RULE, "quorum": None, "is_host": False}
    terms = CharterTerms.from_parameters(current_charter(session, grappe_id).parameters)
    return {
        "grappe_id": str(grappe_id), "voting_rule": terms.voting_rule, "quorum": terms.quorum,
        "is_host": _is_host(grappe_id, target),
    }  # fmt: skip
