"""The status of a call-off and what stands of it, in SQL, from the rule's own definition."""
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, or_

from tenders.contracts.ordering.rules.states import DEFINITION, IS_LESS, IS_NOT_SET, IS_NOTHING, IS_SET, OTHERWISE

_TESTS = {
    IS_SET: lambda column, quantity: column.is_not(None),
    IS_NOT_SET: lambda column, quantity: column.is_(None),
    IS_NOTHING: lambda column, quantity: column == 0,
    IS_LESS: lambda column, quantity: column < quantity,
}


def status_case(columns: Mapping[str, SQLColumnExpression[Any]], quantity: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """The status as an SQL expression over the columns named by the definition."""
    branches = (
        (and_(*(_TESTS[test](columns[name], quantity) for name, test in tests)), status) for status, tests in DEFINITION
    )
    return case(*branches, else_=OTHERWISE)


def standing_case(
    quantity: SQLColumnExpression[Any], accepted: SQLColumnExpression[Any], rejected_at: SQLColumnExpression[Any],
    cancelled_at: SQLColumnExpression[Any],
) -> ColumnElement[int]:  # fmt: skip
    """Units that stand: nothing once turned down or cancelled, else what was accepted, else what was ordered."""
    over = or_(rejected_at.is_not(None), cancelled_at.is_not(None))
    return case((over, 0), else_=func.coalesce(accepted, quantity))
