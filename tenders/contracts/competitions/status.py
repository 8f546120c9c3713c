"""The status of a mini-competition in SQL, from the rule's own definition."""
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, case

from tenders.contracts.competitions.rules.states import DEFINITION, IS_SET, OTHERWISE


def status_case(columns: Mapping[str, SQLColumnExpression[Any]], now: datetime) -> ColumnElement[str]:
    """The status as an SQL expression over the columns named by the definition."""
    branches = (
        (columns[name].is_not(None) if test == IS_SET else columns[name] > now, status) for status, (name, test) in DEFINITION
    )
    return case(*branches, else_=OTHERWISE)
