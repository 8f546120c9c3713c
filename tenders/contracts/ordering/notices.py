"""Who is told what about an order; every function builds what a use case puts into the outbox with its act."""
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.notifications.services import Telling
from marketplace.platform.errors import N_, Sentence
from tenders.contracts.ordering import messages
from tenders.contracts.ordering.models import CallOff, CommitmentTransfer
from tenders.demand.words import amount_of, unit_of

messages.register_all()

NOTHING_MORE = Sentence("nothing_more", N_("Vous n'avez rien à faire."))
WHOLE = Sentence("accepted_whole", N_("Toute la commande est acceptée."))
PASSED_ON = N_("Le reste est passé au titulaire suivant, {holder} : commande {reference}.")
PASSED_ON_TO_APPROVE = N_("Le reste peut passer au titulaire suivant, {holder} : approuvez la commande {reference}.")
RETURNED = N_("{quantity} {unit} reviennent à l'enveloppe : vous pouvez les commander à nouveau.")
NOBODY_ELSE = N_("{quantity} {unit} reviennent à l'enveloppe. {why}")
BECAUSE = N_("Raison : {reason}")
OUTCOMES = {
    "goes_on": Sentence("dispute_goes_on", N_("la commande continue.")),
    "given_up": Sentence("dispute_given_up", N_("la commande est abandonnée et ses unités reviennent à l'enveloppe.")),
}
ANSWERS = {
    "accepted": Sentence("transfer_accepted", N_("acceptée")),
    "declined": Sentence("transfer_declined", N_("refusée")),
    "withdrawn": Sentence("transfer_withdrawn", N_("retirée")),
}


def reference_of(order: CallOff) -> str:
    """How an order is called on paper: the contract's reference and the order's number on it."""
    return f"{order.contract.reference}-{order.number:03d}"


def _about(order: CallOff) -> dict[str, Any]:
    return {
        "reference": reference_of(order), "call_off_id": str(order.id), "lot": order.contract.title,
        "establishment": order.establishment.name, "holder": order.contract.holder.name, "quantity": order.quantity,
        "accepted": order.quantity if order.accepted_quantity is None else order.accepted_quantity,
        "unit": unit_of(order.unit, order.quantity), "excl_vat": amount_of(order.amount),
        "incl_vat": amount_of(order.amount_incl_vat), "starts_on": order.starts_on, "day": order.delivered_on,
    }  # fmt: skip


def _to_member(template: str, order: CallOff, **more: Any) -> Telling:
    return Telling(template, {**_about(order), **more}, organisation_ids=[order.organisation_id])


def _to_holder(template: str, order: CallOff, **more: Any) -> Telling:
    return Telling(template, {**_about(order), **more}, organisation_ids=[order.contract.holder.organisation_id])


def to_approve(order: CallOff, roles: Sequence[str]) -> Telling:
    """For those of the member's organisation who may approve something."""
    return Telling("call_off_to_approve", _about(order), organisation_ids=[order.organisation_id], roles=roles)


def dearer_to_approve(order: CallOff, roles: Sequence[str], more: Decimal) -> Telling:
    """For the same people: the next holder costs so much more than what was approved, euros excluding VAT."""
    values = {**_about(order), "more": amount_of(more)}
    return Telling("call_off_dearer_to_approve", values, organisation_ids=[order.organisation_id], roles=roles)


def rejected(order: CallOff, reason: str) -> Telling:
    """To whoever placed it."""
    return Telling("call_off_rejected", {**_about(order), "reason": reason}, user_ids=[order.placed_by])


def sent(order: CallOff) -> Telling:
    """To the holder, once approved."""
    return _to_holder("call_off_sent", order)


def answered(order: CallOff, next_step: Sentence) -> Telling:
    """To the member: what was accepted, why not all, and what becomes of the rest."""
    why = Sentence("answer_reason", BECAUSE, {"reason": order.answer_reason}) if order.answer_reason else WHOLE
    return _to_member("call_off_answered", order, why=why, next=next_step)


def delivered(order: CallOff) -> Telling:
    """To the member, who certifies or contests."""
    return _to_member("call_off_delivered", order)


def certified(order: CallOff) -> Telling:
    """To the holder, who may invoice."""
    return _to_holder("call_off_certified", order)


def disputed(order: CallOff, reason: str) -> list[Telling]:
    """To the holder and to the centre."""
    values = {**_about(order), "reason": reason}
    parties = [order.contract.holder.organisation_id, order.contract.organisation_id]
    return [Telling("call_off_disputed", values, organisation_ids=parties)]


def resolved(order: CallOff, how: str, words: str) -> list[Telling]:
    """To everybody concerned."""
    values = {**_about(order), "outcome": OUTCOMES[how], "reason": words}
    contract = order.contract
    parties = [order.organisation_id, contract.holder.organisation_id, contract.organisation_id]
    return [Telling("call_off_resolved", values, organisation_ids=parties)]


def cancelled(order: CallOff, reason: str) -> Telling:
    """To the holder that had received it."""
    return _to_holder("call_off_cancelled", order, reason=reason)


def returned(quantity: int, unit: str, why: Sentence | None = None) -> Sentence:
    """What a member reads of the part that nobody takes."""
    values = {"quantity": quantity, "unit": unit_of(unit, quantity)}
    if why is None:
        return Sentence("part_returned", RETURNED, values)
    return Sentence("part_not_passed_on", NOBODY_ELSE, {**values, "why": why})


def passed_on(order: CallOff) -> Sentence:
    """What a member reads of the order that takes over the rest."""
    values = {"holder": order.contract.holder.name, "reference": reference_of(order)}
    return Sentence("part_passed_on", PASSED_ON if order.sent_at else PASSED_ON_TO_APPROVE, values)


def exhausted(centre_id: UUID, establishment: str, lot: str, unit: str, asked: int, available: int) -> Telling:
    """To the centre, when a member asks for more than is left."""
    values = {
        "establishment": establishment, "lot": lot, "asked": asked, "available": available, "unit": unit_of(unit, asked),
    }  # fmt: skip
    return Telling("order_exhausted", values, organisation_ids=[centre_id])


def _of_transfer(transfer: CommitmentTransfer) -> dict[str, Any]:
    return {
        "giver": transfer.giver.name, "taker": transfer.taker.name, "quantity": transfer.quantity,
        "unit": unit_of(transfer.contract.unit, transfer.quantity), "lot": transfer.contract.title,
    }  # fmt: skip


def offered(transfer: CommitmentTransfer) -> Telling:
    """To the signatories of whoever is asked."""
    ids = [transfer.to_organisation_id]
    return Telling("transfer_offered", _of_transfer(transfer), organisation_ids=ids, roles=("signatory",))


def transfer_answered(transfer: CommitmentTransfer, answer: str) -> Telling:
    """To both sides, and to the centre whose contract it is once it is accepted."""
    ids = [transfer.from_organisation_id, transfer.to_organisation_id]
    if answer == "accepted":
        ids.append(transfer.contract.organisation_id)
    values = {**_of_transfer(transfer), "outcome": ANSWERS[answer]}
    return Telling("transfer_answered", values, organisation_ids=ids)
