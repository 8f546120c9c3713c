"""Delivering what waits in the outbox: at least once, several dispatchers may run, a bad row holds up no other.

A batch is claimed in a short transaction (attempts counted, next attempt put off), then each row is delivered outside
any transaction and marked. Whoever dies in between leaves rows that another dispatcher takes up when their time comes.
"""
import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import delete, text, update

from marketplace.platform import clock
from marketplace.platform.database import rows_changed, transaction
from marketplace.platform.outbox.models import OutboxRow
from marketplace.platform.outbox.registry import handler_of
from marketplace.platform.outbox.rules import MOST_ATTEMPTS, is_last, wait_after

log = logging.getLogger(__name__)

BATCH = 20
LEASE = timedelta(minutes=10)
"""How long a claimed row is left alone: longer than a batch whose every mail times out."""
KEPT_FOR = timedelta(days=30)

_CLAIM = text("""
    UPDATE outbox SET attempts = attempts + 1, next_attempt_at = :lease_end
    WHERE id IN (
        SELECT id FROM outbox
        WHERE done_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= :now
        ORDER BY next_attempt_at, id LIMIT :batch FOR UPDATE SKIP LOCKED
    ) RETURNING id, kind, payload, attempts
""")


class Claimed(NamedTuple):
    """A row that this dispatcher alone delivers now."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int


def dispatch_due(*, for_at_most: timedelta = timedelta(seconds=50)) -> int:
    """Deliver everything due, or as much as fits in the time; how many rows were delivered."""
    stop_at = clock.now() + for_at_most
    delivered = 0
    while rows := _claim():
        delivered += sum(_deliver(row) for row in rows)
        if clock.now() >= stop_at:
            break
    return delivered


def sweep(now: datetime) -> int:
    """Use case: forget rows delivered more than 30 days ago; given-up ones stay until somebody looks. How many."""
    with transaction() as session:
        return rows_changed(session, delete(OutboxRow).where(OutboxRow.done_at < now - KEPT_FOR))


def retry_given_up() -> int:
    """Use case: try every given-up row again, once its cause is mended; how many."""
    with transaction() as session:
        again = update(OutboxRow).values(given_up_at=None, attempts=0, next_attempt_at=clock.now())
        return rows_changed(session, again.where(OutboxRow.given_up_at.is_not(None)))


def _claim() -> list[Claimed]:
    now = clock.now()
    with transaction() as session:
        rows = session.execute(_CLAIM, {"now": now, "lease_end": now + LEASE, "batch": BATCH})
        return sorted(Claimed(*row) for row in rows)


def _deliver(row: Claimed) -> bool:
    try:
        if row.attempts > MOST_ATTEMPTS:
            raise RuntimeError("every attempt ended without an answer")
        with current_app.app_context():  # its own session, closed whatever the handler does
            handler_of(row.kind)(row.payload)
    except Exception as error:
        _note_failure(row, error)
        return False
    _mark(row, done_at=clock.now(), last_error=None)
    return True


def _note_failure(row: Claimed, error: Exception) -> None:
    now, reason = clock.now(), f"{type(error).__name__}: {error}"[:500]
    if is_last(row.attempts):
        _mark(row, given_up_at=now, last_error=reason)
    else:
        _mark(row, next_attempt_at=now + wait_after(row.attempts), last_error=reason)
    # The reason may hold an address: it stays in the row, the log has its kind.
    log.warning(
        "outbox delivery failed",
        extra={"outbox_id": row.id, "kind": row.kind, "attempts": row.attempts, "error": type(error).__name__},
    )


def _mark(row: Claimed, **values: Any) -> None:
    with transaction() as session:
        rows_changed(session, update(OutboxRow).where(OutboxRow.id == row.id).values(**values))
