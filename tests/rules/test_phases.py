"""A need spread over the years: what is pooled stays one quantity, and the amount follows the years."""
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken
from tenders.demand.rules.exposure import exposure
from tenders.demand.rules.phases import check_phases, pooled_from, units_paid, years_of

PRICE = Decimal("4.10")


def refusal(phases: tuple[int, ...], quantity: int, period: str = "month", months: int = 36) -> RuleBroken:
    with pytest.raises(RuleBroken) as refused:
        check_phases(phases, quantity, period, months)
    return refused.value


def test_what_is_pooled_is_the_largest_year_or_the_sum_of_what_is_bought_once() -> None:
    check_phases((100, 200, 300), 300, "month", 36)
    check_phases((100, 0, 200), 300, "once", 36)
    check_phases(None, 300, "month", 36)
    assert refusal((100, 200, 250), 300).details == {"found": 250, "quantity": 300}
    too_many = refusal((100, 200, 300), 300, "once")
    assert (too_many.code, too_many.details["found"]) == ("phases_do_not_fit", 600)


def test_there_is_one_quantity_for_each_year_of_the_lot() -> None:
    short = refusal((100, 300), 300)
    assert (short.code, short.details) == ("phases_not_by_year", {"years": 3, "given": 2})
    assert refusal((100, 300), 300, months=12).details == {"years": 0}
    assert [years_of(months) for months in (1, 12, 13, 30, 48, 120, 121)] == [0, 0, 2, 3, 4, 10, 0]


def test_the_exposure_follows_the_years_and_keeps_the_whole_tolerance() -> None:
    spread = exposure(300, PRICE, "month", 30, tolerance=10, phases=(100, 200, 300))
    assert spread.excl_vat == (100 * 12 + 200 * 12 + 300 * 6) * PRICE
    assert spread.at_most_excl_vat == spread.excl_vat + 10 * 30 * PRICE
    yearly = exposure(300, PRICE, "year", 30, phases=(100, 200, 300))
    assert yearly.excl_vat == 600 * PRICE
    assert exposure(300, PRICE, "once", 30, phases=(100, 50, 150)).excl_vat == 300 * PRICE


spreads = st.integers(13, 120).flatmap(
    lambda months: st.tuples(
        st.just(months), st.lists(st.integers(0, 5000), min_size=years_of(months), max_size=years_of(months))
    )
)


@given(spread=spreads, period=st.sampled_from(["once", "month", "year"]))
def test_spreading_never_costs_more_than_the_same_quantity_every_year(
    spread: tuple[int, list[int]], period: str
) -> None:
    months, phases = spread
    quantity = pooled_from(phases, period)
    check_phases(phases, quantity, period, months)
    flat = exposure(quantity, PRICE, period, months).excl_vat
    found = exposure(quantity, PRICE, period, months, phases=phases).excl_vat
    assert flat is not None and found is not None and found <= flat
    if period == "once" or len(set(phases)) == 1:
        assert found == flat


@given(spread=spreads, period=st.sampled_from(["once", "month", "year"]), data=st.data())
def test_more_in_one_year_never_costs_less(
    spread: tuple[int, list[int]], period: str, data: st.DataObject
) -> None:
    months, phases = spread
    year = data.draw(st.integers(0, len(phases) - 1))
    more = [quantity + (place == year) for place, quantity in enumerate(phases)]
    assert units_paid(more, period, months) > units_paid(phases, period, months)
