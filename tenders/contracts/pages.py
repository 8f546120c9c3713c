"""HTML: contracts of a centre, a holder or a member; concluding, signing, activating, suspending, ending one."""
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.providers.submission import submit
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError, NotFound
from marketplace.platform.files import give_out
from marketplace.platform.i18n import say, told
from marketplace.platform.idempotency import form_key, request_key
from marketplace.platform.money import DEFAULT_VAT_RATE
from marketplace.platform.permissions import allowed, require
from tenders.contracts import labels, queries, services
from tenders.contracts.adhesions.queries import standing_on
from tenders.contracts.api import terms_of
from tenders.contracts.fees.queries import sums_of_fees
from tenders.contracts.forms import ContractForm, SignatureForm
from tenders.contracts.models import Contract
from tenders.contracts.schemas import ContractIn
from tenders.contracts.services.activating import tested
from tenders.contracts.status import STATUSES
from tenders.contracts.views import lines_of, view_of
from tenders.matching.queries import find_matches
from tenders.vehicles import labels as vehicle_labels
from tenders.vehicles import queries as vehicles

bp = page_blueprint("contracts", __name__, template_folder="../templates")


@bp.get("/contrats")
@guard("contract.read")
def list_contracts() -> str:
    """Contracts the reader may see; for a centre also the decided lots that still wait for theirs."""
    session, actor = db.session(), current_actor()
    status = request.args.get("status", "")
    page = queries.list_contracts(
        session, actor, status=status if status in STATUSES else None, cursor=request.args.get("cursor")
    )
    return render_template(
        "contracts/list.html",
        lines=lines_of(session, actor, page["items"]),
        next=page["next"],
        waiting=queries.list_lots_without_contract(session, actor),
        is_centre=actor.has_kind("purchasing_centre"),
        labels=labels,
        status_options=[(code, word) for code, (word, _tone) in labels.STATUSES.items()],
    )


@bp.get("/contrats/<uuid:contract_id>")
@guard("contract.read")
def show_contract(contract_id: UUID) -> str:
    """A contract: where it stands, prices, envelope, who may order, what was decided."""
    session, actor = db.session(), current_actor()
    contract = queries.get_contract(session, actor, contract_id)
    waits = contract.status == "concluded"
    return render_template(
        "contracts/show.html",
        view=view_of(session, actor, contract),
        may={
            act: allowed(actor, f"contract.{act}", centre=contract.organisation_id)
            for act in ("sign", "activate", "suspend", "terminate")
        } | {"prepare": allowed(actor, "amendment.prepare", centre=contract.organisation_id)},
        answer=tested(session, contract, contract.lot) if waits else None,
        adhesions=standing_on(session, actor, contract.id, contract.lot.vehicle_id),
        fee_sums=sums_of_fees(session, actor, contract),
        centre=vehicles.centre_names(session, [contract.lot.vehicle])[contract.organisation_id],
        today=clock.today(),
        vat=1 + DEFAULT_VAT_RATE,
        labels=labels,
        period_words=vehicle_labels.PRICE_PERIODS,
    )


@bp.route("/lots/<uuid:lot_id>/contrats/nouveau", methods=["GET", "POST"])
@guard("contract.conclude")
def conclude(lot_id: UUID) -> Any:
    """Conclude a contract on a decided lot with a provider that can hold it."""
    session, actor = db.session(), current_actor()
    lot = vehicles.get_lot(session, actor, lot_id)
    require(actor, "contract.conclude", centre=lot.vehicle.organisation_id)
    matches = find_matches(session, actor, lot)
    if matches is None:
        raise NotFound("matches")
    execution = queries.find_execution(session, lot_id)
    form = ContractForm(
        matches.eligible, str(vehicle_labels.PRICE_PERIODS[lot.price_period]),
        data=None if request.method == "POST" else {
            "idempotency_key": form_key(), "starts_on": max(lot.vehicle.starts_on, clock.today()), "fee_kind": "none",
            "holder_selection": execution.holder_selection if execution else "single", "offer": request.args.get("fiche"),
        },
    )  # fmt: skip

    def save() -> Contract:
        terms = terms_of(ContractIn().load(form.body()))
        return services.conclude_contract(actor, lot_id, terms, key=request_key())

    def onward(contract: Contract) -> str:
        flash(_("Contrat conclu : ses prix sont figés. Déposez maintenant le PDF signé, puis activez-le."), "success")
        return _page(contract.id)

    return submit(form, save, onward, "contracts/conclude.html", lot=lot, matches=matches, labels=labels)


@bp.route("/contrats/<uuid:contract_id>/signature", methods=["GET", "POST"])
@guard("contract.sign")
def sign(contract_id: UUID) -> Any:
    """Send the signed contract."""
    session, actor = db.session(), current_actor()
    contract = queries.get_contract(session, actor, contract_id)
    require(actor, "contract.sign", centre=contract.organisation_id)
    form = SignatureForm()

    def save() -> Contract:
        return services.sign_contract(actor, contract_id, form.upload(), form.signed_on.data)

    def onward(_signed: Contract) -> str:
        flash(_("Contrat signé déposé, avec son empreinte."), "success")
        return _page(contract_id)

    return submit(form, save, onward, "contracts/sign.html", contract=contract, labels=labels)


@bp.get("/contrats/<uuid:contract_id>/contrat-signe.pdf")
@guard("contract.read")
def read_signed(contract_id: UUID) -> Response:
    """The signed contract, to save."""
    session, actor = db.session(), current_actor()
    stored = view_of(session, actor, queries.get_contract(session, actor, contract_id)).signed_file
    if stored is None:
        raise NotFound("signed contract")
    return give_out(stored)


@bp.post("/contrats/<uuid:contract_id>/activation")
@guard("contract.activate")
def activate(contract_id: UUID) -> Response:
    """Activate a signed contract whose minimum is reached."""

    def act() -> str:
        services.activate_contract(current_actor(), contract_id)
        return _("Contrat activé : membres et titulaire sont prévenus, les commandes sont possibles.")

    return _act(contract_id, act)


@bp.post("/contrats/<uuid:contract_id>/caducite")
@guard("contract.activate")
def lapse(contract_id: UUID) -> Response:
    """Establish that the minimum is missed."""

    def act() -> str:
        services.lapse_contract(current_actor(), contract_id)
        return _("Minimum non atteint : le contrat est caduc, plus personne n'est engagé et chacun est prévenu.")

    return _act(contract_id, act)


@bp.post("/contrats/<uuid:contract_id>/suspension")
@guard("contract.suspend")
def suspend(contract_id: UUID) -> Response:
    """Stop orders for a time."""

    def act() -> str:
        services.suspend_contract(
            current_actor(), contract_id, reason=request.form.get("reason", ""), starts_on=_day("from"), until=_day("until")
        )
        return _("Contrat suspendu : membres et titulaire sont prévenus.")

    return _act(contract_id, act)


@bp.post("/contrats/<uuid:contract_id>/reprise")
@guard("contract.suspend")
def resume(contract_id: UUID) -> Response:
    """Let orders pass again."""

    def act() -> str:
        services.resume_contract(current_actor(), contract_id)
        return _("Suspension levée : les commandes passent de nouveau.")

    return _act(contract_id, act)


@bp.post("/contrats/<uuid:contract_id>/resiliation")
@guard("contract.terminate")
def terminate(contract_id: UUID) -> Response:
    """End a contract before its time."""

    def act() -> str:
        services.terminate_contract(
            current_actor(), contract_id, reason=request.form.get("reason", ""), on=_day("on")
        )
        return _("Résiliation enregistrée : membres et titulaire sont prévenus.")

    return _act(contract_id, act)


def _act(contract_id: UUID, act: Callable[[], str]) -> Response:
    """Do it and say so, or say why not; back to the contract."""
    try:
        flash(act(), "success")
    except BadInput as bad:
        flash(" ".join(say(text) for texts in bad.errors.values() for text in texts), "error")
    except DomainError as refused:
        flash(told(refused), "error")
    return redirect(_page(contract_id))


def _day(name: str) -> date | None:
    """A day typed in a small form; None when left empty. BadInput for what is no day."""
    sent = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(sent) if sent else None
    except ValueError as bad:
        raise BadInput({name: [_("Écrivez une date ISO 8601, par exemple 2027-06-12.")]}) from bad


def _page(contract_id: UUID) -> str:
    return url_for(".show_contract", contract_id=contract_id)
