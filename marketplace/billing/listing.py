"""SQL twin of `rules.listing_visible`: which organisations the directory and the catalogue's search show at a moment.

Matching, consultations, bids and contracts must not ask: no plan stands between a need and who can answer it.
"""
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text

from marketplace.platform import clock


def visible_sql(key: str, owner: str = "s.organisation_id", joined: str = "") -> str:
    """A condition on the column `key`; `owner` and `joined` say how a subscription `s` leads to such a key.

    Needs the values of `values_at`. The subqueries do not depend on the row: PostgreSQL reads each once.
    """
    subscriptions = f"SELECT {owner} FROM listing_subscriptions s {joined}"
    return (
        f"{key} NOT IN ({subscriptions} WHERE s.hidden_from <= :listed_at) AND ("
        "EXISTS (SELECT FROM listing_plans WHERE monthly_amount = 0 AND (retired_on IS NULL OR retired_on >= :listed_on))"
        f" OR {key} IN ({subscriptions} WHERE s.started_at <= :listed_at AND (s.ended_at IS NULL OR s.ended_at > :listed_at)))"
    )


def values_at(at: datetime) -> dict[str, Any]:
    """What the condition is filled with: the moment, and its Paris day."""
    return {"listed_at": at, "listed_on": clock.paris(at).date()}


def is_visible(key: str, at: datetime) -> TextClause:
    """The condition for a column of organisation ids, by its name, as SQLAlchemy takes it."""
    return text(visible_sql(key)).bindparams(**values_at(at))
