"""The step that decides a round and makes the decision true: closing, needs, totals, claims, ledger, everybody told."""
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.facts import pack
from marketplace.platform.permissions import Actor
from tenders.demand import notices
from tenders.demand.envelopes.booking import book
from tenders.demand.mergers.proposing import propose
from tenders.demand.mergers.queries import count_target_lots
from tenders.demand.models import Closing, LotTotals, Need
from tenders.demand.queries.closings import list_live_needs, list_steps_used
from tenders.demand.rules.closing import ClosingTerms, Decision, PooledNeed, decide_closing
from tenders.demand.rules.masking import MOST_NOTED
from tenders.demand.rules.pool import NOTHING, contribution
from tenders.demand.waiting_list import promote
from tenders.demand.writing import SUMS, move
from tenders.vehicles.models import Lot


def decide(session: Session, lot: Lot, now: datetime) -> tuple[Decision, list[Need]]:
    """Step: what this round comes to as the needs stand, and those needs; nothing is written. The lot's lock is held."""
    needs = list_live_needs(session, lot.id)
    return decide_closing(closing_terms(session, lot, needs, now), [_pooled(need) for need in needs]), needs


def carry_out(
    session: Session, actor: Actor, lot: Lot, totals: LotTotals, decision: Decision, needs: Sequence[Need], *,
    reason: str | None, now: datetime,
) -> Closing:  # fmt: skip
    """Step: record the decision, make it true and tell everybody; the caller holds lot and pool."""
    closing = _record(session, actor, lot, decision, reason, now, needs)
    _make_true(session, actor, lot, totals, decision, {need.establishment_id: need for need in needs})
    if decision.outcome == "met" and decision.ordered_quantity:
        book(session, lot.id, "committed", decision.ordered_quantity, reason="lot_closed", by=actor.user_id)
    organisations = {need.establishment_id: need.organisation_id for need in needs}
    notices.closing(session, lot, lot.vehicle.organisation_id, decision, organisations)
    return closing


def closing_terms(session: Session, lot: Lot, needs: Sequence[Need], now: datetime) -> ClosingTerms:
    """The lot as the closing rules see it; an extension runs from the closing date, or from now when that is later."""
    used = list_steps_used(session, lot.id)
    could_merge = "merge" in lot.minimum_policy and "merge" not in used and lot.minimum_scope == "lot"
    return ClosingTerms(
        unit=lot.unit,
        kind=lot.kind,
        order_multiple=lot.order_multiple,
        minimum_kind=lot.minimum_kind,
        minimum_scope=lot.minimum_scope,
        minimum_quantity=lot.minimum_quantity,
        maximum_quantity=lot.maximum_quantity,
        policy=tuple(lot.minimum_policy),
        steps_used=tuple(used),
        merge_lots=count_target_lots(session, lot, needs, now) if could_merge else 0,
        extended_until=extended_until(lot, now),
    )


def extended_until(lot: Lot, now: datetime) -> datetime:
    """When a round opened now by `extend` would close."""
    return max(lot.needs_close_at, now) + timedelta(days=lot.extension_days)


def lock_lot(session: Session, lot_id: UUID) -> Lot:
    """Step: the lot's row as it is once held; before its pool (tenders/demand/writing.py, 2)."""
    statement = select(Lot).where(Lot.id == lot_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def _pooled(need: Need) -> PooledNeed:
    return PooledNeed(
        establishment_id=need.establishment_id,
        quantity=need.quantity,
        firmness=need.firmness,
        placed_at=need.placed_at,
        grappe_id=need.grappe_id,
        tolerance=need.tolerance,
        status=need.status,
        minimum_pool_quantity=need.minimum_pool_quantity,
        maximum_unit_price=need.maximum_unit_price,
    )


def _record(
    session: Session, actor: Actor, lot: Lot, decision: Decision, reason: str | None, now: datetime,
    needs: Sequence[Need],
) -> Closing:
    """The closing row and the audit; the primary key (lot, round) is the last guard of "once"."""
    closing = Closing(
        lot_id=lot.id, round=lot.round, outcome=decision.outcome, ordered_quantity=decision.ordered_quantity,
        policy_applied=decision.policy_applied, reason=reason, decided_at=now, decided_by=actor.user_id,
        body=body_of(decision, _organisations_behind(needs)) | {"pool": _drawn(decision, needs), "before": _states(needs)},
    )  # fmt: skip
    session.add(closing)
    session.flush()
    audit.record(
        session, actor, "lot.closed", "lot", lot.id, organisation_id=lot.vehicle.organisation_id,
        after={"round": lot.round, "outcome": decision.outcome, "ordered_quantity": decision.ordered_quantity,
               "tested_quantity": decision.tested_quantity, "policy_applied": decision.policy_applied,
               "reason": reason},
    )  # fmt: skip
    return closing


def _organisations_behind(needs: Sequence[Need]) -> dict[UUID | None, set[UUID]]:
    """Whose counted needs each grappe (None: without one) brought: what masking looks at later."""
    found: dict[UUID | None, set[UUID]] = {}
    for need in needs:
        if need.status == "counted":
            found.setdefault(need.grappe_id, set()).add(need.organisation_id)
    return found


def _behind(organisations: Collection[UUID]) -> dict[str, Any]:
    """How many they are, and which while few are left without the reader's: one of them may be behind other grappes too."""
    few = sorted(str(each) for each in organisations) if len(organisations) < MOST_NOTED else []
    return {"organisations": len(organisations), "few": few}


def _states(needs: Sequence[Need]) -> list[list[Any]]:
    """What each need was when the round was decided, for whoever takes the decision back."""
    return [[str(need.establishment_id), need.status, need.waitlist_number] for need in needs]


def _drawn(decision: Decision, needs: Sequence[Need]) -> dict[str, int]:
    """The sums a meter draws once the pool itself is released: the needs that stay, or all that a missed minimum had."""
    included = {member.establishment_id for member in decision.included}
    shown = [need for need in needs if decision.outcome != "met" or need.establishment_id in included]
    total = sum((contribution(n.status, n.firmness, n.quantity, n.tolerance) for n in shown), NOTHING)
    largest = max((need.quantity for need in shown if need.status == "counted"), default=0)
    return {name: getattr(total, name) for name in SUMS} | {"largest": largest}


def body_of(decision: Decision, organisations: Mapping[UUID | None, Collection[UUID]]) -> dict[str, Any]:
    """The decision as stored: facts, and sentences still to be put into the reader's language."""
    return {
        "tested_quantity": decision.tested_quantity,
        "policy_skipped": [
            {"step": skipped.step, "code": skipped.why.code, "detail": pack([skipped.why])}
            for skipped in (decision.policy.skipped if decision.policy else ())
        ],
        "groups": [
            {"grappe_id": str(group.grappe_id) if group.grappe_id else None, "outcome": group.outcome,
             "ordered_quantity": group.ordered_quantity, **_behind(organisations.get(group.grappe_id, ()))}
            for group in decision.groups
        ],
        "included": [
            {"establishment_id": str(member.establishment_id), "quantity": member.quantity, "code": member.code,
             "detail": pack(member.sentences)}
            for member in decision.included
        ],
        "excluded": [
            {"establishment_id": str(member.establishment_id), "code": member.sentence.code,
             "detail": pack([member.sentence])}
            for member in decision.excluded
        ],
        "warnings": pack(decision.warnings),
        "merge_hosts": [str(grappe_id) for grappe_id in decision.merge_hosts],
    }  # fmt: skip


_NOTE = text("""
UPDATE needs SET ordered_quantity = d.quantity, decision_code = d.code
FROM unnest(CAST(:ids AS uuid[]), CAST(:quantities AS bigint[]), CAST(:codes AS text[])) AS d (id, quantity, code)
WHERE lot_id = :lot_id AND establishment_id = d.id
""")


def _make_true(
    session: Session, actor: Actor, lot: Lot, totals: LotTotals, decision: Decision, needs: dict[UUID, Need]
) -> None:
    """Make the decision true: lot, needs, totals, claims."""
    _note(session, lot.id, decision)
    lot.version += 1
    if decision.policy_applied == "extend":
        _extend(session, lot, totals, list(needs.values()))
        return
    totals.takes_needs = False
    lot.next_check_at = None
    if decision.policy_applied == "merge":
        session.flush()
        propose(session, actor, lot, decision, list(needs.values()))
        return
    if decision.policy_applied == "cancel":
        lot.cancelled_at = clock.now()
    else:
        lot.closed_at = clock.now()
    session.flush()
    by_status: dict[str, list[Need]] = {"released": [], "excluded": []}
    for member in decision.excluded:
        status = "released" if member.sentence.code == "minimum_not_reached" else "excluded"
        by_status[status].append(needs[member.establishment_id])
    for status, moved in by_status.items():
        if moved:
            move(session, lot.id, moved, status)


def _extend(session: Session, lot: Lot, totals: LotTotals, needs: Sequence[Need]) -> None:
    """Open the next round: the firm stays firm, conditional and indicative needs are asked again (domain §4b.7)."""
    lot.round += 1
    totals.round = lot.round
    totals.takes_needs = True
    lot.needs_close_at = lot.next_check_at = extended_until(lot, clock.now())
    session.flush()
    asked_again = [need for need in needs if need.firmness != "firm" and need.status != "to_confirm"]
    if asked_again:
        move(session, lot.id, asked_again, "to_confirm")
    promote(session, lot)


def _note(session: Session, lot_id: UUID, decision: Decision) -> None:
    """Write on each need what was decided of it; nothing on those that stay for the next round."""
    lines: list[tuple[UUID, int, str]] = [(each.establishment_id, each.quantity, each.code) for each in decision.included]
    lines += [(each.establishment_id, 0, each.sentence.code) for each in decision.excluded if not each.stays]
    ids, quantities, codes = ([line[place] for line in lines] for place in range(3))
    session.execute(_NOTE, {"lot_id": lot_id, "ids": ids, "quantities": quantities, "codes": codes})
