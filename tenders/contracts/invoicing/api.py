"""JSON: invoices issued, credited and paid, their files, and what they say of one's organisation."""
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import send_file
from werkzeug.wrappers import Response

from marketplace.platform.api import blueprint, current_actor, expected_version, guard
from marketplace.platform.database import db
from marketplace.platform.errors import N_, Conflict, NotFound
from marketplace.platform.files import StoredFile, give_out
from tenders.contracts.invoicing import queries
from tenders.contracts.invoicing.models import Invoice, InvoiceOriginal, InvoicingDetails
from tenders.contracts.invoicing.schemas import (
    CreditNoteIn,
    InvoiceOut,
    InvoicesArgs,
    InvoicesOut,
    InvoicingDetailsIn,
    InvoicingDetailsOut,
    MandateIn,
    PaymentIn,
    ShortfallInvoiceIn,
)
from tenders.contracts.invoicing.services import details, drawing, originals, paying

bp = blueprint("invoicing", __name__)

PENDING = N_("Le fichier de cette facture est en cours de fabrication : réessayez dans une minute.")


@bp.get("/invoices")
@guard("invoice.read")
@bp.arguments(InvoicesArgs, location="query")
@bp.response(200, InvoicesOut)
def list_invoices(filters: dict[str, Any]) -> dict[str, Any]:
    """The invoices and credit notes the caller's organisations issued or received."""
    page = queries.list_invoices(db.session(), current_actor(), **filters)
    return {"items": answers(page["items"]), "next": page["next"]}


@bp.get("/invoices/<uuid:invoice_id>")
@guard("invoice.read")
@bp.response(200, InvoiceOut)
def get_invoice(invoice_id: UUID) -> Any:
    """One invoice."""
    return answer(invoice_id)


@bp.get("/invoices/<uuid:invoice_id>/file")
@guard("invoice.read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
def read_file(invoice_id: UUID) -> Any:
    """The Factur-X file: a PDF/A-3 page with the XML inside. To be deposited on the issuer's approved platform."""
    return give_file(invoice_id)


@bp.get("/invoices/<uuid:invoice_id>/xml")
@guard("invoice.read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/xml")
def read_xml(invoice_id: UUID) -> Any:
    """The same invoice as EN 16931 XML alone (Cross Industry Invoice)."""
    return give_xml(invoice_id)


@bp.post("/call-offs/<uuid:call_off_id>/invoice")
@guard("invoice.draw")
@bp.response(201, InvoiceOut)
def draw_invoice(call_off_id: UUID) -> Any:
    """Invoice a certified call-off, once: the seller's own act."""
    return issued(drawing.draw_call_off_invoice(current_actor(), call_off_id))


@bp.post("/contracts/<uuid:contract_id>/settlement/invoices")
@guard("invoice.draw")
@bp.arguments(ShortfallInvoiceIn)
@bp.response(201, InvoiceOut)
def draw_shortfall(body: dict[str, Any], contract_id: UUID) -> Any:
    """Invoice what a member owes of the contract's true-up, once."""
    return issued(drawing.draw_shortfall_invoice(current_actor(), contract_id, body["organisation_id"]))


@bp.post("/invoices/<uuid:invoice_id>/credit-note")
@guard("invoice.credit")
@bp.arguments(CreditNoteIn)
@bp.response(201, InvoiceOut)
def credit_invoice(body: dict[str, Any], invoice_id: UUID) -> Any:
    """Take an invoice back, whole; what was right may then be invoiced again."""
    return issued(drawing.credit_invoice(current_actor(), invoice_id, body["reason"]))


@bp.post("/invoices/<uuid:invoice_id>/payment")
@guard("invoice.record_payment")
@bp.arguments(PaymentIn)
@bp.response(201, InvoiceOut)
def record_payment(body: dict[str, Any], invoice_id: UUID) -> Any:
    """Say that an invoice was paid, whole."""
    paying.record_payment(current_actor(), invoice_id, **body)
    return answer(invoice_id)


@bp.get("/organisations/<uuid:organisation_id>/invoicing-details")
@guard("invoice.read")
@bp.response(200, InvoicingDetailsOut)
def get_details(organisation_id: UUID) -> InvoicingDetails:
    """What the invoices of one's own organisation say."""
    session = db.session()
    details.own_organisation(session, current_actor(), organisation_id)
    found = queries.details_of(session, [organisation_id]).get(organisation_id)
    if found is None:
        raise NotFound("invoicing_details")
    return found


@bp.put("/organisations/<uuid:organisation_id>/invoicing-details")
@guard("invoicing.describe")
@bp.arguments(InvoicingDetailsIn)
@bp.response(200, InvoicingDetailsOut)
def describe(body: dict[str, Any], organisation_id: UUID) -> InvoicingDetails:
    """Say what invoices to come will carry."""
    return details.describe_invoicing(current_actor(), organisation_id, expected_version=expected_version(), **body)


@bp.put("/organisations/<uuid:organisation_id>/invoicing-mandate")
@guard("invoicing.mandate")
@bp.arguments(MandateIn)
@bp.response(200, InvoicingDetailsOut)
def give_mandate(body: dict[str, Any], organisation_id: UUID) -> InvoicingDetails:
    """Let the platform draw one's invoices once a service is certified (CGI, art. 289, I-2)."""
    return details.give_mandate(current_actor(), organisation_id, shown_hash=body["mandate_hash"])


@bp.delete("/organisations/<uuid:organisation_id>/invoicing-mandate")
@guard("invoicing.mandate")
@bp.response(200, InvoicingDetailsOut)
def end_mandate(organisation_id: UUID) -> InvoicingDetails:
    """Take the mandate back, for invoices to come."""
    return details.end_mandate(current_actor(), organisation_id)


def issued(invoice: Invoice) -> dict[str, Any]:
    """The answer of an act that issued a document, its files made meanwhile."""
    originals.keep_original(invoice.id)
    return answer(invoice.id)


def answer(invoice_id: UUID) -> dict[str, Any]:
    """One invoice as the API says it."""
    return answers([queries.get_invoice(db.session(), current_actor(), invoice_id)])[0]


def answers(invoices: Sequence[Invoice]) -> list[dict[str, Any]]:
    """Invoices as the API says them, in a constant number of queries."""
    statuses = queries.statuses_of(db.session(), invoices)
    names = ("id", "number", "kind", "issued_on", "due_on", "excl_vat", "vat", "incl_vat", "purchase_order_reference",
             "call_off_id", "settled_contract_id", "corrects_id", "under_mandate", "issuer", "buyer")  # fmt: skip
    return [
        {
            **{name: getattr(invoice, name) for name in names}, "status": statuses[invoice.id],
            "paid_on": invoice.payment.paid_on if invoice.payment else None,
        }
        for invoice in invoices
    ]  # fmt: skip


def _original(invoice_id: UUID) -> tuple[Invoice, InvoiceOriginal]:
    invoice = queries.get_invoice(db.session(), current_actor(), invoice_id)
    if invoice.original is None:
        raise Conflict("invoice_file_pending", PENDING)
    return invoice, invoice.original


def give_file(invoice_id: UUID) -> Response:
    """The Factur-X file as an attachment; Conflict `invoice_file_pending` in the moment before it is made."""
    _invoice, original = _original(invoice_id)
    return give_out(db.session().get_one(StoredFile, original.file_id))


def give_xml(invoice_id: UUID) -> Response:
    """The XML as an attachment."""
    invoice, original = _original(invoice_id)
    response = send_file(
        BytesIO(original.xml.encode()), "application/xml", as_attachment=True, download_name=f"{invoice.number}.xml", max_age=0
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
