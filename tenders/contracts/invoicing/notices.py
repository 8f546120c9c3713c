"""Who is told what about invoices; every function is a step that writes outbox rows in the act's transaction."""
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from catalog.providers.services import sentence_of
from marketplace.accounts.models import Organisation
from marketplace.notifications.services import Telling, tell_many
from tenders.contracts.invoicing import messages
from tenders.contracts.invoicing.models import Invoice, SupplierInvoice
from tenders.demand.words import amount_of

messages.register_all()


def _about(session: Session, invoice: Invoice) -> dict[str, Any]:
    return {
        "number": invoice.number, "issuer": session.get_one(Organisation, invoice.issuer_id).name,
        "buyer": session.get_one(Organisation, invoice.buyer_id).name, "amount": amount_of(invoice.incl_vat),
        "due_on": invoice.due_on, "order": invoice.purchase_order_reference or "–", "invoice_id": str(invoice.id),
    }  # fmt: skip


def issued(session: Session, invoice: Invoice) -> None:
    """The buyer learns of every document; the issuer of what it has to deposit on its platform."""
    values = _about(session, invoice)
    to_buyer = "invoice_issued" if invoice.kind == "invoice" else "credit_note_issued"
    tell_many(session, [
        Telling(to_buyer, values, organisation_ids=[invoice.buyer_id]),
        Telling("invoice_to_deposit", values, organisation_ids=[invoice.issuer_id]),
    ])  # fmt: skip


def paid(session: Session, invoice: Invoice, paid_on: date) -> None:
    """The buyer learns that its payment was seen."""
    values = {**_about(session, invoice), "paid_on": paid_on}
    tell_many(session, [Telling("invoice_paid", values, organisation_ids=[invoice.buyer_id])])


def judged(session: Session, invoice: SupplierInvoice) -> None:
    """The supplier learns what the buyer decided about its own invoice, and why."""
    values = {
        "number": invoice.number, "buyer": session.get_one(Organisation, invoice.buyer_id).name,
        "reason": sentence_of(invoice.reason), "invoice_id": str(invoice.id),
    }  # fmt: skip
    template = f"supplier_invoice_{invoice.decision}"
    tell_many(session, [Telling(template, values, organisation_ids=[invoice.issuer_id])])
