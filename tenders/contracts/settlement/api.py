"""JSON: a contract's true-up, made once, and its statement as PDF and XLSX."""
from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from tenders.contracts.queries import get_contract
from tenders.contracts.settlement import queries, services, statements
from tenders.contracts.settlement.models import Settlement
from tenders.contracts.settlement.schemas import SettlementOut

bp = blueprint("settlement", __name__)

A_FILE = {"type": "string", "format": "binary"}


@bp.get("/contracts/<uuid:contract_id>/settlement")
@guard("settlement.read")
@bp.response(200, SettlementOut)
def get_settlement(contract_id: UUID) -> dict[str, Any]:
    """The true-up; a member reads its own lines and the totals."""
    return _answer(find(contract_id))


@bp.post("/contracts/<uuid:contract_id>/settlement")
@guard("contract.settle")
@bp.response(201, SettlementOut)
@bp.alt_response(200, schema=SettlementOut)
def settle_contract(contract_id: UUID) -> Any:
    """Make the true-up once the term is over; 200 with the same one when it is made already."""
    made, is_new = services.settle_contract(current_actor(), contract_id)
    return _answer(made), 201 if is_new else 200


@bp.get("/contracts/<uuid:contract_id>/settlement/statement.pdf")
@guard("settlement.read")
@bp.response(200, A_FILE, content_type="application/pdf")
def read_pdf(contract_id: UUID) -> Response:
    """The statement as the caller may read it, as a PDF."""
    return statements.give_pdf(current_actor(), find(contract_id))


@bp.get("/contracts/<uuid:contract_id>/settlement/statement.xlsx")
@guard("settlement.read")
@bp.response(200, A_FILE, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
def read_xlsx(contract_id: UUID) -> Response:
    """The same lines as a spreadsheet."""
    return statements.give_xlsx(current_actor(), find(contract_id))


def find(contract_id: UUID) -> Settlement:
    """The true-up of a contract that the caller may see."""
    session = db.session()
    return queries.get_settlement(session, get_contract(session, current_actor(), contract_id).id)


def _answer(settlement: Settlement) -> dict[str, Any]:
    names = ("contract_id", "minimum", "committed", "consumed", "lacking", "unattributed", "amount", "decided_at")
    own = ("establishment_id", "organisation_id", "grappe_id", "rule", "committed", "consumed", "owed", "relieved", "amount")
    return {
        **{name: getattr(settlement, name) for name in names}, "unit": settlement.contract.unit,
        "shares": [
            {**{name: getattr(share, name) for name in own}, "establishment": share.establishment.name}
            for share in queries.visible_shares(current_actor(), settlement)
        ],
    }  # fmt: skip
