"""The fill rule with tolerance: the published truth table, and what must hold for every quantity."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenders.demand.rules.conditions import largest_consistent_set
from tenders.demand.rules.filling import allot, ordered_quantity, packs_filled, shares
from tenders.demand.rules.pool import Asking, gap

TRUTH_TABLE = [((0, 2), 0), ((0, 5), 0), ((2, 2), 1), ((4, 2), 1), ((4, 4), 1), ((5, 3), 2), ((5, 4), 2)]

quantities = st.integers(0, 10_000)
multiples = st.integers(1, 50)


@pytest.mark.parametrize(("asked", "packs"), TRUTH_TABLE)
def test_fill_rule_matches_its_published_truth_table(asked: tuple[int, int], packs: int) -> None:
    assert packs_filled(*asked, multiple=4) == packs


@given(tolerance=quantities, multiple=multiples, full=st.integers(0, 100))
def test_no_pack_is_filled_by_tolerance_alone(tolerance: int, multiple: int, full: int) -> None:
    assert packs_filled(full * multiple, tolerance, multiple) == full


@given(quantity=quantities, tolerance=quantities, more=quantities, multiple=multiples)
def test_more_tolerance_never_orders_less(quantity: int, tolerance: int, more: int, multiple: int) -> None:
    assert packs_filled(quantity, tolerance, multiple) <= packs_filled(quantity, tolerance + more, multiple)


@given(quantity=quantities, tolerance=quantities)
def test_without_packs_what_is_ordered_is_what_was_asked(quantity: int, tolerance: int) -> None:
    assert ordered_quantity(quantity, tolerance, 1) == quantity


@given(quantity=quantities, tolerance=quantities, multiple=multiples, room=quantities)
def test_an_order_never_passes_the_maximum_and_stays_whole_packs(
    quantity: int, tolerance: int, multiple: int, room: int
) -> None:
    maximum = quantity + room
    ordered = ordered_quantity(quantity, tolerance, multiple, maximum)
    assert ordered <= maximum
    assert ordered % multiple == 0
    assert quantity - multiple < ordered <= quantity + tolerance


def test_a_pack_that_would_pass_the_maximum_is_the_lower_pack() -> None:
    assert ordered_quantity(98, 10, 25, maximum=99) == 75


@given(weights=st.lists(quantities, min_size=1, max_size=30), part=st.fractions(0, 1))
def test_shares_add_up_and_stay_within_one_unit_of_exact(weights: list[int], part: object) -> None:
    total = int(sum(weights) * part)  # type: ignore[call-overload]
    given_shares = shares(total, weights)
    assert sum(given_shares) == total
    for share, weight in zip(given_shares, weights, strict=True):
        assert share <= weight
        if sum(weights):
            assert abs(share * sum(weights) - total * weight) < sum(weights)


def test_equal_remainders_go_to_whom_came_first() -> None:
    assert shares(2, [1, 1, 1]) == [1, 1, 0]


def test_what_tolerances_give_is_taken_pro_rata_to_tolerance() -> None:
    assert allot(100, [(40, 30), (50, 10), (2, 0)]) == [46, 52, 2]


def test_a_remainder_below_a_pack_is_cut_pro_rata_to_quantity() -> None:
    assert allot(100, [(60, 0), (40, 0), (5, 0)]) == [57, 38, 5]


@given(
    wanted=st.lists(st.tuples(st.integers(1, 500), st.integers(0, 100)), min_size=1, max_size=25), multiple=multiples
)
def test_parts_add_up_and_nobody_gets_more_than_it_accepted(wanted: list[tuple[int, int]], multiple: int) -> None:
    ordered = ordered_quantity(sum(q for q, _ in wanted), sum(t for _, t in wanted), multiple)
    parts = allot(ordered, wanted)
    assert sum(parts) == ordered
    assert all(0 <= part <= quantity + tolerance for part, (quantity, tolerance) in zip(parts, wanted, strict=True))


@given(quantity=quantities, tolerance=quantities, minimum=st.integers(1, 10_000), multiple=multiples)
def test_a_pool_is_met_exactly_when_ordering_now_reaches_the_minimum(
    quantity: int, tolerance: int, minimum: int, multiple: int
) -> None:
    found = gap(quantity, tolerance, minimum, multiple)
    assert found.is_met == (ordered_quantity(quantity, tolerance, multiple) >= minimum)
    assert 0 <= found.covered_by_tolerance <= found.missing
    assert ordered_quantity(quantity + found.missing, 0, multiple) >= minimum


def test_what_is_missing_completes_the_last_pack_the_minimum_needs() -> None:
    assert gap(22, 0, 30, 4).missing == 10  # 32 units, eight packs: 30 would order 28


def test_a_lot_without_minimum_lacks_nothing() -> None:
    assert gap(0, 0, None, 1).is_met


@given(
    firm=quantities, tolerance=st.integers(0, 50), minimum=st.integers(1, 3_000), multiple=multiples,
    asking=st.lists(
        st.builds(Asking, threshold=st.integers(1, 3_000), quantity=st.integers(1, 500), tolerance=st.integers(0, 50)),
        max_size=8,
    ),
)  # fmt: skip
def test_a_pool_whose_conditions_are_not_met_is_judged_on_the_needs_that_would_stay(
    firm: int, tolerance: int, minimum: int, multiple: int, asking: list[Asking]
) -> None:
    def kept(more: int) -> tuple[int, int]:
        needs = [(-1, firm + more, None), *((place, ask.quantity, ask.threshold) for place, ask in enumerate(asking))]
        stays = largest_consistent_set(needs)
        return stays.total, sum(ask.tolerance for place, ask in enumerate(asking) if place not in stays.dropped)

    total = firm + sum(ask.quantity for ask in asking)
    found = gap(total, tolerance + sum(ask.tolerance for ask in asking), minimum, multiple, asking)
    stays, extra = kept(0)
    assert found.is_met == (ordered_quantity(stays, tolerance + extra, multiple) >= minimum)
    assert found.conditions_open == (stays < total)
    assert 0 <= found.covered_by_tolerance <= found.missing
    assert ordered_quantity(kept(found.missing)[0], 0, multiple) >= minimum
    if found.missing:
        assert ordered_quantity(kept(found.missing - 1)[0], 0, multiple) < minimum


def test_a_minimum_reached_only_by_conditions_that_would_fall_is_not_met() -> None:
    found = gap(550, 0, 500, 1, [Asking(600, 250, 0)])
    assert (found.is_met, found.missing, found.conditions_open) == (False, 50, True)
