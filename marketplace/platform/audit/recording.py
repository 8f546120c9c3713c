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
_RECORD_AND_ENQUEUE = text(
    f"WITH told AS (INSERT INTO audit_events ({_COLUMNS}) VALUES ({_VALUES})) "
    "INSERT INTO outbox (kind, payload, created_at, next_attempt_at) "
    "VALUES (:kind, CAST(:payload AS jsonb), :occurred_at, :occurred_at)"
)
_ERASE = text(
    "DELETE FROM audit_personal USING audit_events e WHERE e.id = event_id "
    "AND (e.actor_user_id = :user_id OR (e.subject_type = 'user' AND e.subject_id = :subject_id))"
)


def record(
    session: Session, actor: Actor, action: str, subject_type: str, subject_id: UUID | str | int, *,
    organisation_id: UUID | None = None, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None, enqueue: tuple[str, Mapping[str, Any]] | None = None,
) -> None:  # fmt: skip
    """Step: tell the audit what `actor` did to what, for which organisation; one INSERT statement.

    `before`/`after` are ids and facts (numbers, codes, dates, Decimals); names, addresses and e-mails go into
    `personal`, kept apart and erasable. TypeError for a value that is no fact. `enqueue`: (kind, payload) of an outbox
    row to write in the same statement, where a round trip counts; not together with `personal`.
    """
    values = {
        "occurred_at": clock.now(), "actor_user_id": actor.user_id, "organisation_id": organisation_id, "action": action,
        "subject_type": subject_type, "subject_id": str(subject_id), "before": _facts(before), "after": _facts(after),
        "personal_digest": None,
    }  # fmt: skip
    if enqueue is not None:
        kind, payload = enqueue
        session.execute(_RECORD_AND_ENQUEUE, values | {"kind": kind, "payload": to_json(payload)})
        return
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
    now = clock.now()
    rows = [
        {"occurred_at": now, "actor_user_id": actor.user_id, "organisation_id": act.organisation_id, "action": act.action,
         "subject_type": act.subject_type, "subject_id": str(act.subject_id), "before": _facts(act.before),
         "after": _facts(act.after), "personal_digest": None}
        for act in acts
    ]  # fmt: skip
    if rows:
        session.execute(_RECORD, rows)


def erase_personal(session: Session, user_id: UUID) -> int:
    """Step: forget the personal values of what this user did and of what was done to its account; how many rows."""
    return rows_changed(session, _ERASE, {"user_id": user_id, "subject_id": str(user_id)})


def _facts(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else to_json(without_floats(values))
