"""HTML: a provider's plan, what an organisation owes, what a payee is owed, the comparison with Stripe."""
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import stripe
from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.billing import queries, services, subscribing
from marketplace.billing.gateway import payment_is_on, stripe_gateway
from marketplace.billing.messages import reason_of
from marketplace.billing.models import BillingCustomer
from marketplace.billing.plan_views import plan_views
from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db, let_go
from marketplace.platform.errors import BadInput, DomainError, NotFound
from marketplace.platform.i18n import language, say, sentence, told
from marketplace.platform.money import incl_vat, to_amount
from marketplace.platform.permissions import allowed, require

bp = page_blueprint("billing", __name__)


@bp.get("/facturation/formule")
@guard("plan.read")
def show_plan() -> str:
    """My plan: what I am on, the next date, what happens when it is not paid, and the other plans."""
    session, actor = db.session(), current_actor()
    views = plan_views(session, actor)
    if not views:
        raise NotFound("plan")
    return render_template(
        "billing/plan.html", views=views, plans=queries.list_plans(session), payment_on=payment_is_on(),
        back=request.args.get("retour"), language=language, incl_vat=incl_vat,
    )  # fmt: skip


@bp.post("/facturation/<uuid:organisation_id>/formule")
@guard("plan.choose")
def choose_plan(organisation_id: UUID) -> Response:
    """Ask for a paid plan; the page then shows the way to the payment."""
    try:
        page = subscribing.choose_plan(current_actor(), organisation_id, request.form.get("plan", ""))
    except DomainError as refused:
        return _refused(refused, "show_plan")
    if page is not None:
        subscribing.try_now(page)
    else:
        flash(_("Changement demandé : il apparaît ici dès que Stripe l'a pris, en général dans la minute."), "success")
    return redirect(url_for(".show_plan"))


@bp.get("/facturation/<uuid:organisation_id>/portail")
@guard("fee.pay")
def open_portal(organisation_id: UUID) -> Response:
    """Go to Stripe's own page: invoices, cards, leaving a plan. Nothing of ours changes."""
    actor, session = current_actor(), db.session()
    if organisation_id not in actor.organisation_ids():
        raise NotFound("organisation")
    require(actor, "fee.pay", own=organisation_id)
    customer = session.get(BillingCustomer, organisation_id)
    if customer is None or customer.stripe_id is None or not payment_is_on():
        raise NotFound("customer")
    stripe_id, back = customer.stripe_id, ".show_plan" if actor.has_kind("provider") else ".list_owed"
    let_go()
    try:
        return redirect(stripe_gateway().open_portal(stripe_id, current_app.config["BASE_URL"] + url_for(back)))
    except stripe.StripeError:
        flash(_("Stripe ne répond pas pour l'instant : réessayez dans quelques minutes. Rien n'a changé."), "warning")
        return redirect(url_for(back))


@bp.get("/facturation/a-payer")
@guard("fee.read")
def list_owed() -> str:
    """What my organisations owe, how and when it will be paid, and the means of payment they left."""
    session, actor = db.session(), current_actor()
    own, page = actor.organisation_ids(), queries.list_owed(session, actor, before=_before())
    return render_template(
        "billing/owed.html", page=page, ibans=queries.accounts_to_pay(session, page["items"]),
        waiting=queries.list_waiting_charges(session, payers=own), accounts=queries.list_accounts(session, actor),
        payment_on=payment_is_on(), back=request.args.get("retour"), reason=_reason, incl_vat=incl_vat,
        may_pay=[each for each in own if allowed(actor, "fee.pay", own=each)],
    )  # fmt: skip


@bp.post("/facturation/<uuid:organisation_id>/moyen-de-paiement")
@guard("fee.pay")
def leave_method(organisation_id: UUID) -> Response:
    """Ask for the page where a card is left or a mandate signed."""
    try:
        subscribing.try_now(subscribing.leave_method(current_actor(), organisation_id))
    except DomainError as refused:
        return _refused(refused, "list_owed")
    return redirect(url_for(".list_owed"))


@bp.get("/facturation/a-recevoir")
@guard("fee.collect")
def list_earned() -> str:
    """What my organisation is owed: not yet invoiced, open, paid, refused."""
    session, actor = db.session(), current_actor()
    payees = [seat for seat in actor.seats if seat.kind in queries.PAYEES]
    if not payees:
        raise NotFound("payee")
    ids = {seat.organisation_id for seat in payees}
    return render_template(
        "billing/earned.html", page=queries.list_earned(session, actor, before=_before()),
        waiting=queries.list_waiting_charges(session, payees=ids), sums=queries.sums_of(session, ids),
        payees=[(seat, queries.gathering_of(session, seat.organisation_id)) for seat in payees],
        payment_on=payment_is_on(), reason=_reason, incl_vat=incl_vat,
        may_collect=[each for each in ids if allowed(actor, "fee.collect", own=each)],
    )  # fmt: skip


@bp.post("/facturation/<uuid:organisation_id>/regroupement")
@guard("fee.collect")
def choose_gathering(organisation_id: UUID) -> Response:
    """Charges become invoices each month, or as they come."""
    return _done(
        lambda: services.choose_gathering(current_actor(), organisation_id, request.form.get("gathering", "")),
        _("Enregistré : les prochains frais seront facturés ainsi."),
    )


@bp.post("/facturation/factures/<uuid:invoice_id>/virement")
@guard("fee.collect")
def note_paid_outside(invoice_id: UUID) -> Response:
    """A transfer arrived for an invoice."""
    return _done(lambda: services.note_paid_outside(current_actor(), invoice_id), _("Virement noté : la facture est payée."))


@bp.post("/facturation/factures/<uuid:invoice_id>/remboursement")
@guard("fee.refund")
def refund(invoice_id: UUID) -> Response:
    """Give money back on a paid invoice."""

    def decide() -> None:
        services.refund_invoice(
            current_actor(), invoice_id, amount=_amount(request.form.get("amount", "")), reason=request.form.get("reason", "")
        )

    return _done(decide, _("Remboursement décidé : Stripe l'exécute, la page le montrera."))


@bp.get("/facturation/rapprochements")
@guard("billing.reconcile")
def list_reconciliations() -> str:
    """Day by day, what our books and Stripe's do not agree on."""
    require(current_actor(), "billing.reconcile")
    return render_template(
        "billing/reconciliations.html", days=queries.list_reconciliations(db.session()), payment_on=payment_is_on()
    )


def _before() -> UUID | None:
    return identifier(request.args.get("cursor", ""))


def _reason(code: str | None) -> str:
    return sentence(reason_of(code))


def _amount(text: str) -> Decimal:
    try:
        return to_amount(text.replace(",", ".").replace(" ", ""))
    except ValueError:
        raise BadInput({"amount": [services.WRITE_AMOUNT]}) from None


def _done(act: Callable[[], Any], said: str) -> Response:
    try:
        act()
    except DomainError as refused:
        return _refused(refused, "list_earned")
    flash(said, "success")
    return redirect(url_for(".list_earned"))


def _refused(refused: DomainError, endpoint: str) -> Response:
    """Back to the page with the reason; what the actor may not see or do keeps its own answer."""
    if isinstance(refused, BadInput):
        flash(" ".join(say(text) for texts in refused.errors.values() for text in texts), "danger")
    else:
        flash(told(refused), "danger")
    return redirect(url_for(f".{endpoint}"))
