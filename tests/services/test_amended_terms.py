"""What an amended term, member, maximum or price does further on: to orders, the true-up, the lot, a terminated contract."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from catalog.offers.rules import Bracket, PriceGrid
from marketplace.platform import clock
from tenders.contracts.amendments.services import take_effect_due
from tenders.contracts.amendments.views import versions_of
from tenders.contracts.models import Contract, LotExecution
from tenders.contracts.ordering.services.answering import answer_call_off, declare_delivery
from tenders.contracts.ordering.services.approving import cancel_call_off
from tenders.contracts.ordering.services.certifying import certify_call_off
from tenders.contracts.rules.conclusion import Fee
from tenders.contracts.services.ending import terminate_contract
from tenders.contracts.settlement import services as settlement
from tenders.contracts.settlement.models import Settlement
from tenders.contracts.settlement.services import settle_contract, settle_due
from tenders.demand.envelopes.queries import get_envelope
from tests.factories.amendments import contract_under, drafted, signed
from tests.factories.contracts import ActiveContract
from tests.factories.demand import clinic
from tests.factories.ordering import order, shared_lot
from tests.services.test_amendments import DEARER, charges, in_days, now, refusal

YEAR = timedelta(days=364)
ENTRY = Fee("entry", "member", Decimal(150))


@pytest.fixture(autouse=True)
def ready(app, session, files_folder):
    with app.test_request_context("/"):
        yield


def after_the_end(contract: Contract):
    return in_days((contract.ends_on - clock.today()).days + 1)


def raised(shared, place: int, maximum: int) -> None:
    """Amend the maximum of one contract of a shared lot."""
    running = ActiveContract(shared.contracts[place], shared.lot, shared.members, centre=shared.centre)
    signed(running, maximum_quantity=maximum, acknowledgement="Avis du service juridique.")


def test_an_extended_term_is_ordered_for_all_its_periods_and_still_no_more(session):
    running = contract_under(term_months=12, ends_on=clock.today() + YEAR)
    site, actor = running.members[0]
    assert order(site, actor, running.lot.id, 10).periods == 12
    signed(running, "term", ends_on=clock.today() + 2 * YEAR)
    signed(running, "term", ends_on=clock.today() + 3 * YEAR)
    placed = order(site, actor, running.lot.id, 10)
    assert (placed.periods, placed.amount) == (36, Decimal("1800.00"))
    assert now(session, running).first_ends_on == clock.today() + YEAR


def test_a_unit_that_lacks_costs_what_an_order_of_the_first_day_would_have_on_the_shortened_term():
    running = contract_under()
    signed(running, "term", ends_on=clock.today() + YEAR)
    site, actor = running.members[0]
    placed = order(site, actor, running.lot.id, 1)
    cancel_call_off(actor, placed.id, "Commande d'essai.")
    with in_days(366):
        settled, _ = settle_contract(running.centre, running.contract.id)
    assert {share.unit_amount for share in settled.shares} == {placed.amount} == {Decimal("60.00")}


def test_an_extension_is_worth_its_months_and_warns_under_the_code(session):
    running = contract_under("public_code", term_months=12, ends_on=clock.today() + YEAR)
    made = signed(running, "term", ends_on=clock.today() + 3 * YEAR, acknowledgement="Avis du service juridique.")
    assert made.value_change == Decimal("240000.00")
    assert {each["$sentence"][0] for each in made.assessment["warnings"]} >= {"amendments_above_share"}
    assert versions_of(session, running.centre, now(session, running)).initial.amount == Decimal("120000.00")


def test_a_version_of_a_day_after_the_termination_never_comes_into_force(session):
    running = contract_under()
    signed(running, "fee", fee=ENTRY, wanted_on=clock.today() + timedelta(days=30))
    with in_days(10):
        terminate_contract(running.centre, running.contract.id, reason="Faute.", on=clock.today() + timedelta(days=20))
    with in_days(30):
        assert take_effect_due(clock.now()) == 0
        settle_contract(running.centre, running.contract.id)
    assert (charges(session), now(session, running).fee_kind) == ([], "none")


@pytest.mark.parametrize(
    ("effect", "end", "status", "adds"), [(29, 30, "signed", 90_000), (30, 30, "stopped", 0), (31, 30, "stopped", 0)]
)
def test_a_version_that_a_termination_stops_says_so_and_adds_nothing(session, effect, end, status, adds):
    running = contract_under()
    signed(running, maximum_quantity=2500, wanted_on=clock.today() + timedelta(days=effect))
    terminate_contract(running.centre, running.contract.id, reason="Faute.", on=clock.today() + timedelta(days=end))
    seen = versions_of(session, running.centre, now(session, running))
    assert ([each.status for each in seen.signed], seen.value_changes) == ([status], Decimal(adds))


def test_a_version_in_force_on_the_day_of_a_termination_was_in_force(session):
    running = contract_under()
    signed(running, maximum_quantity=2500)
    terminate_contract(running.centre, running.contract.id, reason="Faute.")
    assert versions_of(session, running.centre, now(session, running)).signed[0].status == "in_force"


def test_a_version_of_a_day_before_the_termination_comes_into_force(session):
    running = contract_under()
    signed(running, "fee", fee=ENTRY, wanted_on=clock.today() + timedelta(days=29))
    terminate_contract(running.centre, running.contract.id, reason="Faute.", on=clock.today() + timedelta(days=30))
    with in_days(29):
        assert take_effect_due(clock.now()) == 1
    assert charges(session) == [("entry_fee", Decimal(150))] * 2


def test_no_version_is_signed_for_a_day_after_the_termination():
    running = contract_under("private", allows_late_joining=True)
    site, _actor = clinic()
    last = clock.today() + timedelta(days=4)
    terminate_contract(running.centre, running.contract.id, reason="Faute.", on=last + timedelta(days=1))
    refused = refusal(drafted, running, "members", added=(site.id,), wanted_on=last + timedelta(days=1))
    assert (refused.code, refused.details["day"]) == ("amendment_after_the_end", last)
    assert signed(running, "members", added=(site.id,), wanted_on=last).number == 1


def test_a_member_leaves_once_its_orders_are_certified_and_not_before():
    running = contract_under()
    site, actor = running.members[1]
    placed = order(site, actor, running.lot.id, 400)
    refused = refusal(drafted, running, "members", removed=(site.id,))
    assert (refused.code, refused.details["units"]) == ("member_orders_under_way", 400)
    answer_call_off(running.holder, placed.id, 400)
    declare_delivery(running.holder, placed.id)
    assert refusal(drafted, running, "members", removed=(site.id,)).code == "member_orders_under_way"
    certify_call_off(actor, placed.id)
    with in_days(1):
        signed(running, "members", removed=(site.id,))
        assert refusal(order, site, actor, running.lot.id, 1).code == "member_not_entitled"
    with after_the_end(running.contract):
        settled, _ = settle_contract(running.centre, running.contract.id)
    assert {share.owed for share in settled.shares if share.establishment_id == site.id} == {0}


def test_the_true_up_stops_at_the_ceiling_a_member_signed_once_prices_were_amended(session):
    running = contract_under()
    signed(running, "prices", grid=DEARER, acknowledgement="Accord des membres.")
    with after_the_end(running.contract):
        settled, _ = settle_contract(running.centre, running.contract.id)
    assert {share.unit_amount for share in settled.shares} == {Decimal("6.50") * 36}


def test_amended_prices_below_the_ceiling_are_those_of_the_true_up():
    running = contract_under()
    signed(running, "prices", grid=PriceGrid("all_units", (Bracket(1, None, Decimal("4.20")),), Decimal(0), {}))
    with after_the_end(running.contract):
        settled, _ = settle_contract(running.centre, running.contract.id)
    assert {share.unit_amount for share in settled.shares} == {Decimal("4.20") * 36}


def test_the_ledger_of_a_shared_lot_grows_to_what_its_contracts_go_up_to_together(session):
    shared = shared_lot("share", (50, 50))
    raised(shared, 0, 1500)
    assert get_envelope(session, shared.lot.id).balance.maximum == 2500
    raised(shared, 0, 1200)
    raised(shared, 1, 1300)
    assert get_envelope(session, shared.lot.id).balance.maximum == 2500
    raised(shared, 1, 1400)
    assert get_envelope(session, shared.lot.id).balance.maximum == 2600


def test_a_terminated_contract_of_a_shared_lot_counts_for_what_it_ordered(session):
    shared = shared_lot("share", (50, 50))
    session.get_one(LotExecution, shared.lot.id).shared_percent = Decimal(100)
    session.commit()
    terminate_contract(shared.centre, shared.contracts[1].id, reason="Faute.")
    raised(shared, 0, 1900)
    assert get_envelope(session, shared.lot.id).balance.maximum == 2000


def test_contracts_of_a_lot_in_cascade_share_one_maximum(session):
    shared = shared_lot("cascade", (50, 50))
    raised(shared, 0, 1500)
    assert get_envelope(session, shared.lot.id).balance.maximum == 2000


def test_the_true_up_waits_for_a_term_extended_on_its_last_day_and_keeps_no_other_waiting(session):
    running, other = contract_under(), contract_under()
    contract = running.contract
    longer = contract.ends_on + timedelta(days=30)
    signed(running, "term", ends_on=longer, wanted_on=contract.ends_on)
    with after_the_end(contract):
        assert settle_due(clock.now()) == 1
    assert now(session, running).ends_on == longer
    assert session.scalars(select(Settlement.contract_id)).all() == [other.contract.id]
    with after_the_end(contract):
        assert settle_due(clock.now()) == 1


def test_a_true_up_that_fails_keeps_no_other_waiting(session, monkeypatch):
    first, second = (running.contract.id for running in (contract_under(), contract_under()))
    plain, failing = settlement.settle_contract, min(first, second)

    def broken(actor, contract_id):
        if contract_id == failing:
            raise RuntimeError("panne")
        return plain(actor, contract_id)

    monkeypatch.setattr(settlement, "settle_contract", broken)
    with in_days(2000):
        assert settle_due(clock.now()) == 1
