"""The largest consistent set of conditional needs: whatever the order, as large as can be, and fast."""
import random
import time
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tenders.demand.rules.conditions import largest_consistent_set

Needs = list[tuple[int, int, int | None]]

small_pools = st.lists(
    st.tuples(st.integers(1, 20), st.one_of(st.none(), st.integers(1, 80))), max_size=7
).map(lambda pairs: [(key, quantity, threshold) for key, (quantity, threshold) in enumerate(pairs)])


def holds_together(needs: Needs) -> bool:
    total = sum(quantity for _, quantity, _ in needs)
    return all(threshold is None or threshold <= total for _, _, threshold in needs)


def test_a_departure_can_bring_another_below_its_condition() -> None:
    needs: Needs = [(0, 4000, None), (1, 190, 6000), (2, 870, 5000)]
    found = largest_consistent_set(needs)
    assert found.total == 4000
    assert found.dropped[1].sums_seen == (5060,)
    assert found.dropped[2].sums_seen == (5060, 4870)
    assert found.dropped[2].departures == 1


@given(needs=small_pools)
def test_what_is_kept_holds_together_and_no_larger_set_does(needs: Needs) -> None:
    found = largest_consistent_set(needs)
    kept = [need for need in needs if need[0] not in found.dropped]
    assert holds_together(kept)
    assert found.total == sum(quantity for _, quantity, _ in kept)
    consistent = [
        {key for key, _, _ in chosen}
        for size in range(len(needs) + 1)
        for chosen in combinations(needs, size)
        if holds_together(list(chosen))
    ]
    assert all(one <= {key for key, _, _ in kept} for one in consistent)


@given(needs=small_pools, order=st.randoms(use_true_random=False))
def test_the_order_of_needs_never_matters(needs: Needs, order: random.Random) -> None:
    shuffled = list(needs)
    order.shuffle(shuffled)
    assert largest_consistent_set(shuffled) == largest_consistent_set(needs)


@given(needs=small_pools)
def test_the_sums_a_member_saw_fall_and_the_last_is_below_its_condition(needs: Needs) -> None:
    for dropped in largest_consistent_set(needs).dropped.values():
        assert dropped.sums_seen[-1] < dropped.threshold
        assert dropped.sums_seen[0] >= dropped.sums_seen[-1]
        assert (dropped.departures > 0) == (len(dropped.sums_seen) == 2)


def test_a_hundred_thousand_needs_that_fall_one_after_the_other_take_no_time() -> None:
    size = 100_000
    needs: Needs = [(key, 1, size - key + 1) for key in range(size)]
    started = time.process_time()
    found = largest_consistent_set(needs)
    assert len(found.dropped) == size
    assert time.process_time() - started < 2
