"""Months counted by the calendar: the same day some months later, whatever the months' lengths."""
from calendar import monthrange
from datetime import date


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last day of that month; never beyond the calendar's own end."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, monthrange(year, month)[1]))
