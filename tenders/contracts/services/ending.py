"""Use cases: suspend a contract, take it up again, terminate it; members and holder are told why."""
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.platform import audit, clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import StaleVersion
from marketplace.platform.permissions import Actor, require
from tenders.contracts import notices, queries
from tenders.contracts.amendments.steps import bring_into_force
from tenders.contracts.models import Contract, LotExecution
from tenders.contracts.rules.ending import check_resumption, check_suspension, check_termination, written
from tenders.contracts.steps import record_decision


def suspend_contract(
    actor: Actor, contract_id: UUID, *, reason: str, starts_on: date | None = None, until: date | None = None,
    expected_version: int | None = None,
) -> Contract:  # fmt: skip
    """Stop orders from a day on (today by default), until a day (included) or until taken up again.

    BadInput; RuleBroken `contract_not_running`; StaleVersion.
    """
    reason = written(reason)
    with transaction() as session:
        contract = locked(session, actor, contract_id, "contract.suspend", expected_version)
        begins = starts_on or clock.today()
        check_suspension(contract.status, begins, until, clock.today())
        contract.suspended_from, contract.suspended_until, contract.suspension_reason = begins, until, reason
        contract.version += 1
        _decide(session, actor, contract, "suspended", {"from": begins, "until": until}, reason)
        notices.suspended(session, contract, reason)
        return contract


def resume_contract(actor: Actor, contract_id: UUID, *, expected_version: int | None = None) -> Contract:
    """Let orders pass again. RuleBroken `contract_not_suspended`; StaleVersion."""
    with transaction() as session:
        contract = locked(session, actor, contract_id, "contract.suspend", expected_version)
        check_resumption(contract.suspended_from)
        was = {"from": contract.suspended_from, "until": contract.suspended_until}
        contract.suspended_from = contract.suspended_until = contract.suspension_reason = None
        contract.version += 1
        _decide(session, actor, contract, "resumed", was)
        notices.resumed(session, contract)
        return contract


def terminate_contract(
    actor: Actor, contract_id: UUID, *, reason: str, on: date | None = None, expected_version: int | None = None
) -> Contract:
    """End a contract before its time, from a day on (today by default). Orders already placed go on.

    BadInput; RuleBroken `contract_is_over`; StaleVersion.
    """
    reason = written(reason)
    with transaction() as session:
        known = queries.get_contract(session, actor, contract_id)
        require(actor, "contract.terminate", centre=known.organisation_id)
        execution = session.scalars(
            select(LotExecution).where(LotExecution.lot_id == known.lot_id).with_for_update(key_share=True),
            execution_options={"populate_existing": True},
        ).one()
        contract = locked(session, actor, contract_id, "contract.terminate", expected_version)
        day = on or clock.today()
        check_termination(contract.status, day, clock.today(), contract.ends_on)
        if contract.terminated_on is None:
            execution.shared_percent -= contract.share_percent or 0
        contract.terminated_on, contract.termination_reason = day, reason
        contract.version += 1
        _decide(session, actor, contract, "terminated", {"on": day}, reason)
        notices.terminated(session, contract, day, reason)
        return contract


def locked(
    session: Session, actor: Actor, contract_id: UUID, action: str, expected_version: int | None
) -> Contract:
    """Step: the contract under lock, for somebody who may do this to it, as it was read."""
    contract = queries.get_contract(session, actor, contract_id)
    require(actor, action, centre=contract.organisation_id)
    contract = queries.lock_contract(session, contract_id)
    if expected_version is not None and contract.version != expected_version:
        raise StaleVersion(contract.version)
    bring_into_force(session, [contract], clock.today())  # its end may have moved today; after what was read was compared
    return contract


def _decide(
    session: Session, actor: Actor, contract: Contract, kind: str, facts: dict[str, date | None], reason: str | None = None
) -> None:
    session.flush()
    record_decision(session, actor, contract, kind, facts, reason)
    audit.record(
        session, actor, f"contract.{kind}", "contract", contract.id, organisation_id=contract.organisation_id,
        after={**facts, "reason": reason},
    )  # fmt: skip
