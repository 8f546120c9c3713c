"""What an IT estate proposes: the nearest ratio speaks, rounded up, and silence is no proposal."""
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tenders.demand.estimates.rules import ANY, BASES, Estimate, Ratio, estimate

RATIOS = [
    Ratio(ANY, ANY, "endpoints", Decimal(1)), Ratio("under_50", ANY, "endpoints", Decimal("1.5")),
    Ratio(ANY, "high", "servers", Decimal(2)), Ratio("under_50", "high", "users_count", Decimal("0.1")),
]  # fmt: skip
ESTATE = {"endpoints": 33, "servers": 4, "users_count": 101}


def test_the_nearest_ratio_speaks() -> None:
    found = [
        estimate(RATIOS, ESTATE, *profile)
        for profile in (("under_50", "high"), ("under_50", "low"), ("250_plus", "high"), ("250_plus", None), (None, None))
    ]
    assert [each and (each.basis, each.quantity) for each in found] == [
        ("users_count", 11), ("endpoints", 50), ("servers", 8), ("endpoints", 33), ("endpoints", 33),
    ]  # fmt: skip


def test_what_is_not_declared_proposes_nothing() -> None:
    assert estimate(RATIOS, {"endpoints": None}, None, None) is None
    assert estimate(RATIOS, {"endpoints": 0}, None, None) is None
    assert estimate([], ESTATE, None, None) is None
    assert estimate(RATIOS, {"endpoints": 33}, "under_50", "high") is None


@given(st.integers(1, 10**9), st.decimals("0.0001", "1000", places=4), st.sampled_from(BASES))
def test_a_proposal_is_never_below_what_the_estate_counts_and_less_than_one_above(
    amount: int, ratio: Decimal, basis: str
) -> None:
    found = estimate([Ratio(ANY, ANY, basis, ratio)], {basis: amount}, None, None)
    assert found == Estimate(found.quantity if found else 0, basis, amount, ratio)
    assert found is not None and 0 <= found.quantity - amount * ratio < 1
