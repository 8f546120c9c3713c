"""JSON: what one's organisations owe and are owed, and a transfer received for an invoice."""
from typing import Any
from uuid import UUID

from marketplace.billing import charge_queries, queries, services
from marketplace.billing.schemas import ChargeArgs, ChargesOut, FeeInvoiceArgs, FeeInvoiceOut, FeeInvoicesOut
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db

bp = blueprint("billing", __name__)


@bp.get("/charges")
@guard("fee.read")
@bp.arguments(ChargeArgs, location="query")
@bp.response(200, ChargesOut)
def list_charges(filters: dict[str, Any]) -> dict[str, Any]:
    """What one's organisations owe, and what one's centre is owed, each with its state."""
    return charge_queries.list_charges(db.session(), current_actor(), **filters)


@bp.get("/fee-invoices")
@guard("fee.read")
@bp.arguments(FeeInvoiceArgs, location="query")
@bp.response(200, FeeInvoicesOut)
def list_fee_invoices(filters: dict[str, Any]) -> dict[str, Any]:
    """Invoices of fees that one's organisations pay, or are paid."""
    listed = queries.list_owed if filters["side"] == "owed" else queries.list_earned
    return listed(db.session(), current_actor(), before=filters["cursor"])


@bp.post("/fee-invoices/<uuid:invoice_id>/paid-outside")
@guard("fee.collect")
@bp.response(200, FeeInvoiceOut)
def note_paid_outside(invoice_id: UUID) -> queries.ShownInvoice:
    """A transfer arrived for an invoice: Stripe is asked first whether it is being paid there."""
    actor = current_actor()
    services.note_paid_outside(actor, invoice_id)
    return queries.get_shown_earned(db.session(), actor, invoice_id)
