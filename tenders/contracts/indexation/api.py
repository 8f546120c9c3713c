"""JSON: index values, a contract's formula and its revisions."""
from typing import Any
from uuid import UUID

from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from tenders.contracts.indexation import queries, services
from tenders.contracts.indexation.models import ContractFormula, ContractIndex, ContractRevision
from tenders.contracts.indexation.schemas import (
    FormulaIn,
    IndexationOut,
    IndexValueIn,
    IndexValueOut,
    IndexValuesOut,
    RevisionIn,
    RevisionOut,
)
from tenders.contracts.queries import get_contract

bp = blueprint("indexation", __name__)


@bp.get("/contract-indices")
@guard("indexation.read")
@bp.response(200, IndexValuesOut)
def list_indices() -> dict[str, Any]:
    """The latest index values: the platform's, and those of one's centre."""
    return {"items": queries.list_indices(db.session(), current_actor())}


@bp.post("/contract-indices")
@guard("index.enter")
@bp.arguments(IndexValueIn)
@bp.response(201, IndexValueOut)
def enter_index(body: dict[str, Any]) -> ContractIndex:
    """Enter a published value with its source; entered again, it corrects."""
    return services.enter_index(current_actor(), body.pop("organisation_id"), **body)


@bp.get("/contracts/<uuid:contract_id>/indexation")
@guard("indexation.read")
@bp.response(200, IndexationOut)
def read_indexation(contract_id: UUID) -> dict[str, Any]:
    """How the contract's prices follow an index, and by how much they were revised."""
    session = db.session()
    contract = get_contract(session, current_actor(), contract_id)
    formula, revisions = queries.find_formula(session, contract.id), queries.list_revisions(session, contract.id)
    return {"formula": formula, "revisions": revisions}


@bp.put("/contracts/<uuid:contract_id>/indexation")
@guard("contract.index")
@bp.arguments(FormulaIn)
@bp.response(200, FormulaIn)
def set_formula(body: dict[str, Any], contract_id: UUID) -> ContractFormula:
    """Freeze the formula, once, before the contract is activated."""
    return services.set_formula(current_actor(), contract_id, **body)


@bp.post("/contracts/<uuid:contract_id>/revisions")
@guard("contract.index")
@bp.arguments(RevisionIn)
@bp.response(201, RevisionOut)
def revise(body: dict[str, Any], contract_id: UUID) -> ContractRevision:
    """Revise the prices on the index value of a month, from today on or later."""
    return services.revise(current_actor(), contract_id, **body)
