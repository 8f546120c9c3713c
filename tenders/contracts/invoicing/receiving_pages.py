"""HTML: send a supplier's Factur-X, read what differs from the order, accept it or dispute it."""
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from marketplace.platform.i18n import quantity, told
from marketplace.platform.permissions import allowed
from tenders.contracts.invoicing import queries, words
from tenders.contracts.invoicing.factur_x.reading import LARGEST_FILE
from tenders.contracts.invoicing.receiving_api import differences_of
from tenders.contracts.invoicing.services import receiving
from tenders.contracts.ordering.notices import reference_of
from tenders.contracts.ordering.queries.orders import get_call_off, list_recent

bp = page_blueprint("received_invoices", __name__, template_folder="../../templates", url_prefix="/factures/recues")


@bp.get("/nouvelle")
@guard("invoice.receive")
def choose_file() -> str:
    """The page to send a file from."""
    return _form()


@bp.post("/nouvelle")
@guard("invoice.receive")
def receive() -> Any:
    """Read the file and show what differs; nothing is kept of a bad one."""
    sent = request.files.get("file")
    try:
        invoice = receiving.receive_invoice(
            current_actor(), sent.read(LARGEST_FILE + 1) if sent else b"",
            call_off_id=identifier(request.form.get("call_off_id", "")),
        )  # fmt: skip
    except DomainError as refused:
        return _form(told(refused), str(refused.details.get("field", ""))), 422
    return redirect(url_for(".show", invoice_id=invoice.id))


def _form(problem: str | None = None, field: str = "") -> str:
    waiting = list_recent(db.session(), current_actor(), ("certified",), limit=100)
    return render_template(
        "invoicing/receive.html", problem=problem, field=field,
        orders=[(str(order.id), f"{reference_of(order)} · {order.establishment.name}") for order in waiting],
    )  # fmt: skip


@bp.get("/<uuid:invoice_id>")
@guard("invoice.read")
def show(invoice_id: UUID) -> str:
    """A received invoice against its order."""
    return _page(invoice_id)


def _page(invoice_id: UUID, problem: str | None = None) -> str:
    session, actor = db.session(), current_actor()
    invoice = queries.get_supplier_invoice(session, actor, invoice_id)
    order = get_call_off(session, actor, invoice.call_off_id)
    return render_template(
        "invoicing/received.html", invoice=invoice, order=order, reference=reference_of(order), words=words,
        differences=differences_of(invoice), problem=problem, figure=_figure,
        may_judge=invoice.decision is None and allowed(actor, "invoice.judge", own=invoice.buyer_id),
    )  # fmt: skip


def _figure(field: str, value: str) -> str:
    """What differs as a figure with its thousands apart; a SIREN or a currency as it is."""
    return value if field in ("currency", "parties") else quantity(Decimal(value))


@bp.post("/<uuid:invoice_id>/decision")
@guard("invoice.judge")
def judge(invoice_id: UUID) -> Any:
    """Accept or dispute."""
    decision = request.form.get("decision", "")
    if decision not in words.DECISIONS:
        return _page(invoice_id, _("Choisissez d'accepter ou de contester.")), 422
    try:
        receiving.judge_invoice(current_actor(), invoice_id, decision=decision, reason=request.form.get("reason", ""))
    except DomainError as refused:
        return _page(invoice_id, told(refused)), 422
    flash(_("Décision enregistrée : le fournisseur est prévenu."), "success")
    return redirect(url_for(".show", invoice_id=invoice_id))
