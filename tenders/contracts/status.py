"""The status of a contract: derived from its dates, by one definition read in Python and in SQL."""
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, or_

IS_SET, IS_NOT_SET, IS_PAST, HAS_COME, IS_TO_COME, NOT_PAST = (
    "is set", "is not set", "is past", "has come", "is to come", "is not past"
)  # fmt: skip
DEFINITION: Final = (
    ("lapsed", (("lapsed_at", IS_SET),)),
    ("terminated", (("terminated_on", HAS_COME),)),
    ("ended", (("ends_on", IS_PAST),)),
    ("concluded", (("activated_at", IS_NOT_SET),)),
    ("suspended", (("suspended_from", HAS_COME), ("suspended_until", NOT_PAST))),
    ("upcoming", (("starts_on", IS_TO_COME),)),
)
"""Read from the top; the first line whose tests all hold gives the status, and none of them means active."""
OTHERWISE: Final = "active"
STATUSES: Final = (*(status for status, _ in DEFINITION), OTHERWISE)
DATES: Final = tuple(sorted({name for _, tests in DEFINITION for name, _ in tests}))
OVER: Final = ("lapsed", "terminated", "ended")
"""Nothing is ordered any more, and nothing will be."""

_TESTS: Final = {
    IS_SET: lambda value, today: value is not None,
    IS_NOT_SET: lambda value, today: value is None,
    IS_PAST: lambda value, today: value < today,
    HAS_COME: lambda value, today: value is not None and value <= today,
    IS_TO_COME: lambda value, today: value > today,
    NOT_PAST: lambda value, today: value is None or value >= today,
}
_SQL_TESTS: Final = {
    IS_SET: lambda column, today: column.is_not(None),
    IS_NOT_SET: lambda column, today: column.is_(None),
    IS_PAST: lambda column, today: column < today,
    HAS_COME: lambda column, today: column <= today,
    IS_TO_COME: lambda column, today: column > today,
    NOT_PAST: lambda column, today: or_(column.is_(None), column >= today),
}


def status_of(dates: Mapping[str, Any], today: date) -> str:
    """lapsed, terminated, ended, concluded, suspended, upcoming or active; `dates` has the names of DATES, Paris days."""
    for status, tests in DEFINITION:
        if all(_TESTS[test](dates[name], today) for name, test in tests):
            return status
    return OTHERWISE


def status_case(columns: Mapping[str, SQLColumnExpression[Any]], today: date) -> ColumnElement[str]:
    """The same as an SQL expression over columns of the same names."""
    branches = (
        (and_(*(_SQL_TESTS[test](columns[name], today) for name, test in tests)), status) for status, tests in DEFINITION
    )
    return case(*branches, else_=OTHERWISE)
