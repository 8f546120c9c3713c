"""Use cases of the holder: accept an order whole or in part, or refuse it with a reason; say that it is delivered."""
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.notifications.services import tell_many
from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import N_, BadInput, RuleBroken, Sentence
from marketplace.platform.permissions import Actor, require
from tenders.contracts.ordering import notices
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.ground import Ground, approving_roles, find_limits, lock_ground
from tenders.contracts.ordering.queries.orders import get_call_off, list_refusing_contracts, lock_call_off
from tenders.contracts.ordering.rules.pricing import price
from tenders.contracts.ordering.rules.states import check_act, check_answer
from tenders.contracts.ordering.steps import Ask, Placer, Settled, give_back, settle, write_orders
from tenders.contracts.queries import lock_contract
from tenders.demand.envelopes.booking import lock_envelopes


def answer_call_off(actor: Actor, call_off_id: UUID, accepted: int, reason: str | None = None) -> CallOff:
    """The holder takes `accepted` units of the order; what it refuses returns to the envelope, or to the next holder.

    On a lot with several holders the refused part is ordered from the next one by the lot's own method, at its price: at
    once when that costs no more than what was approved, else it waits for an approval. RuleBroken
    `call_off_not_possible_now`, `answer_beyond_order`, `answer_without_reason`.
    """
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        contract = order.contract
        require(actor, "call_off.answer", provider=contract.holder.organisation_id)
        ground = lock_ground(session, [order.lot_id], {order.establishment_id})
        order = lock_call_off(session, order.id)
        check_act("answer", order.status)
        check_answer(order.quantity, accepted, reason)
        refused, before = order.quantity - accepted, order.amount
        priced = price(accepted, order.unit_price, order.periods, order.vat_rate)
        give_back(session, contract, refused, before - priced.amount, actor.user_id)
        order.answered_at, order.answered_by = clock.now(), actor.user_id
        order.accepted_quantity, order.answer_reason = accepted, (reason or "").strip() or None
        order.amount, order.amount_incl_vat = priced.amount, priced.amount_incl_vat
        order.version += 1
        session.flush()
        audit.record(
            session, actor, "call_off.answered", "call_off", order.id, organisation_id=order.organisation_id,
            before={"amount": before}, after={"accepted": accepted, "refused": refused, "amount": priced.amount,
            "reason": order.answer_reason, "status": order.status},
        )  # fmt: skip
        next_step = notices.NOTHING_MORE if not refused else _pass_on(session, actor, ground, order, before - priced.amount)
        tell_many(session, [notices.answered(order, next_step)])
        return order


def _pass_on(session: Session, actor: Actor, ground: Ground, order: CallOff, freed: Decimal) -> Sentence:
    """Order the refused part from the next holder, if the lot has one that can; what the member reads about it."""
    refused = order.quantity - (order.accepted_quantity or 0)
    others = [each for each in ground.contracts[order.lot_id] if each.id != order.contract_id]
    if not others or order.contract.holder_selection == "mini_competition":
        return notices.returned(refused, order.unit)
    ask = Ask(
        str(order.id), order.establishment_id, order.lot_id, refused, max(order.starts_on, clock.today()),
        order.purchase_order_reference, order.note, list_refusing_contracts(session, order),
    )  # fmt: skip
    lock_envelopes(session, [order.lot_id])  # read again: giving back wrote its sums in SQL
    try:
        (settled,) = settle(ground, [ask])
    except RuleBroken as nobody:
        return notices.returned(refused, order.unit, nobody.sentence)
    return _write_next(session, actor, ground, order, settled, more=settled.price.amount - freed)


def _write_next(
    session: Session, actor: Actor, ground: Ground, order: CallOff, settled: Settled, *, more: Decimal
) -> Sentence:
    """`more`: what it costs beyond what was approved, euros excluding VAT; nobody agreed to that yet."""
    approver = None if more > 0 else order.approved_by
    (following,) = write_orders(session, ground, [settled], Placer(order.placed_by, approver), replaces=order)
    audit.record(
        session, actor, "call_off.passed_on", "call_off", following.id, organisation_id=order.organisation_id,
        after={"replaces": order.id, "contract_id": following.contract_id, "quantity": following.quantity,
               "chosen": settled.choice.reason.code, "status": following.status},
    )  # fmt: skip
    roles = approving_roles(find_limits(session, order.organisation_id))
    tell_many(session, [notices.dearer_to_approve(following, roles, more) if more > 0 else notices.sent(following)])
    return notices.passed_on(following)


def declare_delivery(actor: Actor, call_off_id: UUID, delivered_on: date | None = None) -> CallOff:
    """The holder says on which Paris day the service was delivered (today unless given); the member certifies or contests.

    BadInput for a day to come or before the answer; RuleBroken `call_off_not_possible_now`.
    """
    with transaction() as session:
        order = get_call_off(session, actor, call_off_id)
        require(actor, "call_off.answer", provider=order.contract.holder.organisation_id)
        lock_contract(session, order.contract_id)
        order = lock_call_off(session, order.id)
        check_act("deliver", order.status)
        day = delivered_on or clock.today()
        if day > clock.today() or day < clock.paris(order.placed_at).date():
            raise BadInput({"delivered_on": [N_("Donnez le jour de la livraison : entre la commande et aujourd'hui.")]})
        order.delivered_at, order.delivered_by, order.delivered_on = clock.now(), actor.user_id, day
        order.version += 1
        session.flush()
        audit.record(
            session, actor, "call_off.delivered", "call_off", order.id, organisation_id=order.organisation_id,
            after={"delivered_on": day},
        )  # fmt: skip
        tell_many(session, [notices.delivered(order)])
        return order
