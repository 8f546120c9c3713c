"""Which years fall due: whole, on the day they begin, each once whatever the clock does."""
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenders.contracts.rules.yearly import year_begins, year_ends, year_of, years_due

DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize("since, year, begins, ends", [
    (date(2027, 3, 15), 1, date(2027, 3, 15), date(2028, 3, 14)),
    (date(2027, 3, 15), 3, date(2029, 3, 15), date(2030, 3, 14)),
    (date(2028, 2, 29), 2, date(2029, 2, 28), date(2030, 2, 27)),
    (date(2028, 2, 29), 5, date(2032, 2, 29), date(2033, 2, 27)),
])  # fmt: skip
def test_a_year_begins_on_the_same_day_of_the_calendar(since, year, begins, ends):
    assert (year_begins(since, year), year_ends(since, year)) == (begins, ends)


def test_a_year_is_due_from_its_first_day_and_whole():
    since = date(2027, 3, 15)
    assert years_due(since, since, date(2027, 3, 14)) == []
    assert years_due(since, since, date(2027, 3, 15)) == [1]
    assert years_due(since, date(2028, 3, 15), date(2028, 3, 14)) == []
    assert years_due(since, date(2028, 3, 15), date(2030, 3, 15)) == [2, 3, 4]


@given(since=DAYS, offset=st.integers(-400, 4000))
def test_every_day_lies_in_one_year(since, offset):
    day = since + timedelta(days=offset)
    year = year_of(since, day)
    assert day <= year_ends(since, year)
    assert year == 1 or year_begins(since, year) <= day


@given(since=DAYS, length=st.integers(1, 2000), jumps=st.lists(st.integers(-500, 2500), min_size=1, max_size=12))
def test_however_the_clock_jumps_each_year_that_began_is_charged_once_and_in_order(since, length, jumps):
    """The scheduler's loop as values: what was charged is only ever counted up from the first year."""
    ends, next_on, charged = since + timedelta(days=length), since, []
    for jump in jumps:
        due = years_due(since, next_on, min(since + timedelta(days=jump), ends))
        charged += due
        if due:
            next_on = year_begins(since, due[-1] + 1)
    furthest = min(since + timedelta(days=max(jumps)), ends)
    assert charged == list(range(1, year_of(since, furthest) + 1 if furthest >= since else 1))
