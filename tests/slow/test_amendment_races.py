"""Amendments at once: two signatures are two versions one after the other; a lowered maximum and an order never cross."""
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.platform import clock
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.services import sign_amendment, take_effect_due
from tenders.contracts.models import Contract
from tenders.contracts.ordering.services.placing import place_call_offs
from tests.factories.amendments import PAPER, contract_under, drafted, signed
from tests.factories.ordering import ask
from tests.slow.test_contract_races import at_once, committed

pytestmark = pytest.mark.slow
__all__ = ["committed"]


@pytest.fixture
def papers(real_app, tmp_path):
    """A folder of this test's own for the files it sends."""
    real_app.config["GRAPPE"] = replace(real_app.config["GRAPPE"], files_folder=tmp_path)


def test_two_amendments_signed_at_once_are_numbered_one_after_the_other(real_app, committed, papers):
    running = contract_under()
    drafts = [drafted(running, "other", text=f"Article {place}.") for place in range(4)]
    drafts.append(drafted(running, "minimum", minimum_quantity=700))
    calls = [lambda d=d: sign_amendment(running.centre, d.id, PAPER, clock.today()) for d in drafts]
    assert at_once(real_app, calls) == ["done"] * 5
    committed.expire_all()
    numbers = committed.scalars(select(Amendment.number).order_by(Amendment.number)).all()
    contract = committed.get_one(Contract, running.contract.id)
    assert (list(numbers), contract.amendments, contract.amendments_in_force) == ([1, 2, 3, 4, 5], 5, 5)
    assert contract.minimum_quantity == 700


def test_of_two_that_change_the_same_clause_one_starts_from_the_wrong_text(real_app, committed, papers):
    running = contract_under()
    drafts = [drafted(running, maximum_quantity=maximum) for maximum in (2100, 2200)]
    calls = [lambda d=d: sign_amendment(running.centre, d.id, PAPER, clock.today()) for d in drafts]
    assert at_once(real_app, calls) == ["amendment_outdated", "done"]
    same = drafted(running, "other", text="Article 4.")
    twice = [lambda: sign_amendment(running.centre, same.id, PAPER, clock.today())] * 2
    assert at_once(real_app, twice) == ["amendment_not_a_draft", "done"]


@pytest.mark.parametrize("round_number", range(4))
def test_an_order_and_a_lowered_maximum_never_cross(real_app, committed, papers, round_number):
    running = contract_under()
    draft = drafted(running, maximum_quantity=1000)
    site, actor = running.members[0]
    sign, order = (
        lambda: sign_amendment(running.centre, draft.id, PAPER, clock.today()),
        lambda: place_call_offs(actor, [ask(site, running.lot.id, 1100)]),
    )
    said = at_once(real_app, [sign, order] if round_number % 2 else [order, sign])
    committed.expire_all()
    contract = committed.get_one(Contract, running.contract.id)
    if said == ["amendment_below_ordered", "done"]:
        assert (contract.maximum_quantity, contract.ordered_quantity) == (2000, 1100)
    else:
        assert said == ["done", "envelope_exhausted"]
        assert (contract.maximum_quantity, contract.ordered_quantity) == (1000, 0)


def test_the_scheduler_and_an_order_bring_a_version_into_force_once(real_app, committed, papers):
    running = contract_under()
    signed(running, maximum_quantity=2400)
    signed(running, "minimum", minimum_quantity=700)
    committed.expire_all()
    contract = committed.get_one(Contract, running.contract.id)
    contract.amendments_in_force = 0
    contract.maximum_quantity = 2000
    committed.commit()
    site, actor = running.members[0]
    calls = [lambda: take_effect_due(clock.now())] * 2 + [lambda: place_call_offs(actor, [ask(site, running.lot.id, 2300)])]
    assert at_once(real_app, calls) == ["done"] * 3
    committed.expire_all()
    contract = committed.get_one(Contract, running.contract.id)
    assert (contract.amendments_in_force, contract.maximum_quantity, contract.ordered_quantity) == (2, 2400, 2300)
    assert contract.ordered_amount > Decimal(0)
