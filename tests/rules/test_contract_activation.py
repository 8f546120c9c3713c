"""A support contract starts only when its minimum is reached by what was committed (domain §4b.6f)."""
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken
from tenders.contracts.rules.activation import CommittedPart, activation, check_activation

A, B = UUID(int=1), UUID(int=2)


def parts(*quantities: int, grappes: tuple[UUID | None, ...] = ()) -> list[CommittedPart]:
    behind = (*grappes, *[None] * (len(quantities) - len(grappes)))
    return [CommittedPart(UUID(int=100 + n), q, g) for n, (q, g) in enumerate(zip(quantities, behind, strict=True))]


@pytest.mark.parametrize(
    ("minimum", "committed", "is_met", "missing"),
    [
        (None, (), True, 0),
        (None, (5,), True, 0),
        (1, (), False, 1),
        (1, (1,), True, 0),
        (5000, (4999,), False, 1),
        (5000, (5000,), True, 0),
        (5000, (2500, 2500), True, 0),
        (5000, (2500, 2499), False, 1),
        (5000, (8000,), True, 0),
    ],
)
def test_the_threshold(minimum, committed, is_met, missing):
    answer = activation(minimum, "lot", parts(*committed))
    assert (answer.is_met, answer.missing, answer.committed) == (is_met, missing, sum(committed))


@pytest.mark.parametrize(
    ("quantities", "grappes", "is_met", "missing"),
    [
        ((500, 500), (A, B), True, 0),
        ((500, 499), (A, B), False, 1),
        ((300, 200, 500), (A, A, B), True, 0),
        ((1000, 499), (A, B), False, 1),
        ((1000, 100), (A, None), False, 400),
        ((), (), False, 500),
    ],
)
def test_a_minimum_per_grappe_is_reached_by_each(quantities, grappes, is_met, missing):
    answer = activation(500, "grappe", parts(*quantities, grappes=grappes))
    assert (answer.is_met, answer.missing) == (is_met, missing)


@given(st.integers(1, 10**6), st.lists(st.integers(1, 10**6), max_size=12), st.randoms())
def test_the_order_of_members_changes_nothing(minimum, quantities, chance):
    members = parts(*quantities)
    shuffled = list(members)
    chance.shuffle(shuffled)
    assert activation(minimum, "lot", members) == activation(minimum, "lot", shuffled)
    assert activation(minimum, "lot", members).is_met == (sum(quantities) >= minimum)


@pytest.mark.parametrize("status", ["active", "suspended", "upcoming", "ended", "terminated", "lapsed"])
def test_only_a_concluded_contract_waits_for_activation(status):
    with pytest.raises(RuleBroken) as broken:
        check_activation(status, is_signed=True)
    assert broken.value.code == "contract_not_waiting"


def test_nothing_starts_unsigned():
    check_activation("concluded", is_signed=True)
    with pytest.raises(RuleBroken) as broken:
        check_activation("concluded", is_signed=False)
    assert broken.value.code == "contract_not_signed"
