"""Fees and prices that an amendment changes: what who joins or certifies meanwhile owes, and what a failure leaves alone."""
from datetime import timedelta
from decimal import Decimal

import pytest

from marketplace.platform import clock
from marketplace.platform.errors import BadInput
from tenders.contracts.amendments.services import take_effect_due
from tenders.contracts.competitions.queries import ceiling_of, get_competition
from tenders.contracts.fees.services import charge_due_years
from tenders.contracts.ordering.services.answering import answer_call_off, declare_delivery
from tenders.contracts.ordering.services.certifying import certify_call_off
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.rules.yearly import year_begins
from tenders.contracts.services import terminate_contract
from tenders.demand.joining.services import join_late
from tests.factories.amendments import ActiveContract, contract_under, drafted, signed
from tests.factories.competitions import competing_lot, opened
from tests.factories.demand import clinic
from tests.factories.ordering import order
from tests.services.test_amendments import DEARER, charges, in_days, now


@pytest.fixture(autouse=True)
def ready(app, session, files_folder):
    with app.test_request_context("/"):
        yield


def joinable(session, **columns) -> ActiveContract:
    """A contract of two members that began ten days ago and may be joined; a yearly fee asks for its first year."""
    running = contract_under("private", allows_late_joining=True, starts_on=clock.today() - timedelta(days=10), **columns)
    if columns.get("fee_kind") == "flat_yearly":
        running.contract.next_fee_on = running.contract.starts_on
        session.commit()
    return running


def join(running) -> None:
    site, actor = clinic()
    join_late(actor, running.lot.id, site.id, quantity=10)


YEARLY = {"fee_kind": "flat_yearly", "fee_payer": "member", "fee_value": Decimal(100)}


def test_a_latecomer_does_not_owe_the_year_before_the_yearly_fee_begins(session):
    running = joinable(session)
    signed(running, "fee", fee=Fee("flat_yearly", "member", Decimal(900)))
    join(running)
    assert charges(session) == []
    with clock.frozen_at(clock.now() + (year_begins(running.contract.starts_on, 2) - clock.today())):
        assert charge_due_years(clock.now()) == 1
    assert charges(session) == [("yearly_fee", Decimal(900))] * 3


def test_a_latecomer_owes_for_the_year_what_the_others_owe_for_it(session):
    running = joinable(session, **YEARLY)
    charge_due_years(clock.now())
    signed(running, "fee", fee=Fee("flat_yearly", "member", Decimal(300)))
    join(running)
    assert charges(session) == [("yearly_fee", Decimal(100))] * 3


def test_a_year_that_the_holder_owed_is_not_owed_by_a_latecomer(session):
    running = joinable(session, **YEARLY | {"fee_payer": "provider"})
    charge_due_years(clock.now())
    signed(running, "fee", fee=Fee("flat_yearly", "member", Decimal(300)))
    join(running)
    assert charges(session) == [("yearly_fee", Decimal(100))]


def test_who_joins_before_the_scheduler_came_owes_the_year_once(session):
    running = joinable(session, **YEARLY)
    join(running)
    assert charge_due_years(clock.now()) == 0
    assert charges(session) == [("yearly_fee", Decimal(100))] * 3


def test_a_member_added_by_an_amendment_after_the_last_day_owes_no_year(session):
    running = joinable(session, **YEARLY)
    charge_due_years(clock.now())
    site, _actor = clinic()
    soon = clock.today() + timedelta(days=20)
    signed(running, "members", added=(site.id,), wanted_on=soon)
    terminate_contract(running.centre, running.contract.id, reason="Faute.", on=soon + timedelta(days=1))
    with in_days(500):
        take_effect_due(clock.now())
    assert charges(session) == [("yearly_fee", Decimal(100))] * 2


def test_an_order_certified_before_the_scheduler_came_owes_the_fee_of_the_day(session):
    running = contract_under(fee_kind="percent_of_call_offs", fee_payer="provider", fee_value=Decimal(2))
    site, actor = running.members[0]
    placed = order(site, actor, running.lot.id, 10)
    answer_call_off(running.holder, placed.id, 10)
    declare_delivery(running.holder, placed.id)
    signed(
        running, "fee", fee=Fee("percent_of_call_offs", "provider", Decimal(5)), wanted_on=clock.today() + timedelta(days=3)
    )
    with in_days(3):
        done = certify_call_off(actor, placed.id)
    assert charges(session) == [("call_off_fee", round(done.amount * 5 / 100, 2))]


def test_a_contract_is_terminated_after_its_old_end_on_the_day_it_is_extended(session):
    running = contract_under()
    ends_on = running.contract.ends_on
    signed(running, "term", ends_on=ends_on + timedelta(days=30), wanted_on=ends_on)
    with in_days((ends_on - clock.today()).days):
        terminate_contract(running.centre, running.contract.id, reason="Faute.", on=ends_on + timedelta(days=10))
    contract = now(session, running)
    assert (contract.terminated_on, contract.amendments_in_force) == (ends_on + timedelta(days=10), 1)


def test_the_version_read_before_an_amendment_came_into_force_still_counts(session):
    running = contract_under()
    signed(running, maximum_quantity=2500, wanted_on=clock.today() + timedelta(days=3))
    read = now(session, running).version
    with in_days(3):
        terminate_contract(running.centre, running.contract.id, reason="Faute.", expected_version=read)
    assert now(session, running).terminated_on is not None


def test_a_holder_may_ask_what_its_contract_costs_on_the_day_the_price_changes(session):
    shared = competing_lot()
    competition = opened(shared, 10)
    running = ActiveContract(shared.contracts[0], shared.lot, centre=shared.centre)
    before = ceiling_of(session, competition, running.contract.id)
    signed(running, "prices", grid=DEARER, wanted_on=clock.today() + timedelta(days=1), acknowledgement="Accord.")
    assert ceiling_of(session, competition, running.contract.id) == before != Decimal("7.5000")
    with in_days(1):
        seen = get_competition(session, shared.members[0][1], competition.id)
        assert ceiling_of(session, seen, running.contract.id) == Decimal("7.5000")
        take_effect_due(clock.now())
        assert ceiling_of(session, seen, running.contract.id) == Decimal("7.5000")


def test_a_fee_below_half_a_cent_signed_before_it_was_refused_stops_nothing(session):
    running = joinable(session, **YEARLY | {"fee_value": Decimal("0.004")})
    join(running)
    with in_days(400):
        assert charge_due_years(clock.now()) == 1
    assert charges(session) == []


def test_a_fee_below_half_a_cent_is_refused_when_it_is_drafted(session):
    running = contract_under()
    with pytest.raises(BadInput) as refused:
        drafted(running, "fee", fee=Fee("entry", "member", Decimal("0.004")))
    assert list(refused.value.errors) == ["fee"]


@pytest.fixture
def two_due(session):
    """Two contracts with a yearly fee that is due, in the order in which the scheduler takes them."""
    return sorted((joinable(session, **YEARLY) for _ in range(2)), key=lambda each: each.contract.id)


def test_a_contract_that_cannot_be_charged_does_not_keep_the_next_ones_waiting(session, two_due, monkeypatch):
    first, second = two_due
    refuse(monkeypatch, "tenders.contracts.fees.services.charge_years", first.contract.id)
    with pytest.raises(ExceptionGroup, match="1 failed, 1 done"):
        charge_due_years(clock.now())
    assert charges(session) == [("yearly_fee", Decimal(100))] * 2
    assert now(session, first).next_fee_on == first.contract.starts_on
    assert now(session, second).next_fee_on > clock.today()


def test_a_version_that_cannot_take_effect_does_not_keep_the_next_ones_waiting(session, two_due, monkeypatch):
    first, second = two_due
    for running in two_due:
        signed(running, "minimum", minimum_quantity=700, wanted_on=clock.today() + timedelta(days=3))
    with in_days(3):
        refuse(monkeypatch, "tenders.contracts.amendments.steps._apply", first.contract.id)
        with pytest.raises(ExceptionGroup, match="1 failed, 1 done"):
            take_effect_due(clock.now())
    assert (now(session, first).amendments_in_force, now(session, second).amendments_in_force) == (0, 1)


def refuse(monkeypatch, target: str, contract_id) -> None:
    """Let a step fail for one contract, as an unforeseen error would."""
    module, name = target.rsplit(".", 1)
    step = getattr(__import__(module, fromlist=[name]), name)

    def failing(session, contract, *rest):
        if contract.id == contract_id:
            raise ValueError("an error nobody foresaw")
        return step(session, contract, *rest)

    monkeypatch.setattr(target, failing)
