"""What an envelope allows, when it warns, and the date it runs out: honest about how little it knows."""
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import RuleBroken
from tenders.demand.envelopes.rules import THRESHOLDS, Balance, check_entry, crossed, forecast, say_forecast

TODAY = date(2027, 6, 7)
ENDS_ON = date(2030, 1, 1)


def weeks_ago(count: int) -> date:
    return TODAY - timedelta(weeks=count)


def test_remaining_is_the_maximum_less_what_is_engaged_or_ordered_whichever_is_more():
    balance = Balance(maximum=1000, committed=600, released=-100, adjusted=20, called_off=300)
    assert (balance.engaged, balance.used, balance.remaining) == (520, 520, 480)
    assert Balance(maximum=1000, committed=100, called_off=300).remaining == 700
    assert Balance(committed=5).remaining is None


@pytest.mark.parametrize(
    ("kind", "quantity", "available"),
    [("committed", 101, 100), ("adjusted", 500, 100), ("called_off", 951, 950)],
)
def test_nothing_goes_beyond_the_maximum_and_the_refusal_says_what_is_left(kind, quantity, available):
    balance = Balance(maximum=1000, committed=900, called_off=50)
    with pytest.raises(RuleBroken) as refusal:
        check_entry(balance, kind, quantity, None)
    assert refusal.value.code == "envelope_exhausted"
    assert refusal.value.details["available"] == available
    check_entry(balance, kind, available, None)


def test_a_maximum_in_euros_stops_too():
    balance = Balance(maximum=1000, maximum_amount=Decimal("5000.00"), engaged_amount=Decimal("4900.00"), committed=10)
    check_entry(balance, "committed", 1, Decimal("100.00"))
    with pytest.raises(RuleBroken, match="dépassé"):
        check_entry(balance, "committed", 1, Decimal("100.01"))


def test_nobody_gives_back_more_than_there_is():
    with pytest.raises(RuleBroken) as refusal:
        check_entry(Balance(committed=10), "released", -11, None)
    assert refusal.value.code == "envelope_below_zero"
    check_entry(Balance(maximum=5, committed=10), "released", -4, None)  # still above, but less than before


def test_thresholds_are_reached_exactly_and_never_without_a_maximum():
    assert crossed(699, 1000) == ()
    assert crossed(700, 1000) == (70,)
    assert crossed(1000, 1000) == THRESHOLDS
    assert crossed(10**9, None) == () and crossed(0, 0) == ()


def test_a_steady_pace_gives_one_date_without_a_band():
    entries = [(weeks_ago(week), 100) for week in range(6)]
    seen = forecast(entries, 400, TODAY)
    assert seen.code == "dated"
    assert seen.expected_on == seen.earliest_on == seen.latest_on == TODAY + timedelta(weeks=4)


def test_an_uneven_pace_gives_a_band_around_the_date():
    entries = [(weeks_ago(week), quantity) for week, quantity in enumerate((150, 60, 120, 40, 130, 100))]
    seen = forecast(entries, 1000, TODAY)
    assert seen.earliest_on < seen.expected_on < seen.latest_on
    assert [said.code for said in say_forecast(seen, ENDS_ON)] == ["forecast_dated", "forecast_band"]
    assert [said.code for said in say_forecast(seen, TODAY)][-1] == "forecast_after_end"


def test_a_pace_that_may_stop_has_no_latest_date():
    seen = forecast([(weeks_ago(11), 900), (weeks_ago(4), 10), (weeks_ago(0), 10)], 1000, TODAY)
    assert seen.expected_on and seen.latest_on is None
    assert "forecast_open_band" in [said.code for said in say_forecast(seen, ENDS_ON)]


@pytest.mark.parametrize(
    ("entries", "remaining", "code"),
    [
        ([(TODAY, 5), (weeks_ago(2), 5)], 100, "forecast_too_few"),
        ([(TODAY, 5)] * 9, 100, "forecast_too_few"),
        ([(weeks_ago(30), 500)] * 5, 100, "forecast_too_few"),
        ([(weeks_ago(week), -10) for week in range(4)], 100, "forecast_not_in_sight"),
        ([], 0, "forecast_exhausted"),
        ([], None, "forecast_no_maximum"),
    ],
)
def test_what_cannot_be_foretold_is_said(entries, remaining, code):
    assert [said.code for said in say_forecast(forecast(entries, remaining, TODAY), ENDS_ON)] == [code]


@given(
    st.lists(st.tuples(st.integers(0, 83), st.integers(-50, 500)), max_size=30),
    st.integers(1, 5000),
)
def test_the_band_holds_the_date_and_the_order_of_entries_does_not_matter(days, remaining):
    entries = [(TODAY - timedelta(days=ago), quantity) for ago, quantity in days]
    seen = forecast(entries, remaining, TODAY)
    assert forecast(entries[::-1], remaining, TODAY) == seen
    if seen.expected_on:
        assert seen.earliest_on <= seen.expected_on
        assert seen.latest_on is None or seen.expected_on <= seen.latest_on
