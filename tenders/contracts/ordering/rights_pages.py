"""HTML of the member's organisation: who approves how much, and commitments handed from one member to another."""
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from marketplace.platform.api import current_actor, guard, identifier, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import RuleBroken
from marketplace.platform.i18n import sentence
from marketplace.platform.permissions import allowed, require
from tenders.contracts.ordering import forms
from tenders.contracts.ordering.models import CommitmentTransfer
from tenders.contracts.ordering.pages import refused_as_flash
from tenders.contracts.ordering.queries import ground, orders
from tenders.contracts.ordering.queries.desk import list_desk, list_peers
from tenders.contracts.ordering.rules.approving import APPROVING_ROLES
from tenders.contracts.ordering.services import approving, transferring
from tenders.contracts.ordering.words import ROLE_NAMES

bp = page_blueprint("order_rights", __name__, template_folder="../../templates", url_prefix="/commandes")


@bp.get("/plafonds")
@guard("call_off.place")
def list_limits() -> str:
    """How much each role approves at once in every establishment of the reader."""
    own = forms.own_organisations(current_actor())
    found = ground.list_limits(db.session(), [organisation_id for organisation_id, _name in own])
    return render_template("ordering/limits_list.html", own=own, limits=found, roles=APPROVING_ROLES, role_names=ROLE_NAMES)


@bp.get("/plafonds/<uuid:organisation_id>")
@guard("call_off.place")
def show_limits(organisation_id: UUID) -> str:
    """How much each role approves at once."""
    return _limits_page(organisation_id)


def _limits_page(organisation_id: UUID, errors: dict[str, list[str]] | None = None, refused: str | None = None) -> str:
    actor = current_actor()
    require(actor, "call_off.place", own=organisation_id)
    own = dict(forms.own_organisations(actor))
    return render_template(
        "ordering/limits.html", limits=ground.find_limits(db.session(), organisation_id), roles=APPROVING_ROLES,
        organisation_id=organisation_id, name=own[organisation_id], has_others=len(own) > 1, role_names=ROLE_NAMES,
        errors=errors or {}, refused=refused, may_change=allowed(actor, "call_off.limit", own=organisation_id),
    )  # fmt: skip


@bp.post("/plafonds/<uuid:organisation_id>")
@guard("call_off.limit")
def set_limits(organisation_id: UUID) -> Any:
    """Decide them."""
    limits: dict[str, Decimal | None] = {}
    errors: dict[str, list[str]] = {}
    for role in APPROVING_ROLES:
        amount, badly = forms.amount_of(request.form.get(role, ""))
        if badly:
            errors[role] = [_("Écrivez un montant en euros, par exemple 5 000, ou laissez vide pour ne pas limiter.")]
        limits[role] = amount
    if errors:
        return _limits_page(organisation_id, errors), 422
    try:
        approving.set_limits(current_actor(), organisation_id, limits)
    except RuleBroken as refused:
        return _limits_page(organisation_id, refused=sentence(refused)), 409
    flash(_("Les plafonds sont enregistrés ; ils valent pour les prochaines commandes."), "success")
    return redirect(url_for(".show_limits", organisation_id=organisation_id))


@bp.get("/cessions")
@guard("call_off.read")
def list_transfers() -> str:
    """What is offered to us, what we offer, and what was answered; and a form to offer."""
    actor, session = current_actor(), db.session()
    lines = [line for line in list_desk(session, actor) if line.own_left]
    places = [(line, place) for line in lines for place in line.places if place.member.committed_quantity > place.ordered]
    shown = orders.list_transfers(session, actor)
    signed_for = {
        key for each in shown for key in (each.from_organisation_id, each.to_organisation_id)
        if allowed(actor, "commitment.transfer", own=key)
    }  # fmt: skip
    return render_template(
        "ordering/transfers.html", transfers=shown, places=places, signed_for=signed_for,
        peers=[
            (contract_id, site) for contract_id, site in list_peers(session, actor, {p.contract.id for _l, p in places})
            if any(p.contract.id == contract_id and line.site.id != site.id for line, p in places)
        ],
    )  # fmt: skip


@bp.post("/cessions")
@guard("commitment.transfer")
def offer_transfer() -> Any:
    """Offer units of a commitment."""
    form = request.form
    contract, _sep, giver = form.get("place", "").partition(":")
    ids = [identifier(text) for text in (contract, giver, form.get("to", ""))]
    if None in ids:
        flash(_("Choisissez l'engagement à céder et le membre à qui le proposer."), "error")
        return redirect(url_for(".list_transfers"))
    contract_id, from_id, to_id = ids

    def offer() -> CommitmentTransfer:
        return transferring.offer_transfer(
            current_actor(), contract_id, from_id=from_id, to_id=to_id,  # type: ignore[arg-type]
            quantity=forms.whole(form.get("quantity", "")), reason=form.get("reason"),
        )  # fmt: skip

    return refused_as_flash(offer, _("La cession est proposée : rien ne change tant qu'elle n'est pas acceptée."),
                            "order_rights_pages.list_transfers")  # fmt: skip


@bp.post("/cessions/<uuid:transfer_id>/acceptation")
@guard("commitment.transfer")
def accept_transfer(transfer_id: UUID) -> Any:
    """Take it."""
    return refused_as_flash(
        lambda: transferring.accept_transfer(current_actor(), transfer_id),
        _("L'engagement est repris : il est désormais le vôtre."), "order_rights_pages.list_transfers",
    )  # fmt: skip


@bp.post("/cessions/<uuid:transfer_id>/refus")
@guard("commitment.transfer")
def decline_transfer(transfer_id: UUID) -> Any:
    """Say no."""
    return refused_as_flash(
        lambda: transferring.decline_transfer(current_actor(), transfer_id),
        _("La cession est refusée ; rien ne change."), "order_rights_pages.list_transfers",
    )  # fmt: skip


@bp.post("/cessions/<uuid:transfer_id>/retrait")
@guard("commitment.transfer")
def withdraw_transfer(transfer_id: UUID) -> Any:
    """Take the offer back."""
    return refused_as_flash(
        lambda: transferring.withdraw_transfer(current_actor(), transfer_id),
        _("La proposition est retirée ; rien ne change."), "order_rights_pages.list_transfers",
    )  # fmt: skip
