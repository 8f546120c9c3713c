"""Lots with several holders: each order finds its holder, and what one refuses goes to the next."""
import pytest
from sqlalchemy import select

from marketplace.platform import clock
from marketplace.platform.errors import RuleBroken
from marketplace.platform.facts import unpack
from marketplace.platform.outbox.models import OutboxRow
from tenders.contracts.ordering.forms import acts_of
from tenders.contracts.ordering.models import CallOff
from tenders.contracts.ordering.queries.orders import find_replacement
from tenders.contracts.ordering.services.answering import answer_call_off
from tenders.contracts.ordering.services.approving import approve_call_off, set_limits
from tenders.dashboard.order_todos import of_member
from tests.factories.base import refreshed
from tests.factories.ordering import assert_orders_add_up, colleague, order, shared_lot


@pytest.fixture(autouse=True)
def in_app(app, session):
    with app.app_context():
        yield


def ranks_served(shared, count: int, quantity: int = 1) -> list[int]:
    site, actor = shared.members[0]
    ranks = {contract.id: contract.rank for contract in shared.contracts}
    return [ranks[order(site, actor, shared.lot.id, quantity).contract_id] for _ in range(count)]


def test_a_cascade_stays_with_the_first_until_it_is_exhausted(session):
    shared = shared_lot("cascade", maximum_quantity=10)
    assert ranks_served(shared, 3, 4) == [1, 1, 2]
    assert_orders_add_up(session)


def test_a_rotation_alternates_and_a_share_follows_its_parts(session):
    assert ranks_served(shared_lot("rotation"), 4) == [1, 2, 1, 2]
    assert sorted(ranks_served(shared_lot("share"), 5, 10)) == [1, 1, 1, 2, 2]


def test_when_every_holder_is_at_its_maximum_the_member_reads_the_largest_order_still_possible(session):
    shared = shared_lot("cascade", maximum_quantity=10)
    site, actor = shared.members[0]
    order(site, actor, shared.lot.id, 4)
    with pytest.raises(RuleBroken) as refused:
        order(site, actor, shared.lot.id, 11)
    assert (refused.value.code, refused.value.details["available"]) == ("envelope_exhausted", 10)


def test_what_a_holder_refuses_goes_to_the_next_and_waits_when_it_is_dearer(session):
    shared = shared_lot("cascade")
    site, actor = shared.members[0]
    first = order(site, actor, shared.lot.id, 100)
    answer_call_off(shared.holders[0], first.id, 40, "Stock limité")
    following = find_replacement(session, first)
    assert (following.quantity, following.contract_id) == (60, shared.contracts[1].id)
    assert following.status == "awaiting_approval" and following.why_this_holder.code == "chosen_by_cascade"
    assert refreshed(shared.contracts[0]).ordered_quantity == 40
    approve_call_off(colleague(site, "signatory"), following.id)
    answer_call_off(shared.holders[1], following.id, 0, "Plus de stock")
    assert find_replacement(session, following) is None, "both holders refused: nobody is asked twice"
    assert_orders_add_up(session)


def test_a_next_holder_that_costs_no_more_is_sent_the_rest_at_once(session):
    shared = shared_lot("rotation")
    site, signatory = shared.members[0]
    order(site, signatory, shared.lot.id, 1)
    dear = order(site, signatory, shared.lot.id, 100)
    assert dear.contract_id == shared.contracts[1].id
    answer_call_off(shared.holders[1], dear.id, 0, "Indisponible")
    following = find_replacement(session, dear)
    assert following.status == "sent" and following.approved_by == signatory.user_id
    assert_orders_add_up(session)


def test_the_limit_of_whoever_placed_it_still_counts_for_what_is_passed_on(session):
    shared = shared_lot("cascade")
    site, signatory = shared.members[0]
    buyer = colleague(site, "buyer")
    set_limits(signatory, site.organisation_id, {"buyer": 2200})
    first = order(site, buyer, shared.lot.id, 10)
    answer_call_off(shared.holders[0], first.id, 0, "Indisponible")
    waiting = find_replacement(session, first)
    assert (first.amount, waiting.amount) == (0, 2520)
    with pytest.raises(RuleBroken) as refused:
        approve_call_off(buyer, waiting.id)
    assert refused.value.code == "approval_beyond_limit"
    assert approve_call_off(signatory, waiting.id).status == "sent"


def test_a_single_signatory_confirms_what_is_passed_on_at_a_higher_price(session):
    shared = shared_lot("cascade")
    site, signatory = shared.members[0]
    first = order(site, signatory, shared.lot.id, 10)
    answer_call_off(shared.holders[0], first.id, 0, "Indisponible")
    waiting = find_replacement(session, first)
    said = session.scalars(select(OutboxRow).where(OutboxRow.kind == "notification")).all()
    (telling,) = [row.payload for row in said if row.payload["template"] == "call_off_dearer_to_approve"]
    assert unpack(telling["values"])["more"].values == {"euros": 360}
    assert "approve" in acts_of(signatory, waiting) and of_member(session, signatory)
    assert approve_call_off(signatory, waiting.id).status == "sent"
    assert_orders_add_up(session)


def test_what_its_author_could_not_approve_alone_waits_for_another_when_it_is_passed_on(session):
    shared = shared_lot("cascade")
    site, signatory = shared.members[0]
    buyer = colleague(site, "buyer")
    first = order(site, buyer, shared.lot.id, 10)
    approve_call_off(signatory, first.id)
    answer_call_off(shared.holders[0], first.id, 0, "Indisponible")
    waiting = find_replacement(session, first)
    set_limits(signatory, site.organisation_id, {"buyer": 10**6})
    assert "approve" not in acts_of(buyer, waiting) and of_member(session, buyer) == []
    with pytest.raises(RuleBroken) as refused:
        approve_call_off(buyer, waiting.id)
    assert refused.value.code == "approval_by_another"


def test_a_terminated_contract_holds_nothing_of_its_lot_any_more(session):
    shared = shared_lot("cascade", maximum_quantity=10)
    site, actor = shared.members[0]
    first, second = shared.contracts
    taken = order(site, actor, shared.lot.id, 4)
    first.terminated_on, first.termination_reason = clock.today(), "Manquements"
    session.commit()
    placed = order(site, actor, shared.lot.id, 1)
    assert placed.contract_id == second.id and placed.why_this_holder.code == "only_holder"
    with pytest.raises(RuleBroken) as refused:
        order(site, actor, shared.lot.id, 11)
    assert (refused.value.code, refused.value.details["available"]) == ("envelope_exhausted", 9)
    answer_call_off(shared.holders[0], taken.id, 0, "Résilié")
    assert find_replacement(session, taken).contract_id == second.id, "what it refuses is still passed on"
    second.terminated_on, second.termination_reason = clock.today(), "Manquements"
    session.commit()
    with pytest.raises(RuleBroken) as refused:
        order(site, actor, shared.lot.id, 1)
    assert refused.value.code == "contract_not_active"
    assert_orders_add_up(session)


def test_a_lot_in_mini_competition_is_not_ordered_without_an_offer(session):
    shared = shared_lot("mini_competition")
    site, actor = shared.members[0]
    with pytest.raises(RuleBroken) as refused:
        order(site, actor, shared.lot.id, 1)
    assert refused.value.code == "competition_required"
    assert session.scalars(select(CallOff)).all() == []
