"""JSON: a supplier's own Factur-X held against the order it names, then accepted or disputed."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.facts import unpack
from marketplace.platform.i18n import sentence
from tenders.contracts.invoicing import queries
from tenders.contracts.invoicing.factur_x.reading import LARGEST_FILE
from tenders.contracts.invoicing.models import SupplierInvoice
from tenders.contracts.invoicing.schemas import JudgementIn, SupplierInvoiceArgs, SupplierInvoiceIn, SupplierInvoiceOut
from tenders.contracts.invoicing.services import receiving

bp = blueprint("received_invoices", __name__)


@bp.post("/supplier-invoices")
@guard("invoice.receive")
@bp.arguments(SupplierInvoiceIn, location="files")
@bp.arguments(SupplierInvoiceArgs, location="query")
@bp.response(201, SupplierInvoiceOut)
def receive_invoice(files: dict[str, Any], filters: dict[str, Any]) -> dict[str, Any]:
    """Receive a supplier's invoice; what differs from the order is in the answer. Nothing is kept of a bad file."""
    content = files["file"].read(LARGEST_FILE + 1)
    return answer(receiving.receive_invoice(current_actor(), content, call_off_id=filters["call_off_id"]))


@bp.get("/supplier-invoices/<uuid:invoice_id>")
@guard("invoice.read")
@bp.response(200, SupplierInvoiceOut)
def get_supplier_invoice(invoice_id: UUID) -> dict[str, Any]:
    """One received invoice, for its buyer and its supplier."""
    return answer(queries.get_supplier_invoice(db.session(), current_actor(), invoice_id))


@bp.post("/supplier-invoices/<uuid:invoice_id>/decision")
@guard("invoice.judge")
@bp.arguments(JudgementIn)
@bp.response(200, SupplierInvoiceOut)
def judge_invoice(body: dict[str, Any], invoice_id: UUID) -> dict[str, Any]:
    """Accept a received invoice, or dispute it with a reason that its supplier reads."""
    return answer(receiving.judge_invoice(current_actor(), invoice_id, **body))


def answer(invoice: SupplierInvoice) -> dict[str, Any]:
    """A received invoice as the API says it."""
    names = ("id", "call_off_id", "number", "issuer_id", "buyer_id", "excl_vat", "vat", "incl_vat", "received_at",
             "decision", "reason")  # fmt: skip
    return {**{name: getattr(invoice, name) for name in names}, "differences": differences_of(invoice)}


def differences_of(invoice: SupplierInvoice) -> list[dict[str, Any]]:
    """What differs, each with its sentence in the reader's language."""
    return [
        {**{name: value for name, value in each.items() if name != "sentence"}, "message": sentence(unpack(each["sentence"]))}
        for each in invoice.differences
    ]
