"""Cursor pagination: a page is at most 100 rows, `next` is opaque and stable under insertions."""
import base64
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import marshmallow as ma
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

from marketplace.platform.api import Schema
from marketplace.platform.errors import N_, BadInput

LARGEST_PAGE = 100
USUAL_PAGE = 50


class PageArgs(Schema):
    """`limit` and `cursor`, for every list."""

    limit = ma.fields.Integer(load_default=USUAL_PAGE, validate=ma.validate.Range(min=1, max=LARGEST_PAGE))
    cursor = ma.fields.String(load_default=None, metadata={"description": "`next` of the page before"})


def encode_cursor(values: Sequence[Any]) -> str:
    """Key values of the last row of a page, as opaque text."""
    plain = [v.isoformat() if isinstance(v, date | datetime) else str(v) if isinstance(v, UUID) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, columns: Sequence[Any]) -> list[Any]:
    """Key values behind a cursor, typed like the columns; BadInput when it was not ours."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(columns):
            raise ValueError("wrong number of keys")
        return [_typed(value, column.type.python_type) for value, column in zip(values, columns, strict=True)]
    except (ValueError, TypeError, AttributeError) as bad:
        raise BadInput({"cursor": [N_("Reprenez le curseur `next` de la page précédente, tel quel.")]}) from bad


def _typed(value: Any, kind: Any) -> Any:
    if kind is UUID:
        return UUID(value)
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    if type(value) is not kind or (kind is str and "\x00" in value):
        raise TypeError("wrong kind of key")
    return value


def paginate(
    session: Session, statement: Select, columns: Sequence[Any], *, limit: int = USUAL_PAGE, cursor: str | None = None
) -> dict[str, Any]:
    """One page of a select ordered by `columns` ascending (the last must be unique): {"items": [...], "next": text|None}.

    A select of one entity gives entities, of several gives rows. The key columns must be attributes of the
    first entity or labelled columns of the row.
    """
    if cursor:
        statement = statement.where(tuple_(*columns) > tuple_(*decode_cursor(cursor, columns)))
    rows = session.execute(statement.order_by(*columns).limit(limit + 1)).all()
    items = [row[0] if len(row) == 1 else row for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        following = encode_cursor([_key(rows[limit - 1], column) for column in columns])
    return {"items": items, "next": following}


def _key(row: Any, column: Any) -> Any:
    if column.key in row._mapping:
        return row._mapping[column.key]
    return getattr(row[0], column.key)
