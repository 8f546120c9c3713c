"""Sealing: a job hashes committed, unsealed events in batches and chains the batches (architecture §6).

Not in the request: a chain head under lock would serialise every write. An event that commits late, and the gaps that
rolled-back transactions leave in the numbering, simply go into, or stay out of, the next seal.
"""
from collections.abc import Sequence

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.audit import canonical
from marketplace.platform.audit.models import AuditEvent, AuditSeal, AuditUnsealed
from marketplace.platform.database import rows_changed, transaction

BATCH = 1000
SEALER_LOCK = 0x5EA1
"""Key of the advisory lock: one sealer at a time, whatever the number of workers."""


def seal_pending() -> int:
    """Use case: seal everything committed and not sealed yet, a batch a transaction; how many events.

    Answers 0 at once while another sealer works.
    """
    sealed = 0
    while count := _seal_one_batch():
        sealed += count
    return sealed


def newest_seal(session: Session) -> AuditSeal | None:
    """The last link of the chain; None before the first."""
    return session.scalars(select(AuditSeal).order_by(AuditSeal.seq.desc()).limit(1)).one_or_none()


def _seal_one_batch() -> int:
    with transaction() as session:
        if not session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEALER_LOCK}).scalar_one():
            return 0
        waiting = select(AuditUnsealed.event_id).order_by(AuditUnsealed.event_id).limit(BATCH)
        ids = list(session.scalars(waiting))
        if not ids:
            return 0
        session.add(_seal(session, ids))
        session.flush()
        return rows_changed(session, delete(AuditUnsealed).where(AuditUnsealed.event_id.in_(ids)))


def _seal(session: Session, ids: Sequence[int]) -> AuditSeal:
    columns = AuditEvent.__table__.columns
    events = session.execute(select(*columns).where(AuditEvent.id.in_(ids)).order_by(AuditEvent.id))
    rows, rows_hash = canonical.rows_hash(events)
    before = newest_seal(session)
    runs = canonical.spans(ids)
    seal = {
        "seq": before.seq + 1 if before else 1,
        "rows": rows,
        "rows_hash": rows_hash,
        "prev_hash": before.hash if before else canonical.NO_SEAL_BEFORE,
        "sealed_at": clock.now(),
    }
    return AuditSeal(
        **seal,
        ids=[Range(first, last + 1, bounds="[)") for first, last in runs],
        hash=canonical.seal_hash(ids=runs, **seal),  # type: ignore[arg-type]
    )
