"""The scheduler: rooms register what falls due; each check does everything due at a moment, however late it is asked."""
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from flask import current_app
from sqlalchemy import text

from marketplace.platform import clock
from marketplace.platform.database import transaction

log = logging.getLogger(__name__)

Check = Callable[[datetime], int]
"""A use case that does everything due at a moment and says how many things it did.

It picks its rows with `next_check_at <= now … FOR UPDATE SKIP LOCKED`, one transaction each; running it twice, in two
workers at once or after a night of downtime does each thing once.
"""

_checks: dict[str, Check] = {}

_NOTE_RUN = text("""
    INSERT INTO job_runs AS r (name, ended_at, succeeded_at, failures, last_error)
    VALUES (:name, :now, CASE WHEN CAST(:error AS text) IS NULL THEN CAST(:now AS timestamptz) END,
            CASE WHEN CAST(:error AS text) IS NULL THEN 0 ELSE 1 END, CAST(:error AS text))
    ON CONFLICT (name) DO UPDATE SET
        ended_at = excluded.ended_at,
        succeeded_at = coalesce(excluded.succeeded_at, r.succeeded_at),
        failures = CASE WHEN excluded.last_error IS NULL THEN 0 ELSE r.failures + 1 END,
        last_error = excluded.last_error
""")


def on_check(name: str, check: Check) -> None:
    """Register what a room does when it falls due; the same name replaces."""
    _checks[name] = check


def run_checks() -> dict[str, int]:
    """Ask every room what falls due now; one that fails does not keep the others waiting. How many things each did."""
    now = clock.now()
    outcomes = {name: run_once(name, partial(check, now)) for name, check in _checks.items()}
    return {name: done for name, done in outcomes.items() if done is not None}


def each_apart(ids: Iterable[UUID], work: Callable[[UUID], int]) -> list[int]:
    """Do a check's work on every row, one that fails not keeping those after it waiting; what each did.

    Failures are logged with their id and raised together at the end, so that the run is noted as failed.
    """
    done: list[int] = []
    failures: list[Exception] = []
    for row_id in ids:
        try:
            done.append(work(row_id))
        except Exception as failed:
            log.exception("periodic job failed on one", extra={"row_id": str(row_id)})
            failures.append(failed)
    if failures:
        raise ExceptionGroup(f"{len(failures)} failed, {len(done)} done", failures)
    return done


def run_once(name: str, work: Callable[[], int]) -> int | None:
    """Run one periodic piece of work in its own application context and note how it ended; None when it failed."""
    error: str | None = None
    done: int | None = None
    try:
        with current_app.app_context():
            done = work()
    except Exception as failed:
        error = type(failed).__name__
        log.exception("periodic job failed", extra={"job": name})
    if done:
        log.info("periodic job", extra={"job": name, "done": done})
    with transaction() as session:
        session.execute(_NOTE_RUN, {"name": name, "now": clock.now(), "error": error})
    return done
