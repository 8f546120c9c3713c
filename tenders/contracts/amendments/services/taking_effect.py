"""Use case of the scheduler: bring into force the versions whose day has come."""
from datetime import datetime
from uuid import UUID

from marketplace.platform import clock, jobs
from marketplace.platform.database import transaction
from tenders.contracts.amendments.queries import list_due_contracts
from tenders.contracts.amendments.steps import bring_into_force
from tenders.contracts.queries import lock_contracts


def take_effect_due(_now: datetime) -> int:
    """Bring every version that is due into force, a contract at a time; how many."""
    with transaction() as session:
        due = list_due_contracts(session, clock.today())
    return sum(jobs.each_apart(due, take_effect))


def take_effect(contract_id: UUID) -> int:
    """Bring the versions of one contract that are due into force; how many."""
    with transaction() as session:
        return bring_into_force(session, lock_contracts(session, [contract_id]), clock.today())
