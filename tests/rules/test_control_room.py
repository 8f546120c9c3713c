"""Order and filters of lots, bars by week, when a summary is due, and calendars as RFC 5545 wants them."""
from datetime import UTC, date, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tenders.dashboard.calendar.rules import Deadline, calendar_text, escaped, folded
from tenders.dashboard.control_room.rules import bars, distance_key, summary_week, wanted, weeks_until


def test_the_farthest_from_its_minimum_comes_first_whatever_the_scope():
    keys = {
        "half": distance_key(500, 1000, 0, 0), "reached": distance_key(0, 1000, 0, 0), "none": distance_key(0, None, 0, 0),
        "two of three grappes": distance_key(None, 100, 2, 3),
    }  # fmt: skip
    assert sorted(keys, key=lambda name: keys[name])[:2] == ["two of three grappes", "half"]


def test_the_filter_on_the_minimum_leaves_out_lots_without_one_when_it_asks_for_met():
    assert wanted("met", False, True) and not wanted("met", False, False) and not wanted("met", True, True)
    assert wanted("short", True, True) and not wanted("short", False, True)
    assert wanted(None, False, False)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_bars_stand_on_the_ground_side_by_side_and_what_is_there_is_seen(values):
    drawn = bars(values)
    assert all(round(bar.top + bar.height, 6) == 120 for bar in drawn)
    assert all((bar.height >= 2) == (value > 0) for bar, value in zip(drawn, values, strict=True))
    assert all(left.x + left.width <= right.x for left, right in pairwise(drawn))
    assert drawn[-1].x + drawn[-1].width <= 100


def test_weeks_are_mondays_and_the_running_one_is_last():
    assert weeks_until(date(2027, 6, 9), 3) == [date(2027, 5, 24), date(2027, 5, 31), date(2027, 6, 7)]


def test_a_summary_is_due_from_monday_seven_in_paris_and_late_workers_still_send_it():
    assert summary_week(datetime(2027, 6, 7, 4, 59, tzinfo=UTC)) is None  # 6:59 in summer
    assert summary_week(datetime(2027, 6, 7, 5, 0, tzinfo=UTC)) == date(2027, 6, 7)
    assert summary_week(datetime(2027, 6, 13, 20, 0, tzinfo=UTC)) == date(2027, 6, 7)
    assert summary_week(datetime(2027, 12, 6, 5, 30, tzinfo=UTC)) is None  # 6:30 in winter


def test_a_calendar_escapes_folds_and_ends_its_lines_with_crlf():
    closes = datetime(2027, 6, 12, 10, 0, tzinfo=UTC)
    text = calendar_text("Grappe", [Deadline("lot-1-1", closes, "Clôture ; EDR, lot 1", "é" * 90, "http://x/1")], closes)
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert "DTEND:20270612T100000Z" in lines and "SUMMARY:Clôture \\; EDR\\, lot 1" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    assert escaped("a\\b\nc") == "a\\\\b\\nc"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_folding_loses_nothing(line):
    assert folded(line).replace("\r\n ", "") == line
    assert all(len(piece.encode()) <= 75 for piece in folded(line).split("\r\n"))
