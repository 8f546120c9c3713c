"""JSON: contracts, who may order on them, and what was decided of them."""
from typing import Any
from uuid import UUID

from catalog.offers.rules import PriceGrid, brackets_from
from marketplace.platform.api import blueprint, current_actor, etag_of, expected_version, guard
from marketplace.platform.database import db
from marketplace.platform.errors import NotFound
from marketplace.platform.files import LARGEST_FILE, give_out, read_upload
from marketplace.platform.idempotency import HEADER_PARAMETER, request_key
from tenders.contracts import queries, services
from tenders.contracts.models import Contract
from tenders.contracts.rules.conclusion import NO_FEE, Fee
from tenders.contracts.schemas import (
    ContractArgs,
    ContractDecisionsOut,
    ContractIn,
    ContractMembersOut,
    ContractOut,
    ContractsOut,
    ContractSuspensionIn,
    ContractTerminationIn,
    SignatureDayIn,
    SignedContractIn,
)
from tenders.contracts.services.concluding import Terms
from tenders.contracts.views import ContractView, view_of

bp = blueprint("contracts", __name__)


@bp.get("/contracts")
@guard("contract.read")
@bp.arguments(ContractArgs, location="query")
@bp.response(200, ContractsOut)
def list_contracts(filters: dict[str, Any]) -> dict[str, Any]:
    """Contracts of one's centre, those one holds, and those one's sites may order on."""
    return queries.list_contracts(db.session(), current_actor(), **filters)


@bp.post("/lots/<uuid:lot_id>/contracts")
@guard("contract.conclude")
@bp.doc(parameters=[HEADER_PARAMETER])
@bp.arguments(ContractIn)
@bp.response(201, ContractOut)
def conclude_contract(body: dict[str, Any], lot_id: UUID) -> Any:
    """Conclude a contract on a decided lot: prices and brackets frozen, members of the closing listed."""
    return _versioned(services.conclude_contract(current_actor(), lot_id, terms_of(body), key=request_key()))


@bp.get("/contracts/<uuid:contract_id>")
@guard("contract.read")
@bp.response(200, ContractOut)
def get_contract(contract_id: UUID) -> Any:
    """A contract with its frozen prices and what is left of its envelope."""
    return _versioned(queries.get_contract(db.session(), current_actor(), contract_id))


@bp.get("/contracts/<uuid:contract_id>/members")
@guard("contract.read")
@bp.response(200, ContractMembersOut)
def list_members(contract_id: UUID) -> Any:
    """Who may order at which price: all for centre and holder, one's own and one's grappe's for a member."""
    return _view(contract_id)


@bp.get("/contracts/<uuid:contract_id>/decisions")
@guard("contract.read")
@bp.response(200, ContractDecisionsOut)
def list_decisions(contract_id: UUID) -> Any:
    """What was decided of the contract, with its evidence."""
    view = _view(contract_id)
    names = ("number", "kind", "reason", "decided_at")
    return {
        "items": [
            {name: getattr(decision, name) for name in names} | {"evidence": view.evidence(decision)}
            for decision in view.decisions
        ]
    }


@bp.post("/contracts/<uuid:contract_id>/signature")
@guard("contract.sign")
@bp.arguments(SignedContractIn, location="files")
@bp.arguments(SignatureDayIn, location="form")
@bp.response(200, ContractOut)
def sign_contract(files: dict[str, Any], body: dict[str, Any], contract_id: UUID) -> Any:
    """Keep the signed contract (PDF, multipart/form-data) and the day it was signed, until activation."""
    sent = files["signed_file"]
    upload = read_upload(sent.filename or "", sent.read(LARGEST_FILE + 1))
    return _versioned(services.sign_contract(current_actor(), contract_id, upload, body["signed_on"]))


@bp.get("/contracts/<uuid:contract_id>/signature")
@guard("contract.read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def read_signed_file(contract_id: UUID) -> Any:
    """The signed contract, for its centre, its holder and its members."""
    stored = _view(contract_id).signed_file
    if stored is None:
        raise NotFound("signed contract")
    return give_out(stored)


@bp.post("/contracts/<uuid:contract_id>/activation")
@guard("contract.activate")
@bp.response(200, ContractOut)
def activate_contract(contract_id: UUID) -> Any:
    """Activate a signed contract whose minimum is reached by what is committed; again changes nothing."""
    return _versioned(services.activate_contract(current_actor(), contract_id))


@bp.post("/contracts/<uuid:contract_id>/lapse")
@guard("contract.activate")
@bp.response(200, ContractOut)
def lapse_contract(contract_id: UUID) -> Any:
    """Establish that the minimum is missed: the contract lapses and the lot's policy runs."""
    return _versioned(services.lapse_contract(current_actor(), contract_id))


@bp.post("/contracts/<uuid:contract_id>/suspension")
@guard("contract.suspend")
@bp.arguments(ContractSuspensionIn)
@bp.response(200, ContractOut)
def suspend_contract(body: dict[str, Any], contract_id: UUID) -> Any:
    """Stop orders for a time; members and holder read the reason."""
    return _versioned(
        services.suspend_contract(current_actor(), contract_id, expected_version=expected_version(), **body)
    )


@bp.delete("/contracts/<uuid:contract_id>/suspension")
@guard("contract.suspend")
@bp.response(200, ContractOut)
def resume_contract(contract_id: UUID) -> Any:
    """Let orders pass again."""
    return _versioned(services.resume_contract(current_actor(), contract_id, expected_version=expected_version()))


@bp.post("/contracts/<uuid:contract_id>/termination")
@guard("contract.terminate")
@bp.arguments(ContractTerminationIn)
@bp.response(200, ContractOut)
def terminate_contract(body: dict[str, Any], contract_id: UUID) -> Any:
    """End a contract before its time; members and holder read the reason."""
    return _versioned(
        services.terminate_contract(current_actor(), contract_id, expected_version=expected_version(), **body)
    )


def terms_of(body: dict[str, Any]) -> Terms:
    """What was sent, as the use case takes it."""
    grid, fee = body.pop("grid", None), body.pop("fee", None)
    if grid is not None:
        steps = [(bracket["from_quantity"], bracket["unit_price"]) for bracket in grid["brackets"]]
        grid = PriceGrid(grid["pricing"], brackets_from(steps), grid["mobilisation_amount"], grid["regional_uplifts"])
    return Terms(**body, grid=grid, fee=Fee(**fee) if fee else NO_FEE)


def _versioned(contract: Contract) -> tuple[Contract, dict[str, str]]:
    return contract, {"ETag": f'"{etag_of(contract.version)}"'}


def _view(contract_id: UUID) -> ContractView:
    session, actor = db.session(), current_actor()
    return view_of(session, actor, queries.get_contract(session, actor, contract_id))
