"""Another deadline: earlier, the same, or within the published extension; never after it, nor after the vehicle."""
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.platform.errors import BadInput, RuleBroken
from tenders.demand.rules.deadlines import Calendar, kind_of

NOW = datetime(2027, 5, 1, 8, tzinfo=UTC)
CLOSES = datetime(2027, 5, 31, 23, 30, tzinfo=UTC)
"""Half past one on the first of June in Paris."""
CALENDAR = Calendar(NOW, CLOSES, CLOSES + timedelta(days=15), date(2027, 6, 20))


@pytest.mark.parametrize(
    ("closes_on", "kind"),
    [
        (date(2027, 5, 1), "earlier"),
        (date(2027, 5, 31), "earlier"),
        (date(2027, 6, 1), "same"),
        (date(2027, 6, 2), "later"),
        (date(2027, 6, 16), "later"),
    ],
)
def test_a_day_is_earlier_the_same_or_later_in_paris(closes_on: date, kind: str) -> None:
    assert kind_of(CALENDAR, closes_on) == kind


def test_a_day_that_is_over_cannot_be_asked() -> None:
    with pytest.raises(BadInput) as refused:
        kind_of(CALENDAR, date(2027, 4, 30))
    assert list(refused.value.errors) == ["closes_on"]


@pytest.mark.parametrize(
    ("calendar", "closes_on", "code"),
    [
        (CALENDAR, date(2027, 6, 17), "deadline_beyond_extension"),
        (CALENDAR, date(2027, 6, 21), "deadline_after_the_end"),
        (Calendar(NOW, CLOSES, None, date(2027, 6, 20)), date(2027, 6, 2), "extension_not_planned"),
    ],
)
def test_no_day_after_what_was_published(calendar: Calendar, closes_on: date, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        kind_of(calendar, closes_on)
    assert refused.value.code == code


@given(st.integers(0, 60), st.integers(1, 30) | st.none(), st.integers(0, 90))
def test_a_later_day_is_always_within_the_extension_and_the_vehicle(after: int, extension: int | None, ends: int) -> None:
    until = None if extension is None else CLOSES + timedelta(days=extension)
    calendar = Calendar(NOW, CLOSES, until, CLOSES.date() + timedelta(days=ends))
    closes_on = CLOSES.date() + timedelta(days=after)
    try:
        kind = kind_of(calendar, closes_on)
    except RuleBroken:
        return
    assert closes_on <= calendar.vehicle_ends_on
    assert kind != "later" or (extension is not None and closes_on <= CLOSES.date() + timedelta(days=extension + 1))
