"""Use case of the scheduler: the yearly fee of every running contract, each year once, however late it is asked."""
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select

from marketplace.platform import clock, jobs
from marketplace.platform.database import transaction
from tenders.contracts.amendments.steps import lock_current
from tenders.contracts.fees.steps import charge_years
from tenders.contracts.models import Contract


def charge_due_years(now: datetime) -> int:
    """Charge every year of a contract with a yearly fee that has begun; how many years. One transaction for each contract."""
    today = clock.paris(now).date()
    due = Contract.next_fee_on <= today, Contract.next_fee_on <= Contract.ends_on
    runs = or_(Contract.terminated_on.is_(None), Contract.next_fee_on < Contract.terminated_on)
    with transaction() as session:
        waiting = list(session.scalars(select(Contract.id).where(*due, runs).order_by(Contract.id)))
    return sum(jobs.each_apart(waiting, lambda contract_id: _charge(contract_id, today)))


def _charge(contract_id: UUID, today: date) -> int:
    with transaction() as session:
        contract = lock_current(session, contract_id)  # a fee amended from today on is the one charged today
        return 0 if contract.next_fee_on is None else charge_years(session, contract, today)
