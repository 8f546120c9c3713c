"""Money: exact, half-up, and shares that add up."""
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.money import incl_vat, round_cents, round_unit_price, split_by_largest_remainder, to_amount


def test_amounts_round_half_up():
    assert round_cents(Decimal("0.005")) == Decimal("0.01")
    assert round_unit_price(Decimal("4.10005")) == Decimal("4.1001")
    assert incl_vat(Decimal("44280")) == Decimal("53136.00")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "4,10", "", 4.1])
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(ValueError):
        to_amount(value)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_shares_add_up_and_stay_within_one_unit_of_exact(total, weights):
    shares = split_by_largest_remainder(total, weights)
    assert sum(shares) == total
    whole = sum(weights) or len(weights)
    for share, weight in zip(shares, weights, strict=True):
        exact = Decimal(total) * (weight if sum(weights) else 1) / whole
        assert abs(Decimal(share) - exact) < 1


def test_the_earliest_gets_the_odd_unit():
    assert split_by_largest_remainder(10, [1, 1, 1]) == [4, 3, 3]
    assert split_by_largest_remainder(2, [0, 0, 0]) == [1, 1, 0]
    assert split_by_largest_remainder(5, []) == []
