"""Which holder gets an order: cascade, rotation, share; a refusal passes it on, with the reason said."""
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken, Sentence
from marketplace.platform.i18n import sentence
from tenders.contracts.ordering.rules.holders import Holder, choose_holder

A, B, C = (UUID(int=number) for number in (1, 2, 3))
NOW = datetime(2027, 6, 7, 9, tzinfo=UTC)
EXPIRED = Sentence("certificate_expired", "Le certificat est échu.")


def cascade(**first: object) -> list[Holder]:
    return [Holder(A, "Argile", 1, **first), Holder(B, "Brume", 2), Holder(C, "Cèdre", 3)]


def test_a_single_holder_is_chosen_because_it_is_alone():
    choice = choose_holder("single", [Holder(A, "Argile")], 10)
    assert (choice.contract_id, choice.reason.code) == (A, "only_holder")


def test_the_cascade_starts_at_the_first_rank():
    choice = choose_holder("cascade", list(reversed(cascade())), 10)
    assert (choice.contract_id, choice.reason.code, choice.passed) == (A, "chosen_by_cascade", ())


def test_a_refusal_passes_the_order_to_the_next_rank_with_the_reason():
    choice = choose_holder("cascade", cascade(), 10, refused=[A])
    assert choice.contract_id == B
    assert [(each.contract_id, each.reason.code) for each in choice.passed] == [(A, "holder_refused")]
    assert sentence(choice.reason) == "Brume est le premier du classement (rang 2) à pouvoir prendre toute la commande."


def test_a_holder_that_cannot_take_it_whole_is_given_nothing():
    choice = choose_holder("cascade", cascade(available=9), 10)
    assert (choice.contract_id, choice.passed[0].reason.code) == (B, "holder_exhausted")
    assert choose_holder("cascade", cascade(available=10), 10).contract_id == A
    assert choose_holder("cascade", cascade(available=0), 1).contract_id == B


def test_a_holder_that_is_hindered_today_is_passed_over():
    choice = choose_holder("cascade", cascade(hindrance=EXPIRED), 10)
    assert (choice.contract_id, choice.passed[0].reason) == (B, EXPIRED)


def test_when_nobody_can_take_it_each_holder_says_why():
    holders = [Holder(A, "Argile", 1, hindrance=EXPIRED), Holder(B, "Brume", 2, available=3)]
    with pytest.raises(RuleBroken) as refused:
        choose_holder("cascade", holders, 10, refused=[B])
    assert refused.value.code == "no_holder_available"
    assert refused.value.details["reasons"].code == "holders_passed"
    said = sentence(refused.value)
    assert "Argile : Le certificat est échu." in said and "Brume : a refusé cette commande." in said
    assert {each.code for each in refused.value.details["reasons"].values.values()} == {"holder_reason"}


def test_rotation_serves_whoever_waited_longest():
    holders = [Holder(A, "Argile", 1, turn=4), Holder(B, "Brume", 2, turn=3), Holder(C, "Cèdre", 3, turn=5)]
    choice = choose_holder("rotation", holders, 1)
    assert (choice.contract_id, choice.reason.code) == (B, "chosen_by_rotation")
    assert choose_holder("rotation", holders, 1, refused=[B]).contract_id == A
    fresh = [holders[0], Holder(C, "Cèdre", 3)]
    assert "aucune commande" in sentence(choose_holder("rotation", fresh, 1).reason)


def test_shares_serve_whoever_is_furthest_behind():
    holders = [
        Holder(A, "Argile", 1, share=Decimal(60), called_off=55), Holder(B, "Brume", 2, share=Decimal(40), called_off=45)
    ]
    choice = choose_holder("share", holders, 10)
    assert (choice.contract_id, choice.reason.code) == (A, "chosen_by_share")
    even = [Holder(A, "Argile", 1, share=Decimal(50)), Holder(B, "Brume", 2, share=Decimal(50))]
    assert choose_holder("share", even, 10).contract_id == A


@given(orders=st.lists(st.integers(1, 20), min_size=1, max_size=60), share=st.integers(1, 99))
def test_shares_never_drift_by_more_than_one_order(orders, share):
    called_off = {A: 0, B: 0}
    for quantity in orders:
        holders = [
            Holder(A, "Argile", 1, share=Decimal(share), called_off=called_off[A]),
            Holder(B, "Brume", 2, share=Decimal(100 - share), called_off=called_off[B]),
        ]
        called_off[choose_holder("share", holders, quantity).contract_id] += quantity
    total = sum(orders)
    assert abs(called_off[A] - total * share / 100) <= max(orders)


@given(count=st.integers(1, 5), orders=st.integers(1, 30))
def test_rotation_gives_everybody_its_turn(count, orders):
    turns = dict.fromkeys(range(count), 0)
    served = dict.fromkeys(range(count), 0)
    for number in range(1, orders + 1):
        holders = [Holder(UUID(int=each), str(each), each + 1, turn=turns[each]) for each in range(count)]
        chosen = choose_holder("rotation", holders, 1).contract_id.int
        turns[chosen] = number
        served[chosen] += 1
    assert max(served.values()) - min(served.values()) <= 1


def test_no_method_but_the_known_ones():
    for method in ("mini_competition", "drawing lots"):
        with pytest.raises(ValueError, match="no holder is chosen"):
            choose_holder(method, cascade(), 1)
