"""Steps: what a contract's entry or yearly fee makes each payer owe its centre, each once, whoever asks again."""
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from marketplace.billing.charging import record_charge
from marketplace.platform import audit, clock
from marketplace.platform.money import round_cents
from marketplace.platform.permissions import SYSTEM
from tenders.contracts.fees.lines import entry_line, year_line
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.rules.ending import last_day_of
from tenders.contracts.rules.yearly import year_begins, year_ends, year_of, years_due

ENTRY, YEARLY = "entry_fee", "yearly_fee"


def open_fees(session: Session, contract: Contract) -> None:
    """Step: at its activation, charge the entry fee, and the year that runs; the others follow on their first day.

    Of a contract activated late, the years that are over by then are not owed.
    """
    today = clock.today()
    if contract.fee_kind == "entry":
        charge_entry(session, contract, payers_on(session, contract, today, today))
    elif contract.fee_kind == "flat_yearly":
        contract.next_fee_on = year_begins(contract.starts_on, year_of(contract.starts_on, today))
        charge_years(session, contract, today)


def charge_newcomer(session: Session, contract: Contract, organisation_id: UUID) -> None:
    """Step: an organisation whose first establishment joins a running, locked contract owes its entry, or the year that runs.

    That year at the amount the other members owe for it, whatever the fee became since; nothing when they owe none.
    """
    if contract.activated_at is None or contract.fee_payer != "member":
        return
    if contract.fee_kind == "entry":
        charge_entry(session, contract, [organisation_id])
    elif contract.fee_kind == "flat_yearly" and contract.starts_on <= clock.today() <= _last_day(contract):
        if contract.next_fee_on is not None:
            charge_years(session, contract, clock.today())  # the scheduler may come after who joins on a year's first day
        year = year_of(contract.starts_on, clock.today())
        if contract.member_year_on == year_begins(contract.starts_on, year):
            _charge_year(session, contract, year, [organisation_id], contract.member_year_fee)


def charge_entry(session: Session, contract: Contract, payers: Sequence[UUID]) -> None:
    """Step: the entry fee of these organisations, once for each whatever its number of establishments."""
    for payer in payers:
        _charge(
            session, contract, ENTRY, payer, "contract", f"{contract.id}:{payer}", clock.today(),
            entry_line(contract.reference), contract.fee_value,
        )  # fmt: skip
    _tell_audit(session, contract, {"amount": contract.fee_value, "fee": ENTRY, "payers": len(payers)})


def change_fee(session: Session, contract: Contract, fee: Fee, effective_on: date) -> None:
    """Step: another fee from a day on, by an amendment. What fell due before is charged at the fee it fell due under.

    A yearly fee is the new one from the next year on that begins; an entry fee that was none is owed at once by those who
    pay it, another amount only by who joins from then on.
    """
    if contract.next_fee_on is not None:
        charge_years(session, contract, effective_on - timedelta(days=1))
    was_entry = contract.fee_kind == "entry"
    contract.fee_kind, contract.fee_payer, contract.fee_value = fee.kind, fee.payer, fee.value
    contract.next_fee_on = None
    if fee.kind == "flat_yearly":
        year = year_of(contract.starts_on, effective_on)
        begins = year_begins(contract.starts_on, year)
        contract.next_fee_on = begins if begins >= effective_on else year_begins(contract.starts_on, year + 1)
    session.flush()
    if fee.kind == "entry" and not was_entry:
        charge_entry(session, contract, payers_on(session, contract, effective_on, effective_on))


def charge_years(session: Session, contract: Contract, today: date) -> int:
    """Step: every year of a locked contract that began by `today` and is not charged yet; how many."""
    assert contract.next_fee_on is not None
    years = years_due(contract.starts_on, contract.next_fee_on, min(today, _last_day(contract)))
    for year in years:
        payers = payers_on(session, contract, year_begins(contract.starts_on, year), year_ends(contract.starts_on, year))
        _charge_year(session, contract, year, payers, contract.fee_value)
    if years:
        contract.next_fee_on = year_begins(contract.starts_on, years[-1] + 1)
        if contract.fee_payer == "member":
            contract.member_year_on = year_begins(contract.starts_on, years[-1])
            contract.member_year_fee = contract.fee_value
        session.flush()
    return len(years)


def _last_day(contract: Contract) -> date:
    """The last day of the contract, or the eve of its termination."""
    return last_day_of(contract.ends_on, contract.terminated_on)


def payers_on(session: Session, contract: Contract, first: date, last: date) -> list[UUID]:
    """Who pays the fee for these days: the holder, or each organisation with an establishment that could order on one."""
    if contract.fee_payer == "provider":
        payers: Sequence[UUID] = [contract.holder.organisation_id]
    else:
        could_order = (
            ContractMember.contract_id == contract.id, ContractMember.since <= max(last, contract.starts_on),
            or_(ContractMember.until.is_(None), ContractMember.until >= first),
        )  # fmt: skip
        statement = select(ContractMember.organisation_id).where(*could_order).distinct()
        payers = session.scalars(statement.order_by(ContractMember.organisation_id)).all()
    return [payer for payer in payers if payer != contract.organisation_id]  # a centre owes itself nothing


def _charge_year(
    session: Session, contract: Contract, year: int, payers: Sequence[UUID], amount: Decimal | None
) -> None:
    begins, ends = year_begins(contract.starts_on, year), min(year_ends(contract.starts_on, year), contract.ends_on)
    line = year_line(contract.reference, year, begins, ends)
    for payer in payers:
        _charge(session, contract, YEARLY, payer, "contract_year", f"{contract.id}:{payer}:{year}", begins, line, amount)
    _tell_audit(session, contract, {"amount": amount, "fee": YEARLY, "year": year, "payers": len(payers)})


def _charge(
    session: Session, contract: Contract, kind: str, payer: UUID, subject_kind: str, subject_id: str, due_on: date,
    label: str, amount: Decimal | None,
) -> None:  # fmt: skip
    assert amount is not None
    if round_cents(amount) == 0:
        return  # signed when a fee below half a cent still could be: nothing to ask for
    record_charge(
        session, kind=kind, payer_organisation_id=payer, payee_organisation_id=contract.organisation_id, amount=amount,
        subject_kind=subject_kind, subject_id=subject_id, due_on=due_on, label=label,
    )  # fmt: skip


def _tell_audit(session: Session, contract: Contract, facts: dict[str, Decimal | str | int | None]) -> None:
    audit.record(
        session, SYSTEM, "contract.fee_charged", "contract", contract.id, organisation_id=contract.organisation_id,
        after=facts,
    )  # fmt: skip
