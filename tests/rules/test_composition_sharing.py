"""Sharing: equal unit price and own uplift, nobody above alone, every coin accounted for; complaints found."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenders.composition.complaints import largest_complaint
from tenders.composition.evaluator import Contract, NotFeasible, evaluate
from tenders.composition.instance import Bracket, Establishment, Instance, Need, Offer, Provider
from tenders.composition.reading import parse_instance
from tenders.composition.sharing import share, share_contract
from tests.factories.compositions import document


def market(*needs: tuple[int, int], brackets: tuple[Bracket, ...], mobilisation: int = 0) -> Instance:
    """One category, one offer everybody may take; needs as (quantity, coins per unit alone)."""
    people = tuple(Establishment(f"e{n}", "R", frozenset()) for n in range(len(needs)))
    rows = tuple(Need(n, 0, quantity, alone) for n, (quantity, alone) in enumerate(needs))
    provider = Provider("p", frozenset({"R"}), frozenset(), 10**9)
    return Instance(100, ("c",), people, rows, (provider,), (Offer("o", 0, 0, mobilisation, 1, brackets, {}),))


def test_everybody_pays_the_same_unit_price_and_its_own_uplift() -> None:
    instance = parse_instance(document())
    shares = share(instance, [0, 0, 0], evaluate(instance, [0, 0, 0]))
    pooled = [part - uplift for part, uplift in zip(shares, (0, 0, 1500), strict=True)]
    assert pooled == [6_833, 13_667, 20_500]
    assert sum(shares) == 60 * 600 + 5_000 + 1_500


def test_who_stays_outside_pays_what_it_pays_alone() -> None:
    instance = parse_instance(document())
    assert share(instance, [-1, 0, 0], evaluate(instance, [-1, 0, 0]))[0] == 10_000


def test_nobody_pays_more_than_alone_the_others_carry_it_by_volume() -> None:
    instance = market((10, 500), (10, 1000), (20, 1000), brackets=(Bracket(1, 100, 700),))
    shares = share(instance, [0, 0, 0], evaluate(instance, [0, 0, 0]))
    assert shares == [5_000, 7_667, 15_333]


def test_a_contract_dearer_than_buying_alone_is_refused() -> None:
    instance = market((10, 500), brackets=(Bracket(1, 100, 700),))
    with pytest.raises(NotFeasible, match="o costs more than its members pay alone"):
        share(instance, [0], evaluate(instance, [0]))


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 2000), st.integers(0, 500)), min_size=1, max_size=8),
    st.integers(0, 10**6),
)
def test_shares_add_up_and_nobody_is_above_alone(rows: list[tuple[int, int, int]], cost: int) -> None:
    instance = market(*((quantity, alone) for quantity, alone, _ in rows), brackets=(Bracket(1, 10**6, 1),))
    uplifts = tuple(uplift * quantity for quantity, _, uplift in rows)
    alone = [quantity * price for quantity, price, _ in rows]
    contract = Contract(0, tuple(range(len(rows))), sum(row[0] for row in rows), cost, uplifts)
    if contract.cost > sum(alone):
        with pytest.raises(NotFeasible):
            share_contract(instance, contract)
        return
    shares = share_contract(instance, contract)
    assert sum(shares) == contract.cost
    assert all(part <= most for part, most in zip(shares, alone, strict=True))


@given(st.integers(2, 12), st.integers(1, 40), st.integers(0, 5000))
def test_with_identical_needs_the_equal_price_is_in_the_core(members: int, quantity: int, mobilisation: int) -> None:
    brackets = (Bracket(1, 60, 900), Bracket(61, 200, 800), Bracket(201, 10_000, 700))
    instance = market(*[(quantity, 1000)] * members, brackets=brackets, mobilisation=mobilisation)
    assignment = [0] * members
    evaluation = evaluate(instance, assignment)
    if evaluation.cost > instance.alone_cost:
        return
    complaint = largest_complaint(instance, share(instance, assignment, evaluation))
    # Rounding to whole coins may leave a few members a coin above the others.
    assert complaint is None or complaint.amount <= members


def test_the_largest_complaint_is_found() -> None:
    instance = parse_instance(document())
    shares = share(instance, [0, 0, 0], evaluate(instance, [0, 0, 0]))
    assert largest_complaint(instance, shares) is None
    complaint = largest_complaint(instance, [9_000, shares[1] - 1_084, shares[2] - 1_083])
    assert complaint is not None
    assert (complaint.offer, complaint.needs, complaint.amount) == (1, (0,), 2_000)
