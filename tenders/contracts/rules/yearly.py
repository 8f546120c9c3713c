"""Which years of something that runs fall due: counted from its first day, each due whole on the day it begins."""
from datetime import date, timedelta
from itertools import count

from tenders.vehicles.rules import longest_end


def year_begins(since: date, year: int) -> date:
    """The first day of a year, numbered from 1: the same day of the calendar, or the month's last (29 February)."""
    return longest_end(since, 12 * (year - 1))


def year_ends(since: date, year: int) -> date:
    """The last day of a year."""
    return year_begins(since, year + 1) - timedelta(days=1)


def year_of(since: date, day: date) -> int:
    """In which year a day lies; the first when it lies before all of them."""
    return next(year for year in count(1) if day < year_begins(since, year + 1))


def years_due(since: date, next_on: date, last_on: date) -> list[int]:
    """Years whose first day is neither before `next_on` (the first one not charged yet) nor after `last_on`, both included.

    A year that has begun is due whole, whatever ends in its course: nothing is shared out by days.
    """
    first = year_of(since, next_on)
    return [year for year in range(first, year_of(since, last_on) + 1) if next_on <= year_begins(since, year) <= last_on]
