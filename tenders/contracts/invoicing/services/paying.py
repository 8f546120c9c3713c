"""Use cases of payments: recorded by the issuer, or as a step by whoever collects in its name."""
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import RuleBroken
from marketplace.platform.permissions import Actor, require
from tenders.contracts.invoicing import notices, queries
from tenders.contracts.invoicing.models import Invoice, InvoicePayment
from tenders.contracts.invoicing.rules import states


def record_payment(actor: Actor, invoice_id: UUID, *, paid_on: date, means: str, reference: str = "") -> Invoice:
    """The issuer says that an invoice was paid, whole. RuleBroken `invoice_not_payable`, `payment_day_wrong`."""
    with transaction() as session:
        invoice = queries.get_invoice(session, actor, invoice_id)
        require(actor, "invoice.record_payment", own=invoice.issuer_id)
        status = queries.statuses_of(session, [invoice])[invoice.id]
        states.check_can_pay(status, paid_on, invoice.issued_on, clock.today())
        write_payment(session, actor, invoice, paid_on=paid_on, means=means, reference=reference.strip())
        session.expire(invoice, ["payment"])
        return queries.get_invoice(session, actor, invoice_id)


def write_payment(session: Session, actor: Actor, invoice: Invoice, *, paid_on: date, means: str, reference: str) -> None:
    """Step: the payment of an invoice; RuleBroken `invoice_not_payable` when somebody recorded one meanwhile."""
    values = {
        "invoice_id": invoice.id, "paid_on": paid_on, "means": means, "reference": reference, "recorded_at": clock.now(),
        "recorded_by": actor.user_id,
    }  # fmt: skip
    written = session.execute(
        insert(InvoicePayment).values(values).on_conflict_do_nothing().returning(InvoicePayment.invoice_id)
    ).scalar_one_or_none()
    if written is None:
        raise RuleBroken("invoice_not_payable", "Cette facture est déjà payée ou annulée : il n'y a rien à encaisser.")
    audit.record(
        session, actor, "invoice.paid", "invoice", invoice.id, organisation_id=invoice.issuer_id,
        after={"paid_on": paid_on, "means": means},
    )  # fmt: skip
    notices.paid(session, invoice, paid_on)
