"""Prices at award: the winner's grid at the volume that stays, and who leaves because of the price."""
import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tenders.demand.rules.price_at_award import PricedNeed, price_at_award


def all_units(*brackets: tuple[int, str], mobilisation: str = "0"):  # type: ignore[no-untyped-def]
    """The average price of a grid where the reached bracket prices every unit; brackets are (from, unit price)."""

    def average(quantity: int) -> Decimal:
        unit = [Decimal(price) for start, price in brackets if quantity >= start][-1]
        return unit + Decimal(mobilisation) / quantity

    return average


def test_everybody_pays_the_average_at_the_pooled_quantity_plus_its_own_uplift() -> None:
    grid = all_units((1, "5.00"), (1000, "4.10"), mobilisation="300")
    found = price_at_award([PricedNeed("a", 900), PricedNeed("b", 600, uplift=Decimal("0.25"))], grid)
    assert found.unit_prices == {"a": Decimal("4.3000"), "b": Decimal("4.5500")}


def test_prices_have_four_decimals_half_up() -> None:
    found = price_at_award([PricedNeed("a", 3)], lambda quantity: Decimal("0.00005"))
    assert found.unit_prices == {"a": Decimal("0.0001")}


def test_a_departure_raises_the_price_and_may_send_another_away() -> None:
    grid = all_units((1, "6.00"), (1000, "5.00"), (2000, "4.00"))
    found = price_at_award(
        [
            PricedNeed("firm", 900),
            PricedNeed("hopes", 600, limit=Decimal("3.99")),
            PricedNeed("follows", 600, limit=Decimal("4.50")),
        ],
        grid,
        minimum_quantity=1000,
    )
    assert found.quantity == 900
    assert found.dropped["hopes"].prices_seen == (Decimal("4.0000"),)
    assert found.dropped["follows"].prices_seen == (Decimal("4.0000"), Decimal("5.0000"))
    assert found.unit_prices == {"firm": Decimal("6.0000")}
    assert not found.is_met


def test_a_price_equal_to_the_limit_is_accepted() -> None:
    found = price_at_award([PricedNeed("a", 10, limit=Decimal("4.10"))], all_units((1, "4.10004")))
    assert not found.dropped


def test_when_everybody_leaves_nothing_is_awarded() -> None:
    found = price_at_award([PricedNeed("a", 10, limit=Decimal(1))], all_units((1, "4.10")))
    assert (found.quantity, found.unit_prices, found.is_met) == (0, {}, False)


def test_nobody_at_all_is_no_award() -> None:
    assert not price_at_award([], all_units((1, "4.10"))).is_met


prices = st.decimals(1, 10, places=4)
needs = st.lists(
    st.tuples(st.integers(1, 100), st.one_of(st.none(), prices), st.decimals(0, 1, places=4)), max_size=10
).map(lambda rows: [PricedNeed(key, *row) for key, row in enumerate(rows)])


def falling(quantity: int) -> Decimal:
    return Decimal(2) + Decimal(300) / (quantity + 30)


@given(needs=needs, order=st.randoms(use_true_random=False))
def test_the_order_of_members_never_matters(needs: list[PricedNeed[int]], order: random.Random) -> None:
    shuffled = list(needs)
    order.shuffle(shuffled)
    assert price_at_award(shuffled, falling) == price_at_award(needs, falling)


@given(needs=needs)
def test_nobody_pays_above_its_limit_and_who_left_would_have(needs: list[PricedNeed[int]]) -> None:
    found = price_at_award(needs, falling)
    limits = {need.key: need.limit for need in needs}
    for key, price in found.unit_prices.items():
        limit = limits[key]
        assert limit is None or price <= limit
    for dropped in found.dropped.values():
        assert dropped.prices_seen[-1] > dropped.limit
    assert found.quantity == sum(need.quantity for need in needs if need.key not in found.dropped)
