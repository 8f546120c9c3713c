"""The status of a vehicle or a lot: derived from its dates, by one definition read in Python and in SQL."""
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, case

IS_SET, IS_NOT_SET, IS_PAST = "is set", "is not set", "is past"

DEFINITION = (
    ("cancelled", "cancelled_at", IS_SET),
    ("draft", "opened_at", IS_NOT_SET),
    ("ended", "ends_on", IS_PAST),
    ("closed", "closed_at", IS_SET),
)
"""Read from the top; the first line that holds gives the status, and none of them means open."""
OTHERWISE = "open"

Dates = Mapping[str, Any]

_TESTS = {
    IS_SET: lambda value, today: value is not None,
    IS_NOT_SET: lambda value, today: value is None,
    IS_PAST: lambda value, today: value < today,
}
_SQL_TESTS = {
    IS_SET: lambda column, today: column.is_not(None),
    IS_NOT_SET: lambda column, today: column.is_(None),
    IS_PAST: lambda column, today: column < today,
}


def status_of(dates: Dates, today: date) -> str:
    """draft, open, closed, cancelled or ended; `dates` has the four names of DEFINITION, `ends_on` is a Paris day."""
    for status, name, test in DEFINITION:
        if _TESTS[test](dates[name], today):
            return status
    return OTHERWISE


def status_case(columns: Mapping[str, SQLColumnExpression[Any]], today: date) -> ColumnElement[str]:
    """The same as an SQL expression over columns of the same names."""
    branches = ((_SQL_TESTS[test](columns[name], today), status) for status, name, test in DEFINITION)
    return case(*branches, else_=OTHERWISE)


def closed_when_every_lot_is(lots: list[tuple[datetime | None, datetime | None]]) -> datetime | None:
    """When a vehicle closed: the last moment at which one of its lots closed or was cancelled; None while one is open.

    `lots` are (closed_at, cancelled_at).
    """
    moments = [closed_at or cancelled_at for closed_at, cancelled_at in lots]
    if not moments or None in moments:
        return None
    return max(moment for moment in moments if moment is not None)
