"""Use cases on closings: decide a round once, by the centre or by the clock; end the lots whose vehicle is over."""
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import db, transaction
from marketplace.platform.errors import N_, BadInput, DomainError, RuleBroken
from marketplace.platform.facts import pack
from marketplace.platform.permissions import SYSTEM, Actor, require
from tenders.demand import notices
from tenders.demand.envelopes.booking import book, release_rest
from tenders.demand.models import Closing, LotTotals, Need
from tenders.demand.queries.closings import find_last_closing, list_live_needs
from tenders.demand.rules.closing import ClosingTerms, Decision, PooledNeed, decide_closing
from tenders.demand.rules.pool import NOTHING, contribution
from tenders.demand.waiting_list import promote
from tenders.demand.words import unit_of
from tenders.demand.writing import SUMS, lock_pool, move
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
        lot = _lock_lot(session, lot_id)
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
        needs = list_live_needs(session, lot_id)
        terms = closing_terms(lot, now)
        decision = decide_closing(terms, [_pooled(need) for need in needs])
        if now < lot.needs_close_at and decision.outcome != "met":
            return _repeated(session, lot, decision, reason)
        closing = _record(session, actor, lot, decision, reason, now, needs)
        _carry_out(session, lot, totals, terms, decision, {need.establishment_id: need for need in needs})
        if decision.outcome == "met" and decision.ordered_quantity:
            book(session, lot_id, "committed", decision.ordered_quantity, reason="lot_closed", by=actor.user_id)
        organisations = {need.establishment_id: need.organisation_id for need in needs}
        notices.closing(session, lot, lot.vehicle.organisation_id, decision, organisations)
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


def closing_terms(lot: Lot, now: datetime) -> ClosingTerms:
    """The lot as the closing rules see it; an extension runs from the closing date, or from now when that is later."""
    return ClosingTerms(
        unit=lot.unit,
        kind=lot.kind,
        order_multiple=lot.order_multiple,
        minimum_kind=lot.minimum_kind,
        minimum_scope=lot.minimum_scope,
        minimum_quantity=lot.minimum_quantity,
        maximum_quantity=lot.maximum_quantity,
        policy=tuple(lot.minimum_policy),
        round=lot.round,
        extended_until=max(lot.needs_close_at, now) + timedelta(days=lot.extension_days),
    )


def _lock_lot(session: Session, lot_id: UUID) -> Lot:
    statement = select(Lot).where(Lot.id == lot_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


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
        body=body_of(decision, _organisations_behind(needs)) | {"pool": _drawn(decision, needs)},
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


def _organisations_behind(needs: Sequence[Need]) -> dict[UUID | None, int]:
    """How many organisations' counted needs each grappe (None: without one) brought: what masking looks at later."""
    pairs = {(need.grappe_id, need.organisation_id) for need in needs if need.status == "counted"}
    return Counter(grappe_id for grappe_id, _ in pairs)


def _drawn(decision: Decision, needs: Sequence[Need]) -> dict[str, int]:
    """The sums a meter draws once the pool itself is released: the needs that stay, or all that a missed minimum had."""
    included = {member.establishment_id for member in decision.included}
    shown = [need for need in needs if decision.outcome != "met" or need.establishment_id in included]
    total = sum((contribution(n.status, n.firmness, n.quantity, n.tolerance) for n in shown), NOTHING)
    largest = max((need.quantity for need in shown if need.status == "counted"), default=0)
    return {name: getattr(total, name) for name in SUMS} | {"largest": largest}


def body_of(decision: Decision, organisations: Mapping[UUID | None, int]) -> dict[str, Any]:
    """The decision as stored: facts, and sentences still to be put into the reader's language."""
    return {
        "tested_quantity": decision.tested_quantity,
        "policy_skipped": [
            {"step": skipped.step, "code": skipped.why.code, "detail": pack([skipped.why])}
            for skipped in (decision.policy.skipped if decision.policy else ())
        ],
        "groups": [
            {"grappe_id": str(group.grappe_id) if group.grappe_id else None, "outcome": group.outcome,
             "ordered_quantity": group.ordered_quantity, "organisations": organisations.get(group.grappe_id, 0)}
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
    }  # fmt: skip


_NOTE = text("""
UPDATE needs SET ordered_quantity = d.quantity, decision_code = d.code
FROM unnest(CAST(:ids AS uuid[]), CAST(:quantities AS bigint[]), CAST(:codes AS text[])) AS d (id, quantity, code)
WHERE lot_id = :lot_id AND establishment_id = d.id
""")


def _carry_out(
    session: Session, lot: Lot, totals: LotTotals, terms: ClosingTerms, decision: Decision, needs: dict[UUID, Need]
) -> None:
    """Make the decision true: lot, needs, totals, claims."""
    _note(session, lot.id, decision)
    lot.version += 1
    if decision.policy_applied == "extend":
        _extend(session, lot, totals, terms, list(needs.values()))
        return
    totals.takes_needs = False
    lot.next_check_at = None
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


def _extend(session: Session, lot: Lot, totals: LotTotals, terms: ClosingTerms, needs: Sequence[Need]) -> None:
    """Open the next round: the firm stays firm, conditional and indicative needs are asked again (domain §4b.7)."""
    lot.round += 1
    totals.round = lot.round
    assert terms.extended_until is not None
    lot.needs_close_at = lot.next_check_at = terms.extended_until
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
