"""Mini-competitions by many at once: one order per competition, no answer after the deadline is read, one closing."""
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.platform import clock
from tenders.contracts.competitions.models import Competition, CompetitionOffer
from tenders.contracts.competitions.services.answering import answer_competition
from tenders.contracts.competitions.services.closing import close_due
from tenders.contracts.competitions.services.deciding import award_competition
from tenders.contracts.competitions.services.opening import cancel_competition, open_competition
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.services.placing import place_call_offs
from tests.factories.competitions import answered, competing_lot, opened, past_deadline, wanted
from tests.factories.contracts import ContractMemberFactory, active_contract
from tests.factories.ordering import ask, assert_orders_add_up
from tests.slow.test_call_off_races import CLIENTS, at_once, real_app  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow


def decided(quantity: int = 100, **columns):
    """A lot in competition with two answers, the first the cheaper, and what is after its deadline."""
    shared = competing_lot(**columns)
    competition = opened(shared, quantity)
    answered(shared, competition, 0, "5")
    answered(shared, competition, 1, "6")
    return shared, competition


def test_a_competition_awarded_by_many_at_once_gives_one_order(real_app, committed):  # noqa: F811
    shared, competition = decided()
    actor, winner = shared.members[0][1], shared.contracts[0].id

    def award(_number: int) -> None:
        with past_deadline(competition):
            award_competition(actor, competition.id, winner)

    assert at_once(real_app, award, CLIENTS) == {"done": 1, "competition_not_possible_now": CLIENTS - 1}
    assert committed.scalar(select(func.count()).select_from(CallOff)) == 1
    assert committed.get_one(Competition, competition.id, populate_existing=True).call_off_id is not None
    assert_orders_add_up(committed)


def test_it_is_awarded_or_given_up_and_never_both(real_app, committed):  # noqa: F811
    shared, competition = decided()
    actor, winner = shared.members[0][1], shared.contracts[0].id

    def act(number: int) -> None:
        with past_deadline(competition):
            if number % 2:
                award_competition(actor, competition.id, winner)
            else:
                cancel_competition(actor, competition.id, "Besoin reporté")

    assert at_once(real_app, act, CLIENTS)["done"] == 1
    ended = committed.get_one(Competition, competition.id, populate_existing=True)
    orders = committed.scalar(select(func.count()).select_from(CallOff))
    assert (ended.status, orders) in (("awarded", 1), ("cancelled", 0))


def test_competitions_on_the_last_units_never_pass_the_maximum(real_app, committed):  # noqa: F811
    shared = competing_lot(maximum_quantity=250)
    actor = shared.members[0][1]
    running = [opened(shared, 100) for _ in range(4)]
    for competition in running:
        answered(shared, competition, 0, "5")

    def award(number: int) -> None:
        with past_deadline(running[-1]):
            award_competition(actor, running[number].id, shared.contracts[0].id)

    assert at_once(real_app, award, len(running)) == {"done": 2, "envelope_exhausted": 2}
    assert_orders_add_up(committed)


def test_awards_and_orders_on_another_lot_never_deadlock(real_app, committed):  # noqa: F811
    shared, other = competing_lot(maximum_quantity=None), active_contract()
    site, actor = shared.members[0]
    ContractMemberFactory(contract_id=other.contract.id, establishment_id=site.id, organisation_id=site.organisation_id)
    running = [opened(shared, 10) for _ in range(CLIENTS // 2)]
    for competition in running:
        answered(shared, competition, 0, "5")

    def act(number: int) -> None:
        with past_deadline(running[-1]):
            if number % 2:
                award_competition(actor, running[number // 2].id, shared.contracts[0].id)
            else:
                place_call_offs(actor, [ask(site, other.lot.id, 1)])

    assert at_once(real_app, act, CLIENTS) == {"done": CLIENTS}
    assert_orders_add_up(committed)


def test_an_answer_given_around_the_deadline_is_in_time_or_refused(real_app, committed):  # noqa: F811
    shared, competition = decided()
    holder, contract = shared.holders[0], shared.contracts[0].id

    def answer(number: int) -> None:
        with clock.frozen_at(competition.closes_at + timedelta(seconds=number - CLIENTS // 2)):
            answer_competition(holder, competition.id, contract, unit_price=Decimal(number) / 100)

    answers = at_once(real_app, answer, CLIENTS)
    assert answers == {"done": CLIENTS // 2, "answer_too_late": CLIENTS // 2}
    kept = committed.get_one(CompetitionOffer, (competition.id, contract), populate_existing=True)
    assert kept.answered_at < competition.closes_at and kept.unit_price < Decimal("0.16")


def test_two_schedulers_close_a_competition_once(real_app, committed):  # noqa: F811
    shared = competing_lot()
    competition = opened(shared)
    closed = []

    def close(_number: int) -> None:
        with past_deadline(competition, hours=9):
            closed.append(close_due(clock.now()))

    assert at_once(real_app, close, 8) == {"done": 8}
    assert sum(closed) == 1
    assert committed.get_one(Competition, competition.id, populate_existing=True).status == "unanswered"


def test_competitions_opened_at_once_are_numbered_without_a_gap(real_app, committed):  # noqa: F811
    shared = competing_lot()
    actor = shared.members[0][1]
    assert at_once(real_app, lambda _number: open_competition(actor, wanted(shared)), CLIENTS) == {"done": CLIENTS}
    numbers = committed.scalars(select(Competition.number).order_by(Competition.number)).all()
    assert numbers == list(range(1, CLIENTS + 1))
