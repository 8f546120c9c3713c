"""HTML: a contract's indexation, its formula, the index values and the revisions."""
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import marshmallow as ma
from babel.numbers import format_decimal
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from catalog.providers.submission import figures
from marketplace.platform import clock
from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import BadInput, DomainError
from marketplace.platform.i18n import day, language, say, told
from marketplace.platform.permissions import allowed
from tenders.contracts.indexation import queries, services
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.indexation.schemas import FormulaIn, IndexValueIn, RevisionIn
from tenders.contracts.queries import get_contract

bp = page_blueprint("indexation", __name__, template_folder="../../templates", url_prefix="/contrats")

DECIMALS = ("value", "base_value", "fixed_share", "indexed_share")


@bp.get("/<uuid:contract_id>/indexation")
@guard("indexation.read")
def show_indexation(contract_id: UUID) -> str:
    """The formula, the factor of today, past revisions and the values a revision can rest on."""
    session, actor, today = db.session(), current_actor(), clock.today()
    contract = get_contract(session, actor, contract_id)
    formula = queries.find_formula(session, contract_id)
    may_write = allowed(actor, "contract.index", centre=contract.organisation_id)
    return render_template(
        "indexation/indexation.html",
        contract=contract,
        formula=formula,
        revisions=queries.list_revisions(session, contract_id),
        factor=queries.factors_on(session, [contract_id], today).get(contract_id, UNREVISED),
        values=[
            (value.month.isoformat(), f"{day(value.month)} : {_figure(value.value)}")
            for value in (queries.values_for(session, contract.organisation_id, formula.index_code) if formula else [])
        ],
        figure=_figure,
        may_set=may_write and formula is None and contract.status == "concluded",
        may_revise=may_write and formula is not None,
        today=today,
    )


@bp.post("/<uuid:contract_id>/indexation/formule")
@guard("contract.index")
def set_formula(contract_id: UUID) -> Response:
    """Freeze the formula."""

    def act() -> str:
        services.set_formula(current_actor(), contract_id, **FormulaIn().load(_sent(("interval_months",))))
        return _("Formule fixée : elle ne change plus.")

    return _act(contract_id, act)


@bp.post("/<uuid:contract_id>/indexation/valeurs")
@guard("index.enter")
def enter_index(contract_id: UUID) -> Response:
    """Enter a value of the contract's index for its centre."""
    contract = get_contract(db.session(), current_actor(), contract_id)

    def act() -> str:
        sent = IndexValueIn().load({**_sent(), "organisation_id": str(contract.organisation_id)})
        services.enter_index(current_actor(), sent.pop("organisation_id"), **sent)
        return _("Valeur de l'indice saisie, avec sa source.")

    return _act(contract_id, act)


@bp.post("/<uuid:contract_id>/indexation/revisions")
@guard("contract.index")
def revise(contract_id: UUID) -> Response:
    """Revise the prices."""

    def act() -> str:
        services.revise(current_actor(), contract_id, **RevisionIn().load(_sent()))
        return _("Prix révisés : membres et titulaire sont prévenus.")

    return _act(contract_id, act)


def _sent(whole: tuple[str, ...] = ()) -> dict[str, Any]:
    """The form as the API takes it: figures typed the French way, whole numbers as such."""
    sent: dict[str, Any] = {name: text for name, text in request.form.items() if name != "csrf_token"}
    for name in DECIMALS:
        if name in sent:
            sent[name] = figures(sent[name])
    for name in whole:
        sent[name] = int(sent[name]) if sent.get(name, "").isdigit() else sent.get(name)
    return sent


def _act(contract_id: UUID, act: Callable[[], str]) -> Response:
    """Do it and say so, or say why not; back on the page."""
    try:
        flash(act(), "success")
    except ma.ValidationError as bad:
        flash(_lines(bad.normalized_messages()), "error")
    except BadInput as bad:
        flash(" ".join(say(text) for texts in bad.errors.values() for text in texts), "error")
    except DomainError as refused:
        flash(told(refused), "error")
    return redirect(url_for(".show_indexation", contract_id=contract_id))


def _figure(value: Decimal) -> str:
    """A figure with the decimals it has, four at most."""
    return str(format_decimal(value, format="#,##0.####", locale=language()))


def _lines(messages: Mapping[str, Any]) -> str:
    return " ".join(f"{name} : {text}" for name, texts in messages.items() for text in texts)
