"""Use cases inside the member's organisation: who may approve how much, approve, turn down, cancel before acceptance."""
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.permissions import Actor, require
from tenders.contracts.models import Contract
from tenders.contracts.ordering import notices
from tenders.contracts.ordering.models import CallOff, OrderLimit
from tenders.contracts.ordering.queries.ground import find_limits, lock_ground, roles_in
from tenders.contracts.ordering.queries.orders import get_call_off, lock_call_off
from tenders.contracts.ordering.rules.approving import APPROVING_ROLES, check_approver, check_limits, limit_of
from tenders.contracts.ordering.rules.placing import check_agreement
from tenders.contracts.ordering.rules.pricing import periods_left, price
from tenders.contracts.ordering.rules.states import check_act
from tenders.contracts.ordering.steps import Ask, agreement_of, give_back, last_day_of
from tenders.contracts.queries import lock_contract
from tenders.contracts.status import OVER
from tenders.contracts.steps import count_call_off
from tenders.demand.envelopes.booking import lock_envelopes


def set_limits(actor: Actor, organisation_id: UUID, limits: Mapping[str, Decimal | None]) -> None:
    """Decide how much each role approves at once, euros excluding VAT (None: no limit, 0: nothing).

    RuleBroken `limits_leave_nobody`; BadInput for a role that approves nothing by its nature.
    """
    with transaction() as session:
        require(actor, "call_off.limit", own=organisation_id)
        unknown = set(limits) - set(APPROVING_ROLES)
        if unknown:
            raise BadInput({"role": [N_("Ce rôle n'approuve pas de commandes : choisissez-en un autre.")]})
        session.scalars(select(Organisation.id).where(Organisation.id == organisation_id).with_for_update(key_share=True))
        before = find_limits(session, organisation_id)
        check_limits({**before, **limits})
        for role, limit in sorted(limits.items()):
            values = {"limit_amount": limit, "decided_at": clock.now(), "decided_by": actor.user_id}
            written = insert(OrderLimit).values(organisation_id=organisation_id, role=role, **values)
            session.execute(written.on_conflict_do_update(index_elements=["organisation_id", "role"], set_=values))
        audit.record(
            session, actor, "call_off.limits_set", "organisation", organisation_id, organisation_id=organisation_id,
            before=dict(before), after=dict(limits),
        )  # fmt: skip


def approve_call_off(actor: Actor, call_off_id: UUID) -> CallOff:
    """Approve an order that waits, and send it to its holder. What it needs of the contract is looked at again today.

    RuleBroken `call_off_not_possible_now`, `approval_by_another`, `approval_beyond_limit`, and those of
    `check_agreement`: certificate, suspension and term count at this moment too.
    """
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        require(actor, "call_off.approve", own=order.organisation_id)
        ground = lock_ground(session, [order.lot_id], {order.establishment_id})
        order = lock_call_off(session, order.id)
        check_act("approve", order.status)
        limit = limit_of(roles_in(actor, order.organisation_id), find_limits(session, order.organisation_id))
        check_approver(
            order.amount, limit, approver_id=actor.user_id, placed_by=order.placed_by,
            first_approved_by=order.first_approved_by,
        )  # fmt: skip
        today = clock.today()
        asked = Ask(str(order.id), order.establishment_id, order.lot_id, order.quantity, max(today, order.starts_on))
        check_agreement(agreement_of(ground, order.contract, asked), today, asked.starts_on, order.quantity)
        _shorten(session, actor, order, asked.starts_on)
        now = clock.now()
        order.approved_at, order.approved_by, order.sent_at = now, actor.user_id, now
        order.version += 1
        session.flush()
        _record(session, actor, order, "call_off.approved", {"amount": order.amount, "limit": limit})
        tell_many(session, [notices.sent(order)])
        return order


def _shorten(session: Session, actor: Actor, order: CallOff, starts_on: date) -> None:
    """Approved after the day asked for, it is delivered, and paid, from today only: what that saves returns."""
    if starts_on == order.starts_on:
        return
    contract = order.contract
    periods = min(order.periods, periods_left(starts_on, last_day_of(contract), order.price_period, contract.charged_months))
    priced = price(order.quantity, order.unit_price, periods, order.vat_rate)
    if priced.amount != order.amount:
        give_back(session, contract, order.quantity, order.amount, actor.user_id)
        count_call_off(session, contract, order.quantity, priced.amount, by=actor.user_id)
    order.starts_on, order.periods = starts_on, periods
    order.amount, order.amount_incl_vat = priced.amount, priced.amount_incl_vat


def reject_call_off(actor: Actor, call_off_id: UUID, reason: str) -> CallOff:
    """Turn an order down inside the organisation: its units return to the envelope. BadInput without a reason."""
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        require(actor, "call_off.approve", own=order.organisation_id)
        contract, order = _locked(session, order)
        check_act("reject", order.status)
        written = written_reason(reason)
        _return_all(session, actor, contract, order)
        order.rejected_at, order.rejected_by, order.reject_reason = clock.now(), actor.user_id, written
        order.version += 1
        session.flush()
        _record(session, actor, order, "call_off.rejected", {"reason": written})
        tell_many(session, [notices.rejected(order, written)])
        return order


def cancel_call_off(actor: Actor, call_off_id: UUID, reason: str) -> CallOff:
    """Take an order back before its holder accepted it: its units return. BadInput without a reason."""
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        require(actor, "call_off.cancel", own=order.organisation_id, centre=centre_at_term(order))
        contract, order = _locked(session, order)
        check_act("cancel", order.status)
        written = written_reason(reason)
        _return_all(session, actor, contract, order)
        order.cancelled_at, order.cancelled_by, order.cancel_reason = clock.now(), actor.user_id, written
        order.version += 1
        session.flush()
        _record(session, actor, order, "call_off.cancelled", {"reason": written})
        if order.sent_at is not None:
            tell_many(session, [notices.cancelled(order, written)])
        return order


def _locked(session: Session, order: CallOff) -> tuple[Contract, CallOff]:
    """The order's contract and envelope locked, in that order, and the order as it is now."""
    contract = lock_contract(session, order.contract_id)
    lock_envelopes(session, [order.lot_id])
    return contract, lock_call_off(session, order.id)


def _return_all(session: Session, actor: Actor, contract: Contract, order: CallOff) -> None:
    give_back(session, contract, order.standing_quantity, order.amount, actor.user_id)


def centre_at_term(order: CallOff) -> UUID | None:
    """The centre once the contract is over, when it may close an order in its member's place; None before."""
    return order.contract.organisation_id if order.contract.status in OVER else None


def written_reason(reason: str) -> str:
    """The reason without its margins; BadInput when there is none."""
    if not reason.strip():
        raise BadInput({"reason": [N_("Écrivez la raison : les personnes concernées la liront.")]})
    return reason.strip()


def _record(session: Session, actor: Actor, order: CallOff, action: str, after: dict[str, object]) -> None:
    audit.record(
        session, actor, action, "call_off", order.id, organisation_id=order.organisation_id,
        after={"status": order.status, **after},
    )  # fmt: skip
