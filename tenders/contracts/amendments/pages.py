"""HTML: the versions of a contract, preparing, signing and withdrawing an amendment."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.providers.submission import submit
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError, NotFound
from marketplace.platform.files import give_out
from marketplace.platform.i18n import told
from marketplace.platform.permissions import allowed, require
from tenders.contracts.amendments import labels, queries, services
from tenders.contracts.amendments.api import draft_of
from tenders.contracts.amendments.forms import FORMS, AmendmentForm, AmendmentSignatureForm, MembersForm, PricesForm, begun
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.rules.effects import AMENDABLE, UNDER_THE_CODE
from tenders.contracts.amendments.schemas import ContractAmendmentIn
from tenders.contracts.amendments.services.signing import weigh_draft
from tenders.contracts.amendments.views import signed_paper, version_of, versions_of
from tenders.contracts.indexation.queries import factors_on
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract
from tenders.contracts.queries import get_contract, list_contract_members

bp = page_blueprint("amendments", __name__, template_folder="../../templates", url_prefix="/contrats")


@bp.get("/<uuid:contract_id>/avenants")
@guard("amendment.read")
def list_versions(contract_id: UUID) -> str:
    """The contract as concluded and each version since, with before and after; drafts for the centre."""
    session, actor = db.session(), current_actor()
    contract = get_contract(session, actor, contract_id)
    return render_template(
        "amendments/versions.html",
        contract=contract,
        versions=versions_of(session, actor, contract),
        may_prepare=contract.status in AMENDABLE and allowed(actor, "amendment.prepare", centre=contract.organisation_id),
        may_sign=allowed(actor, "amendment.sign", centre=contract.organisation_id),
        labels=labels,
    )


@bp.route("/<uuid:contract_id>/avenants/nouveau", methods=["GET", "POST"])
@guard("amendment.prepare")
def prepare(contract_id: UUID) -> Any:
    """Choose what the amendment changes, then write it."""
    session, actor = db.session(), current_actor()
    contract = get_contract(session, actor, contract_id)
    require(actor, "amendment.prepare", centre=contract.organisation_id)
    kind = request.args.get("objet", "")
    regime = labels.REGIMES[contract.lot.vehicle.regime]
    if kind not in FORMS:
        return render_template("amendments/choose.html", contract=contract, regime=regime, labels=labels)
    signed = queries.list_signed(session, contract_id)
    terms = queries.terms_to_amend(session, contract, signed)
    form = FORMS[kind](contract.lot.vehicle.regime, data=None if request.method == "POST" else begun(kind, terms))
    _complete(form, contract, terms)

    def save() -> Amendment:
        return services.prepare_amendment(actor, contract_id, draft_of(ContractAmendmentIn().load(form.body(kind))))

    def onward(_draft: Amendment) -> str:
        flash(_("Projet d'avenant enregistré : le contrat ne change qu'à sa signature."), "success")
        return _page(contract_id)

    factor = factors_on(session, [contract_id], clock.today()).get(contract_id, UNREVISED)
    return submit(
        form, save, onward, "amendments/prepare.html", contract=contract, kind=kind, labels=labels, regime=regime,
        factor=factor if kind == "prices" and factor != UNREVISED else None,
    )  # fmt: skip


def _complete(form: AmendmentForm, contract: Contract, terms: dict[str, Any]) -> None:
    """What a kind's form needs to know of the contract."""
    session = db.session()
    if isinstance(form, PricesForm):
        form.kept = {name: terms["grid"][name] for name in ("pricing", "regional_uplifts")}
    elif isinstance(form, MembersForm):
        members = [each.establishment_id for each in list_contract_members(session, contract.id) if each.until is None]
        names = queries.names_of(session, members)
        form.removed.choices = [(str(key), name) for key, name in sorted(names.items(), key=lambda each: each[1])]
        form.known = queries.establishments_by_finess(session, form.numbers()) if form.is_submitted() else {}


@bp.route("/<uuid:contract_id>/avenants/<uuid:amendment_id>/signature", methods=["GET", "POST"])
@guard("amendment.sign")
def sign(contract_id: UUID, amendment_id: UUID) -> Any:
    """Send the signed amendment, the warnings it meets before one's eyes."""
    session, actor = db.session(), current_actor()
    amendment = _of(contract_id, amendment_id)
    contract = amendment.contract
    require(actor, "amendment.sign", centre=contract.organisation_id)
    if not amendment.is_draft:
        flash(_("Cet avenant n'est plus un projet : il a déjà été signé ou retiré."), "error")
        return redirect(_page(contract_id))
    form = AmendmentSignatureForm(amendment.kind)
    signed = queries.list_signed(session, contract_id)
    terms = queries.terms_to_amend(session, contract, signed)

    def save() -> Amendment:
        said = form.acknowledgement.data
        return services.sign_amendment(actor, amendment_id, form.upload(), form.signed_on.data, acknowledgement=said)

    def onward(done: Amendment) -> str:
        flash(_("Avenant n° %(number)s signé : membres et titulaire sont prévenus.", number=done.number), "success")
        return _page(contract_id)

    weighed = weigh_draft(session, contract, amendment, signed, terms)
    form.acknowledgement.flags.required = bool(weighed.warnings)
    return submit(
        form, save, onward, "amendments/sign.html", contract=contract, version=version_of(session, actor, amendment),
        weighed=weighed, labels=labels, regime=labels.REGIMES[contract.lot.vehicle.regime],
        under_code=contract.lot.vehicle.regime in UNDER_THE_CODE,
    )  # fmt: skip


@bp.post("/<uuid:contract_id>/avenants/<uuid:amendment_id>/retrait")
@guard("amendment.prepare")
def withdraw(contract_id: UUID, amendment_id: UUID) -> Response:
    """Take a draft back."""
    try:
        services.withdraw_amendment(current_actor(), _of(contract_id, amendment_id).id)
        flash(_("Projet d'avenant retiré : le contrat reste tel qu'il est."), "success")
    except DomainError as refused:
        flash(told(refused), "error")
    return redirect(_page(contract_id))


@bp.get("/<uuid:contract_id>/avenants/<uuid:amendment_id>/avenant-signe.pdf")
@guard("amendment.read")
def read_signed(contract_id: UUID, amendment_id: UUID) -> Response:
    """The signed amendment, to save; for whoever may read all it changes."""
    return give_out(signed_paper(db.session(), current_actor(), _of(contract_id, amendment_id)))


def _of(contract_id: UUID, amendment_id: UUID) -> Amendment:
    """The amendment, if it is of this contract."""
    found = queries.get_amendment(db.session(), current_actor(), amendment_id)
    if found.contract_id != contract_id:
        raise NotFound("amendment")
    return found


def _page(contract_id: UUID) -> str:
    return url_for(".list_versions", contract_id=contract_id)
