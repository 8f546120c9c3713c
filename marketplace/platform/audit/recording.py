"""Writing an audit event: one INSERT, in the transaction of the act it tells."""
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.platform import clock
from marketplace.platform.audit.canonical import personal_digest
from marketplace.platform.database import rows_changed
from marketplace.platform.facts import to_json, without_floats
from marketplace.platform.permissions import Actor

_COLUMNS = "occurred_at, actor_user_id, organisation_id, action, subject_type, subject_id, before, after, personal_digest"
_VALUES = (
    ":occurred_at, :actor_user_id, :organisation_id, :action, :subject_type, :subject_id, "
    "CAST(:before AS jsonb), CAST(:after AS jsonb), :personal_digest"
)
_RECORD = text(f"INSERT INTO audit_events ({_COLUMNS}) VALUES ({_VALUES})")
_RECORD_PERSONAL = text(
    f"WITH told AS (INSERT INTO audit_events ({_COLUMNS}) VALUES ({_VALUES}) RETURNING id) "
    "INSERT INTO audit_personal (event_id, salt, personal) SELECT id, :salt, CAST(:personal AS jsonb) FROM told"
)
_TOLD = f"told AS (INSERT INTO audit_events ({_COLUMNS}) VALUES ({_VALUES.replace(':', ':told_')}))"
_SENT = (
    "sent AS (INSERT INTO outbox (kind, payload, created_at, next_attempt_at) "
    "VALUES (:sent_kind, CAST(:sent_payload AS jsonb), :told_occurred_at, :told_occurred_at))"
)
_ERASE = text(
    "DELETE FROM audit_personal USING audit_events e WHERE e.id = event_id "
    "AND (e.actor_user_id = :user_id OR (e.subject_type = 'user' AND e.subject_id = :subject_id))"
)


def record(
    session: Session, actor: Actor, action: str, subject_type: str, subject_id: UUID | str | int, *,
    organisation_id: UUID | None = None, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Step: tell the audit what `actor` did to what, for which organisation; one INSERT statement.

    `before`/`after` are ids and facts (numbers, codes, dates, Decimals); names, addresses and e-mails go into
    `personal`, kept apart and erasable. TypeError for a value that is no fact.
    """
    values = _row(actor, Act(action, subject_type, subject_id, organisation_id, before, after))
    if not personal:
        session.execute(_RECORD, values)
        return
    kept = to_json(without_floats(personal))
    salt = secrets.token_hex(16)
    values |= {"salt": salt, "personal": kept, "personal_digest": personal_digest(salt, json.loads(kept))}
    session.execute(_RECORD_PERSONAL, values)


@dataclass(frozen=True)
class Act:
    """One act among many of the same person, as `record` takes it."""

    action: str
    subject_type: str
    subject_id: UUID | str | int
    organisation_id: UUID | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record_all(session: Session, actor: Actor, acts: Iterable[Act]) -> None:
    """Step: the same for many acts at once, in one round trip."""
    rows = [_row(actor, act) for act in acts]
    if rows:
        session.execute(_RECORD, rows)


@dataclass(frozen=True)
class Told:
    """An act, and perhaps an outbox row, for a statement that writes them beside its own: CTEs and their parameters."""

    steps: tuple[str, ...]
    values: Mapping[str, Any]


def told(actor: Actor, act: Act, enqueue: tuple[str, Mapping[str, Any]] | None = None) -> Told:
    """The same as CTEs `told` and `sent`, where a round trip counts. `enqueue`: (kind, payload) of an outbox row."""
    values = {f"told_{name}": value for name, value in _row(actor, act).items()}
    if enqueue is None:
        return Told((_TOLD,), values)
    kind, payload = enqueue
    return Told((_TOLD, _SENT), values | {"sent_kind": kind, "sent_payload": to_json(payload)})


def _row(actor: Actor, act: Act) -> dict[str, Any]:
    return {
        "occurred_at": clock.now(), "actor_user_id": actor.user_id, "organisation_id": act.organisation_id,
        "action": act.action, "subject_type": act.subject_type, "subject_id": str(act.subject_id),
        "before": _facts(act.before), "after": _facts(act.after), "personal_digest": None,
    }  # fmt: skip


def erase_personal(session: Session, user_id: UUID) -> int:
    """Step: forget the personal values of what this user did and of what was done to its account; how many rows."""
    return rows_changed(session, _ERASE, {"user_id": user_id, "subject_id": str(user_id)})


def _facts(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else to_json(without_floats(values))
