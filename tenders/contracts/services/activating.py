"""Use case: activate a contract once what is committed reaches its minimum; the decision keeps its evidence."""
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import RuleBroken
from marketplace.platform.permissions import Actor, require
from tenders.contracts import notices, queries
from tenders.contracts.fees.steps import open_fees
from tenders.contracts.models import Contract
from tenders.contracts.rules.activation import Activation, CommittedPart, activation, check_activation
from tenders.contracts.steps import record_decision
from tenders.demand.models import Need
from tenders.vehicles.models import Lot


def activate_contract(actor: Actor, contract_id: UUID) -> Contract:
    """Activate a signed contract: orders pass from its first day on, and its entry or yearly fee falls due.

    Activating it again changes nothing.
    RuleBroken `contract_not_signed`, `contract_not_waiting`, `activation_minimum_missed` with the figures.
    """
    with transaction() as session:
        contract = queries.get_contract(session, actor, contract_id)
        require(actor, "contract.activate", centre=contract.organisation_id)
        lot = session.scalars(select(Lot).where(Lot.id == contract.lot_id).with_for_update(key_share=True)).one()
        contract = queries.lock_contract(session, contract_id)
        if contract.activated_at is not None:
            return contract
        check_activation(contract.status, is_signed=contract.signed_on is not None)
        answer = tested(session, contract, lot)
        if not answer.is_met:
            raise RuleBroken(
                "activation_minimum_missed",
                "Le minimum n'est plus atteint : {committed} unités engagées sur {minimum}. Le contrat ne s'active pas ; "
                "constatez-le pour que la suite prévue par le lot s'applique.",
                committed=answer.committed, minimum=answer.minimum, missing=answer.missing,
            )  # fmt: skip
        contract.activated_at = clock.now()
        contract.version += 1
        session.flush()
        open_fees(session, contract)
        record_decision(session, actor, contract, "activated", evidence_of(contract, answer))
        audit.record(
            session, actor, "contract.activated", "contract", contract.id, organisation_id=contract.organisation_id,
            after={"committed": answer.committed, "minimum": answer.minimum, "scope": answer.scope,
                   "members": len(answer.members)},
        )  # fmt: skip
        notices.activated(session, contract)
        return contract


def tested(session: Session, contract: Contract, lot: Lot) -> Activation:
    """The minimum of the lot held against what the contract's members still commit."""
    minimum = lot.minimum_quantity if lot.minimum_kind == "contractual" else None
    return activation(minimum, lot.minimum_scope, _still_committed(session, contract))


def evidence_of(contract: Contract, answer: Activation) -> dict[str, Any]:
    """What an activation rests on: the round, the figures, each test and each member."""
    return {
        "closing_round": contract.closing_round, "committed": answer.committed, "minimum": answer.minimum,
        "scope": answer.scope,
        "tests": [
            {"grappe_id": test.grappe_id, "committed": test.committed, "is_met": test.is_met} for test in answer.tests
        ],
        "members": [
            {"establishment_id": part.establishment_id, "quantity": part.quantity, "grappe_id": part.grappe_id}
            for part in answer.members
        ],
    }  # fmt: skip


def _still_committed(session: Session, contract: Contract) -> Sequence[CommittedPart]:
    """Members of the contract whose need still counts: who was released since then commits nothing."""
    members = {member.establishment_id: member for member in queries.list_contract_members(session, contract.id)}
    counted = session.scalars(
        select(Need.establishment_id).where(Need.lot_id == contract.lot_id, Need.status == "counted")
    )
    return [
        CommittedPart(key, members[key].pooled_quantity, members[key].grappe_id)
        for key in counted
        if key in members and members[key].until is None
    ]
