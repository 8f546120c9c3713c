"""JSON: versions of a contract, drafts, signatures; the thresholds of the law."""
from typing import Any
from uuid import UUID

from catalog.offers.rules import PriceGrid, brackets_from
from marketplace.platform.api import blueprint, current_actor, guard
from marketplace.platform.database import db
from marketplace.platform.files import LARGEST_FILE, give_out, read_upload
from marketplace.platform.i18n import sentence
from tenders.contracts.amendments import queries, services
from tenders.contracts.amendments.models import Amendment, AmendmentThreshold
from tenders.contracts.amendments.rules.wanted import Draft, NewFormula
from tenders.contracts.amendments.schemas import (
    AmendmentThresholdIn,
    AmendmentThresholdOut,
    AmendmentThresholdsOut,
    ContractAmendmentIn,
    ContractAmendmentOut,
    ContractAmendmentSignatureIn,
    ContractAmendmentsOut,
)
from tenders.contracts.amendments.views import VersionView, signed_paper, version_of, versions_of
from tenders.contracts.indexation.rules import Formula
from tenders.contracts.queries import get_contract
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.schemas import SignedContractIn

bp = blueprint("amendments", __name__)


@bp.get("/contracts/<uuid:contract_id>/amendments")
@guard("amendment.read")
@bp.response(200, ContractAmendmentsOut)
def list_amendments(contract_id: UUID) -> dict[str, Any]:
    """Versions of a contract with before and after; its centre also reads drafts and warnings."""
    session, actor = db.session(), current_actor()
    versions = versions_of(session, actor, get_contract(session, actor, contract_id))
    return {
        "items": [_out(each) for each in versions.items], "initial_value": versions.initial.amount,
        "initial_value_how": versions.initial.how, "value_changes": versions.value_changes,
    }  # fmt: skip


@bp.post("/contracts/<uuid:contract_id>/amendments")
@guard("amendment.prepare")
@bp.arguments(ContractAmendmentIn)
@bp.response(201, ContractAmendmentOut)
def prepare_amendment(body: dict[str, Any], contract_id: UUID) -> dict[str, Any]:
    """Write a draft; the contract changes once it is signed, from its day of effect."""
    return _read(services.prepare_amendment(current_actor(), contract_id, draft_of(body)))


@bp.get("/contract-amendments/<uuid:amendment_id>")
@guard("amendment.read")
@bp.response(200, ContractAmendmentOut)
def get_amendment(amendment_id: UUID) -> dict[str, Any]:
    """One version of a contract, or one draft of one's centre."""
    return _read(queries.get_amendment(db.session(), current_actor(), amendment_id))


@bp.post("/contract-amendments/<uuid:amendment_id>/signature")
@guard("amendment.sign")
@bp.arguments(SignedContractIn, location="files")
@bp.arguments(ContractAmendmentSignatureIn, location="form")
@bp.response(200, ContractAmendmentOut)
def sign_amendment(files: dict[str, Any], body: dict[str, Any], amendment_id: UUID) -> dict[str, Any]:
    """Keep the signed amendment (PDF, multipart/form-data): it is the contract's next version, from its day of effect."""
    sent = files["signed_file"]
    upload = read_upload(sent.filename or "", sent.read(LARGEST_FILE + 1))
    return _read(services.sign_amendment(current_actor(), amendment_id, upload, **body))


@bp.get("/contract-amendments/<uuid:amendment_id>/signature")
@guard("amendment.read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def read_signed_amendment(amendment_id: UUID) -> Any:
    """The signed amendment, for the contract's centre, and for a holder or member that may read all it changes."""
    session, actor = db.session(), current_actor()
    return give_out(signed_paper(session, actor, queries.get_amendment(session, actor, amendment_id)))


@bp.post("/contract-amendments/<uuid:amendment_id>/withdrawal")
@guard("amendment.prepare")
@bp.response(200, ContractAmendmentOut)
def withdraw_amendment(amendment_id: UUID) -> dict[str, Any]:
    """Take a draft back before its signature."""
    return _read(services.withdraw_amendment(current_actor(), amendment_id))


@bp.get("/amendment-thresholds")
@guard("amendment.read")
@bp.response(200, AmendmentThresholdsOut)
def list_thresholds() -> dict[str, Any]:
    """The thresholds of the public code that amendments are held against, as entered."""
    return {"items": queries.list_thresholds(db.session())}


@bp.post("/amendment-thresholds")
@guard("threshold.enter")
@bp.arguments(AmendmentThresholdIn)
@bp.response(201, AmendmentThresholdOut)
def enter_threshold(body: dict[str, Any]) -> AmendmentThreshold:
    """Enter what a threshold is from a day on (platform only); what was signed before keeps the figures it was signed on."""
    return services.enter_threshold(current_actor(), **body)


def draft_of(body: dict[str, Any]) -> Draft:
    """The body of a request as the use case takes it."""
    values = dict(body)
    grid, formula, fee = values.pop("grid"), values.pop("formula"), values.pop("fee")
    if grid is not None:
        steps = [(bracket["from_quantity"], bracket["unit_price"]) for bracket in grid["brackets"]]
        grid = PriceGrid(grid["pricing"], brackets_from(steps), grid["mobilisation_amount"], grid["regional_uplifts"])
    if formula is not None:
        shares = (formula["base_value"], formula["fixed_share"], formula["indexed_share"], formula["interval_months"])
        formula = NewFormula(formula["index_code"], formula["base_month"], Formula(*shares))
    added, removed = tuple(values.pop("added")), tuple(values.pop("removed"))
    return Draft(
        **{name: value for name, value in values.items() if name != "effective_on"}, wanted_on=values["effective_on"],
        grid=grid, formula=formula, fee=None if fee is None else Fee(**fee), added=added, removed=removed,
    )  # fmt: skip


def _read(amendment: Amendment) -> dict[str, Any]:
    return _out(version_of(db.session(), current_actor(), amendment))


def _out(view: VersionView) -> dict[str, Any]:
    names = ("id", "contract_id", "status", "number", "kind", "changes", "value_change", "reason", "legal_basis", "signed_on",
             "signed_sha256", "acknowledgement", "drafted_at")  # fmt: skip
    return {
        **{name: getattr(view, name) for name in names},
        "effective_on": view.amendment.effective_on or view.amendment.wanted_on,
        "warnings": [sentence(each) for each in view.warnings],
    }  # fmt: skip
