"""Steps of amendments on a contract whose row is locked: look at what one would change, and bring into force what is due.

**From its day on** a version acts on everything: orders cost the amended grid, the envelope stops at the amended maximum,
the term and the true-up's minimum are the amended ones. Whoever orders or settles brings due versions into force first,
under the contract's lock (`bring_into_force`), so that none waits for the scheduler. Orders placed before keep their price.

**How an amended grid and index revisions compose.** A grid is always written at the economic conditions of the formula's
base month, as the first one was: the factor in force goes on multiplying it, so that an order costs amended price × factor.
An amended formula does not make prices jump: the factor reached that day is carried, later revisions multiply it
(tenders/contracts/indexation/models.py, `carried`). Prices of the day are written by dividing them by the factor in force,
which the page shows beside the form.
"""
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.platform import audit, clock
from marketplace.platform.permissions import SYSTEM
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.queries import bounds_beside, list_waiting
from tenders.contracts.fees.steps import change_fee, charge_newcomer
from tenders.contracts.indexation.models import ContractFormula
from tenders.contracts.indexation.queries import factors_on
from tenders.contracts.indexation.rules import UNREVISED
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.queries import list_contract_members, lock_contracts, regions_of
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.steps import entitle_member
from tenders.demand.envelopes.booking import lock_ledger, raise_maximum


def bring_into_force(session: Session, contracts: Sequence[Contract], today: date) -> int:
    """Step: apply every signed version whose day has come to contracts that the caller locked; how many.

    No statement when nothing waits. Locks the ledger of a lot whose maximum rises (contracts → envelopes).
    """
    by_id = {contract.id: contract for contract in contracts}
    due = list_waiting(session, contracts, today)
    for amendment in due:
        contract = by_id[amendment.contract_id]
        _apply(session, contract, amendment)
        contract.amendments_in_force = amendment.number or 0
        contract.version += 1
        session.flush()
        audit.record(
            session, SYSTEM, "amendment.in_force", "contract", contract.id, organisation_id=contract.organisation_id,
            after={"number": amendment.number, "kind": amendment.kind, "effective_on": amendment.effective_on},
        )  # fmt: skip
    return len(due)


def lock_current(session: Session, contract_id: UUID) -> Contract:
    """Step: the contract locked, with every version due in force."""
    (contract,) = lock_contracts(session, [contract_id])
    bring_into_force(session, [contract], clock.today())
    return contract


def _apply(session: Session, contract: Contract, amendment: Amendment) -> None:
    after = {field: change["after"] for field, change in amendment.changes.items()}
    effective_on = amendment.effective_on or clock.today()
    if "grid" in after:
        contract.amended_grid = after["grid"]
        reprice(session, contract)
    if amendment.kind == "maximum":
        _set_maximum(session, contract, after, amendment.signed_by)
    if "minimum_quantity" in after:
        contract.minimum_quantity = after["minimum_quantity"]
    if "ends_on" in after:
        contract.first_ends_on = contract.first_ends_on or contract.ends_on
        contract.ends_on = date.fromisoformat(after["ends_on"])
    if "duration_reason" in after:
        contract.duration_reason = after["duration_reason"]
    if "fee" in after:
        fee = after["fee"]
        change_fee(session, contract, Fee(fee["kind"], fee["payer"], _decimal(fee["value"])), effective_on)
    if amendment.kind == "members":
        _set_members(session, contract, amendment.changes, effective_on)
    if "formula" in after:
        _set_formula(session, contract, after["formula"], effective_on, amendment.signed_by)


def reprice(session: Session, contract: Contract) -> None:
    """Step: every member that may still order pays the grid in force at the pooled quantity; orders placed do not change."""
    grid = contract.price_grid
    today = clock.today()
    members = [each for each in list_contract_members(session, contract.id) if each.until is None or each.until >= today]
    regions = regions_of(session, [member.establishment_id for member in members])
    for member in members:
        region = regions[member.establishment_id]
        member.uplift = grid.regional_uplifts.get(region or "", Decimal(0))
        member.unit_price = contract.unit_price_in(region, grid)


def _set_maximum(session: Session, contract: Contract, after: Mapping[str, Any], by: UUID | None) -> None:
    """The contract's own maximum, and its lot's ledger raised where the lot's contracts now go further.

    The ledger's lock comes before what the others go up to is read: two contracts of a lot raised at once are added up.
    """
    if "maximum_quantity" in after:
        contract.maximum_quantity = after["maximum_quantity"]
    if "maximum_amount" in after:
        contract.maximum_amount = Decimal(after["maximum_amount"])
    session.flush()
    lock_ledger(session, contract.lot_id)
    units, euros = bounds_beside(session, contract) if contract.holder_selection == "share" else (0, Decimal(0))
    maximum, amount = after.get("maximum_quantity"), _decimal(after.get("maximum_amount"))
    raise_maximum(
        session, contract.lot_id, None if maximum is None else maximum + units,
        None if amount is None else amount + euros, by=by,
    )  # fmt: skip


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _set_members(session: Session, contract: Contract, changes: Mapping[str, Any], effective_on: date) -> None:
    """Who was added after may order from today on; who was there before and is not after, until the day before."""
    for establishment_id in changes.get("added", {}).get("after", []):
        member = entitle_member(session, contract, session.get_one(Establishment, UUID(establishment_id)))
        charge_newcomer(session, contract, member.organisation_id)
    for establishment_id in changes.get("removed", {}).get("before", []):
        member = session.get_one(ContractMember, (contract.id, UUID(establishment_id)))
        member.until = max(member.since, effective_on - timedelta(days=1))


def _set_formula(
    session: Session, contract: Contract, formula: Mapping[str, Any], effective_on: date, by: UUID | None
) -> None:
    """The next formula, carrying the factor reached on its day."""
    last = select(func.max(ContractFormula.number)).where(ContractFormula.contract_id == contract.id)
    carried = factors_on(session, [contract.id], effective_on).get(contract.id, UNREVISED)
    following = ContractFormula(
        contract_id=contract.id, number=(session.scalar(last) or 0) + 1, since=effective_on, carried=carried,
        index_code=formula["index_code"], base_month=date.fromisoformat(formula["base_month"]),
        base_value=Decimal(formula["base_value"]), fixed_share=Decimal(formula["fixed_share"]),
        indexed_share=Decimal(formula["indexed_share"]), interval_months=formula["interval_months"], set_by=by,
    )  # fmt: skip
    session.add(following)
    session.flush()
