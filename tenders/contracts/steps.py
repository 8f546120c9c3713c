"""Steps that other rooms take on a contract: record a decision, entitle a member, count what is called off."""
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.establishments.models import Establishment
from marketplace.platform import clock
from marketplace.platform.facts import to_json
from marketplace.platform.permissions import Actor
from tenders.contracts.models import Contract, ContractDecision, ContractMember
from tenders.contracts.rules.counting import check_call_off
from tenders.demand.envelopes.booking import book


def record_decision(
    session: Session, actor: Actor, contract: Contract, kind: str, evidence: Mapping[str, Any], reason: str | None = None
) -> ContractDecision:
    """Step: write the next decision of a contract whose row the caller holds."""
    last = select(func.max(ContractDecision.number)).where(ContractDecision.contract_id == contract.id)
    decision = ContractDecision(
        contract_id=contract.id, number=(session.scalar(last) or 0) + 1, kind=kind, evidence=json.loads(to_json(evidence)),
        reason=reason, decided_by=actor.user_id,
    )  # fmt: skip
    session.add(decision)
    session.flush()
    return decision


def count_call_off(
    session: Session, contract: Contract, quantity: int, amount: Decimal, *, by: UUID | None = None
) -> None:
    """Step: add what is called off (negative: given back) to a contract locked by `lock_contracts`, and to its lot's ledger.

    `amount` in euros excluding VAT over the term. RuleBroken `envelope_exhausted` with `available`; the CHECKs of
    `contracts` and `envelopes` are the last guards. Order of locks: contracts in id order, then the lots' envelopes.
    """
    check_call_off(contract.remaining_quantity, contract.maximum_amount, contract.ordered_amount, quantity, amount)
    contract.ordered_quantity += quantity
    contract.ordered_amount += amount
    session.flush()
    book(session, contract.lot_id, "called_off", quantity, reason="ordered", amount=amount, by=by)


def entitle_member(
    session: Session, contract: Contract, establishment: Establishment, *, pooled_quantity: int = 0,
    committed_quantity: int = 0, grappe_id: UUID | None = None,
) -> ContractMember:  # fmt: skip
    """Step: let an establishment order on a contract from today on, at the contract's frozen prices.

    For whoever joins mid-term, once its need was accepted (branch of demand); already a member: nothing changes.
    """
    known = session.get(ContractMember, (contract.id, establishment.id))
    if known is not None and known.until is None:
        return known
    if known is None:
        known = ContractMember(contract_id=contract.id, establishment_id=establishment.id)
        session.add(known)
    grid = contract.price_grid
    known.organisation_id, known.grappe_id = establishment.organisation_id, grappe_id
    known.pooled_quantity, known.committed_quantity = pooled_quantity, committed_quantity
    known.uplift = grid.regional_uplifts.get(establishment.region or "", Decimal(0))
    known.unit_price = contract.unit_price_in(establishment.region, grid)
    known.since, known.until = clock.today(), None
    session.flush()
    return known
