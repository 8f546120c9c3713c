"""Many clients order at once: exactly what is left goes through, in any order of contracts, and nobody deadlocks."""
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import create_app
from marketplace.platform.database import db
from marketplace.platform.errors import RuleBroken
from tenders.contracts.models import Contract
from tenders.contracts.ordering.models import CallOff, CommitmentTransfer
from tenders.contracts.ordering.services.answering import answer_call_off
from tenders.contracts.ordering.services.approving import cancel_call_off
from tenders.contracts.ordering.services.cart import put_in_cart
from tenders.contracts.ordering.services.placing import place_call_offs, place_cart
from tenders.contracts.ordering.services.transferring import accept_transfer, offer_transfer
from tests.conftest import test_settings
from tests.factories.contracts import ActiveContract, ContractMemberFactory, active_contract, contract_on, decided_lot
from tests.factories.ordering import ask, assert_orders_add_up, order, shared_lot

pytestmark = pytest.mark.slow
CLIENTS = 32


@pytest.fixture
def real_app(fresh_database: str) -> Iterator[Flask]:
    """An application on its own database with a connection for each client, so that none waits for anything but a lock."""
    app = create_app(replace(test_settings(fresh_database), pool_size=CLIENTS))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def at_once(app: Flask, act: Callable[[int], Any], tries: int) -> Counter[str]:
    """Run the act by 32 clients; "done" or the code of the refusal, counted. Anything else (a deadlock) fails the test."""

    def attempt(number: int) -> str:
        with app.app_context():
            try:
                act(number)
                return "done"
            except RuleBroken as refused:
                return refused.code

    with ThreadPoolExecutor(CLIENTS) as clients:
        return Counter(clients.map(attempt, range(tries)))


def sold_down_to(left: int, maximum: int = 1000, **columns: Any) -> ActiveContract:
    """A contract on which so many units are left under its maximum."""
    running = active_contract(maximum_quantity=maximum, **columns)
    site, actor = running.members[0]
    order(site, actor, running.lot.id, maximum - left)
    return running


def test_32_clients_order_the_last_100_units_and_exactly_100_go_through(real_app, committed):
    running = sold_down_to(100)

    def one_unit(number: int) -> None:
        site, actor = running.members[number % 2]
        place_call_offs(actor, [ask(site, running.lot.id, 1)])

    answers = at_once(real_app, one_unit, 5 * CLIENTS)
    assert answers == {"done": 100, "envelope_exhausted": 60}
    assert committed.get_one(Contract, running.contract.id, populate_existing=True).ordered_quantity == 1000
    assert_orders_add_up(committed)


def test_orders_of_several_units_stop_where_the_next_would_pass_the_maximum(real_app, committed):
    running = sold_down_to(100)
    site, actor = running.members[0]
    answers = at_once(real_app, lambda _number: place_call_offs(actor, [ask(site, running.lot.id, 7)]), 2 * CLIENTS)
    assert answers == {"done": 14, "envelope_exhausted": 50}
    assert_orders_add_up(committed)


def two_contracts(left: int) -> tuple[ActiveContract, ActiveContract]:
    """Two lots with a contract each, on which the first one's site may order and so many units are left."""
    first = sold_down_to(left)
    second = contract_on(decided_lot(category_code="soc"), minimum_quantity=None, maximum_quantity=left)
    site, _ = first.members[0]
    ContractMemberFactory(contract_id=second.contract.id, establishment_id=site.id, organisation_id=site.organisation_id)
    return first, second


def test_two_contracts_in_opposite_orders_never_deadlock(real_app, committed):
    first, second = two_contracts(100)
    site, actor = first.members[0]

    def both(number: int) -> None:
        lines = [ask(site, first.lot.id, 1, line="a"), ask(site, second.lot.id, 1, line="b")]
        place_call_offs(actor, lines if number % 2 else lines[::-1])

    assert at_once(real_app, both, 5 * CLIENTS) == {"done": 100, "envelope_exhausted": 60}
    assert_orders_add_up(committed)


def test_two_holders_of_one_lot_and_another_lot_never_deadlock(real_app, committed):
    shared, other = shared_lot("rotation", maximum_quantity=None), active_contract()
    site, actor = shared.members[0]
    contract = other.contract
    ContractMemberFactory(contract_id=contract.id, establishment_id=site.id, organisation_id=site.organisation_id)

    def both(number: int) -> None:
        lines = [ask(site, shared.lot.id, 1, line="a"), ask(site, other.lot.id, 1, line="b")]
        place_call_offs(actor, lines if number % 2 else lines[::-1])

    assert at_once(real_app, both, 2 * CLIENTS) == {"done": 2 * CLIENTS}
    given = Counter(each.contract_id for each in committed.query(CallOff).filter_by(lot_id=shared.lot.id))
    assert sorted(given.values()) == [CLIENTS, CLIENTS]
    assert_orders_add_up(committed)


def test_one_cart_ordered_by_two_people_is_ordered_once(real_app, committed):
    running = active_contract()
    site, actor = running.members[0]
    put_in_cart(actor, site.id, running.lot.id, quantity=10)
    answers = at_once(real_app, lambda _number: place_cart(actor, site.organisation_id), CLIENTS)
    assert answers == {"done": 1, "cart_is_empty": CLIENTS - 1}
    assert_orders_add_up(committed)


def test_an_order_is_answered_or_cancelled_and_never_both(real_app, committed):
    running = active_contract()
    site, actor = running.members[0]
    orders = [order(site, actor, running.lot.id, 5).id for _ in range(CLIENTS)]

    def act(number: int) -> None:
        if number % 2:
            answer_call_off(running.holder, orders[number // 2], 3, "Stock limité")
        else:
            cancel_call_off(actor, orders[number // 2], "Doublon")

    assert at_once(real_app, act, 2 * CLIENTS) == {"done": CLIENTS, "call_off_not_possible_now": CLIENTS}
    assert {each.status for each in committed.query(CallOff)} <= {"cancelled", "partly_accepted"}
    assert_orders_add_up(committed)


def test_a_transfer_accepted_while_its_giver_orders_takes_only_what_is_unused(real_app, committed):
    running = active_contract()
    (giver, actor), (taker, other) = running.members
    offered = offer_transfer(actor, running.contract.id, from_id=giver.id, to_id=taker.id, quantity=300)

    def act(number: int) -> None:
        if number == 3:
            accept_transfer(other, offered.id)
        else:
            place_call_offs(actor, [ask(giver, running.lot.id, 100)])

    answers = at_once(real_app, act, 8)
    accepted = committed.get_one(CommitmentTransfer, offered.id, populate_existing=True).accepted_at is not None
    assert answers["done"] == 7 + accepted
    assert_orders_add_up(committed)
