"""The index factor: 1 at base, grows with the index, never touches the fixed share; when a revision may take effect."""
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import BadInput, RuleBroken
from tenders.contracts.indexation.rules import (
    Formula,
    check_before_new_formula,
    check_can_revise,
    check_formula,
    check_revisable,
    revised_factor,
)

FORMULA = Formula(Decimal("130.2"), Decimal("0.15"), Decimal("0.85"), 12)
VALUES = st.decimals(Decimal("1"), Decimal("999"), places=2)
FORMULAS = st.builds(
    lambda base, fixed: Formula(base, fixed, 1 - fixed, 12), VALUES, st.decimals(Decimal(0), Decimal("0.99"), places=2)
)


@given(FORMULAS)
def test_at_its_base_value_nothing_is_revised(formula):
    assert revised_factor(formula, formula.base_value) == 1


@given(FORMULAS, VALUES, VALUES)
def test_a_higher_index_never_gives_a_lower_factor(formula, one, other):
    low, high = sorted((one, other))
    assert revised_factor(formula, low) <= revised_factor(formula, high)


@given(FORMULAS, VALUES)
def test_the_fixed_share_is_never_revised(formula, value):
    assert revised_factor(formula, value) >= formula.fixed_share
    all_fixed = replace(formula, fixed_share=Decimal(1), indexed_share=Decimal(0))
    assert revised_factor(all_fixed, value) == 1


def test_four_decimals_half_up():
    assert revised_factor(FORMULA, Decimal("136.7")) == Decimal("1.0424")
    half = Formula(Decimal(100), Decimal(0), Decimal(1), 12)
    assert revised_factor(half, Decimal("100.005")) == Decimal("1.0001")
    with pytest.raises(ValueError, match="positive"):
        revised_factor(FORMULA, Decimal(0))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fixed_share": Decimal(1), "indexed_share": Decimal(0)}, "fixed_share"),
        ({"indexed_share": Decimal("0.9")}, "indexed_share"),
        ({"base_value": Decimal(0)}, "base_value"),
        ({"interval_months": 0}, "interval_months"),
    ],
)
def test_a_formula_is_a_whole(change, field):
    with pytest.raises(BadInput) as refused:
        check_formula(replace(FORMULA, **change))
    assert field in refused.value.errors


def test_a_revision_waits_for_its_interval_and_is_not_of_the_past():
    since, today = date(2026, 1, 31), date(2026, 6, 1)
    assert check_can_revise(FORMULA, since, date(2027, 1, 31), today) is None
    with pytest.raises(RuleBroken) as early:
        check_can_revise(FORMULA, since, date(2027, 1, 30), today)
    assert early.value.code == "revision_too_early"
    with pytest.raises(RuleBroken) as past:
        check_can_revise(FORMULA, since, date(2026, 5, 31), today)
    assert past.value.code == "revision_in_the_past"


@given(FORMULAS, st.decimals(Decimal("0.5"), Decimal(2), places=4))
def test_a_new_formula_starts_from_the_price_of_its_day(formula, carried):
    assert revised_factor(formula, formula.base_value, carried) == carried


def test_no_revision_of_a_contract_that_is_over_nor_by_a_formula_that_is_replaced():
    last = date(2027, 12, 31)
    for status, day in (("ended", date(2027, 6, 1)), ("terminated", date(2027, 6, 1)), ("active", date(2028, 1, 1))):
        with pytest.raises(RuleBroken) as over:
            check_revisable(status, day, last)
        assert over.value.code == "revision_of_ended_contract"
    check_revisable("active", last, last)
    with pytest.raises(RuleBroken) as replaced:
        check_before_new_formula(date(2027, 6, 1), date(2027, 6, 1))
    assert replaced.value.code == "formula_changes_before"
    check_before_new_formula(date(2027, 5, 31), date(2027, 6, 1))
