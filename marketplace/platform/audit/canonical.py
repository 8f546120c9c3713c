"""The canonical form of audit rows and seals, and their hashes: anybody can recompute them (docs/operations.md).

A row is the JSON array [id, occurred_at, actor, organisation, action, subject_type, subject_id, before, after,
personal_digest]: UTF-8, keys sorted, no spaces, moments in UTC with six decimals and a Z, ids as text, null where absent;
followed by one line feed. `rows_hash` is the SHA-256 of a batch's rows in id order.
A seal is the JSON array [seq, ids, rows, rows_hash, prev_hash, sealed_at] in the same form, where ids is a list of
[first, last] pairs; `hash` is its SHA-256 and the next seal's `prev_hash`. The first seal follows 64 zeros.
"""
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

NO_SEAL_BEFORE = "0" * 64

Span = tuple[int, int]


class Row(Protocol):
    """What is hashed of an audit event."""

    id: int
    occurred_at: datetime
    actor_user_id: UUID | None
    organisation_id: UUID | None
    action: str
    subject_type: str
    subject_id: str
    before: Any
    after: Any
    personal_digest: str | None


def moment(value: datetime) -> str:
    """2027-06-12T10:00:00.000000Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def row_bytes(row: Row) -> bytes:
    """One event in canonical form, line feed included."""
    return _json([
        row.id, moment(row.occurred_at), _text(row.actor_user_id), _text(row.organisation_id), row.action,
        row.subject_type, row.subject_id, row.before, row.after, row.personal_digest,
    ]) + b"\n"  # fmt: skip


def rows_hash(rows: Iterable[Row]) -> tuple[int, str]:
    """(how many, hash) of events given in id order."""
    count, digest = 0, hashlib.sha256()
    for row in rows:
        digest.update(row_bytes(row))
        count += 1
    return count, digest.hexdigest()


def seal_hash(*, seq: int, ids: Sequence[Span], rows: int, rows_hash: str, prev_hash: str, sealed_at: datetime) -> str:
    """Hash of a seal; the next one carries it."""
    return hashlib.sha256(
        _json([seq, [list(span) for span in ids], rows, rows_hash, prev_hash, moment(sealed_at)])
    ).hexdigest()


def personal_digest(salt: str, values: Any) -> str:
    """Hash of personal values with their salt: it dies with them, so nothing can be guessed from what remains."""
    return hashlib.sha256(salt.encode() + b"\n" + _json(values)).hexdigest()


def spans(ids: Sequence[int]) -> list[Span]:
    """Sorted ids as [first, last] runs: 1 2 3 5 → (1, 3) (5, 5)."""
    runs: list[Span] = []
    for number in ids:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
