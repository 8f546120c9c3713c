"""Months by the calendar: the same day later, or the last day of a shorter month."""
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.months import months_after


def test_months_end_on_the_last_day_when_the_day_does_not_exist():
    assert months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_after(date(2026, 11, 15), 2) == date(2027, 1, 15)
    assert months_after(date(2026, 1, 15), 36) == date(2029, 1, 15)
    assert months_after(date(9998, 1, 15), 36) == date.max


@given(st.dates(max_value=date(2200, 1, 1)), st.integers(0, 480))
def test_the_month_is_always_that_many_later(day, months):
    later = months_after(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months and later.day <= day.day
