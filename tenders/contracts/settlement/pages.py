"""HTML: a contract's true-up, who owes what and why, and how to take it away."""
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.platform.api import current_actor, guard, page_blueprint
from marketplace.platform.database import db
from marketplace.platform.errors import DomainError
from marketplace.platform.i18n import sentence, told
from marketplace.platform.permissions import Actor, allowed
from tenders.contracts.models import Contract
from tenders.contracts.queries import get_contract, seller_of
from tenders.contracts.settlement import api, queries, services, statements
from tenders.contracts.settlement.models import SettlementShare
from tenders.contracts.settlement.notices import result_of

bp = page_blueprint("settlement", __name__, template_folder="../../templates", url_prefix="/contrats")


@bp.get("/<uuid:contract_id>/decompte")
@guard("settlement.read")
def show_settlement(contract_id: UUID) -> str:
    """The true-up, or when it will be made."""
    session, actor = db.session(), current_actor()
    contract = get_contract(session, actor, contract_id)
    settlement = queries.find_settlement(session, contract.id)
    shares = queries.visible_shares(actor, settlement) if settlement else []
    return render_template(
        "settlement/settlement.html", contract=contract, settlement=settlement, shares=shares,
        explanation=statements.explanation(settlement) if settlement else [],
        result=sentence(result_of(contract, shares)) if shares else "",
        every_line=queries.sees_every_line(actor, contract),
        grappes=queries.names_of_grappes(session, [share.grappe_id for share in shares if share.grappe_id]),
        owing=_owing(actor, contract, shares),
        may_settle=settlement is None and allowed(actor, "contract.settle", centre=contract.organisation_id),
    )  # fmt: skip


@bp.post("/<uuid:contract_id>/decompte")
@guard("contract.settle")
def settle_contract(contract_id: UUID) -> Any:
    """Make the true-up."""
    try:
        services.settle_contract(current_actor(), contract_id)
    except DomainError as refused:
        flash(told(refused), "error")
    else:
        flash(_("Décompte établi : tous les membres et le titulaire sont prévenus."), "success")
    return redirect(url_for(".show_settlement", contract_id=contract_id))


@bp.get("/<uuid:contract_id>/decompte.pdf")
@guard("settlement.read")
def read_pdf(contract_id: UUID) -> Response:
    """The statement as a PDF."""
    return statements.give_pdf(current_actor(), api.find(contract_id))


@bp.get("/<uuid:contract_id>/decompte.xlsx")
@guard("settlement.read")
def read_xlsx(contract_id: UUID) -> Response:
    """The statement as a spreadsheet."""
    return statements.give_xlsx(current_actor(), api.find(contract_id))


def _owing(actor: Actor, contract: Contract, shares: list[SettlementShare]) -> list[tuple[UUID, str]]:
    """Who can still be invoiced for its part, for who invoices (the holder or, in resale, the centre)."""
    if not allowed(actor, "invoice.draw", own=seller_of(contract)):
        return []
    return [(share.organisation_id, share.establishment.name) for share in shares if share.owed]
