"""Putting something into the outbox: one INSERT in the act's transaction, no notification (it would cost ~40 %)."""
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.facts import to_json

_ENQUEUE = text(
    "INSERT INTO outbox (kind, payload, dedupe_key, created_at, next_attempt_at) "
    "VALUES (:kind, CAST(:payload AS jsonb), :dedupe_key, :now, :now) "
    "ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING"
)


def enqueue(session: Session, kind: str, payload: Mapping[str, Any], *, dedupe_key: str | None = None) -> None:
    """Step: have `payload` delivered by the handler of `kind` after commit; a known `dedupe_key` changes nothing."""
    enqueue_many(session, kind, [(payload, dedupe_key)])


def enqueue_many(session: Session, kind: str, items: Iterable[tuple[Mapping[str, Any], str | None]]) -> None:
    """Step: the same for many (payload, dedupe key) pairs."""
    now = clock.now()
    rows = [{"kind": kind, "payload": to_json(payload), "dedupe_key": key, "now": now} for payload, key in items]
    if rows:
        session.execute(_ENQUEUE, rows if len(rows) > 1 else rows[0])
