"""Price grids: contiguous brackets, two ways of pricing, the unit price of a pooled quantity, and drops reported."""
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.offers.rules import (
    Bracket,
    PriceGrid,
    brackets_from,
    check_grid,
    check_publishable,
    may_see_prices,
    price_drops,
    price_for,
    unit_price_for,
)
from marketplace.platform.errors import RuleBroken

EDR = brackets_from([(1, Decimal("6.00")), (500, Decimal("5.00")), (2000, Decimal("4.10"))])
ALL_UNITS = PriceGrid("all_units", EDR)
INCREMENTAL = PriceGrid("incremental", EDR)


def test_all_units_prices_every_unit_at_the_bracket_reached() -> None:
    assert [price_for(ALL_UNITS, q) for q in (0, 1, 499, 500, 2000)] == [
        Decimal(0), Decimal(6), Decimal(2994), Decimal(2500), Decimal(8200),
    ]  # fmt: skip


def test_incremental_prices_each_bracket_s_own_units() -> None:
    assert price_for(INCREMENTAL, 499) == Decimal(2994)
    assert price_for(INCREMENTAL, 500) == Decimal(2999)
    assert price_for(INCREMENTAL, 2001) == 499 * 6 + 1500 * 5 + 2 * Decimal("4.10")


def test_a_negative_quantity_or_one_without_a_bracket_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="negative"):
        price_for(ALL_UNITS, -1)
    with pytest.raises(ValueError, match="no bracket"):
        price_for(PriceGrid("incremental", (Bracket(1, 10, Decimal(1)),)), 11)


def test_the_unit_price_includes_mobilisation_and_the_region_s_uplift_to_four_decimals() -> None:
    grid = PriceGrid("all_units", EDR, Decimal(1000), {"02": Decimal("0.35")})
    assert unit_price_for(grid, 3000) == Decimal("4.4333")
    assert unit_price_for(grid, 3000, "02") == Decimal("4.7833")
    assert unit_price_for(grid, 3000, "84") == Decimal("4.4333")


def test_mobilisation_is_paid_once_over_a_contract_of_several_periods() -> None:
    grid = PriceGrid("all_units", EDR, Decimal(36000))
    price = unit_price_for(grid, 2000, periods=36)
    assert price == Decimal("4.6000")
    assert price * 2000 * 36 == price_for(grid, 2000) * 36 + 36000


def test_a_price_half_way_is_rounded_up() -> None:
    grid = PriceGrid("all_units", brackets_from([(1, Decimal(0))]), Decimal("0.0001"))
    assert unit_price_for(grid, 2) == Decimal("0.0001")


def test_an_all_units_grid_says_where_ordering_more_costs_less() -> None:
    first, second = price_drops(ALL_UNITS)
    assert (first.at_quantity, first.amount, first.dearer_quantity, first.dearer_amount) == (500, 2500, 417, 2502)
    assert (second.at_quantity, second.dearer_quantity) == (2000, 1641)
    assert price_drops(INCREMENTAL) == []


@pytest.mark.parametrize(
    ("brackets", "code"),
    [
        ((), "grid_empty"),
        ((Bracket(2, None, Decimal(1)),), "grid_starts_late"),
        ((Bracket(0, None, Decimal(1)),), "grid_bracket_from_zero"),
        ((Bracket(1, 10, Decimal(1)),), "grid_ends"),
        ((Bracket(1, None, Decimal(-1)),), "grid_negative_price"),
        ((Bracket(1, 10, Decimal(1)), Bracket(12, None, Decimal(1))), "grid_gap"),
        ((Bracket(1, 10, Decimal(1)), Bracket(10, None, Decimal(1))), "grid_overlap"),
        ((Bracket(1, None, Decimal(1)), Bracket(10, None, Decimal(1))), "grid_overlap"),
        ((Bracket(1, 10, Decimal(1)), Bracket(1, None, Decimal(1))), "grid_not_ascending"),
        ((Bracket(1, 0, Decimal(1)), Bracket(10, None, Decimal(1))), "grid_bracket_backwards"),
        (brackets_from([(1, Decimal(3)), (500, Decimal(2)), (200, Decimal(1))]), "grid_not_ascending"),
        (brackets_from([(n, Decimal(1)) for n in range(1, 22)]), "grid_too_long"),
    ],
)
def test_a_grid_that_leaves_a_quantity_without_one_price_is_refused(brackets: tuple[Bracket, ...], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_grid(PriceGrid("all_units", brackets))
    assert refused.value.code == code


def test_unknown_pricing_and_negative_amounts_are_refused() -> None:
    for grid, code in (
        (PriceGrid("flat", EDR), "grid_pricing_unknown"),
        (PriceGrid("all_units", EDR, Decimal(-1)), "grid_negative_amount"),
        (PriceGrid("all_units", EDR, Decimal(0), {"84": Decimal("-0.1")}), "grid_negative_amount"),
    ):
        with pytest.raises(RuleBroken) as refused:
            check_grid(grid)
        assert refused.value.code == code


def test_an_offer_that_could_never_be_matched_is_not_published() -> None:
    check_publishable(ALL_UNITS, minimum_quantity=500, capacity=500, delivery_modes=["remote"])
    for options, code in (
        ({"minimum_quantity": 501, "capacity": 500, "delivery_modes": ["remote"]}, "offer_minimum_above_capacity"),
        ({"minimum_quantity": 1, "capacity": None, "delivery_modes": []}, "offer_without_delivery_mode"),
    ):
        with pytest.raises(RuleBroken) as refused:
            check_publishable(ALL_UNITS, **options)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("visibility", "is_own", "kinds", "sees"),
    [
        ("buyers", True, {"provider"}, True),
        ("buyers", False, {"provider"}, False),
        ("public", False, {"provider"}, False),
        ("buyers", False, {"provider", "care_operator"}, False),
        ("buyers", False, {"care_operator"}, True),
        ("buyers", False, {"purchasing_centre"}, True),
        ("buyers", False, {"authority"}, False),
        ("buyers", False, {"platform"}, False),
        ("buyers", False, set(), False),
        ("public", False, set(), True),
    ],
)
def test_prices_are_for_buyers_and_their_owner_and_never_for_another_provider(
    visibility: str, is_own: bool, kinds: set[str], sees: bool
) -> None:
    assert may_see_prices(visibility=visibility, is_own=is_own, kinds=frozenset(kinds)) is sees


PRICES = st.decimals(min_value=0, max_value=1000, places=4)
STEPS = st.lists(st.tuples(st.integers(2, 5000), PRICES), max_size=8, unique_by=lambda step: step[0])
QUANTITIES = st.integers(0, 20000)


@st.composite
def grids(draw: st.DrawFn, pricing: str) -> PriceGrid:
    steps = [(1, draw(PRICES)), *sorted(draw(STEPS))]
    return PriceGrid(pricing, brackets_from(steps), draw(PRICES))


@given(st.sampled_from(["all_units", "incremental"]).flatmap(grids), QUANTITIES)
def test_a_checked_grid_prices_every_quantity_and_never_below_zero(grid: PriceGrid, quantity: int) -> None:
    check_grid(grid)
    assert price_for(grid, quantity) >= 0
    if quantity:
        assert unit_price_for(grid, quantity) >= 0


@given(grids("incremental"), QUANTITIES, QUANTITIES)
def test_incremental_cost_never_falls_when_more_is_bought(grid: PriceGrid, one: int, other: int) -> None:
    assert price_for(grid, min(one, other)) <= price_for(grid, max(one, other))


@given(grids("all_units"))
def test_all_units_cost_falls_exactly_where_a_drop_is_reported(grid: PriceGrid) -> None:
    reported = {drop.at_quantity for drop in price_drops(grid)}
    thresholds = [bracket.from_quantity for bracket in grid.brackets[1:]]
    falls = {start for start in thresholds if price_for(grid, start) < price_for(grid, start - 1)}
    assert reported == falls
    for drop in price_drops(grid):
        assert price_for(grid, drop.dearer_quantity) == drop.dearer_amount > drop.amount
