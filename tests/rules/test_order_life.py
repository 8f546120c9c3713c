"""The life of an order: approved within limits, answered, delivered, certified; and commitments handed on by consent."""
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken
from tenders.contracts.ordering.rules import states
from tenders.contracts.ordering.rules.approving import check_approver, check_limits, is_within, limit_of, limits_of
from tenders.contracts.ordering.rules.transferring import Commitment, check_offer, transfer

NOW = datetime(2027, 6, 7, 9, tzinfo=UTC)
AUTHOR, OTHER = UUID(int=1), UUID(int=2)
LIMITS = limits_of({"buyer": Decimal(5000)})


def code_of(call, *arguments, **named) -> str:
    with pytest.raises(RuleBroken) as refused:
        call(*arguments, **named)
    return refused.value.code


def status(quantity: int = 10, **facts: object) -> str:
    return states.status_of({**dict.fromkeys(states.FACTS), **facts}, quantity)


def test_the_status_follows_from_the_dates():
    assert status() == "awaiting_approval"
    assert status(approved_at=NOW) == "approved"
    assert status(approved_at=NOW, sent_at=NOW) == "sent"
    answered = {"approved_at": NOW, "sent_at": NOW, "answered_at": NOW}
    assert status(**answered, accepted_quantity=10) == "accepted"
    assert status(**answered, accepted_quantity=9) == "partly_accepted"
    assert status(**answered, accepted_quantity=0) == "refused"
    delivered = {**answered, "accepted_quantity": 9, "delivered_at": NOW}
    assert status(**delivered) == "delivered"
    assert status(**delivered, disputed_at=NOW) == "disputed"
    assert status(**delivered, disputed_at=NOW, resolved_at=NOW) == "delivered"
    assert status(**delivered, certified_at=NOW) == "certified"
    assert status(approved_at=NOW, cancelled_at=NOW) == "cancelled"
    assert status(rejected_at=NOW) == "rejected"


def test_every_status_is_reached_and_every_act_leaves_from_a_known_one():
    assert set().union(*states.MAY.values()) <= set(states.STATUSES)
    assert set(states.STATUSES) >= states.OVER | states.TAKEN


def test_an_act_that_comes_too_late_is_refused_with_the_state():
    states.check_act("cancel", "sent")
    assert code_of(states.check_act, "cancel", "accepted") == "call_off_not_possible_now"
    assert not states.may("certify", "sent") and states.may("certify", "delivered")


def test_what_stands_is_what_was_ordered_until_the_holder_answers():
    assert states.standing_quantity(10, None, "sent") == 10
    assert states.standing_quantity(10, 4, "partly_accepted") == 4
    assert [states.standing_quantity(10, 0, over) for over in sorted(states.OVER)] == [0, 0, 0]


def test_a_part_or_a_refusal_needs_its_reason():
    states.check_answer(10, 10, None)
    states.check_answer(10, 0, "Rupture chez le fabricant")
    assert code_of(states.check_answer, 10, 9, " ") == "answer_without_reason"
    assert code_of(states.check_answer, 10, 11, None) == "answer_beyond_order"


def test_the_timeline_tells_what_happened_in_order():
    facts = {"placed_at": NOW, "sent_at": NOW + timedelta(hours=1), "approved_at": NOW, "delivered_at": None}
    assert [name for name, _ in states.timeline(facts)] == ["placed_at", "approved_at", "sent_at"]


def test_the_highest_limit_of_ones_roles_counts():
    assert limit_of({"buyer", "viewer"}, LIMITS) == Decimal(5000)
    assert limit_of({"buyer", "signatory"}, LIMITS) is None
    assert limit_of({"viewer"}, LIMITS) == 0
    assert limit_of({"buyer"}, limits_of({})) == 0


def test_zero_approves_nothing_not_even_what_costs_nothing():
    assert not is_within(Decimal(0), Decimal(0))
    assert is_within(Decimal(5000), Decimal(5000)) and not is_within(Decimal("5000.01"), Decimal(5000))
    assert is_within(Decimal(10) ** 9, None)


def test_nobody_approves_its_own_order_beyond_its_limit():
    assert code_of(check_approver, Decimal(10), None, approver_id=AUTHOR, placed_by=AUTHOR) == "approval_by_another"
    check_approver(Decimal(10), None, approver_id=OTHER, placed_by=AUTHOR)


def test_what_is_passed_on_dearer_is_confirmed_by_its_author_within_its_limit():
    own = {"approver_id": AUTHOR, "placed_by": AUTHOR, "first_approved_by": AUTHOR}
    check_approver(Decimal(5000), Decimal(5000), **own)
    assert code_of(check_approver, Decimal(5001), Decimal(5000), **own) == "approval_beyond_limit"
    first_by_another = {**own, "first_approved_by": OTHER}
    assert code_of(check_approver, Decimal(10), None, **first_by_another) == "approval_by_another"


def test_whoever_approves_has_a_limit_that_reaches():
    refused = code_of(check_approver, Decimal(5001), Decimal(5000), approver_id=OTHER, placed_by=AUTHOR)
    assert refused == "approval_beyond_limit"


def test_somebody_can_always_approve():
    check_limits({"buyer": Decimal(100)})
    check_limits({"signatory": Decimal(100), "admin": None})
    assert code_of(check_limits, {"signatory": Decimal(100)}) == "limits_leave_nobody"


def test_only_what_is_unused_and_not_yet_offered_may_be_handed_on():
    giver = Commitment(committed=100, called_off=30, offered=20)
    assert (giver.remaining, giver.transferable) == (70, 50)
    check_offer(giver, 50, same_member=False)
    assert code_of(check_offer, giver, 51, same_member=False) == "transfer_beyond_commitment"
    assert code_of(check_offer, giver, 0, same_member=False) == "transfer_beyond_commitment"
    assert code_of(check_offer, giver, 5, same_member=True) == "transfer_to_oneself"


def test_whoever_ordered_beyond_its_commitment_has_nothing_to_hand_on():
    assert Commitment(committed=10, called_off=40).transferable == 0


@given(
    committed=st.integers(0, 500), called_off=st.integers(0, 600), taken=st.integers(0, 500), quantity=st.integers(-5, 600)
)
def test_a_transfer_changes_no_total_and_never_takes_what_was_ordered(committed, called_off, taken, quantity):
    giver = Commitment(committed, called_off)
    try:
        left, got = transfer(giver, Commitment(taken), quantity)
    except RuleBroken:
        assert quantity < 1 or quantity > giver.remaining
        return
    assert left + got == committed + taken
    assert left >= min(committed, called_off) and got == taken + quantity
