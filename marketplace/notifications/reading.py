"""A reader's notifications in words, a page at a time, newest first."""
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from marketplace.notifications import queries
from marketplace.notifications.models import Notification
from marketplace.notifications.templates import word
from marketplace.platform.facts import unpack
from marketplace.platform.pagination import USUAL_PAGE, decode_cursor, encode_cursor
from marketplace.platform.permissions import Actor


@dataclass(frozen=True)
class Read:
    """A notification as its reader sees it."""

    id: UUID
    template: str
    subject: str
    body: str
    link: str | None
    created_at: datetime
    read_at: datetime | None


def reworded(notification: Notification) -> Read:
    """The notification in the language in force."""
    wording = word(notification.template, unpack(notification.values))
    return Read(
        notification.id, notification.template, wording.subject, wording.body, wording.link,
        notification.created_at, notification.read_at,
    )  # fmt: skip


def read_page(
    session: Session, actor: Actor, *, unread: bool = False, limit: int = USUAL_PAGE, cursor: str | None = None
) -> dict[str, Any]:
    """{"items": [Read …], "next": cursor or None}."""
    order = (Notification.created_at, Notification.id)
    statement = queries.select_notifications(actor, unread=unread).order_by(*(column.desc() for column in order))
    if cursor:
        statement = statement.where(tuple_(*order) < tuple_(*decode_cursor(cursor, order)))
    found = list(session.scalars(statement.limit(limit + 1)))
    last = found[limit - 1] if len(found) > limit else None
    following = encode_cursor([last.created_at, last.id]) if last else None
    return {"items": [reworded(each) for each in found[:limit]], "next": following}
