"""Fees of a contract beside the percentage: the entry once per payer, the year on its first day, each once."""
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.billing.models import Charge
from marketplace.billing.services import note_paid_outside
from marketplace.platform import clock
from marketplace.platform.audit.models import AuditEvent
from tenders.contracts.fees.queries import FeeSums, sums_of_fees
from tenders.contracts.fees.services import charge_due_years
from tenders.contracts.models import ContractMember
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.rules.yearly import year_begins, year_of
from tenders.contracts.services import activate_contract, terminate_contract
from tenders.demand.joining.services import join_late
from tests.factories.amendments import signed
from tests.factories.billing import FeeInvoiceFactory
from tests.factories.contracts import contract_on, decided_lot, running_vehicle
from tests.factories.demand import clinic, sister


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), clock.PARIS)


def charge_until(day: date) -> int:
    with clock.frozen_at(noon(day)):
        return charge_due_years(clock.now())


def concluded(kind: str, payer: str = "member", value: str = "120.00", **vehicle: object):
    """A contract waiting for its activation, with this fee, and its decided lot."""
    decided = decided_lot(vehicle_id=running_vehicle(regime="private", **vehicle).id)
    return decided, contract_on(decided, activated_at=None, fee_kind=kind, fee_payer=payer, fee_value=Decimal(value)).contract


def charges(session: Session) -> list[Charge]:
    return list(session.scalars(select(Charge).order_by(Charge.due_on, Charge.payer_organisation_id)))


def test_the_entry_fee_is_owed_once_by_each_member_organisation_when_the_contract_activates(session):
    decided, contract = concluded("entry")
    second = sister(decided.members[0][0])
    session.add(ContractMember(
        contract_id=contract.id, establishment_id=second.id, organisation_id=second.organisation_id, pooled_quantity=0,
        committed_quantity=0, unit_price=Decimal(5), since=clock.today(),
    ))  # fmt: skip
    session.commit()
    assert charges(session) == []
    activate_contract(decided.centre, contract.id)
    activate_contract(decided.centre, contract.id)
    owed = charges(session)
    assert {each.payer_organisation_id for each in owed} == {site.organisation_id for site, _actor in decided.members}
    assert {(each.kind, each.amount, each.payee_organisation_id) for each in owed} == {
        ("entry_fee", Decimal("120.00"), contract.organisation_id)
    }
    assert len(owed) == 2 and charge_until(clock.today() + timedelta(days=800)) == 0


def test_a_fee_of_the_holder_is_owed_by_the_holder_alone(session):
    decided, contract = concluded("entry", payer="provider")
    activate_contract(decided.centre, contract.id)
    assert [each.payer_organisation_id for each in charges(session)] == [decided.provider.organisation_id]


def test_a_year_is_owed_from_its_first_day_on_and_the_next_one_a_year_later(session):
    decided, contract = concluded("flat_yearly", payer="provider")
    activate_contract(decided.centre, contract.id)
    first, second = contract.starts_on, year_begins(contract.starts_on, 2)
    assert [each.due_on for each in charges(session)] == [first]
    assert charge_until(second - timedelta(days=1)) == 0
    assert charge_until(second) == 1 and charge_until(second) == 0
    assert [each.due_on for each in charges(session)] == [first, second]
    assert [each.subject_id for each in charges(session)] == [
        f"{contract.id}:{decided.provider.organisation_id}:{year}" for year in (1, 2)
    ]
    noted = select(AuditEvent.action).where(AuditEvent.action == "contract.fee_charged")
    assert len(session.scalars(noted).all()) == 2


def test_a_contract_that_begins_later_owes_its_first_year_on_its_first_day(session):
    begins = clock.today() + timedelta(days=40)
    decided = decided_lot(vehicle_id=running_vehicle().id)
    contract = contract_on(
        decided, activated_at=None, starts_on=begins, fee_kind="flat_yearly", fee_payer="provider", fee_value=Decimal(300)
    ).contract
    activate_contract(decided.centre, contract.id)
    assert charges(session) == []
    assert charge_until(begins) == 1 and [each.due_on for each in charges(session)] == [begins]


def test_after_a_long_night_every_year_is_caught_up_for_who_could_order_in_it(session):
    decided, contract = concluded("flat_yearly")
    gone, stays = (site for site, _actor in decided.members)
    activate_contract(decided.centre, contract.id)
    member = session.get_one(ContractMember, (contract.id, gone.id))
    member.until = year_begins(contract.starts_on, 2)
    session.commit()
    assert charge_until(year_begins(contract.starts_on, 3)) == 2
    years = Counter(each.payer_organisation_id for each in charges(session))
    assert years == {gone.organisation_id: 2, stays.organisation_id: 3}


def test_nothing_more_is_owed_from_the_day_a_contract_is_terminated(session):
    decided, contract = concluded("flat_yearly", payer="provider")
    activate_contract(decided.centre, contract.id)
    third = year_begins(contract.starts_on, 3)
    terminate_contract(decided.centre, contract.id, reason="Titulaire défaillant", on=third)
    assert charge_until(third + timedelta(days=900)) == 1
    assert [each.due_on for each in charges(session)] == [contract.starts_on, year_begins(contract.starts_on, 2)]


def test_a_fee_amended_from_the_first_day_of_a_year_is_the_fee_of_that_year(session, files_folder):
    decided = decided_lot(vehicle_id=running_vehicle(regime="private").id)
    running = contract_on(
        decided, activated_at=None, fee_kind="flat_yearly", fee_payer="provider", fee_value=Decimal("120.00")
    )
    activate_contract(decided.centre, running.contract.id)
    second = year_begins(running.contract.starts_on, 2)
    signed(running, "fee", fee=Fee("flat_yearly", "provider", Decimal(900)), wanted_on=second)
    assert charge_until(second) == 1 and charge_until(second) == 0
    assert [each.amount for each in charges(session)] == [Decimal("120.00"), Decimal("900.00")]


def test_a_latecomer_owes_its_entry_or_the_year_that_runs(session):
    decided, contract = concluded("entry", allows_late_joining=True)
    activate_contract(decided.centre, contract.id)
    site, actor = clinic()
    join_late(actor, decided.lot.id, site.id, quantity=50)
    owed = [each for each in charges(session) if each.payer_organisation_id == site.organisation_id]
    assert [(each.kind, each.subject_id) for each in owed] == [("entry_fee", f"{contract.id}:{site.organisation_id}")]


def test_a_latecomer_of_a_year_does_not_owe_the_years_before(session):
    decided, contract = concluded("flat_yearly", allows_late_joining=True)
    activate_contract(decided.centre, contract.id)
    second = year_begins(contract.starts_on, 2)
    site, actor = clinic()
    with clock.frozen_at(noon(second + timedelta(days=20))):
        join_late(actor, decided.lot.id, site.id, quantity=50)
        join_late(actor, decided.lot.id, site.id, quantity=50)
    charge_until(year_begins(contract.starts_on, 3))
    owed = [each.due_on for each in charges(session) if each.payer_organisation_id == site.organisation_id]
    assert owed == [second, year_begins(contract.starts_on, 3)]


def test_a_paid_fee_is_in_the_trail_of_its_contract_and_in_its_sums(session):
    decided, contract = concluded("entry", payer="provider")
    activate_contract(decided.centre, contract.id)
    (charge,) = charges(session)
    assert sums_of_fees(session, decided.holder, contract) == FeeSums(Decimal("120.00"), Decimal(0), Decimal(0))
    invoice = FeeInvoiceFactory(
        payer_organisation_id=charge.payer_organisation_id, payee_organisation_id=charge.payee_organisation_id
    )
    charge.fee_invoice_id = invoice.id
    session.commit()
    assert sums_of_fees(session, decided.centre, contract) == FeeSums(Decimal(0), Decimal("120.00"), Decimal(0))
    note_paid_outside(decided.centre, invoice.id)
    assert sums_of_fees(session, decided.centre, contract) == FeeSums(Decimal(0), Decimal(0), Decimal("120.00"))
    assert sums_of_fees(session, decided.members[0][1], contract) == FeeSums(Decimal(0), Decimal(0), Decimal(0))
    noted = select(AuditEvent.subject_id).where(AuditEvent.action == "fee.paid", AuditEvent.subject_type == "contract")
    assert session.scalars(noted).all() == [str(contract.id)]


def test_a_centre_that_holds_its_own_contract_owes_itself_nothing(session):
    decided, contract = concluded("entry", payer="provider")
    decided.provider.organisation_id = contract.organisation_id
    session.commit()
    activate_contract(decided.centre, contract.id)
    assert charges(session) == []


def test_only_a_yearly_fee_comes_back(session):
    _decided, contract = concluded("entry")
    with pytest.raises(IntegrityError, match="only_yearly_fees_come_back"):
        session.execute(text("UPDATE contracts SET next_fee_on = starts_on WHERE id = :id"), {"id": contract.id})


@pytest.fixture
def yearly(session):
    """The first and last day of a contract whose holder pays a yearly fee, and its id."""
    decided, contract = concluded("flat_yearly", payer="provider")
    activate_contract(decided.centre, contract.id)
    return contract.id, contract.starts_on, contract.ends_on


@given(jumps=st.lists(st.integers(-300, 1500), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_clock_does_each_year_that_began_is_charged_once(session, yearly, jumps):
    contract_id, starts_on, ends_on = yearly
    session.execute(delete(Charge))
    session.execute(text("UPDATE contracts SET next_fee_on = starts_on WHERE id = :id"), {"id": contract_id})
    session.commit()
    for jump in jumps:
        charge_until(starts_on + timedelta(days=jump))
    furthest = min(starts_on + timedelta(days=max(jumps)), ends_on)
    years = year_of(starts_on, furthest) if furthest >= starts_on else 0
    assert [each.due_on for each in charges(session)] == [year_begins(starts_on, year) for year in range(1, years + 1)]
