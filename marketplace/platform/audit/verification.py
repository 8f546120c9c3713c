"""Proving the audit: recomputes every seal and looks for events that no seal and no queue knows."""
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.platform.audit import canonical
from marketplace.platform.audit.models import AuditEvent, AuditPersonal, AuditSeal, AuditUnsealed

BATCH = 1000

# One statement, so one snapshot: a sealer at work cannot make an event look lost.
_LOST = text("""
    SELECT count(*), min(e.id) FROM audit_events e
    WHERE NOT e.id <@ coalesce((SELECT range_agg(ids) FROM audit_seals), '{}'::int8multirange)
      AND NOT EXISTS (SELECT FROM audit_unsealed u WHERE u.event_id = e.id)
""")
_EVENTS_OF_SEAL = text("""
    SELECT e.* FROM audit_seals s CROSS JOIN LATERAL unnest(s.ids) AS run
    JOIN audit_events e ON e.id >= lower(run) AND e.id < upper(run)
    WHERE s.seq = :seq ORDER BY e.id
""")


@dataclass(frozen=True)
class Expected:
    """A seal known from outside the database: the newest one mailed to the operator."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What verification found. `broken_seal` is the first seal that does not hold, with the reason."""

    sealed: int
    unsealed: int
    seals: int
    newest_hash: str
    broken_seal: int | None = None
    reason: str | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, added or removed."""
        return self.reason is None


def verify(session: Session, expected: Expected | None = None) -> Verdict:
    """Recompute the whole chain. `expected` shows a cut tail: seals removed together with their events."""
    sealed, seals, previous, problem = 0, 0, canonical.NO_SEAL_BEFORE, None
    for seal in _every_seal(session):
        problem = _problem_of(session, seal, seals + 1, previous)
        if problem is not None:
            break
        if expected is not None and seal.seq == expected.seq and seal.hash != expected.hash:
            problem = f"seal {seal.seq} is not the one that was mailed"
            break
        sealed, seals, previous = sealed + seal.rows, seal.seq, seal.hash
    unsealed = session.execute(select(func.count()).select_from(AuditUnsealed)).scalar_one()
    if problem is not None:
        return Verdict(sealed, unsealed, seals, previous, seals + 1, problem)
    return Verdict(sealed, unsealed, seals, previous, None, _problem_outside_seals(session, seals, expected))


def _every_seal(session: Session) -> Iterator[AuditSeal]:
    seq = 0
    while seals := session.scalars(select(AuditSeal).where(AuditSeal.seq > seq).order_by(AuditSeal.seq).limit(BATCH)).all():
        yield from seals
        seq = seals[-1].seq


def _problem_of(session: Session, seal: AuditSeal, expected_seq: int, previous: str) -> str | None:
    if seal.seq != expected_seq:
        return f"seal {expected_seq} was removed"
    if seal.prev_hash != previous:
        return "it does not follow the seal before"
    runs = [(run.lower, run.upper - 1) for run in seal.ids]
    claimed = canonical.seal_hash(
        seq=seal.seq, ids=runs, rows=seal.rows, rows_hash=seal.rows_hash, prev_hash=seal.prev_hash, sealed_at=seal.sealed_at
    )
    if claimed != seal.hash:
        return "the seal itself was changed"
    rows, rows_hash = canonical.rows_hash(session.execute(_EVENTS_OF_SEAL, {"seq": seal.seq}))
    if rows != seal.rows:
        return f"it sealed {seal.rows} events and {rows} are there"
    if rows_hash != seal.rows_hash:
        return "an event that it sealed was changed"
    return None


def _problem_outside_seals(session: Session, seals: int, expected: Expected | None) -> str | None:
    lost, first = session.execute(_LOST).one()
    if lost:
        return f"{lost} events are neither sealed nor waiting to be, the first is {first}: a seal was removed, or the queue cut"
    if expected is not None and seals < expected.seq:
        return f"the chain ends at seal {seals} and seal {expected.seq} was mailed: its end was cut off"
    return _altered_personal(session)


def _altered_personal(session: Session) -> str | None:
    kept = select(
        AuditPersonal.event_id, AuditPersonal.salt, AuditPersonal.personal, AuditEvent.personal_digest
    ).join(AuditEvent, AuditEvent.id == AuditPersonal.event_id)
    for row in session.execute(kept.order_by(AuditPersonal.event_id).execution_options(yield_per=BATCH)):
        if canonical.personal_digest(row.salt, row.personal) != row.personal_digest:
            return f"the personal values of event {row.event_id} were changed"
    return None
