"""Use case: establish that a contract's minimum is missed; it lapses, and the lot's published policy runs."""
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import RuleBroken
from marketplace.platform.permissions import Actor
from tenders.contracts import notices
from tenders.contracts.models import Contract, LotExecution
from tenders.contracts.queries import get_contract
from tenders.contracts.rules.activation import check_waiting
from tenders.contracts.rules.ending import step_when_missed
from tenders.contracts.services.activating import evidence_of, tested
from tenders.contracts.services.concluding import lock_lot
from tenders.contracts.services.ending import locked
from tenders.contracts.steps import record_decision
from tenders.demand.envelopes.booking import release_rest
from tenders.demand.queries.closings import list_live_needs
from tenders.demand.writing import lock_pool, move
from tenders.vehicles.models import Lot


def lapse_contract(actor: Actor, contract_id: UUID) -> Contract:
    """Record that what is committed no longer reaches the minimum: the contract will not start, members are released.

    The step of the lot's policy that can still run is applied: `release`, or `cancel` (the lot too). While another
    contract of the lot runs, its members stay. RuleBroken `minimum_is_reached`, `contract_not_waiting`.
    """
    with transaction() as session:
        lot = lock_lot(session, get_contract(session, actor, contract_id).lot_id)
        totals = lock_pool(session, lot.id)
        execution = session.scalars(
            select(LotExecution).where(LotExecution.lot_id == lot.id).with_for_update(key_share=True)
        ).one()
        contract = locked(session, actor, contract_id, "contract.activate", None)
        check_waiting(contract.status)
        answer = tested(session, contract, lot)
        if answer.is_met:
            raise RuleBroken(
                "minimum_is_reached",
                "Le minimum est atteint ({committed} unités engagées) : activez le contrat.",
                committed=answer.committed,
            )
        step = step_when_missed(lot.minimum_policy)
        contract.lapsed_at = clock.now()
        contract.version += 1
        execution.shared_percent -= contract.share_percent or 0
        totals.takes_needs = False
        session.flush()
        releases = not _others_run(session, contract)
        if releases:
            _release(session, lot, step)
        evidence = {**evidence_of(contract, answer), "policy": step, "releases_members": releases}
        record_decision(session, actor, contract, "minimum_missed", evidence)
        audit.record(
            session, actor, "contract.lapsed", "contract", contract.id, organisation_id=contract.organisation_id,
            after={"committed": answer.committed, "minimum": answer.minimum, "policy": step},
        )  # fmt: skip
        notices.minimum_missed(session, contract, answer)
        return contract


def _others_run(session: Session, contract: Contract) -> bool:
    others = select(Contract.id).where(
        Contract.lot_id == contract.lot_id, Contract.id != contract.id, Contract.lapsed_at.is_(None),
        Contract.terminated_on.is_(None),
    )  # fmt: skip
    return session.scalars(others.limit(1)).one_or_none() is not None


def _release(session: Session, lot: Lot, step: str) -> None:
    """Nobody is bound on the lot any more, its volume is free again, its ledger given back."""
    needs = [need for need in list_live_needs(session, lot.id) if need.status == "counted"]
    if needs:
        move(session, lot.id, needs, "released")
    if step == "cancel":
        lot.cancelled_at = clock.now()
    lot.version += 1
    session.flush()
    release_rest(session, lot.id, "minimum_missed")
