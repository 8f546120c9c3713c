"""Use cases once the holder accepted: certify the service (what a fee is owed on), contest it, settle the contest."""
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.billing.charging import record_charge
from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput
from marketplace.platform.money import round_cents
from marketplace.platform.permissions import Actor, require
from tenders.contracts.amendments.steps import lock_current
from tenders.contracts.models import Contract
from tenders.contracts.ordering import notices
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.orders import get_call_off, lock_call_off
from tenders.contracts.ordering.rules.states import check_act
from tenders.contracts.ordering.services.approving import centre_at_term, written_reason
from tenders.contracts.ordering.steps import give_back
from tenders.contracts.ordering.words import RESOLUTIONS
from tenders.contracts.queries import lock_contract
from tenders.demand.envelopes.booking import lock_envelopes

FEE = "call_off_fee"


def certify_call_off(actor: Actor, call_off_id: UUID) -> CallOff:
    """The member says that the service was done as accepted; the contract's percentage fee falls due, once.

    RuleBroken `call_off_not_possible_now`.
    """
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        require(actor, "call_off.certify", own=order.organisation_id)
        contract = lock_current(session, order.contract_id)  # the fee of the day, whether the scheduler came or not
        order = lock_call_off(session, order.id)
        check_act("certify", order.status)
        order.certified_at, order.certified_by = clock.now(), actor.user_id
        order.version += 1
        session.flush()
        fee = _charge_fee(session, contract, order)
        audit.record(
            session, actor, "call_off.certified", "call_off", order.id, organisation_id=order.organisation_id,
            after={"accepted": order.accepted_quantity, "amount": order.amount, "fee": fee},
        )  # fmt: skip
        tell_many(session, [notices.certified(order)])
        return order


def _charge_fee(session: Session, contract: Contract, order: CallOff) -> Decimal:
    """What the centre is owed on this order: a percentage of what was certified, by whom the contract says."""
    if contract.fee_kind != "percent_of_call_offs" or contract.fee_value is None:
        return Decimal(0)
    fee = round_cents(order.amount * contract.fee_value / 100)
    payer = contract.holder.organisation_id if contract.fee_payer == "provider" else order.organisation_id
    if fee > 0:
        record_charge(
            session, kind=FEE, payer_organisation_id=payer, payee_organisation_id=contract.organisation_id, amount=fee,
            subject_kind="call_off", subject_id=order.id, due_on=clock.today(),
            label=f"Redevance de {contract.fee_value.normalize():f} % sur la commande {notices.reference_of(order)}",
        )  # fmt: skip
    return fee


def dispute_call_off(actor: Actor, call_off_id: UUID, reason: str) -> CallOff:
    """The member contests what was, or was not, delivered: nothing is certified until it is settled.

    BadInput without a reason; RuleBroken `call_off_not_possible_now`.
    """
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        require(actor, "call_off.dispute", own=order.organisation_id, centre=centre_at_term(order))
        lock_contract(session, order.contract_id)
        order = lock_call_off(session, order.id)
        check_act("dispute", order.status)
        written = written_reason(reason)
        order.disputed_at, order.disputed_by, order.dispute_reason = clock.now(), actor.user_id, written
        order.resolved_at = order.resolved_by = order.resolved_how = order.resolution = None
        order.version += 1
        session.flush()
        audit.record(
            session, actor, "call_off.disputed", "call_off", order.id, organisation_id=order.organisation_id,
            after={"reason": written},
        )  # fmt: skip
        tell_many(session, notices.disputed(order, written))
        return order


def resolve_dispute(actor: Actor, call_off_id: UUID, how: str, words: str) -> CallOff:
    """Settle a contest: the order goes on, or it is given up and its units return to the envelope.

    The member may let it go on; giving an accepted order up is decided by the centre, which hears both sides. BadInput
    without words; RuleBroken `call_off_not_possible_now`; NotAllowed.
    """
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        own = order.organisation_id if how == "goes_on" else None
        require(actor, "call_off.resolve", own=own, centre=order.contract.organisation_id)
        contract = lock_contract(session, order.contract_id)
        lock_envelopes(session, [order.lot_id])
        order = lock_call_off(session, order.id)
        check_act("resolve", order.status)
        if how not in RESOLUTIONS:
            raise BadInput({"how": [N_("Dites si la commande continue ou si elle est abandonnée.")]})
        written = written_reason(words)
        now = clock.now()
        if how == "given_up":
            give_back(session, contract, order.standing_quantity, order.amount, actor.user_id)
            order.cancelled_at, order.cancelled_by, order.cancel_reason = now, actor.user_id, written
        order.resolved_at, order.resolved_by, order.resolved_how, order.resolution = now, actor.user_id, how, written
        order.version += 1
        session.flush()
        audit.record(
            session, actor, "call_off.dispute_resolved", "call_off", order.id, organisation_id=order.organisation_id,
            after={"how": how, "resolution": written, "status": order.status},
        )  # fmt: skip
        tell_many(session, notices.resolved(order, how, written))
        return order
