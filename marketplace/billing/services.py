"""Use cases of the payee: how charges are gathered, payments received elsewhere, money given back."""
from decimal import Decimal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from marketplace.billing import applying, queries
from marketplace.billing.applying import SETTLE
from marketplace.billing.collecting import REFUND, is_waiting_at_stripe
from marketplace.billing.models import BillingPayee, Refund
from marketplace.billing.rules import check_refund, check_settled_outside
from marketplace.billing.words import GATHERINGS
from marketplace.platform import audit, clock
from marketplace.platform.database import new_id, transaction
from marketplace.platform.errors import N_, BadInput, NotFound
from marketplace.platform.outbox import enqueue
from marketplace.platform.permissions import Actor, require

CHOOSE_GATHERING = N_("Choisissez : chaque mois, ou au fur et à mesure.")
WRITE_AMOUNT = N_("Écrivez un montant en euros, par exemple 120,50.")
EXPLAIN = N_("Dites pourquoi : le payeur le lira.")


def choose_gathering(actor: Actor, organisation_id: UUID, gathering: str) -> None:
    """A payee says how its charges become invoices: each month, or at once. What is gathered already stays."""
    if gathering not in GATHERINGS:
        raise BadInput({"gathering": [CHOOSE_GATHERING]})
    with transaction() as session:
        if organisation_id not in actor.organisation_ids():
            raise NotFound("organisation")
        require(actor, "fee.collect", own=organisation_id)
        chosen = insert(BillingPayee).values(organisation_id=organisation_id, gathering=gathering)
        session.execute(
            chosen.on_conflict_do_update(index_elements=["organisation_id"], set_={"gathering": chosen.excluded.gathering})
        )
        audit.record(
            session, actor, "billing.gathering_chosen", "organisation", organisation_id, organisation_id=organisation_id,
            after={"gathering": gathering},
        )  # fmt: skip


def note_paid_outside(actor: Actor, invoice_id: UUID) -> None:
    """A payee received a transfer for an invoice: it is paid, and Stripe asks for nothing any more.

    Stripe is asked first: its own page may have taken a card or begun a debit that no event told us of yet. RuleBroken
    `fee_already_paid`, `fee_payment_under_way`, `stripe_does_not_answer`.
    """
    is_waiting = is_waiting_at_stripe(actor, invoice_id)
    with transaction() as session:
        invoice = queries.get_earned(session, actor, invoice_id, lock=True)
        require(actor, "fee.collect", own=invoice.payee_organisation_id)
        in_progress = is_waiting or (invoice.attempts > 0 and invoice.failed_at is None)
        check_settled_outside(invoice.paid_at is not None or invoice.voided_at is not None, in_progress)
        invoice.paid_at, invoice.paid_how, invoice.failed_at, invoice.failure_code = clock.now(), "outside", None, None
        applying.announce_paid(session, invoice)
        enqueue(session, SETTLE, {"invoice_id": invoice.id}, dedupe_key=f"{SETTLE}:{invoice.id}")
        audit.record(
            session, actor, "fee_invoice.paid_outside", "fee_invoice", invoice.id,
            organisation_id=invoice.payee_organisation_id, after={"amount": invoice.amount_incl_vat},
        )  # fmt: skip


def refund_invoice(actor: Actor, invoice_id: UUID, *, amount: Decimal, reason: str) -> Refund:
    """A payee gives money back on a paid invoice, in euros including VAT; never more than was paid."""
    if not reason.strip():
        raise BadInput({"reason": [EXPLAIN]})
    with transaction() as session:
        invoice = queries.get_earned(session, actor, invoice_id, lock=True)
        require(actor, "fee.refund", own=invoice.payee_organisation_id)
        left = invoice.amount_incl_vat - invoice.refunded_amount
        check_refund(invoice.paid_at is not None, invoice.paid_how, amount, left)
        invoice.refunded_amount += amount
        refund = Refund(
            id=new_id(), fee_invoice_id=invoice.id, amount=amount, reason=reason.strip(), decided_at=clock.now(),
            decided_by=actor.user_id,
        )  # fmt: skip
        session.add(refund)
        session.flush()
        enqueue(session, REFUND, {"refund_id": refund.id}, dedupe_key=f"{REFUND}:{refund.id}")
        audit.record(
            session, actor, "refund.decided", "fee_invoice", invoice.id, organisation_id=invoice.payee_organisation_id,
            after={"amount": amount, "refund_id": refund.id},
        )  # fmt: skip
    return refund
