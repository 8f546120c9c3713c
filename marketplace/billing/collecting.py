"""Outbox handlers: an invoice is issued at Stripe, paid, settled or given back on. Each may run again from its start.

Every step is: note in our books that it is asked (a transaction), ask (outside any), note the answer (a transaction).
Whoever finds the first note looks for what an earlier run left at Stripe before asking again; the idempotency key, made
of our id, covers what is still on its way. So a death anywhere leaves one customer, one invoice, one payment.
"""
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import stripe
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import Organisation
from marketplace.billing import applying
from marketplace.billing.gateway import Declined, Object, payment_is_on, stripe_gateway, to_cents
from marketplace.billing.gathering import names_of
from marketplace.billing.models import BillingCustomer, Charge, FeeInvoice, Refund, locked
from marketplace.billing.queries import get_earned
from marketplace.billing.rules import Totals, totals
from marketplace.platform import clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import RuleBroken
from marketplace.platform.permissions import Actor, require

REFUND = "billing.refund"


class Disagreement(Exception):
    """Stripe's invoice is not the one in our books: it is neither finalised nor paid, and the operator looks."""


@dataclass(frozen=True)
class Draft:
    """What an invoice says, as its lines by our ids, and how far it has come."""

    payer_organisation_id: UUID
    payee: str
    lines: dict[str, tuple[Decimal, str]]
    sums: Totals
    stripe_id: str | None
    asked_before: bool


def ensure_customer(organisation_id: UUID) -> str:
    """Stripe's id of an organisation, made there when it is not yet; outside any transaction."""
    with transaction() as session:
        first = insert(BillingCustomer).values(organisation_id=organisation_id, requested_at=clock.now())
        is_first = session.execute(first.on_conflict_do_nothing().returning(BillingCustomer.organisation_id)).first()
        known = locked(session, BillingCustomer, organisation_id)
        name = session.get_one(Organisation, organisation_id).name
        stripe_id, since = known.stripe_id, known.requested_at
    if stripe_id is not None:
        return stripe_id
    gateway = stripe_gateway()
    made = (None if is_first else gateway.find_customer(organisation_id, since)) or gateway.create_customer(
        organisation_id, name
    )
    with transaction() as session:
        locked(session, BillingCustomer, organisation_id).stripe_id = made["id"]
    return str(made["id"])


def issue_invoice(payload: dict[str, Any]) -> None:
    """Outbox handler: Stripe holds the invoice, with our lines and our total, and charges nothing by itself."""
    _issue(UUID(payload["invoice_id"]))


def _issue(invoice_id: UUID, *, although_paid: bool = False) -> str | None:
    """The invoice's id at Stripe once it is due there; None when it is paid or void already (unless `although_paid`)."""
    with transaction() as session:
        invoice = locked(session, FeeInvoice, invoice_id)
        if invoice.voided_at is not None or (invoice.paid_at is not None and not although_paid):
            return None
        if invoice.finalised_at is not None:
            return invoice.stripe_id
        draft = _draft(session, invoice)
        invoice.requested_at = invoice.requested_at or clock.now()
    gateway = stripe_gateway()
    customer = ensure_customer(draft.payer_organisation_id)
    stripe_id = draft.stripe_id or _make_invoice(invoice_id, customer, draft)
    found = gateway.get_invoice(stripe_id)
    if found["status"] == "draft":
        present = gateway.lines_on(stripe_id)
        for line_id, (amount, label) in draft.lines.items():
            if line_id not in present:
                gateway.add_line(line_id, customer, stripe_id, amount, label)
        found = gateway.get_invoice(stripe_id)
        if found["amount_due"] != to_cents(draft.sums.incl_vat):
            raise Disagreement(f"{stripe_id} says {found['amount_due']} cents, our books {draft.sums.incl_vat} €")
        found = gateway.finalise_invoice(invoice_id, stripe_id)
    with transaction() as session:
        applying.apply_invoice(session, found)
    return stripe_id


def _make_invoice(invoice_id: UUID, customer: str, draft: Draft) -> str:
    gateway = stripe_gateway()
    made = gateway.find_invoice(invoice_id, customer) if draft.asked_before else None
    made = made or gateway.create_invoice(invoice_id, customer, f"Frais : {draft.payee}")
    with transaction() as session:
        locked(session, FeeInvoice, invoice_id).stripe_id = made["id"]
    return str(made["id"])


def _draft(session: Session, invoice: FeeInvoice) -> Draft:
    charges = list(
        session.scalars(select(Charge).where(Charge.fee_invoice_id == invoice.id).order_by(Charge.due_on, Charge.id))
    )
    sums = totals((charge.amount, charge.vat_rate) for charge in charges)
    if sums.incl_vat != invoice.amount_incl_vat:
        raise Disagreement(f"the charges of {invoice.id} make {sums.incl_vat} €, the invoice {invoice.amount_incl_vat} €")
    lines = {str(charge.id): (charge.amount, f"{charge.label} (HT)") for charge in charges}
    for rate, amount in sums.vat_by_rate.items():
        lines[f"{invoice.id}-vat-{rate.normalize():f}"] = (amount, f"TVA {(rate * 100).normalize():f} %")
    payee = names_of(session, {invoice.payee_organisation_id})[invoice.payee_organisation_id]
    return Draft(
        invoice.payer_organisation_id, payee, lines, sums, invoice.stripe_id, invoice.requested_at is not None
    )


def pay_invoice(payload: dict[str, Any]) -> None:
    """Outbox handler: the payment of an announced invoice is asked for once; a refusal is noted and told."""
    invoice_id, attempt = UUID(payload["invoice_id"]), int(payload["attempt"])
    with transaction() as session:
        invoice = locked(session, FeeInvoice, invoice_id)
        customer = session.get_one(BillingCustomer, invoice.payer_organisation_id)
        is_over = invoice.paid_at is not None or invoice.voided_at is not None or invoice.failed_at is not None
        stripe_id = invoice.stripe_id
        method = customer.method_stripe_id if customer.method == invoice.method else None
    if is_over or stripe_id is None:
        return
    gateway = stripe_gateway()
    found = gateway.get_invoice(stripe_id)
    failure = None
    if found["status"] == "open" and not under_way(found):
        try:
            if method is None:
                raise Declined("method_changed_since_announced")
            found = gateway.pay_invoice(invoice_id, stripe_id, method, attempt)
        except Declined as declined:
            failure = declined.code
    with transaction() as session:
        applying.apply_invoice(session, found, failure=failure)


def under_way(invoice: Object) -> bool:
    """Whether a payment of the invoice waits for its answer (a debit takes days): a second one would charge twice."""
    intent = invoice.get("payment_intent")
    return isinstance(intent, dict) and intent["status"] in ("processing", "succeeded", "requires_capture")


def is_waiting_at_stripe(actor: Actor, invoice_id: UUID) -> bool:
    """Whether a payment of an invoice waits for its bank, as Stripe says now; what else it says becomes our facts.

    Asked by its payee before a transfer is noted: Stripe's own page may have begun a debit of which no event told us yet.
    RuleBroken `stripe_does_not_answer`.
    """
    with transaction() as session:
        invoice = get_earned(session, actor, invoice_id)
        require(actor, "fee.collect", own=invoice.payee_organisation_id)
        is_open = invoice.paid_at is None and invoice.voided_at is None
        stripe_id = invoice.stripe_id if is_open and payment_is_on() else None
    if stripe_id is None:
        return False
    try:
        found = stripe_gateway().get_invoice(stripe_id)
    except stripe.StripeError as silent:
        raise RuleBroken(
            "stripe_does_not_answer",
            "Stripe ne répond pas : impossible de savoir si cette facture y est en train d'être payée. Réessayez dans "
            "quelques minutes ; rien n'est noté.",
        ) from silent
    with transaction() as session:
        applying.apply_invoice(session, found)
    return under_way(found)


def settle_invoice(payload: dict[str, Any]) -> None:
    """Outbox handler: an invoice paid by transfer must not be payable at Stripe too.

    A debit begun there meanwhile cannot be called back: when it fails, `applying` asks for this again; when it succeeds, the
    invoice was paid twice, and the reconciliation says so.
    """
    invoice_id = UUID(payload["invoice_id"])
    with transaction() as session:
        is_known = locked(session, FeeInvoice, invoice_id).requested_at is not None
    stripe_id = _issue(invoice_id, although_paid=True) if is_known else None
    if stripe_id is None:
        return
    gateway = stripe_gateway()
    found = gateway.get_invoice(stripe_id)
    if found["status"] == "open" and not under_way(found):
        gateway.settle_invoice(invoice_id, stripe_id)


def give_back(payload: dict[str, Any]) -> None:
    """Outbox handler: a decided refund is made once."""
    refund_id = UUID(payload["refund_id"])
    with transaction() as session:
        refund = locked(session, Refund, refund_id)
        invoice = session.get_one(FeeInvoice, refund.fee_invoice_id)
        if refund.stripe_id is not None or refund.failed_at is not None or invoice.payment_intent is None:
            return
        intent, amount, asked_before = invoice.payment_intent, refund.amount, refund.requested_at is not None
        refund.requested_at = refund.requested_at or clock.now()
    gateway = stripe_gateway()
    made = gateway.find_refund(refund_id, intent) if asked_before else None
    failure = None
    try:
        made = made or gateway.create_refund(refund_id, intent, amount)
    except Declined as declined:
        failure = declined.code
    with transaction() as session:
        if made is not None:
            applying.apply_refund(session, made)
        else:
            applying.fail_refund(session, locked(session, Refund, refund_id), failure or "")
