"""Amendments at once: two signatures are two versions one after the other; a lowered maximum and an order never cross."""
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.platform import clock
from tenders.contracts import listeners
from tenders.contracts.amendments.models import Amendment
from tenders.contracts.amendments.services import sign_amendment, take_effect_due
from tenders.contracts.models import Contract, ContractMember
from tenders.contracts.ordering.services.placing import place_call_offs
from tenders.demand.joining.services import join_late
from tests.factories.amendments import PAPER, contract_under, drafted, signed
from tests.factories.demand import clinic
from tests.factories.ordering import ask
from tests.services.test_amendments import DEARER
from tests.slow.test_contract_races import at_once

pytestmark = pytest.mark.slow


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


def not_in_force_yet(committed, running) -> None:
    """As before the scheduler came on the day of what was signed."""
    committed.expire_all()
    contract = committed.get_one(Contract, running.contract.id)
    contract.amendments_in_force = 0
    contract.maximum_quantity = 2000
    committed.commit()


def test_the_scheduler_and_an_order_bring_a_version_into_force_once(real_app, committed, papers):
    running = contract_under()
    signed(running, maximum_quantity=2400)
    signed(running, "minimum", minimum_quantity=700)
    not_in_force_yet(committed, running)
    site, actor = running.members[0]
    calls = [lambda: take_effect_due(clock.now())] * 2 + [lambda: place_call_offs(actor, [ask(site, running.lot.id, 2300)])]
    assert at_once(real_app, calls) == ["done"] * 3
    committed.expire_all()
    contract = committed.get_one(Contract, running.contract.id)
    assert (contract.amendments_in_force, contract.maximum_quantity, contract.ordered_quantity) == (2, 2400, 2300)
    assert contract.ordered_amount > Decimal(0)


def test_who_joins_while_a_price_is_amended_pays_the_amended_price(real_app, committed, papers, monkeypatch):
    running = contract_under("private", allows_late_joining=True)
    draft = drafted(running, "prices", grid=DEARER)
    site, actor = clinic()
    entitle, signature = listeners.entitle_member, []

    def sign() -> None:
        with real_app.app_context():
            sign_amendment(running.centre, draft.id, PAPER, clock.today(), acknowledgement="Accord des membres.")

    with ThreadPoolExecutor(1) as other:

        def entitle_while_it_is_signed(*arguments, **named):
            signature.append(other.submit(sign))
            wait(signature, timeout=2)  # unlocked it would be done before this joining writes its member
            return entitle(*arguments, **named)

        monkeypatch.setattr(listeners, "entitle_member", entitle_while_it_is_signed)
        join_late(actor, running.lot.id, site.id, quantity=10)
    assert [each.result() for each in signature] == [None]
    committed.expire_all()
    prices = committed.scalars(select(ContractMember.unit_price).where(ContractMember.contract_id == running.contract.id))
    assert prices.all() == [Decimal("7.5000")] * 3


@pytest.mark.parametrize("round_number", range(3))
def test_orders_and_joinings_on_a_day_of_effect_never_wait_for_each_other_in_a_circle(
    real_app, committed, papers, round_number
):
    running = contract_under("private", allows_late_joining=True)
    signed(running, maximum_quantity=2500)
    not_in_force_yet(committed, running)
    comers = [clinic() for _ in range(3)]
    acts = [
        *(lambda c=c: join_late(c[1], running.lot.id, c[0].id, quantity=20) for c in comers),
        *(lambda m=m: place_call_offs(m[1], [ask(m[0], running.lot.id, 30)]) for m in running.members),
        lambda: take_effect_due(clock.now()),
    ]  # fmt: skip
    assert at_once(real_app, acts[round_number:] + acts[:round_number]) == ["done"] * 6
    committed.expire_all()
    contract = committed.get_one(Contract, running.contract.id)
    assert (contract.amendments_in_force, contract.maximum_quantity, contract.ordered_quantity) == (1, 2500, 60)
