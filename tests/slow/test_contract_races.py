"""Two people of a centre at once: one contract is concluded, one activation decided, one keyed request done."""
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from marketplace.platform import clock
from marketplace.platform.database import transaction
from marketplace.platform.errors import DomainError
from marketplace.platform.http import conflict_of
from marketplace.platform.idempotency import RequestKey
from tenders.contracts.models import Contract, ContractDecision, LotExecution
from tenders.contracts.queries import lock_contracts
from tenders.contracts.services import activate_contract, conclude_contract
from tenders.contracts.steps import count_call_off
from tenders.demand.envelopes.queries import get_envelope
from tests.factories.contracts import active_contract, contract_on, decided_lot, holder_for
from tests.services.test_contracts import terms_of

pytestmark = pytest.mark.slow


def at_once(app: Flask, calls: list[Callable[[], Any]]) -> list[str]:
    """Every call in a thread of its own; "done" or the code of the refusal."""

    def run(call: Callable[[], Any]) -> str:
        with app.app_context():
            try:
                call()
                return "done"
            except DomainError as refused:
                return refused.code
            except IntegrityError as error:
                conflict = conflict_of(error)
                return conflict.code if conflict else str(error)

    with ThreadPoolExecutor(len(calls)) as clients:
        return sorted(clients.map(run, calls))


def test_two_who_conclude_at_once_leave_one_single_holder(real_app, committed):
    decided = decided_lot()
    others = [holder_for() for _ in range(4)]
    terms = [
        terms_of(decided, holder_id=provider.id, offer_id=offer.id, reference=f"C{place}")
        for place, (provider, offer) in enumerate(others)
    ]
    said = at_once(
        real_app, [lambda t=t: conclude_contract(decided.centre, decided.lot.id, t) for t in terms]
    )
    assert said == ["done", "lot_has_its_holder", "lot_has_its_holder", "lot_has_its_holder"]


def test_shares_concluded_at_once_never_exceed_the_whole(real_app, committed):
    decided = decided_lot()
    others = [holder_for() for _ in range(4)]
    terms = [
        terms_of(
            decided, holder_id=provider.id, offer_id=offer.id, reference=f"C{place}", holder_selection="share",
            share_percent=Decimal(40),
        )
        for place, (provider, offer) in enumerate(others)
    ]  # fmt: skip
    said = at_once(real_app, [lambda t=t: conclude_contract(decided.centre, decided.lot.id, t) for t in terms])
    assert said == ["done", "done", "shares_exceed_the_whole", "shares_exceed_the_whole"]
    assert committed.scalar(select(LotExecution.shared_percent)) == 80


def test_an_activation_is_decided_once(real_app, committed):
    contract = contract_on(decided := decided_lot(), activated_at=None).contract
    said = at_once(real_app, [lambda: activate_contract(decided.centre, contract.id)] * 6)
    assert said == ["done"] * 6
    kinds = select(func.count()).select_from(ContractDecision).where(ContractDecision.kind == "activated")
    assert committed.scalar(kinds) == 1


def test_a_keyed_request_sent_six_times_at_once_concludes_one_contract(real_app, committed):
    decided = decided_lot()
    key = RequestKey("k", "POST /api/v1/lots/x/contracts", "a" * 64)
    terms = terms_of(decided)
    said = at_once(real_app, [lambda: conclude_contract(decided.centre, decided.lot.id, terms, key=key)] * 6)
    assert said == ["done"] * 6
    assert committed.scalar(select(func.count()).select_from(Contract)) == 1


def test_call_offs_on_two_contracts_in_opposite_order_neither_wait_for_ever_nor_go_beyond(real_app, committed):
    one, two = (active_contract((60, 40), minimum=90, maximum=100).contract for _ in range(2))

    def order(ids: list[Any]) -> None:
        with transaction() as session:
            for contract in lock_contracts(session, ids):
                count_call_off(session, contract, 7, Decimal("35.00"))

    both = [[one.id, two.id], [two.id, one.id]]
    said = at_once(real_app, [lambda n=n: order(both[n % 2]) for n in range(20)])
    assert said == ["done"] * 14 + ["envelope_exhausted"] * 6
    committed.expire_all()
    assert {get_envelope(committed, contract.lot_id).called_off for contract in (one, two)} == {98}
    assert clock.today() <= one.ends_on
