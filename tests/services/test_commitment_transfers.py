"""A commitment handed on: offered by one, accepted by the other's signatory, and the total is what it was."""
import pytest
from sqlalchemy import func, select, text

from marketplace.platform.errors import NotAllowed, NotFound, RuleBroken
from tenders.contracts.models import ContractMember
from tenders.contracts.ordering.services.transferring import (
    accept_transfer,
    decline_transfer,
    offer_transfer,
    withdraw_transfer,
)
from tests.factories.contracts import active_contract
from tests.factories.demand import clinic
from tests.factories.ordering import assert_orders_add_up, colleague, order


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def committed(session, running) -> list[int]:
    session.expire_all()
    return [session.get_one(ContractMember, (running.contract.id, site.id)).committed_quantity for site, _ in running.members]


def offer(running, quantity: int, giving: int = 0):
    (giver, actor), (taker, _) = running.members[giving], running.members[1 - giving]
    return offer_transfer(actor, running.contract.id, from_id=giver.id, to_id=taker.id, quantity=quantity)


def code_of(call, *arguments, **named) -> str:
    with pytest.raises(RuleBroken) as refused:
        call(*arguments, **named)
    return refused.value.code


def test_nothing_changes_until_the_other_side_signs(session):
    running = active_contract()
    offered = offer(running, 150)
    assert committed(session, running) == [600, 400]
    accept_transfer(running.members[1][1], offered.id)
    assert committed(session, running) == [450, 550]
    assert code_of(accept_transfer, running.members[1][1], offered.id) == "transfer_already_answered"
    told = session.scalars(text("SELECT payload FROM outbox WHERE payload ->> 'template' = 'transfer_answered'")).one()
    assert str(running.contract.organisation_id) in told["organisation_ids"]
    audited = "SELECT before, after FROM audit_events WHERE action = 'commitment.transferred'"
    before, after = session.execute(text(audited)).one()
    assert (before, after["giver"], after["taker"]) == ({"giver": 600, "taker": 400}, 450, 550)
    assert_orders_add_up(session)


def test_only_signatories_of_the_two_sides_act(session):
    running = active_contract()
    (giver, _), (taker, _) = running.members
    buyer = colleague(giver, "buyer")
    with pytest.raises(NotAllowed):
        offer_transfer(buyer, running.contract.id, from_id=giver.id, to_id=taker.id, quantity=1)
    offered = offer(running, 10)
    with pytest.raises(NotAllowed):
        accept_transfer(running.members[0][1], offered.id)
    with pytest.raises(NotAllowed):
        accept_transfer(colleague(taker, "buyer"), offered.id)
    with pytest.raises(NotFound):
        accept_transfer(clinic()[1], offered.id)


def test_what_is_ordered_or_offered_already_is_not_handed_on(session):
    running = active_contract()
    site, actor = running.members[0]
    order(site, actor, running.lot.id, 200)
    first = offer(running, 300)
    assert code_of(offer, running, 101) == "transfer_beyond_commitment"
    offer(running, 100)
    order(site, actor, running.lot.id, 350)
    assert code_of(accept_transfer, running.members[1][1], first.id) == "transfer_beyond_commitment"
    assert committed(session, running) == [600, 400]


def test_an_offer_is_declined_or_taken_back_once(session):
    running = active_contract()
    declined, withdrawn = offer(running, 10), offer(running, 20)
    decline_transfer(running.members[1][1], declined.id)
    withdraw_transfer(running.members[0][1], withdrawn.id)
    for transfer in (declined, withdrawn):
        assert code_of(accept_transfer, running.members[1][1], transfer.id) == "transfer_already_answered"
    total = select(func.sum(ContractMember.committed_quantity))
    assert session.scalar(total) == 1000


def test_a_commitment_goes_to_members_of_the_same_contract_that_runs(session):
    running = active_contract()
    (giver, actor), _ = running.members
    stranger, _ = clinic()
    values = {"from_id": giver.id, "to_id": stranger.id, "quantity": 5}
    assert code_of(offer_transfer, actor, running.contract.id, **values) == "transfer_to_non_member"
    assert code_of(offer_transfer, actor, running.contract.id, **{**values, "to_id": giver.id}) == "transfer_to_oneself"
    running.contract.terminated_on, running.contract.termination_reason = running.contract.starts_on, "Résiliation fictive"
    session.commit()
    assert code_of(offer, running, 5) == "contract_not_active"
