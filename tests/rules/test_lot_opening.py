"""What keeps a vehicle and its lots from opening: every refusal by its code, and next to its field."""
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken
from tenders.vehicles.rules import (
    MOST_UNITS,
    Bound,
    LotTerms,
    VehicleTerms,
    Vocabulary,
    freeze_bounds,
    longest_end,
    lot_contradictions,
    opening_refusals,
    opening_warnings,
    periods,
    price_over_term,
    refuse_first,
)

NOW = datetime(2027, 1, 10, 8, tzinfo=UTC)
TODAY = NOW.date()
VEHICLE = VehicleTerms(
    starts_on=date(2027, 7, 1), ends_on=date(2031, 6, 30), maximum_required=True, maximum_duration_months=48
)
LOT = LotTerms(
    code="1",
    category_code="edr",
    kind="support",
    unit="endpoint",
    price_period="month",
    term_months=36,
    needs_close_at=datetime(2027, 6, 12, 10, tzinfo=UTC),
    reference_unit_price=Decimal("4.10"),
    minimum_kind="contractual",
    minimum=Bound("quantity", Decimal(5000)),
    maximum=Bound("quantity", Decimal(8000)),
    requirements={"certificates": ["iso27001"], "hds_activities": [5], "regions": ["84"], "delivery_modes": ["remote"]},
    minimum_policy=("extend", "release"),
)
VOCABULARY = Vocabulary(
    units_by_category={"edr": {"endpoint"}, "support_maintenance": {"endpoint", "site"}},
    requirement_codes={
        "certificates": {"iso27001", "hds"},
        "hds_activities": {1, 2, 3, 4, 5, 6},
        "regions": {"84"},
        "delivery_modes": {"on_site", "remote"},
    },
)


def refusals(lot=LOT, vehicle=VEHICLE, vocabulary=VOCABULARY, lots=None):
    return opening_refusals(vehicle, [lot] if lots is None else lots, vocabulary, NOW, TODAY)


def codes(*args, **kwargs):
    return [(refusal.field, refusal.sentence.code) for refusal in refusals(*args, **kwargs)]


def test_a_complete_vehicle_opens():
    assert refusals() == []


def test_a_vehicle_without_a_lot_does_not_open():
    assert codes(lots=[]) == [("lots", "vehicle_without_lot")]


def test_a_vehicle_must_end_after_it_starts():
    assert ("ends_on", "vehicle_ends_before_it_starts") in codes(vehicle=replace(VEHICLE, ends_on=VEHICLE.starts_on))


def test_a_vehicle_already_over_does_not_open():
    past = replace(VEHICLE, starts_on=date(2025, 1, 1), ends_on=date(2027, 1, 9))
    assert ("ends_on", "vehicle_already_over") in codes(vehicle=past)


def test_more_than_four_years_needs_a_written_reason():
    long = replace(VEHICLE, ends_on=date(2031, 7, 2))
    assert codes(vehicle=long) == [("duration_reason", "duration_needs_reason")]
    assert codes(vehicle=replace(long, duration_reason="  ")) == [("duration_reason", "duration_needs_reason")]
    assert codes(vehicle=replace(long, duration_reason="Amortissement de cinq ans.")) == []


def test_four_years_to_the_day_need_no_reason():
    assert codes(vehicle=replace(VEHICLE, ends_on=date(2031, 7, 1))) == []


def test_outside_the_code_a_vehicle_may_last():
    assert codes(vehicle=replace(VEHICLE, ends_on=date(2040, 1, 1), maximum_duration_months=None)) == []


def test_a_lot_that_outlasts_its_vehicle_is_worth_a_second_look_and_opens():
    assert opening_warnings(VEHICLE, [replace(LOT, term_months=48)]) == []
    (warning,) = opening_warnings(VEHICLE, [LOT, replace(LOT, code="2", term_months=49)])
    assert (warning.code, warning.values["code"]) == ("term_beyond_vehicle", "2")
    assert "term_beyond_vehicle" not in [code for _, code in codes(lots=[replace(LOT, term_months=49)])]


def test_a_month_end_stays_a_month_end():
    assert longest_end(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert longest_end(date(2024, 2, 29), 48) == date(2028, 2, 29)
    assert longest_end(date(2027, 12, 15), 1) == date(2028, 1, 15)


def test_the_public_code_requires_a_maximum_and_others_do_not():
    endless = replace(LOT, maximum=None)
    assert codes(endless) == [("maximum", "maximum_required")]
    assert codes(endless, vehicle=replace(VEHICLE, maximum_required=False)) == []


def test_needs_close_in_the_future_and_before_the_vehicle_ends():
    assert codes(replace(LOT, needs_close_at=NOW)) == [("needs_close_at", "needs_close_in_the_past")]
    late = replace(LOT, needs_close_at=datetime(2031, 7, 1, tzinfo=UTC))
    assert codes(late) == [("needs_close_at", "needs_close_after_the_end")]


def test_without_a_reference_price_nobody_can_sign():
    assert codes(replace(LOT, reference_unit_price=None)) == [("reference_unit_price", "reference_price_required")]


def test_a_survey_without_firm_needs_may_open_without_a_price():
    assert codes(replace(LOT, reference_unit_price=None, takes_firm_needs=False)) == []


@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_an_amount_needs_a_reference_price_even_without_firm_needs(bound):
    lot = replace(LOT, reference_unit_price=None, takes_firm_needs=False)
    lot = replace(lot, **{bound: Bound("amount", Decimal(1000))})
    assert codes(lot) == [("reference_unit_price", "reference_price_required")]


def test_a_minimum_above_the_maximum_is_refused():
    lot = replace(LOT, minimum=Bound("quantity", Decimal(8001)))
    assert codes(lot) == [("minimum", "minimum_above_maximum")]


def test_a_minimum_that_only_a_pack_above_the_maximum_reaches_is_refused():
    lot = replace(LOT, order_multiple=8000, minimum=Bound("quantity", Decimal(8000)))
    assert codes(lot) == []
    lot = replace(LOT, order_multiple=5, minimum=Bound("quantity", Decimal(12)), maximum=Bound("quantity", Decimal(10)))
    assert codes(lot) == [("minimum", "minimum_above_maximum")]


def test_a_maximum_between_two_packs_is_refused():
    assert codes(replace(LOT, order_multiple=3)) == [("maximum", "maximum_not_in_packs")]


def test_a_maximum_of_zero_means_nothing_and_is_not_no_maximum():
    nothing = replace(LOT, kind="service", minimum_kind="none", minimum=None, maximum=Bound("quantity", Decimal(0)))
    assert codes(nothing) == []
    assert freeze_bounds(nothing).maximum_quantity == 0


def test_a_bound_beyond_what_a_pool_can_count_is_refused():
    lot = replace(LOT, maximum=Bound("quantity", Decimal(MOST_UNITS + 1)))
    assert codes(lot) == [("maximum", "bound_out_of_range")]


def test_a_lot_is_counted_in_a_unit_of_its_category():
    assert codes(replace(LOT, unit="site")) == [("unit", "unit_not_of_category")]
    assert codes(replace(LOT, category_code="support_maintenance", unit="site")) == []


def test_a_policy_step_appears_once():
    assert codes(replace(LOT, minimum_policy=("extend", "extend"))) == [("minimum_policy", "policy_step_repeated")]


def test_merge_needs_grappes_or_another_lot_of_the_category():
    lot = replace(LOT, minimum_policy=("merge", "release"))
    assert codes(lot) == [("minimum_policy", "merge_without_target")]
    assert codes(replace(lot, minimum_scope="grappe")) == []
    assert codes(lot, vocabulary=replace(VOCABULARY, mergeable_categories={"edr"})) == []


@pytest.mark.parametrize("kind", ["none", "indicative"])
def test_a_support_lot_has_a_contractual_minimum(kind):
    bound = None if kind == "none" else LOT.minimum
    assert codes(replace(LOT, minimum_kind=kind, minimum=bound)) == [("minimum", "support_without_minimum")]


@pytest.mark.parametrize(
    ("name", "code"), [("certificates", "iso9001"), ("hds_activities", 7), ("regions", "00"), ("delivery_modes", "fax")]
)
def test_requirements_use_known_codes(name, code):
    found = refusals(replace(LOT, requirements={name: [code]}))
    assert [(refusal.field, refusal.sentence.code) for refusal in found] == [
        (f"requirements.{name}", "requirement_unknown")
    ]
    assert found[0].sentence.values["codes"] == str(code)


def test_every_refusal_of_a_lot_names_the_lot_and_can_be_read():
    broken = replace(
        LOT,
        unit="site",
        maximum=None,
        reference_unit_price=None,
        minimum_kind="none",
        minimum=None,
        needs_close_at=NOW,
        minimum_policy=("merge", "merge"),
    )
    found = refusals(broken)
    assert len(found) == 7
    for refusal in found:
        assert refusal.lot_code == "1"
        assert refusal.sentence.in_french().startswith("Lot 1 : ")


def test_a_draft_may_be_incomplete_but_not_contradictory():
    incomplete = replace(LOT, reference_unit_price=None, maximum=None, minimum_kind="none", minimum=None)
    assert lot_contradictions(incomplete, VOCABULARY) == []
    assert lot_contradictions(replace(LOT, minimum_policy=("merge",)), VOCABULARY) == [], "the other lot may come next"
    assert lot_contradictions(replace(incomplete, unit="tb"), VOCABULARY)


def test_a_draft_waits_for_its_price_before_its_amounts_are_compared():
    lot = replace(LOT, reference_unit_price=None, minimum=Bound("amount", Decimal(10)))
    assert lot_contradictions(lot, VOCABULARY) == []
    with pytest.raises(ValueError, match="reference price"):
        freeze_bounds(lot)


def test_the_first_refusal_is_raised_with_its_field():
    with pytest.raises(RuleBroken) as refused:
        refuse_first(refusals(replace(LOT, unit="site", maximum=None)))
    assert refused.value.code == "unit_not_of_category"
    assert refused.value.details == {"field": "unit", "lot": "1", "units": "endpoint"}
    refuse_first([])


@pytest.mark.parametrize(
    ("months", "period", "times"),
    [(36, "month", 36), (36, "year", 3), (37, "year", 4), (36, "once", 1), (1, "year", 1)],
)
def test_periods_are_counted_over_the_term_and_rounded_up(months, period, times):
    assert periods(months, period) == times


def test_amounts_become_quantities_minimum_up_and_maximum_down():
    lot = replace(LOT, minimum=Bound("amount", Decimal(100_000)), maximum=Bound("amount", Decimal(200_000)))
    assert price_over_term(lot) == Decimal("147.60")
    bounds = freeze_bounds(lot)
    assert (bounds.minimum_quantity, bounds.maximum_quantity) == (678, 1355)


def test_a_maximum_in_euros_ends_on_a_whole_pack():
    lot = replace(LOT, maximum=Bound("amount", Decimal(200_000)), minimum=None, order_multiple=100)
    assert freeze_bounds(lot).maximum_quantity == 1300


amounts = st.decimals(min_value=1, max_value=10_000_000, places=2)
prices = st.decimals(min_value="0.0001", max_value=10_000, places=4)


@given(amount=amounts, price=prices, months=st.integers(1, 120), period=st.sampled_from(["once", "month", "year"]))
def test_a_frozen_minimum_is_the_least_quantity_worth_the_amount_and_a_maximum_the_most_within_it(
    amount, price, months, period
):
    bound = Bound("amount", amount)
    lot = replace(
        LOT, reference_unit_price=price, term_months=months, price_period=period, minimum=bound, maximum=bound
    )
    cost, bounds = price_over_term(lot), freeze_bounds(lot)
    assert bounds.minimum_quantity * cost >= amount > (bounds.minimum_quantity - 1) * cost
    assert bounds.maximum_quantity * cost <= amount < (bounds.maximum_quantity + 1) * cost
