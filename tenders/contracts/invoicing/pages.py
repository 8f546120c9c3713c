"""HTML: the invoices of one's organisations, one invoice with what can be done, and what they say of oneself."""
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.providers.submission import submit
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from marketplace.platform.i18n import sentence, told
from marketplace.platform.permissions import allowed, require
from tenders.contracts.invoicing import api, forms, queries, words
from tenders.contracts.invoicing.content import from_content
from tenders.contracts.invoicing.models import Invoice
from tenders.contracts.invoicing.rules.mentions import mandate_text
from tenders.contracts.invoicing.services import details as details_services
from tenders.contracts.invoicing.services import drawing, originals, paying
from tenders.contracts.ordering.notices import reference_of

bp = page_blueprint("invoicing", __name__, template_folder="../../templates", url_prefix="/factures")

MOST_LISTED = 200
TONES = {"issued": "info", "overdue": "short", "paid": "met", "credited": "neutral", "credit": "neutral"}


@bp.get("")
@guard("invoice.read")
def list_invoices() -> str:
    """Invoices issued and received, the newest first; suppliers' own ones beside them."""
    session, actor = db.session(), current_actor()
    invoices = queries.list_recent(session, actor, MOST_LISTED)
    own = queries.readers(actor)
    return render_template(
        "invoicing/invoices.html", statuses=queries.statuses_of(session, invoices), tones=TONES, words=words,
        issued=[each for each in invoices if each.issuer_id in own],
        received=[each for each in invoices if each.buyer_id in own],
        suppliers=queries.list_recent_supplier_invoices(session, actor, MOST_LISTED),
        to_invoice=queries.list_to_invoice(session, actor, MOST_LISTED), reference_of=reference_of,
        organisations=[seat for seat in actor.seats if seat.organisation_id in own],
        may_receive=any(seat.kind == "care_operator" for seat in actor.seats),
        may_issue=any(seat.kind in ("provider", "purchasing_centre") for seat in actor.seats),
    )  # fmt: skip


@bp.get("/<uuid:invoice_id>")
@guard("invoice.read")
def show_invoice(invoice_id: UUID) -> str:
    """One invoice: what it says, its files, what is still possible."""
    return _page(queries.get_invoice(db.session(), current_actor(), invoice_id))


def _page(invoice: Invoice, **shown: Any) -> str:
    session, actor = db.session(), current_actor()
    status = queries.statuses_of(session, [invoice])[invoice.id]
    standing = status in ("issued", "overdue")
    forms_shown = {"payment": forms.PaymentForm(formdata=None, data={"paid_on": clock.today()}),
                   "credit": forms.CreditForm(formdata=None), **shown}  # fmt: skip
    return render_template(
        "invoicing/invoice.html", invoice=invoice, document=from_content(invoice.content), status=status, tones=TONES,
        words=words, title=forms.title_of(invoice.kind, invoice.number),
        note=queries.credits_of(session, [invoice.id]).get(invoice.id), is_own=invoice.issuer_id in queries.readers(actor),
        may_pay=standing and allowed(actor, "invoice.record_payment", own=invoice.issuer_id),
        may_credit=status in ("issued", "overdue", "paid") and allowed(actor, "invoice.credit", own=invoice.issuer_id),
        **forms_shown,
    )  # fmt: skip


@bp.get("/<uuid:invoice_id>/fichier")
@guard("invoice.read")
def read_file(invoice_id: UUID) -> Response:
    """The Factur-X file."""
    return api.give_file(invoice_id)


@bp.get("/<uuid:invoice_id>/xml")
@guard("invoice.read")
def read_xml(invoice_id: UUID) -> Response:
    """The XML alone."""
    return api.give_xml(invoice_id)


@bp.post("/commandes/<uuid:call_off_id>")
@guard("invoice.draw")
def draw_invoice(call_off_id: UUID) -> Any:
    """Invoice a certified order."""
    try:
        invoice = drawing.draw_call_off_invoice(current_actor(), call_off_id)
    except DomainError as refused:
        return _refused(refused)
    return _issued(invoice)


@bp.post("/decomptes/<uuid:contract_id>/<uuid:organisation_id>")
@guard("invoice.draw")
def draw_shortfall(contract_id: UUID, organisation_id: UUID) -> Any:
    """Invoice a member's part of a true-up."""
    try:
        invoice = drawing.draw_shortfall_invoice(current_actor(), contract_id, organisation_id)
    except DomainError as refused:
        return _refused(refused)
    return _issued(invoice)


@bp.post("/<uuid:invoice_id>/avoir")
@guard("invoice.credit")
def credit_invoice(invoice_id: UUID) -> Any:
    """Take an invoice back."""
    form = forms.CreditForm()
    invoice = queries.get_invoice(db.session(), current_actor(), invoice_id)
    if not form.validate_on_submit():
        return _page(invoice, credit=form), 422
    try:
        note = drawing.credit_invoice(current_actor(), invoice_id, form.reason.data or "")
    except DomainError as refused:
        return _refused(refused)
    return _issued(note)


@bp.post("/<uuid:invoice_id>/paiement")
@guard("invoice.record_payment")
def record_payment(invoice_id: UUID) -> Any:
    """Record that an invoice was paid."""
    form = forms.PaymentForm()
    invoice = queries.get_invoice(db.session(), current_actor(), invoice_id)
    if not form.validate_on_submit():
        return _page(invoice, payment=form), 422
    try:
        paying.record_payment(
            current_actor(), invoice_id, paid_on=form.paid_on.data, means=form.means.data,
            reference=form.reference.data or "",
        )  # fmt: skip
    except DomainError as refused:
        if refused.details.get("field") != "paid_on":
            return _refused(refused)
        form.paid_on.errors = [*form.paid_on.errors, sentence(refused)]
        return _page(invoice, payment=form), 422
    flash(_("Paiement enregistré. Le client est prévenu."), "success")
    return redirect(url_for(".show_invoice", invoice_id=invoice_id))


@bp.route("/coordonnees/<uuid:organisation_id>", methods=["GET", "POST"])
@guard("invoicing.describe")
def describe(organisation_id: UUID) -> Any:
    """What one's invoices say, and the mandate to draw them."""
    session, actor = db.session(), current_actor()
    organisation = details_services.own_organisation(session, actor, organisation_id)
    require(actor, "invoicing.describe", own=organisation_id)
    known = queries.details_of(session, [organisation_id]).get(organisation_id)
    form = forms.DetailsForm.showing(known)

    def save() -> Any:
        return details_services.describe_invoicing(actor, organisation_id, **form.values())

    def onward(_saved: Any) -> str:
        flash(_("Coordonnées enregistrées : les prochaines factures les porteront."), "success")
        return url_for(".describe", organisation_id=organisation_id)

    return submit(
        form, save, onward, "invoicing/details.html", organisation=organisation, details=known,
        mandate=mandate_text(organisation.name, organisation.siren or "").split("\n"),
        mandate_hash=details_services.mandate_hash(organisation),
        issues=organisation.kind != "care_operator", may_sign=allowed(actor, "invoicing.mandate", own=organisation_id),
    )  # fmt: skip


@bp.post("/coordonnees/<uuid:organisation_id>/mandat/<string:act>")
@guard("invoicing.mandate")
def change_mandate(organisation_id: UUID, act: str) -> Any:
    """Sign the mandate, or take it back."""
    if act not in ("signature", "retrait"):
        abort(404)
    try:
        if act == "signature":
            details_services.give_mandate(current_actor(), organisation_id)
            flash(_("Mandat signé : vos factures seront établies dès que le service fait est certifié."), "success")
        else:
            details_services.end_mandate(current_actor(), organisation_id)
            flash(_("Mandat retiré : vous établissez vos factures vous-même."), "success")
    except DomainError as refused:
        flash(told(refused), "error")
    return redirect(url_for(".describe", organisation_id=organisation_id))


def _issued(invoice: Invoice) -> Any:
    originals.keep_original(invoice.id)
    flash(_("%(title)s : établi, le client est prévenu.", title=forms.title_of(invoice.kind, invoice.number)), "success")
    return redirect(url_for(".show_invoice", invoice_id=invoice.id))


def _refused(refused: DomainError) -> Any:
    """Back to the list with what was refused; who may not be here at all is told by the error page."""
    flash(told(refused), "error")
    return redirect(url_for(".list_invoices"))
