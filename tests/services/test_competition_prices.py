"""Mini-competitions on the day of the award: each offer is weighed, shown and ordered at what it costs that day."""
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from marketplace.platform import clock
from marketplace.platform.i18n import sentence
from tenders.contracts.competitions import queries
from tenders.contracts.competitions.services.deciding import award_competition
from tenders.contracts.competitions.views import sight_of
from tenders.contracts.ordering.models import CallOff
from tests.factories.amendments import signed
from tests.factories.competitions import answered, competing_lot, opened, past_deadline
from tests.factories.indexation import revised
from tests.factories.ordering import assert_orders_add_up
from tests.services.test_competitions import refusal


@pytest.fixture(autouse=True)
def ready(app, session, files_folder):
    with app.test_request_context("/"):
        yield


def test_room_in_euros_is_held_against_the_price_offered_not_the_contracts_own(session):
    shared = competing_lot()
    first, second = shared.contracts
    actor = shared.members[0][1]
    competition = opened(shared, 100)
    answered(shared, competition, 0, "3")
    answered(shared, competition, 1, "6.50")
    with past_deadline(competition):
        periods = sight_of(session, actor, competition.id).lines[0].seen.periods
        first.maximum_amount = Decimal(100 * 4 * periods)
        second.maximum_amount = Decimal(100 * 6 * periods)
        session.commit()
        lines = sight_of(session, actor, competition.id).lines
        assert [(line.seen.contract_id, line.position) for line in lines] == [(first.id, 1), (second.id, None)]
        assert sentence(lines[1].reason) == "il lui reste 92 unités, pour 100 demandées."
        done = award_competition(actor, competition.id, first.id)
    assert session.get_one(CallOff, done.call_off_id).amount == Decimal(100 * 3 * periods)
    assert_orders_add_up(session)


def test_a_maximum_in_euros_keeps_nobody_from_being_asked_while_a_price_could_fit(session):
    shared = competing_lot()
    first, second = shared.contracts
    first.maximum_amount, second.maximum_amount = Decimal(100), Decimal(0)
    session.commit()
    competition = opened(shared, 100)
    assert [each.contract_id for each in queries.list_offers(session, competition.id)] == [first.id]
    first.maximum_amount = Decimal(0)
    session.commit()
    assert refusal(opened, shared, 100).code == "envelope_exhausted"


@pytest.mark.parametrize(("months", "shorter"), [(12, False), (-6, True)])
def test_mobilisation_is_paid_once_however_the_term_moves_between_offer_and_award(session, months, shorter):
    shared = competing_lot(term_months=36, ends_on=clock.today() + timedelta(days=364))
    actor, first = shared.members[0][1], shared.contracts[0]
    competition = opened(shared, 10)
    answered(shared, competition, 0, "2", mobilisation=Decimal("120"))
    asked = queries.list_offers(session, competition.id)[0].periods
    running = SimpleNamespace(centre=shared.centre, contract=first, lot=shared.lot)
    signed(running, "term", ends_on=first.ends_on + timedelta(days=months * 30), acknowledgement="Avis juridique.")
    with past_deadline(competition):
        seen = sight_of(session, actor, competition.id).lines[0].seen
        done = award_competition(actor, competition.id, first.id)
    placed = session.get_one(CallOff, done.call_off_id)
    assert (placed.periods < asked) is shorter and placed.periods != asked
    assert placed.amount - 10 * 2 * placed.periods == pytest.approx(Decimal(120), abs=Decimal("0.05"))
    kept = sight_of(session, shared.holders[0], competition.id).lines[0].seen
    for each in (seen, kept):
        assert (each.price.amount, each.whole_price, each.price.periods) == (placed.amount, placed.unit_price, placed.periods)


def test_an_award_later_than_the_delivery_asked_for_pays_the_mobilisation_whole(session):
    shared = competing_lot(ends_on=clock.today() + timedelta(days=364))
    actor, first = shared.members[0][1], shared.contracts[0]
    competition = opened(shared, 10)
    answered(shared, competition, 0, "2", mobilisation=Decimal("120"))
    with past_deadline(competition, days=100):
        done = award_competition(actor, competition.id, first.id)
    placed = session.get_one(CallOff, done.call_off_id)
    assert placed.amount - 10 * 2 * placed.periods == pytest.approx(Decimal(120), abs=Decimal("0.05"))


def test_a_contract_revised_below_the_offer_is_ranked_at_what_it_charges(session):
    shared = competing_lot()
    actor, first = shared.members[0][1], shared.contracts[0]
    competition = opened(shared)
    answered(shared, competition, 0, "6.00")
    answered(shared, competition, 1, "5.50")
    revised(first, Decimal("0.9000"))
    with past_deadline(competition):
        best = sight_of(session, actor, competition.id).best
        assert (best.seen.contract_id, best.seen.whole_price) == (first.id, Decimal("5.4000"))
        done = award_competition(actor, competition.id, first.id)
        assert sight_of(session, actor, competition.id).best.seen.whole_price == Decimal("5.4000")
    assert session.get_one(CallOff, done.call_off_id).unit_price == Decimal("5.4000")
