"""HTML of the member: the order desk, the cart, and the orders with what can be done next."""
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, RuleBroken
from marketplace.platform.i18n import sentence, told
from marketplace.platform.idempotency import form_key, request_key
from marketplace.platform.money import DEFAULT_VAT_RATE
from tenders.contracts import acting
from tenders.contracts.ordering import forms
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.notices import reference_of
from tenders.contracts.ordering.queries import orders
from tenders.contracts.ordering.queries.desk import list_desk, shown_cart
from tenders.contracts.ordering.queries.ground import find_limits, roles_in
from tenders.contracts.ordering.rules import states
from tenders.contracts.ordering.rules.approving import limit_of
from tenders.contracts.ordering.services import answering, approving, cart, certifying, placing

bp = page_blueprint("ordering", __name__, template_folder="../../templates", url_prefix="/commandes")

MOST_SHOWN = 20
MOST_LISTED = 200


@bp.get("")
@guard("call_off.read")
def show_desk() -> str:
    """What waits for an approval, what may be ordered and how much is left, and the last orders."""
    actor, session = current_actor(), db.session()
    return render_template(
        "ordering/desk.html", lines=list_desk(session, actor), cart_count=orders.count_cart(session, actor),
        waiting=orders.list_recent(session, actor, ("awaiting_approval",)),
        recent=orders.list_recent(session, actor, limit=MOST_SHOWN), reference_of=reference_of,
        own=forms.own_organisations(actor), vat=1 + DEFAULT_VAT_RATE,
    )  # fmt: skip


@bp.get("/suivi")
@guard("call_off.read")
def list_orders() -> str:
    """Every order of one's own, the newest first, by state."""
    status = request.args.get("status", "")
    wanted = (status,) if status in states.STATUSES else ()
    rows = orders.list_recent(db.session(), current_actor(), wanted, limit=MOST_LISTED)
    return render_template(
        "ordering/orders.html", rows=rows, status=status, statuses=states.STATUSES, reference_of=reference_of
    )


@bp.get("/panier")
@guard("call_off.place")
def show_cart() -> str:
    """The lines prepared, priced as of today, what is left of each, and what ordering them would commit to."""
    actor, session = current_actor(), db.session()
    shown = shown_cart(orders.list_cart(session, actor), list_desk(session, actor))
    carts = forms.by_organisation(actor, shown)
    limits = {cart.organisation_id: find_limits(session, cart.organisation_id) for cart in carts}
    return render_template(
        "ordering/cart.html", carts=carts, key=form_key(),
        limits={key: limit_of(roles_in(actor, key), found) for key, found in limits.items()},
    )  # fmt: skip


@bp.post("/panier")
@guard("call_off.place")
def put_in_cart() -> Any:
    """Add a line, or change the one this site has on this lot."""
    form = request.form
    site, lot = identifier(form.get("site", "")), identifier(form.get("lot", ""))
    day, badly = forms.day_of(form.get("starts_on", ""))
    if site is None or lot is None or badly:
        flash(_("Donnez un jour de livraison, par exemple 2027-06-12."), "error")
        return redirect(url_for(".show_cart"))
    try:
        cart.put_in_cart(
            current_actor(), site, lot, quantity=forms.whole(form.get("quantity", "")), starts_on=day,
            purchase_order_reference=form.get("purchase_order_reference"), note=form.get("note"),
        )  # fmt: skip
    except RuleBroken as refused:
        flash(sentence(refused), "error")
        return redirect(url_for(".show_desk"))
    flash(_("La ligne est dans votre panier. Rien n'est commandé tant que vous ne validez pas."), "success")
    return redirect(url_for(".show_cart"))


@bp.post("/panier/<uuid:line_id>/retrait")
@guard("call_off.place")
def take_from_cart(line_id: UUID) -> Any:
    """Give up a line."""
    cart.take_from_cart(current_actor(), line_id)
    flash(_("La ligne est retirée du panier."), "success")
    return redirect(url_for(".show_cart"))


@bp.post("/panier/<uuid:organisation_id>/commande")
@guard("call_off.place")
def place_cart(organisation_id: UUID) -> Any:
    """Order an organisation's cart; `line` and `quantity`: with that line at what is left."""
    actor = current_actor()
    try:
        line_id = identifier(request.form.get("line", ""))
        if line_id is not None:
            line = orders.get_cart_line(db.session(), actor, line_id)
            cart.put_in_cart(
                actor, line.establishment_id, line.lot_id, quantity=forms.whole(request.form.get("quantity", "")),
                starts_on=line.starts_on, purchase_order_reference=line.purchase_order_reference, note=line.note,
            )  # fmt: skip
        placed = placing.place_cart(actor, organisation_id, key=request_key())
    except RuleBroken as refused:
        flash(sentence(refused), "error")
        return redirect(url_for(".show_cart"))
    waiting = sum(order.status == "awaiting_approval" for order in placed)
    flash(
        ngettext("%(num)s commande est passée.", "%(num)s commandes sont passées.", len(placed)) + " "
        + (_("Au-delà de votre plafond : une personne habilitée doit les approuver avant leur envoi.") if waiting
           else _("Le titulaire est prévenu.")),
        "success",
    )  # fmt: skip
    if len(placed) == 1:
        return redirect(url_for(".show_order", call_off_id=placed[0].id))
    return redirect(url_for(".show_desk"))


@bp.post("/manque")
@guard("call_off.place")
def tell_centre() -> Any:
    """Tell the centre that more is needed than is left."""
    form = request.form
    site, lot = identifier(form.get("site", "")), identifier(form.get("lot", ""))
    if site is not None and lot is not None:
        placing.tell_centre(
            current_actor(), site, lot, asked=forms.whole(form.get("asked", "")),
            available=forms.whole(form.get("available", "")),
        )  # fmt: skip
        flash(_("La centrale est prévenue de ce qui vous manque."), "success")
    return redirect(url_for(".show_desk"))


@bp.get("/<uuid:call_off_id>")
@guard("call_off.read")
def show_order(call_off_id: UUID) -> str:
    """One order: what was ordered, why from this holder, what happened, and what the reader can do next."""
    return _order_page(call_off_id)


def _order_page(call_off_id: UUID, errors: acting.Errors | None = None, act: str = "") -> str:
    actor, session = current_actor(), db.session()
    order = orders.get_call_off(session, actor, call_off_id)
    return render_template(
        "ordering/order.html", order=order, reference=reference_of(order), acts=forms.acts_of(actor, order),
        steps=forms.steps_of(order, orders.names_of_people(session, actor, order)), errors=errors or {}, act=act,
        replacement=orders.find_replacement(session, order), replaced=orders.find_replaced(session, order),
        reference_of=reference_of, is_member=order.organisation_id in actor.organisation_ids(kind="care_operator"),
    )  # fmt: skip


def act_on(call_off_id: UUID, act: str, use_case: Callable[[], CallOff], done: str) -> Any:
    """Do it and say so on the order's page."""
    onward = url_for("ordering_pages.show_order", call_off_id=call_off_id)
    return acting.act(use_case, done, lambda errors: _order_page(call_off_id, errors, act), onward)


def _reason() -> str:
    return request.form.get("reason", "")


@bp.post("/<uuid:call_off_id>/approbation")
@guard("call_off.approve")
def approve_order(call_off_id: UUID) -> Any:
    """Approve and send."""
    done = _("La commande est approuvée et envoyée au titulaire.")
    return act_on(call_off_id, "approve", lambda: approving.approve_call_off(current_actor(), call_off_id), done)


@bp.post("/<uuid:call_off_id>/rejet")
@guard("call_off.approve")
def reject_order(call_off_id: UUID) -> Any:
    """Turn it down."""
    done = _("La commande n'est pas approuvée ; ses unités reviennent à l'enveloppe.")
    return act_on(call_off_id, "reject", lambda: approving.reject_call_off(current_actor(), call_off_id, _reason()), done)


@bp.post("/<uuid:call_off_id>/annulation")
@guard("call_off.cancel")
def cancel_order(call_off_id: UUID) -> Any:
    """Take it back before acceptance."""
    done = _("La commande est annulée ; ses unités reviennent à l'enveloppe.")
    return act_on(call_off_id, "cancel", lambda: approving.cancel_call_off(current_actor(), call_off_id, _reason()), done)


@bp.post("/<uuid:call_off_id>/reponse")
@guard("call_off.answer")
def answer_order(call_off_id: UUID) -> Any:
    """The holder accepts, in part or not at all."""
    accepted = forms.whole(request.form.get("accepted_quantity", ""), nothing=-1)
    done = _("Votre réponse est envoyée à l'établissement.")
    return act_on(
        call_off_id, "answer",
        lambda: answering.answer_call_off(current_actor(), call_off_id, accepted, _reason()), done,
    )  # fmt: skip


@bp.post("/<uuid:call_off_id>/livraison")
@guard("call_off.answer")
def deliver_order(call_off_id: UUID) -> Any:
    """The holder delivered."""
    day, badly = forms.day_of(request.form.get("delivered_on", ""))
    if badly:
        return _order_page(call_off_id, {"delivered_on": [_("Donnez un jour, par exemple 2027-06-12.")]}, "deliver"), 422
    done = _("La livraison est déclarée : l'établissement doit la certifier ou la contester.")
    return act_on(call_off_id, "deliver", lambda: _deliver(call_off_id, day), done)


def _deliver(call_off_id: UUID, day: date | None) -> CallOff:
    return answering.declare_delivery(current_actor(), call_off_id, day)


@bp.post("/<uuid:call_off_id>/service-fait")
@guard("call_off.certify")
def certify_order(call_off_id: UUID) -> Any:
    """Certify the service."""
    done = _("Le service fait est certifié : le titulaire peut facturer.")
    return act_on(call_off_id, "certify", lambda: certifying.certify_call_off(current_actor(), call_off_id), done)


@bp.post("/<uuid:call_off_id>/contestation")
@guard("call_off.dispute")
def dispute_order(call_off_id: UUID) -> Any:
    """Contest it."""
    done = _("La contestation est transmise au titulaire et à la centrale.")
    return act_on(call_off_id, "dispute", lambda: certifying.dispute_call_off(current_actor(), call_off_id, _reason()), done)


@bp.post("/<uuid:call_off_id>/reglement")
@guard("call_off.resolve")
def resolve_order(call_off_id: UUID) -> Any:
    """Settle the contest."""
    how = request.form.get("how", "")
    done = _("La contestation est réglée ; chacun est prévenu.")
    return act_on(
        call_off_id, "resolve",
        lambda: certifying.resolve_dispute(current_actor(), call_off_id, how, request.form.get("resolution", "")), done,
    )  # fmt: skip


def refused_as_flash(use_case: Callable[[], Any], done: str, endpoint: str, **values: Any) -> Any:
    """Do it and say so, or say why not, and go to a page."""
    try:
        use_case()
        flash(done, "success")
    except DomainError as refused:
        flash(told(refused), "error")
    return redirect(url_for(endpoint, **values))
